"""The bench: this server beside its peers, on one machine, in one run.

`python -m bench` prints the table; `python -m bench asleep` prints what sleeping sessions cost. Nothing here is
imported by the package, and nothing here knows the package from the inside but `part_cpu.py` and
`peers/engine_echo.py`, which time the engine.
"""

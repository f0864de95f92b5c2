"""The bench: this server beside its peers, on one machine, in one run.

`python -m bench` prints the tables and, last, every figure to reach; `python -m bench asleep` and `python -m bench
alarms` print what very many sleeping sessions cost. Nothing here is imported by the package. What knows the package
from the inside: `character.py`, which takes the engine's turns, `crowd.py` and `alarms.py`, which copy rows and files.
"""

"""Hurt a real server in every way that is known here, and count what it lost. `python -m tests.faults --help`."""

"""Kill a real server at random moments and count what it lost. `python -m tests.crash --kills 200 --seed 1`."""

"""The tests, and under `kit` the tools they share; a package so that `python -m tests.crash` finds both."""

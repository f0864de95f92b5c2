"""The tests; a package, so that `python -m tests.crash` finds the tools in `tests.kit`."""

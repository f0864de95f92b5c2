"""The character against its gates: every figure that says how good the feelings are, with the floor it must reach.

`python -m tools.evaluate` measures with lines and acts that were written for this project (`own/`); with
`--data FOLDER` it measures on the corpora in that folder. Nothing here is imported by the server, and nothing here
changes the engine.
"""

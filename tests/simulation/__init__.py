"""A whole host on a virtual loop with a faulty disk and careless clients: `python -m tests.simulation 2000`."""

"""Clients that mean harm, or do harm without meaning it, against a real server; `make hostile`."""

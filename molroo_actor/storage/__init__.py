"""The disk: the ledger, session files, folding. Knows SQL and files, not actors."""

"""Fitting the scorer: from corpora and a small sentence encoder to molroo_actor/engine/scores/."""

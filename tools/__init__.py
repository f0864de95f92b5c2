"""Programs that make and measure what the server ships; not part of it."""

"""The project's own test tools, typed like the product."""

"""molroo-actor: a self-hosted realtime backend for AI characters with feelings."""

__version__ = "0.1.0"

__all__ = ["__version__"]

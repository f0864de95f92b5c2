"""The wire: bytes in, values out, and back. No asyncio."""

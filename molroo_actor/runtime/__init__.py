"""The actors: asyncio, but no sockets, no HTTP, no SQL."""

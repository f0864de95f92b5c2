"""A bare aiohttp WebSocket: for each message one answer of the size asked for (`/ws?bytes=N`); beside it a bare POST
handler that reads the body and answers likewise (`/turn?bytes=N`). No decoding, no state, no disk.

What is left of a server when everything of its own is taken away: the ceiling that the bench compares with.
"""

from __future__ import annotations

from aiohttp import web

from bench.peers.serving import of_size, serve


async def echo(request: web.Request) -> web.StreamResponse:
    answer = of_size(int(request.query["bytes"]))
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    async for _ in ws:
        await ws.send_str(answer)
    return ws


async def post(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text=of_size(int(request.query["bytes"])), content_type="application/json")


if __name__ == "__main__":
    serve(echo, post)

"""The bare echo with the engine in it: each message is decoded and its turn taken as the server does, the state kept
with the socket; the answer is of the size asked for (`/ws?bytes=N`, with `&prompt=1` the prompts are rendered too).

No disk, no actor, no encoding of results: the difference to the server is what durability and actors cost.
"""

from __future__ import annotations

from aiohttp import web

from bench.character import Character
from bench.peers.serving import of_size, serve


async def engine_echo(request: web.Request) -> web.StreamResponse:
    answer = of_size(int(request.query["bytes"]))
    prompt = "prompt" in request.query
    character = Character()
    ws = web.WebSocketResponse(compress=False)
    await ws.prepare(request)
    async for message in ws:
        character.hear(message.data.encode())
        if prompt:
            character.prompt()
        await ws.send_str(answer)
    return ws


if __name__ == "__main__":
    serve(engine_echo)

"""GET /docs: the contract as one page of HTML, rendered here, with nothing fetched from elsewhere and no script.

It shows what openapi.py made and adds how to begin. Everything that comes from the document is escaped.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any, Final

from aiohttp import web

from molroo_actor.transport import docs_html as html
from molroo_actor.transport.docs_html import Node
from molroo_actor.transport.openapi import document

_BEGIN: Final = """export MOLROO_URL=http://127.0.0.1:8787
export MOLROO_KEY=mk_test_..."""
_SOCKET: Final = """const socket = new WebSocket("ws://127.0.0.1:8787/v1/ws/mia?token=mk_test_...");
socket.onmessage = ({ data }) => console.log(JSON.parse(data));
socket.onopen = () => socket.send(JSON.stringify({ type: "turn", message: "Here I am again!" }));"""
_LINE: Final = 76
_QUOTE, _QUOTED = "'", "'\\''"
_CLOSES: Final = (
    ("1003", "a binary frame: messages are text"),
    ("1008", "a query that is wrong, such as a `last_seq` that is no number"),
    ("1009", "a message over 64 KiB"),
    ("1011", "a bug of the server"),
    ("1012", "the server restarts: come back with a growing wait, nothing is lost"),
    ("1013", "the socket does not keep up with what is sent to it"),
    ("4401", "no key, an unknown or revoked one, or a refused origin"),
    ("4404", "no such session, or it was deleted"),
    ("4429", "100 refusals in a row, or too many sockets of one session"),
)
_LIVE: Final = (
    "The first message is `connected`. Then come the turns that were missed, or a `state`, and then what happens.",
    "Every turn of the session, from whichever client it came, goes to all of its sockets; the sender's has `own`.",
    "A turn with an `id` happens once: sent again, it is answered again with `duplicate`.",
    (
        "To miss nothing, reconnect with the `last_seq` and `epoch` that were last seen: the turns in between come "
        "first, with `replayed`. When they are not kept any more, `recovered` is false and a `state` follows."
    ),
    "An error with a `reply_to` is about that message, and the socket stays open unless a close follows.",
)


async def serve(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler's form
    """The page."""
    page, policy = rendered()
    headers = {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    return web.Response(body=page, content_type="text/html", charset="utf-8", headers=headers)


@cache
def rendered() -> tuple[bytes, str]:
    """The page's bytes and the policy that lets in its own style and nothing else, made at the first request."""
    style = files(__package__).joinpath("docs_page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
    return _page(document(), style).encode(), policy


def _page(contract: Node, style: str) -> str:
    info = contract["info"]
    main = "\n".join(
        [
            _beginning(contract),
            *(_tag(contract, tag) for tag in contract["tags"]),
            _messages(contract),
            _schemas(contract),
        ]
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(info["title"])} API</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the contents</a>
<header>
<h1>{escape(info["title"])} <span class="soft">API {escape(info["version"])}</span></h1>
<p>{html.prose(info["description"])}</p>
<p>The same for programs: <a href="openapi.json">openapi.json</a></p>
</header>
<div class="page">
{_contents(contract)}
<main id="main">
{main}
</main>
</div>
</body>
</html>
"""


# -- parts of the page -------------------------------------------------------------------------------------------------


def _contents(contract: Node) -> str:
    tags = "".join(
        f'<li><a href="#{_anchor(tag["name"])}">{escape(tag["name"])}</a><ul>'
        + "".join(
            f'<li><a href="#{operation["operationId"]}">{escape(operation["summary"])}</a></li>'
            for _, _, operation in _operations(contract, tag["name"])
        )
        + "</ul></li>"
        for tag in contract["tags"]
    )
    return (
        '<nav aria-label="Contents"><details open><summary>Contents</summary><ul>'
        f'<li><a href="#begin">Begin</a></li>{tags}'
        '<li><a href="#messages">WebSocket messages</a></li><li><a href="#schemas">Schemas</a></li>'
        "</ul></details></nav>"
    )


def _beginning(contract: Node) -> str:
    parts = contract["components"]
    errors = [
        (f"<code>{status}</code> <code>{escape(error)}</code>", html.prose(parts["responses"][error]["description"]))
        for error, status in sorted(_statuses(contract).items(), key=lambda each: each[1])
    ]
    return (
        '<h2 id="begin">Begin</h2>'
        "<p>A key goes into the header <code>Authorization: Bearer mk_...</code> or <code>X-API-Key</code>. "
        "<code>molroo-actor keys create</code> makes one. The examples read these two:</p>"
        f"{html.code(_BEGIN, 'Settings of the examples')}"
        "<p>A field must be given, and is always there in an answer, unless it is marked as optional.</p>"
        '<h3 id="errors">Errors</h3><p>Every error is an object of one form: '
        f"{html.kind(html.ref('ErrorAnswer'))}. Every answer carries <code>X-Request-Id</code>.</p>"
        f"{html.table(('Status and code', 'When'), errors)}"
    )


def _tag(contract: Node, tag: Node) -> str:
    operations = "\n".join(
        _operation(contract, path, method, operation) for path, method, operation in _operations(contract, tag["name"])
    )
    heading = f'<h2 id="{_anchor(tag["name"])}">{escape(tag["name"])}</h2>'
    return f"{heading}<p>{html.prose(tag['description'])}</p>\n{operations}"


def _operation(contract: Node, path: str, method: str, operation: Node) -> str:
    anchor = operation["operationId"]
    parts = [
        f'<section class="card" aria-labelledby="{anchor}"><h3 id="{anchor}">{escape(operation["summary"])}</h3>',
        f'<p class="line"><code class="method {method}">{method.upper()}</code> <code>{escape(path)}</code></p>',
        f"<p>{html.prose(operation.get('description', ''))}</p>" if "description" in operation else "",
        '<p class="soft">No key is needed.</p>' if operation.get("security") == [] else "",
        _parameters(operation),
        _request(contract, operation),
        _answers(contract, operation),
        _examples(path, method, operation),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _parameters(operation: Node) -> str:
    rows = [
        (
            _parameter_name(each),
            f"{html.prose(each['description'])} {html.soft(html.kind(each['schema']))}",
        )
        for each in operation["parameters"]
    ]
    return f"<h4>Parameters</h4>{html.table(('Name', 'What'), rows)}" if rows else ""


def _parameter_name(parameter: Node) -> str:
    mark = html.optional(not parameter["required"])
    return f"<code>{escape(parameter['name'])}</code> {html.soft(parameter['in'])}{mark}"


def _request(contract: Node, operation: Node) -> str:
    if "requestBody" not in operation:
        return ""
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    return f"<h4>Request: {html.kind(schema)}</h4>{html.about(contract, schema)}{html.fields(contract, schema)}"


def _answers(contract: Node, operation: Node) -> str:
    good, errors = [], []
    for status, answer in operation["responses"].items():
        if "$ref" in answer:
            errors.append(f'<a href="#errors"><code>{status} {escape(html.name(answer))}</code></a>')
            continue
        content = next(iter(answer.get("content", {}).items()), None)
        if content is None:
            good.append(f"<h4>Answer {status}</h4><p>{html.prose(answer['description'])}</p>")
            continue
        media, schema = content[0], content[1]["schema"]
        kind = html.kind(schema) if media == "application/json" else f"<code>{escape(media)}</code>"
        good.append(f"<h4>Answer {status}: {kind}</h4>{html.about(contract, schema)}{html.fields(contract, schema)}")
    told = f"<h4>Errors</h4><p>{', '.join(errors)}</p>" if errors else ""
    return "\n".join(good) + told


def _examples(path: str, method: str, operation: Node) -> str:
    if operation["tags"] == ["Live"]:
        return f"<h4>In a browser's console, or Node 22</h4>{html.code(_SOCKET, 'Example of a socket')}"
    bodies: list[tuple[str, Any]] = [("Try it", None)]
    if "requestBody" in operation:
        examples = operation["requestBody"]["content"]["application/json"]["examples"].values()
        bodies = [(each["summary"], each["value"]) for each in examples]
    return "".join(
        f"<h4>{escape(title)}</h4>{html.code(curl(path, method, operation, body), title)}" for title, body in bodies
    )


def curl(path: str, method: str, operation: Node, body: Any) -> str:
    """A command for a shell; a single quote in the body is written so that the shell passes it on."""
    values = {each["name"]: each.get("example") for each in operation["parameters"]}
    url = re.sub(r"\{(\w+)\}", lambda found: str(values[found[1]]), path)
    words = ["curl -s"]
    if method not in ("get", "post") or (method == "post" and body is None):
        words.append(f"-X {method.upper()}")
    words.append(f'"$MOLROO_URL{url}"')
    if operation.get("security") != []:
        words.append('-H "Authorization: Bearer $MOLROO_KEY"')
    command = " ".join(words)
    if body is None:
        return command
    return f"{command} \\\n  -d '{_json(body).replace(_QUOTE, _QUOTED)}'"


def _json(value: Any) -> str:
    """On one line when it is short."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LINE else json.dumps(value, ensure_ascii=False, indent=2)


def _messages(contract: Node) -> str:
    socket = contract["x-websocket"]
    sent = "\n".join(_message(contract, each, "client") for each in socket["from_client"])
    heard = "\n".join(_message(contract, each, "server") for each in socket["from_server"])
    rules = "".join(f"<li>{html.prose(each)}</li>" for each in _LIVE)
    closes = html.table(("Code", "When"), [(f"<code>{number}</code>", html.prose(when)) for number, when in _CLOSES])
    return (
        f'<h2 id="messages">WebSocket messages</h2><p>On <code>{escape(socket["path"])}</code>, as text frames of JSON.'
        f"</p><ul>{rules}</ul><h3>From the client</h3>{sent}<h3>From the server</h3>{heard}<h3>Closes</h3>{closes}"
    )


def _message(contract: Node, message: Node, side: str) -> str:
    kind_of, anchor = escape(message["type"]), f"{side}-{message['type']}"
    parts = [
        f'<section class="card" aria-labelledby="{anchor}"><h4 id="{anchor}"><code>{kind_of}</code></h4>',
        f"<p>{html.prose(message['description'])}</p>",
    ]
    if "answer" in message:
        parts.append(f'<p>Answered with <a href="#server-{message["answer"]}">{escape(message["answer"])}</a>.</p>')
    parts.append(html.fields(contract, message["schema"]))
    if "example" in message:
        parts.append(html.code(_json(message["example"]), f"Example of {kind_of}"))
    return "".join([*parts, "</section>"])


def _schemas(contract: Node) -> str:
    cards = "\n".join(
        f'<section class="card" aria-labelledby="schema-{name}"><h3 id="schema-{name}">{escape(name)}</h3>'
        f"{html.about(contract, html.ref(name))}{html.fields(contract, html.ref(name))}</section>"
        for name in contract["components"]["schemas"]
    )
    return f'<h2 id="schemas">Schemas</h2>\n{cards}'


def _operations(contract: Node, tag: str) -> Iterator[tuple[str, str, Node]]:
    for path, methods in contract["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] == [tag]:
                yield path, method, operation


def _statuses(contract: Node) -> dict[str, int]:
    return {
        html.name(answer): int(status)
        for methods in contract["paths"].values()
        for operation in methods.values()
        for status, answer in operation["responses"].items()
        if "$ref" in answer
    }


def _anchor(tag: str) -> str:
    return "tag-" + tag.lower()

"""GET /openapi.json: the contract of the API, OpenAPI 3.1, made from the message types and the table of operations.

What decodes and encodes is what is described: operations.py and socket_messages.py say what there is,
openapi_schemas.py how it looks, and this file puts them together.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

import msgspec
from aiohttp import web

from molroo_actor import __version__
from molroo_actor.protocol import answers
from molroo_actor.transport.entrance import STATUS, json_response
from molroo_actor.transport.openapi_schemas import Schema, Schemas, ref
from molroo_actor.transport.operation import Operation, Parameter
from molroo_actor.transport.operations import OPERATIONS, TAGS
from molroo_actor.transport.socket_messages import FROM_CLIENT, FROM_SERVER

_INTRODUCTION: Final = (
    "A realtime backend for AI characters with feelings. Everything is JSON in UTF-8. Keys of a request may be "
    "spelt in camelCase or snake_case; null is the same as leaving an optional key out; unknown keys are ignored."
)
ERRORS: Final = {
    "UNAUTHORIZED": "No key, or one that is unknown or revoked.",
    "NOT_FOUND": "No such thing, or somebody else's.",
    "VALIDATION_ERROR": "The request's form is wrong; the message says what would be right.",
    "CONFLICT": "A session id that is taken, or an Idempotency-Key used again with another body.",
    "RATE_LIMIT": "Too many requests; wait for `Retry-After` seconds.",
    "OVERLOADED": "It cannot be taken now; try again after `Retry-After` seconds. Without it, the session is damaged.",
    "INTERNAL": "A bug; the server's log has more under the same `X-Request-Id`.",
    "TOO_LARGE": "The body is over 256 KiB (code VALIDATION_ERROR).",
    "UPGRADE_REQUIRED": "A plain GET of a path that speaks WebSocket (code VALIDATION_ERROR).",
}
STATUSES: Final = {**STATUS, "TOO_LARGE": 413, "UPGRADE_REQUIRED": 426}
_RETRY: Final = ("RATE_LIMIT", "OVERLOADED")


async def serve(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler's form
    """The document."""
    return json_response(encoded())


@cache
def encoded() -> bytes:
    """The document's bytes, made at the first request."""
    return msgspec.json.encode(_document())


@cache
def document() -> dict[str, Any]:
    """The document as plain values; read-only."""
    plain: dict[str, Any] = msgspec.json.decode(encoded())
    return plain


def _document() -> dict[str, Any]:
    shown = [operation.answer for operation in OPERATIONS if operation.answer is not None]
    schemas = Schemas([*shown, *(message.schema for message in FROM_SERVER), answers.ErrorAnswer])
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "molroo-actor",
            "version": __version__,
            "description": _INTRODUCTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/", "description": "The server that this document came from"}],
        "tags": [{"name": name, "description": about} for name, about in TAGS.items()],
        "security": [{"bearer": []}, {"header": []}],
        "paths": paths,
        "components": {
            "securitySchemes": _SECURITY,
            "headers": _HEADERS,
            "responses": {code: _error(code) for code in ERRORS},
            "schemas": schemas.components,
        },
        "x-websocket": _socket(schemas),
    }


_SECURITY: Final[dict[str, Schema]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`Authorization: Bearer mk_...`"},
    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "token": {"type": "apiKey", "in": "query", "name": "token", "description": "On the WebSocket only."},
}
_HEADERS: Final[dict[str, Schema]] = {
    "X-Request-Id": {"description": "Names this request in the server's log.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
    "Idempotent-Replayed": {
        "description": "`true` when this is the first answer again.",
        "schema": {"type": "string", "enum": ["true"]},
    },
}


# -- operations --------------------------------------------------------------------------------------------------------


def _operation(operation: Operation, schemas: Schemas) -> Schema:
    described: Schema = {
        "operationId": operation_id(operation),
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": _answers(operation, schemas),
    }
    if operation.about:
        described["description"] = operation.about
    if operation.tag == "Live":
        described["security"] = [{"token": []}, {"bearer": []}, {"header": []}]
    elif not operation.keyed:
        described["security"] = []
    # The key is a security scheme; told twice it would be asked for twice.
    described["parameters"] = [_parameter(each) for each in operation.parameters if each.name != "token"]
    if operation.body is not None:
        examples = {_slug(each.name): {"summary": each.name, "value": each.body} for each in operation.examples}
        content = {"application/json": {"schema": ref(operation.body), "examples": examples}}
        described["requestBody"] = {"required": True, "content": content}
    return described


def operation_id(operation: Operation) -> str:
    """A name for generated clients: `make_a_session`."""
    return _slug(operation.summary).replace("-", "_")


def _parameter(parameter: Parameter) -> Schema:
    described: Schema = {
        "name": parameter.name,
        "in": parameter.where,
        "description": parameter.about,
        "required": parameter.where == "path",
        "schema": parameter.schema,
    }
    if parameter.example is not None:
        described["example"] = parameter.example
    return described


def _answers(operation: Operation, schemas: Schemas) -> Schema:
    found: dict[str, Schema] = {str(operation.status): _answer(operation, schemas)}
    if operation.not_ready is not None:
        found["503"] = {
            "description": "Not now; the reasons are told.",
            "content": {"application/json": {"schema": schemas.of(operation.not_ready)}},
        }
    codes = [*operation.errors, *(["TOO_LARGE"] if operation.body is not None else [])]
    for code in sorted(codes, key=STATUSES.__getitem__):
        found[str(STATUSES[code])] = {"$ref": f"#/components/responses/{code}"}
    return found


def _answer(operation: Operation, schemas: Schemas) -> Schema:
    if operation.status == 101:
        return {"description": "The socket is open; see `x-websocket` for its messages."}
    headers = ["X-Request-Id"]
    if any(each.name == "Idempotency-Key" for each in operation.parameters):
        headers.append("Idempotent-Replayed")
    schema = {"type": "string"} if operation.answer is None else schemas.of(operation.answer)
    return {
        "description": "Created" if operation.status == 201 else "Done",
        "headers": _headers_of(headers),
        "content": {operation.media: {"schema": schema}},
    }


def _error(code: str) -> Schema:
    headers = ["X-Request-Id", *(["Retry-After"] if code in _RETRY else [])]
    return {
        "description": ERRORS[code],
        "headers": _headers_of(headers),
        "content": {"application/json": {"schema": ref("ErrorAnswer")}},
    }


def _headers_of(names: list[str]) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _socket(schemas: Schemas) -> Schema:
    return {
        "path": "/v1/ws/{sessionId}",
        "from_client": [
            {
                "type": each.type,
                "description": each.about,
                "schema": ref(each.schema),
                "example": each.example,
                "answer": each.answer,
            }
            for each in FROM_CLIENT
        ],
        "from_server": [
            {"type": each.type, "description": each.about, "schema": schemas.of(each.schema)} for each in FROM_SERVER
        ],
    }


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")

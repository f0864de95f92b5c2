"""What the table of operations is made of: an operation, its parameters and examples, the errors that many share."""

from __future__ import annotations

from typing import Any, Final, Literal

from msgspec import Struct


class Parameter(Struct, frozen=True):
    """One parameter; `schema` is JSON Schema, `example` what a reader may paste."""

    name: str
    where: Literal["path", "query", "header"]
    about: str
    schema: dict[str, Any]
    example: str | None = None


class Example(Struct, frozen=True):
    """A body that the server accepts."""

    name: str
    body: dict[str, Any]


class Operation(Struct, frozen=True, kw_only=True):
    """One method of one path. `body` names a schema; `answer` is a type, or None for what is no JSON."""

    method: str
    path: str
    tag: str
    summary: str
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: str | None = None
    examples: tuple[Example, ...] = ()
    status: int = 200
    answer: Any = None
    media: str = "application/json"
    not_ready: Any = None
    """The answer of a 503 that is no error."""
    errors: tuple[str, ...] = ()
    keyed: bool = True


SESSION: Final = Parameter("sessionId", "path", "The session.", {"type": "string"}, "mia")

KEYED: Final = ("UNAUTHORIZED", "RATE_LIMIT", "INTERNAL")
OF_SESSION: Final = (*KEYED, "NOT_FOUND", "OVERLOADED")
OF_FORM: Final = (*OF_SESSION, "VALIDATION_ERROR")

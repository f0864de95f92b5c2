"""Schemas in words and the small pieces of HTML of which docs_page.py makes its page. All text is escaped here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

Node = dict[str, Any]


def fields(contract: Node, schema: Node) -> str:
    """A table of an object's keys; for a choice of objects, what may be chosen."""
    whole = _resolve(contract, schema)
    if "properties" not in whole:
        return f"<p>{kind(whole)}</p>" if "anyOf" in whole else ""
    rows = [
        (f"<code>{escape(key)}</code>{optional(key not in whole['required'])}", _field(each))
        for key, each in whole["properties"].items()
    ]
    return table(("Field", "What"), rows) if rows else "<p>No fields.</p>"


def _field(schema: Node) -> str:
    text = f"<div>{prose(schema['description'])}</div>" if "description" in schema else ""
    given = schema.get("default")
    default = f" {soft('default')} <code>{escape(json.dumps(given))}</code>" if _shown(given) else ""
    return f"{kind(schema)}{default}{text}"


def _shown(given: Any) -> bool:
    return given is not None and not isinstance(given, dict) and given != []


def kind(schema: Node) -> str:
    """What a value is: `a number 0 to 1`, a link to an object, one of some words."""
    if "$ref" in schema:
        target = name(schema)
        return f'<a href="#schema-{target}">{escape(target)}</a>'
    if "anyOf" in schema:
        return " or ".join(kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(f"<code>{escape(json.dumps(each))}</code>" for each in schema["enum"])
    match schema.get("type"):
        case "array":
            return f"list of {kind(schema['items'])}{_limits(schema)}"
        case "object":
            inner = schema.get("additionalProperties")
            return f"object of names to {kind(inner)}" if isinstance(inner, dict) and inner else "object"
        case None:
            return "anything"
        case other:
            return escape(str(schema.get("format", other))) + _limits(schema)


def _limits(schema: Node) -> str:
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
    ):
        least, most = schema.get(low), schema.get(high)
        if least is not None and most is not None:
            return f", {least:,g} to {most:,.16g}{unit}"
        if least is not None or most is not None:
            return f", at most {most:,.16g}{unit}" if least is None else f", at least {least:,g}{unit}"
    return ""


def about(contract: Node, schema: Node) -> str:
    """An object's description as a paragraph."""
    text = _resolve(contract, schema).get("description")
    return f"<p>{prose(text)}</p>" if text else ""


def _resolve(contract: Node, schema: Node) -> Node:
    if "$ref" not in schema:
        return schema
    found: Node = contract["components"]["schemas"][name(schema)]
    return found


def table(heads: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    """Two columns; the first names the row."""
    # The roles say again what the elements are: a style that stacks the rows on a phone takes it away from them.
    body = "".join(
        f'<tr role="row"><th scope="row" role="rowheader">{first}</th><td role="cell">{second}</td></tr>'
        for first, second in rows
    )
    head = "".join(f'<th scope="col" role="columnheader">{each}</th>' for each in heads)
    return f'<table role="table"><thead><tr role="row">{head}</tr></thead><tbody>{body}</tbody></table>'


def code(text: str, label: str) -> str:
    """A block to copy, which the keyboard can scroll."""
    return (
        f'<pre class="paste" tabindex="0" role="region" aria-label="{escape(label)}"><code>{escape(text)}</code></pre>'
    )


def prose(text: str) -> str:
    """Escaped text with its `words` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def soft(text: str) -> str:
    """HTML that may be read past."""
    return f'<span class="soft">{text}</span>'


def optional(yes: bool) -> str:
    """The mark of what may be left out."""
    return ' <span class="optional">optional</span>' if yes else ""


def ref(name: str) -> Node:
    """A reference to a schema by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def name(reference: Node) -> str:
    """What a reference names."""
    return str(reference["$ref"]).rpartition("/")[2]

"""From decoded JSON to a typed value: both spellings of a key, null as absent, and errors that say what would be right.

A `Shape` is made once per struct type. Checks themselves are msgspec's constraints on the struct; nothing is checked
twice.
"""

from __future__ import annotations

import re
from typing import Any, Final, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct

from molroo_actor.errors import ValidationFailed

T = TypeVar("T", bound=Struct)

_AT: Final = re.compile(r"^(?P<what>.*?)(?: - at `(?P<path>[^`]*)`)?$", re.DOTALL)
_COUNTED: Final = "characters or items"
_MISSING: Final = re.compile(r"Object missing required field `(?P<field>[^`]+)`")
_GOT: Final = re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`")
_STEP: Final = re.compile(r"\.([A-Za-z_]\w*)|\[(\d+|\.\.\.)\]")
_WORDS: Final = {
    "float": "a number",
    "int": "a whole number",
    "str": "a string",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def refuse(message: str, path: str) -> ValidationFailed:
    """The error for one wrong key; `path` is JSONPath from the body."""
    return ValidationFailed(message, details={"path": path})


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda found: "_" + found[1].lower(), name)


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _struct_in(hint: Any) -> type[Struct] | None:
    """The one struct type in a hint such as `Goal | None` or `Annotated[tuple[Goal, ...], …]`."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint
    for part in get_args(hint):
        found = _struct_in(part)
        if found is not None:
            return found
    return None


class Shape(Generic[T]):
    """How objects of one struct type come in. `read` is the only entrance."""

    def __init__(self, struct: type[T]) -> None:
        self.struct = struct
        self._hints = get_type_hints(struct, include_extras=True)
        self._fields: dict[str, tuple[str, Shape[Any] | None]] = {}
        for name in struct.__struct_fields__:
            inner = _struct_in(self._hints[name])
            entry = (name, Shape(inner) if inner is not None else None)
            for spelling in (name, _snake(name), _camel(name)):
                self._fields[spelling] = entry

    def read(self, value: object) -> T:
        """The typed value. Raises ValidationFailed with a path."""
        if not isinstance(value, dict):
            raise refuse(f"expected an object, got {_kind(value)}", "$")
        tidy = self.tidy(value, "$")
        try:
            return msgspec.convert(tidy, self.struct)
        except msgspec.ValidationError as error:
            raise self._explain(str(error), tidy) from None

    def tidy(self, value: dict[str, Any], path: str) -> dict[str, Any]:
        """The same object with the canonical spelling of every known key; unknown keys and nulls are left out."""
        known: dict[str, Any] = {}
        for key, item in value.items():
            field = self._fields.get(key)
            if field is None or item is None:
                continue
            name, inner = field
            if name in known:
                raise refuse(f"{_snake(name)} and {_camel(name)} are the same key: send one of them", f"{path}.{name}")
            known[name] = item if inner is None else inner.tidy_within(item, f"{path}.{name}")
        return known

    def tidy_within(self, item: Any, path: str) -> Any:
        """`tidy` for an object, for each object of a list, and for nothing else."""
        if isinstance(item, dict):
            return self.tidy(item, path)
        if isinstance(item, list):
            return [
                self.tidy(part, f"{path}[{index}]") if isinstance(part, dict) else part
                for index, part in enumerate(item)
            ]
        return item

    # -- saying what was wrong -----------------------------------------------------------------------------------------

    def _explain(self, text: str, value: object) -> ValidationFailed:
        found = _AT.match(text)
        what, path = (found["what"], found["path"] or "$") if found else (text, "$")
        missing = _MISSING.match(what)
        if missing:
            return refuse(f"{missing['field']} is required", f"{path}.{missing['field']}")
        name = path.rpartition(".")[2] if path != "$" else "the body"
        got = _lookup(value, path)
        wrong_type = _GOT.match(what)
        if wrong_type:
            return refuse(f"{name} must be {_words(wrong_type['expected'])}, got {_kind(got)}", path)
        should = self._should(path)
        if should is None:
            return refuse(f"{name}: {what[:1].lower()}{what[1:]}".replace("`", ""), path)
        counted = "characters" if isinstance(got, str) else "items"
        return refuse(f"{name} must {should.replace(_COUNTED, counted)}, got {_shown(got)}", path)

    def _should(self, path: str) -> str | None:
        """What the constraints on the key at `path` ask for, in words."""
        hint: Any = self.struct
        for name, _ in _STEP.findall(path):
            if not name:
                hint = _item(hint) or hint
                continue
            struct = _struct_in(hint)
            if struct is None:
                continue
            hint = get_type_hints(struct, include_extras=True).get(name)
        return _constraint(hint)


def _item(hint: Any) -> Any:
    """What a list or tuple somewhere in the hint holds; None without one."""
    if get_origin(hint) in {list, tuple}:
        return get_args(hint)[0]
    return next(filter(None, map(_item, get_args(hint))), None)


def _constraint(hint: Any) -> str | None:
    for part in (hint, *get_args(hint)):
        literals = get_args(part) if get_origin(part) is Literal else ()
        if literals:
            return "be one of " + ", ".join(map(str, literals))
        for meta in getattr(part, "__metadata__", ()):
            if isinstance(meta, Meta):
                text = _limits(meta)
                if text is not None:
                    return text
    for part in get_args(hint):
        text = _constraint(part)
        if text is not None:
            return text
    return None


def _limits(meta: Meta) -> str | None:
    if meta.description is not None:
        return meta.description
    low = meta.ge if meta.ge is not None else meta.gt
    high = meta.le if meta.le is not None else meta.lt
    if low is not None and high is not None:
        first, last = "[" if meta.ge is not None else "(", "]" if meta.le is not None else ")"
        return f"be in {first}{_bound(low)}, {_bound(high)}{last}"
    if low is not None:
        return f"be {'at least' if meta.ge is not None else 'above'} {_bound(low)}"
    if high is not None:
        return f"be {'at most' if meta.le is not None else 'below'} {_bound(high)}"
    if meta.min_length is not None and meta.max_length is not None:
        return f"have {meta.min_length} to {meta.max_length:,} {_COUNTED}"
    if meta.max_length is not None:
        return f"have at most {meta.max_length:,} {_COUNTED}"
    return f"match {meta.pattern}" if meta.pattern is not None else None


def _bound(value: float) -> str:
    return f"{value:g}" if abs(value) < 1e6 else f"{value:,.0f}"


def _lookup(value: object, path: str) -> object:
    for name, index in _STEP.findall(path):
        if name and isinstance(value, dict):
            value = value.get(name)
        elif index.isdigit() and isinstance(value, (list, tuple)) and int(index) < len(value):
            value = value[int(index)]
    return value


def _words(expected: str) -> str:
    parts = [part.strip() for part in expected.split("|")]
    return " or ".join(_WORDS.get(part, part) for part in parts if part != "null")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return f"the number {value:g}" if abs(value) < 1e15 else "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, (list, tuple)) else "an object"


def _shown(value: object) -> str:
    if isinstance(value, str):
        return repr(value) if len(value) <= 40 else f"{len(value):,} characters"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{value:g}" if abs(value) < 1e15 else "a huge number"
    return f"{len(value):,} items" if isinstance(value, (list, dict, tuple)) else str(value)

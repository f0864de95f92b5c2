"""What came back from a chat completion: the one JSON object in it, or why there is none.

Bytes in, a dict out. Endpoints differ in what they wrap around the object; that is taken off here. Not here: what the
object means (llm_appraisal.py), and how it was fetched (llm_chat.py).
"""

from __future__ import annotations

import json
import re
from typing import Any, Literal, NoReturn

import msgspec

from molroo_actor.errors import MolrooError

Failure = Literal["timeout", "unreachable", "rejected", "limited", "failing", "nonsense", "refused"]
"""timeout: nothing within the deadline. unreachable: no connection, or it broke. rejected: 3xx, 4xx. limited: 429.
failing: 5xx. nonsense: an answer of another form. refused: the model or a filter would not answer this text."""


class ChatFailed(MolrooError):
    """No usable answer. The text is for the log: it holds neither keys nor anything that was sent or answered."""

    def __init__(self, failure: Failure, text: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(text)
        self.failure: Failure = failure
        self.retry_after_s = retry_after_s
        """What the endpoint asked for."""


class _Message(msgspec.Struct):
    content: str | list[Any] | None = None
    refusal: Any = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: Any = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]


_COMPLETION = msgspec.json.Decoder(_Completion)
_THOUGHTS = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)
_BEGUN = re.compile(r'\{\s*"')
_BRACES_MAX = 16
"""Places where an object may begin that are looked at: prose with more is no answer, and each look costs its length."""


def object_of(body: bytes) -> dict[str, Any]:
    """The object that the first choice of a completion holds: bare, fenced, or in prose around exactly one.

    Raises ChatFailed: refused or nonsense.
    """
    try:
        choices = _COMPLETION.decode(body).choices
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise ChatFailed("nonsense", "its answer is no chat completion") from None
    if not choices:
        raise ChatFailed("nonsense", "its chat completion has no choice")
    choice = choices[0]
    text = _text_of(choice.message)
    if choice.finish_reason == "content_filter":
        raise ChatFailed("refused", "its content filter stopped the answer")
    found = _one_object(text)
    if found is not None:
        return found
    if choice.finish_reason == "length":  # an answer that is whole counts, even if the limit met what came after it
        raise ChatFailed("nonsense", "its answer was cut at its limit of tokens (MOLROO_LLM_ANSWER_TOKENS_MAX)")
    raise ChatFailed("nonsense", "its answer does not hold exactly one JSON object")


def _text_of(message: _Message) -> str:
    if isinstance(message.refusal, str) and message.refusal:
        raise ChatFailed("refused", "the model refused to answer")
    content = message.content
    if not isinstance(content, list):
        return content or ""
    parts = [part for part in content if isinstance(part, dict)]
    if any(part.get("type") == "refusal" for part in parts):
        raise ChatFailed("refused", "the model refused to answer")
    return "".join(part["text"] for part in parts if isinstance(part.get("text"), str) and _is_said(part))


def _is_said(part: dict[str, Any]) -> bool:
    """Whether a part of a content is the answer and not the model's thoughts on the way."""
    return part.get("type", "text") in {"text", "output_text"}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


_JSON = json.JSONDecoder(parse_constant=_no_constant)


def _one_object(text: str) -> dict[str, Any] | None:
    text = _THOUGHTS.sub("", text, count=1)
    found: dict[str, Any] | None = None
    at = text.find("{")
    for _ in range(_BRACES_MAX):
        if at < 0:
            return found
        try:
            value, end = _JSON.raw_decode(text, at)
        except (ValueError, RecursionError):
            if _BEGUN.match(text, at):
                return None  # cut or broken: a whole object inside of it is not the answer
            end = at + 1
        else:
            if found is not None:
                return None
            found = value
        at = text.find("{", end)
    return found if at < 0 else None

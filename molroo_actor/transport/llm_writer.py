"""What a character says by itself, worded by the language model that appraises texts too, when there is one.

Few calls at a time, none while the endpoint is left alone after failures; the engine's own sentence stands in.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from molroo_actor.clock import Clock
from molroo_actor.engine import Params, State, Urge, render_prompt
from molroo_actor.settings import Settings
from molroo_actor.transport.llm_appraiser import Chat
from molroo_actor.transport.llm_chat import Schema

_CHARS_MAX = 500
_AT_ONCE = 4
"""Calls under way; beyond it the engine's own sentence is there at once."""
_SHARE_OF_DEADLINE = 0.95
_SCHEMA = Schema(
    "message",
    msgspec.Raw(
        b'{"type":"object","properties":{"message":{"type":"string"}},"required":["message"],'
        b'"additionalProperties":false}'
    ),
)
_WHY = {
    "absence": "The user has not been in touch for a while, and you miss them.",
    "belonging_need_unmet": "You need closeness, and nobody has been close for long.",
    "competence_need_unmet": "You need to feel able to do something well again.",
    "autonomy_need_unmet": "You need to decide something for yourself again.",
    "emotion_overflow": "What you feel is too strong to keep to yourself.",
    "stress_overflow": "The pressure has become too much to carry alone.",
}
_TASK = (
    "Nobody has written to you just now: you reach out to the user of your own accord. {why} Write that one message, "
    "in your own voice and in the language with the BCP 47 tag {language}: one to three short sentences, at most 240 "
    "characters, fit for a notification. No reproach, no pressure, no quotation marks, no stage directions. Answer "
    'with a JSON object {{"message": "..."}}.'
)


class LlmWriter:
    """The Writer port over a chat endpoint, which its owner closes."""

    def __init__(self, chat: Chat, settings: Settings, clock: Clock, paused: Callable[[], bool]) -> None:
        """paused tells whether the endpoint is left alone for now."""
        self._chat = chat
        self._within_s = settings.appraiser_deadline_s * _SHARE_OF_DEADLINE
        self._clock = clock
        self._paused = paused
        self._running = 0

    def write(self, params: Params, state: State, urge: Urge) -> Awaitable[str] | None:
        """The message, None when the endpoint cannot be asked now; it must be awaited. Raises ChatFailed."""
        if self._running >= _AT_ONCE or self._paused():
            return None
        self._running += 1  # here: many alarms of one moment come before the first of them is awaited
        return self._write(params, state, urge)

    async def _write(self, params: Params, state: State, urge: Urge) -> str:
        try:
            answer = await self._ask(params, state, urge)
        finally:
            self._running -= 1
        text = answer.get("message")
        if not isinstance(text, str):
            return ""
        storable = text.encode("utf-8", "ignore").decode()  # JSON may spell half a surrogate pair
        return " ".join(storable.split())[:_CHARS_MAX]

    async def _ask(self, params: Params, state: State, urge: Urge) -> dict[str, Any]:
        prompt = render_prompt(params, state, None).formatted
        task = _TASK.format(why=_WHY[urge.reason], language=params.persona.identity.language)
        messages = [
            {"role": "system", "content": f"{prompt.system_prompt}\n\n{prompt.context_block}"},
            {"role": "user", "content": f"{prompt.instruction_block}\n\n{task}"},
        ]
        return await self._chat.chat(messages, _SCHEMA, self._clock.monotonic_s() + self._within_s)

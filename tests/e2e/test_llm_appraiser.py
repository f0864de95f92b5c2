"""The LLM appraiser against a real HTTP endpoint that misbehaves on demand: whatever it does, a turn gets a reading."""

from __future__ import annotations

import asyncio
import contextlib
import email.utils
import gzip
import inspect
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from molroo_actor.engine import Params, Persona, Reading, Source, State, appraise, derive, initial_state, presets
from molroo_actor.settings import Settings
from molroo_actor.transport.llm_appraisal import reading_of
from molroo_actor.transport.llm_appraiser import LlmAppraiser
from molroo_actor.transport.llm_chat import ChatEndpoint
from molroo_actor.transport.metrics import Metrics
from tests.kit import llm_server as llm
from tests.kit.clock import FakeClock, loop_clock
from tests.kit.llm_server import FINE, WITHIN_S, Behaviour, LlmServer, answer, completion, refuses, says
from tests.kit.node import node, said

KEY = "sk-very-secret-key"
TEXT = "hello, unmistakable sentence"
FOUND = reading_of(FINE)


def character(preset: str = "companion") -> tuple[Params, State]:
    found = presets()[preset]
    params = derive(Persona(found.identity, found.personality, found.goals))
    return params, initial_state(params, 0)


def embedded(text: str = TEXT, source: Source = "user") -> Reading:
    return appraise(text, source, *character())


class Desk:
    """One appraiser over one endpoint; its clock goes with the loop's and may be pushed ahead."""

    def __init__(self, endpoint: LlmServer, **changed: Any) -> None:
        given = {"llm_base_url": endpoint.url, "llm_model": "tiny", "llm_api_key": KEY, "appraiser_deadline_s": 5}
        self.settings = msgspec.convert({**given, **changed}, Settings)
        self.endpoint = endpoint
        self.clock: FakeClock = loop_clock()
        self.metrics = Metrics()
        self.pauses: list[float] = []
        """Seconds that the client wanted to wait before it tried again; it did not have to."""
        randomness = random.Random(7)
        chat = ChatEndpoint(self.settings, self.clock, randomness, self._pause)
        self.appraiser = LlmAppraiser(chat, self.settings, self.clock, randomness, self.metrics)

    async def _pause(self, span_s: float) -> None:
        self.pauses.append(span_s)

    def ask(
        self, text: str = TEXT, source: Source = "user", preset: str = "companion"
    ) -> Reading | asyncio.Future[Reading]:
        """What the host would be given: a reading at once, or one to wait for."""
        asked = self.appraiser.appraise(text, source, *character(preset))
        if isinstance(asked, Reading):
            return asked
        assert isinstance(asked, asyncio.Future)
        return asked

    async def read(self, text: str = TEXT, source: Source = "user", preset: str = "companion") -> Reading:
        """A reading, awaited with a limit when it must be."""
        asked = self.ask(text, source, preset)
        return asked if isinstance(asked, Reading) else await asyncio.wait_for(asked, WITHIN_S)

    @property
    def calls(self) -> dict[str, int]:
        return dict(self.metrics.llm_calls)

    @property
    def readings(self) -> dict[str, int]:
        return dict(self.metrics.llm_readings)


@contextlib.asynccontextmanager
async def desk(**changed: Any) -> AsyncIterator[Desk]:
    async with llm.llm_server() as endpoint:
        made = Desk(endpoint, **changed)
        try:
            yield made
        finally:
            await made.appraiser.close()


# -- a right answer ----------------------------------------------------------------------------------------------------


async def test_a_text_is_read_by_the_model() -> None:
    async with desk() as it:
        assert await it.read() == FOUND
        (asked,) = it.endpoint.asked
        assert asked.path == "/v1/chat/completions"
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        assert asked.headers["content-type"] == "application/json"
        assert asked.text == TEXT
        assert (asked.body["model"], asked.body["temperature"], asked.body["max_tokens"]) == ("tiny", 0, 1_000)
        form = asked.body["response_format"]
        assert (form["type"], form["json_schema"]["name"]) == ("json_schema", "appraisal")
        assert form["json_schema"]["strict"] is True
        assert set(form["json_schema"]["schema"]["required"]) == set(FINE)
        assert (it.calls, it.readings) == ({"answered": 1}, {"llm": 1})
        assert b'molroo_llm_calls_total{outcome="answered"} 1.0' in it.metrics.text()
        assert b'molroo_llm_readings_total{origin="llm"} 1.0' in it.metrics.text()
        assert b"molroo_llm_seconds_count 1.0" in it.metrics.text()


async def test_without_a_key_none_is_sent_and_without_a_limit_none_is_asked_for() -> None:
    async with desk(llm_api_key=None, llm_answer_tokens_max=0) as it:
        assert await it.read() == FOUND
        assert "authorization" not in it.endpoint.asked[0].headers
        assert "max_tokens" not in it.endpoint.asked[0].body


async def test_an_empty_text_asks_nobody() -> None:
    async with desk() as it:
        assert it.ask(" \n") == embedded(" \n")
        assert it.endpoint.asked == []


@pytest.mark.parametrize(
    "behaviour",
    [
        completion(f"```json\n{json.dumps(FINE)}\n```"),
        completion(f"Sure! {json.dumps(FINE)} I hope that helps."),
        completion([{"type": "text", "text": json.dumps(FINE)}]),
        completion(json.dumps({**FINE, "why": "they are friends"})),
        completion(json.dumps(FINE), finish="length"),
        answer(
            200,
            json.dumps({"choices": [{"message": {"content": json.dumps(FINE)}}]}).encode(),
            content_type="text/plain",
        ),
    ],
    ids=["fenced", "in prose", "in parts", "with more keys", "at the limit but whole", "as text/plain"],
)
async def test_a_right_answer_counts_in_any_wrapping(behaviour: Behaviour) -> None:
    async with desk() as it:
        it.endpoint.script.append(behaviour)
        assert await it.read() == FOUND


async def test_numbers_out_of_range_are_clamped() -> None:
    async with desk() as it:
        it.endpoint.script.append(says(goal_congruence=-40, urgency=1.5))
        reading = await it.read()
        assert (reading.appraisal.goal_congruence, reading.appraisal.urgency) == (-1.0, 1.0)


# -- a wrong one -------------------------------------------------------------------------------------------------------

_WITHOUT = json.dumps({key: value for key, value in FINE.items() if key != "agency"})
_BEYOND = json.dumps(FINE).replace("0.7", "1e999", 1)
_BOMB = gzip.compress(b" " * 60_000_000)


@pytest.mark.parametrize(
    ("outcome", "behaviours"),
    [
        ("nonsense", [completion("I would say joy.")]),
        ("nonsense", [completion(_WITHOUT)]),
        ("nonsense", [says(urgency="0.5")]),
        ("nonsense", [says(urgency=None)]),
        ("nonsense", [completion(_BEYOND)]),
        ("nonsense", [completion(_BEYOND.replace("1e999", "NaN"))]),
        ("nonsense", [completion(json.dumps(FINE)[:60], finish="length")]),
        ("nonsense", [completion(json.dumps(FINE) * 2)]),
        ("nonsense", [answer(200, b"<html>welcome</html>", content_type="text/html")]),
        ("nonsense", [answer(200, b'data: {"choices": []}\n\n', content_type="text/event-stream")]),
        ("nonsense", [answer(204, b"")]),
        ("nonsense", [llm.endless]),
        ("nonsense", [answer(200, _BOMB, headers={"Content-Encoding": "gzip"})]),
        ("refused", [completion(None, refusal="I can't.")]),
        ("refused", [completion("", finish="content_filter")]),
        ("refused", [answer(400, b'{"error": {"code": "content_filter", "message": "no"}}')]),
        ("rejected", [refuses("who are you?", 401)]),
        ("rejected", [refuses("not you", 403)]),
        ("rejected", [refuses("no such model", 404)]),
        ("rejected", [refuses("the context is too long")]),
        ("rejected", [refuses("x" * 200_000)]),
        ("limited", [refuses("slow down", 429)] * 2),
        ("failing", [answer(500, b"oh no")] * 2),
        ("failing", [answer(503, b"", headers={"Retry-After": "1"}), answer(502, b"")]),
        ("unreachable", [llm.hangs_up] * 2),
        ("unreachable", [llm.resets] * 2),
        ("unreachable", [llm.halfway] * 2),
        ("unreachable", [answer(200, b"not gzip", headers={"Content-Encoding": "gzip"})] * 2),
    ],
)
async def test_whatever_goes_wrong_the_embedded_appraiser_answers(
    outcome: str, behaviours: list[Behaviour], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with desk() as it:
        it.endpoint.script.extend(behaviours)
        assert await it.read() == embedded()
        assert (it.calls, it.readings) == ({outcome: 1}, {"embedded": 1})
        assert len(it.endpoint.asked) == len(behaviours)
        assert await it.read() == FOUND, "nothing of it is remembered"
    assert KEY not in caplog.text
    assert "unmistakable" not in caplog.text
    about = [record for record in caplog.records if "LLM" in record.getMessage()]
    assert len(about) == (0 if outcome == "refused" else 2)


async def test_an_endpoint_that_is_not_there_is_no_reason_to_fail() -> None:
    async with desk() as it:
        await it.endpoint.stop()
        assert await it.read() == embedded()
        assert it.calls == {"unreachable": 1}


async def test_a_redirect_is_not_followed() -> None:
    async with desk() as it, llm.llm_server() as elsewhere:
        for status in (301, 302, 307, 308):
            there = {"Location": f"{elsewhere.url}/chat/completions"}
            it.endpoint.script.append(answer(status, b"", headers=there))
            assert await it.read() == embedded()
        assert it.calls == {"rejected": 4}
        assert elsewhere.asked == []


async def test_the_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with llm.llm_server() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        async with desk() as it:
            assert await it.read() == FOUND
            assert proxy.asked == []


# -- time --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [llm.never, llm.stuck_halfway])
async def test_at_the_deadline_the_connection_is_closed_and_the_embedded_appraiser_answers(
    behaviour: Behaviour,
) -> None:
    async with desk(appraiser_deadline_s=0.2) as it:
        it.endpoint.script.append(behaviour)
        asked = it.ask()
        await it.endpoint.received(1)
        assert isinstance(asked, asyncio.Future)
        assert not asked.done()
        assert await asyncio.wait_for(asked, WITHIN_S) == embedded()
        await it.endpoint.left(1)
        assert it.calls == {"timeout": 1}


@pytest.mark.parametrize(
    ("behaviour", "least_s", "most_s"),
    [
        (refuses("slow down", 429), 0.1, 0.4),
        (answer(500, b""), 0.1, 0.4),
        (answer(408, b""), 0.1, 0.4),
        (llm.hangs_up, 0.1, 0.4),
        (llm.resets, 0.1, 0.4),
        (llm.halfway, 0.1, 0.4),
        (answer(429, b"", headers={"Retry-After": "2"}), 2, 2),
        (answer(503, b"", headers={"Retry-After": "0"}), 0, 0),
        (answer(429, b"", headers={"Retry-After": "soon"}), 0.1, 0.4),
        (answer(429, b"", headers={"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}), 0, 0),
    ],
)
async def test_what_may_pass_is_tried_once_more(behaviour: Behaviour, least_s: float, most_s: float) -> None:
    async with desk() as it:
        it.endpoint.script.append(behaviour)
        assert await it.read() == FOUND
        assert len(it.endpoint.asked) == 2
        (paused_s,) = it.pauses
        assert least_s <= paused_s <= most_s
        assert it.calls == {"answered": 1}


async def test_a_date_to_retry_after_is_understood() -> None:
    async with desk() as it:
        date = email.utils.formatdate(it.clock.wall_ms() / 1000 + 3, usegmt=True)
        it.endpoint.script.append(answer(429, b"", headers={"Retry-After": date}))
        assert await it.read() == FOUND
        assert 1 < it.pauses[0] <= 3


async def test_there_is_no_retry_after_the_deadline_and_the_endpoint_gets_the_rest_that_it_asks_for() -> None:
    async with desk(llm_pause_s=1) as it:
        it.endpoint.script.append(answer(429, b"", headers={"Retry-After": "60"}))
        assert await it.read() == embedded()
        assert (it.pauses, it.calls) == ([], {"limited": 1})
        it.clock.advance(59)
        assert it.ask() == embedded()
        it.clock.advance(2)
        assert await it.read() == FOUND
        assert len(it.endpoint.asked) == 2


# -- endpoints differ --------------------------------------------------------------------------------------------------


async def test_an_endpoint_that_refuses_a_schema_is_asked_for_an_object_and_then_for_a_text() -> None:
    async with desk() as it:
        it.endpoint.script += [
            refuses("This response_format type is unavailable now"),
            answer(422, b'{"detail": [{"loc": ["body", "response_format"], "msg": "extra fields"}]}'),
        ]
        assert await it.read() == FOUND
        forms = [asked.body.get("response_format", {}).get("type") for asked in it.endpoint.asked]
        assert forms == ["json_schema", "json_object", None]
        assert await it.read("another text") == FOUND
        assert len(it.endpoint.asked) == 4, "what it takes is remembered"
        assert "response_format" not in it.endpoint.asked[3].body
        assert (it.calls, it.pauses) == ({"answered": 2}, [])


async def test_an_endpoint_is_not_sent_what_it_refuses_by_name() -> None:
    async with desk() as it:
        it.endpoint.script += [
            refuses("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."),
            refuses("Unsupported value: 'temperature' does not support 0 with this model."),
            refuses("Unrecognized request argument supplied: max_completion_tokens"),
        ]
        assert await it.read() == FOUND
        sent = [set(asked.body) - {"model", "messages"} for asked in it.endpoint.asked]
        assert sent == [
            {"response_format", "temperature", "max_tokens"},
            {"response_format", "temperature", "max_completion_tokens"},
            {"response_format", "max_completion_tokens"},
            {"response_format"},
        ]


async def test_an_endpoint_that_refuses_everything_is_asked_a_bounded_number_of_times() -> None:
    async with desk() as it:
        it.endpoint.always = refuses("response_format temperature max_tokens max_completion_tokens")
        assert await it.read() == embedded()
        assert len(it.endpoint.asked) == 6
        assert it.calls == {"rejected": 1}


async def test_calls_side_by_side_learn_one_step_together() -> None:
    async with desk() as it:
        it.endpoint.script += [refuses("response_format?")] * 3
        read = await asyncio.gather(*(it.read(f"text {n}") for n in range(3)))
        assert read == [FOUND] * 3
        forms = [asked.body.get("response_format", {}).get("type") for asked in it.endpoint.asked]
        assert sorted(forms, key=str) == ["json_object"] * 3 + ["json_schema"] * 3


async def test_a_users_words_in_a_refusal_do_not_pass_for_the_endpoints() -> None:
    async with desk() as it:
        text = "what is a json_schema, and a response_format?"
        it.endpoint.script.append(refuses(f"too long: {text}"))
        assert await it.read(text) == embedded(text)
        assert await it.read() == FOUND
        assert it.endpoint.asked[1].body["response_format"]["type"] == "json_schema"


# -- an outage ---------------------------------------------------------------------------------------------------------


async def test_an_endpoint_that_fails_is_left_alone_and_tried_by_one_until_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with desk(llm_failures_max=3, llm_pause_s=10) as it:
        it.endpoint.always = refuses("who are you?", 401)
        for n in range(3):
            assert await it.read(f"text {n}") == embedded(f"text {n}")
        assert (len(it.endpoint.asked), it.appraiser.paused) == (3, True)
        assert it.ask() == embedded(), "at once, without a future"
        it.clock.advance(13)
        assert await it.read() == embedded()
        it.clock.advance(13)
        assert it.ask() == embedded(), "the pause has doubled"
        it.clock.advance(13)

        going_on = asyncio.Event()
        it.endpoint.always = llm.released_by(going_on, says())
        trial = asyncio.ensure_future(it.read("a trial"))
        await it.endpoint.received(5)
        assert it.ask() == embedded(), "one tries, the others do not wait for it"
        going_on.set()
        assert await trial == FOUND
        assert not it.appraiser.paused
        assert await it.read() == FOUND
        assert len(it.endpoint.asked) == 6
        assert it.calls == {"rejected": 4, "paused": 3, "answered": 2}
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2, told
    assert "tiny at 127.0.0.1" in told[0]
    assert "it answered 401: is MOLROO_LLM_API_KEY right?" in told[0]
    assert "answers again after 4 failures" in told[1]


async def test_an_endpoint_that_fails_now_and_then_is_told_of_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    async with desk() as it:
        for n in range(10):
            it.endpoint.script += [completion("?"), says()]
            await it.read(f"a {n}")
            await it.read(f"b {n}")
        assert len(caplog.records) == 2
        it.clock.advance(61)
        it.endpoint.script.append(completion("?"))
        await it.read("c")
        assert len(caplog.records) == 3


async def test_refusals_are_the_texts_and_no_outage(caplog: pytest.LogCaptureFixture) -> None:
    async with desk(llm_failures_max=2) as it:
        it.endpoint.script += [completion(None, refusal="no")] * 5
        for n in range(5):
            assert await it.read(f"text {n}") == embedded(f"text {n}")
        assert not it.appraiser.paused
        assert await it.read() == FOUND
    assert caplog.records == []


async def test_a_trial_that_nobody_waits_for_any_more_leaves_the_next_one_to_try() -> None:
    async with desk(llm_failures_max=1, llm_pause_s=10) as it:
        it.endpoint.script += [completion("?"), llm.never]
        await it.read("a")
        it.clock.advance(13)
        trial = it.ask("b")
        assert isinstance(trial, asyncio.Future)
        await it.endpoint.received(2)
        trial.cancel()
        await it.endpoint.left(1)
        assert await it.read("c") == FOUND
        assert it.calls == {"nonsense": 1, "abandoned": 1, "answered": 1}


# -- remembering and sharing -------------------------------------------------------------------------------------------


async def test_what_was_asked_before_is_remembered_by_text_source_and_character() -> None:
    async with desk(llm_cache_texts=3) as it:
        await it.read()
        assert it.ask() == FOUND, "at once"
        await it.read(source="system")
        await it.read(preset="rival")
        assert len(it.endpoint.asked) == 3
        assert it.ask() == FOUND
        await it.read("a fourth pushes the least used out")
        assert it.ask() == FOUND
        assert not isinstance(it.ask(source="system"), Reading)
        await it.endpoint.received(5)
        assert it.readings["remembered"] == 3


async def test_zero_texts_remember_none() -> None:
    async with desk(llm_cache_texts=0) as it:
        assert await it.read() == await it.read() == FOUND
        assert len(it.endpoint.asked) == 2


async def test_the_same_question_under_way_is_asked_once() -> None:
    async with desk() as it:
        going_on = asyncio.Event()
        it.endpoint.always = llm.released_by(going_on, says())
        asked = [it.ask() for _ in range(5)]
        other = it.ask("something else")
        await it.endpoint.received(2)
        assert isinstance(asked[0], asyncio.Future)
        asked[0].cancel()
        going_on.set()
        read = await asyncio.gather(*(one for one in asked[1:] if isinstance(one, asyncio.Future)))
        assert read == [FOUND] * 4
        assert isinstance(other, asyncio.Future)
        assert await other == FOUND
        assert len(it.endpoint.asked) == 2


async def test_when_nobody_waits_any_more_the_call_ends_and_nobody_joins_its_end() -> None:
    async with desk() as it:
        it.endpoint.script.append(llm.never)
        asked = [it.ask(), it.ask()]
        await it.endpoint.received(1)
        for one in asked:
            assert isinstance(one, asyncio.Future)
            one.cancel()
        await asyncio.sleep(0)
        assert await it.read() == FOUND
        await it.endpoint.left(1)
        assert it.calls == {"abandoned": 1, "answered": 1}


async def test_a_call_that_is_cancelled_before_it_begins_leaves_its_room() -> None:
    async with desk(llm_concurrent_max=1, llm_wait_s=0) as it:
        asked = it.ask()
        assert isinstance(asked, asyncio.Future)
        asked.cancel()
        for _ in range(3):  # loop passes: the future's callbacks, the task's end, the task's callbacks
            await asyncio.sleep(0)
        assert it.appraiser.running == 0
        assert await it.read() == FOUND


async def test_a_failure_that_is_shared_gives_each_its_own_embedded_reading() -> None:
    async with desk() as it:
        it.endpoint.script.append(completion("?"))
        first, second = it.ask(), it.ask()
        assert isinstance(first, asyncio.Future)
        assert isinstance(second, asyncio.Future)
        assert [await first, await second] == [embedded()] * 2
        assert it.readings == {"embedded": 2}


# -- room --------------------------------------------------------------------------------------------------------------


async def test_calls_beyond_the_limit_wait_for_one_to_end() -> None:
    async with desk(llm_concurrent_max=2, llm_wait_s=WITHIN_S) as it:
        going_on = asyncio.Event()
        it.endpoint.always = llm.released_by(going_on, says())
        asked = [asyncio.ensure_future(it.read(f"text {n}")) for n in range(6)]
        await it.endpoint.received(2)
        assert (it.appraiser.running, len(it.endpoint.asked)) == (2, 2)
        going_on.set()
        assert await asyncio.gather(*asked) == [FOUND] * 6
        assert it.calls == {"answered": 6}


async def test_whoever_waits_too_long_for_room_gets_the_embedded_reading() -> None:
    async with desk(llm_concurrent_max=1, llm_wait_s=0.05, llm_waiting_max=1) as it:
        it.endpoint.always = llm.never
        slow = it.ask("slow")
        await it.endpoint.received(1)
        waits = it.ask("waits")
        assert isinstance(waits, asyncio.Future)
        assert it.ask("one too many") == embedded("one too many")
        assert await asyncio.wait_for(waits, WITHIN_S) == embedded("waits")
        assert it.calls == {"busy": 2}
        assert isinstance(slow, asyncio.Future)
        assert not slow.done()


async def test_whoever_leaves_while_it_waits_for_room_is_never_asked_for() -> None:
    async with desk(llm_concurrent_max=1) as it:
        going_on = asyncio.Event()
        it.endpoint.always = llm.released_by(going_on, says())
        first, second, third = (it.ask(text) for text in ("one", "two", "three"))
        assert isinstance(second, asyncio.Future)
        second.cancel()
        await it.endpoint.received(1)
        going_on.set()
        for kept in (first, third):
            assert isinstance(kept, asyncio.Future)
            assert await asyncio.wait_for(kept, WITHIN_S) == FOUND
        assert [asked.text for asked in it.endpoint.asked] == ["one", "three"]


async def test_nobody_waits_for_room_at_an_endpoint_that_is_left_alone() -> None:
    async with desk(llm_concurrent_max=1, llm_failures_max=1, llm_wait_s=WITHIN_S) as it:
        it.endpoint.always = completion("?")
        asked = [asyncio.ensure_future(it.read(f"text {n}")) for n in range(4)]
        assert await asyncio.gather(*asked) == [embedded(f"text {n}") for n in range(4)]
        assert it.calls == {"nonsense": 1, "paused": 3}


async def test_closing_ends_what_is_under_way_and_what_waits() -> None:
    async with desk(llm_concurrent_max=1) as it:
        it.endpoint.always = llm.never
        sent, waiting = it.ask("sent"), it.ask("waiting")
        await it.endpoint.received(1)
        await it.appraiser.close()
        assert isinstance(sent, asyncio.Future)
        assert isinstance(waiting, asyncio.Future)
        assert (sent.result(), waiting.result()) == (embedded("sent"), embedded("waiting"))
        await it.endpoint.left(1)
        await it.appraiser.close()


# -- in a node ---------------------------------------------------------------------------------------------------------


async def test_one_stalled_turn_delays_none_of_fifty_sessions(tmp_path: Path) -> None:
    async with desk(appraiser_deadline_s=WITHIN_S) as it, node(tmp_path, it.appraiser) as home:
        it.endpoint.always = llm.by_text({"stall": llm.never}, says())
        names = [f"s{n}" for n in range(50)]
        slots = []
        for name in names:
            await home.create(name)
            slots.append(await home.slot(name))
        stalled = home.deliver(slots[0], said("stall"))
        behind = home.deliver(slots[0], said("and then"))
        await it.endpoint.received(1)
        answers = await asyncio.gather(*(home.ask(said(f"hello {name}"), name) for name in names[1:]))
        assert {answer_.result.appraisal.goal_congruence for answer_ in answers} == {0.6}
        assert (stalled.verdict, behind.verdict) == ("nothing", "nothing")
        assert it.endpoint.leaves == 0
    assert (stalled.verdict, behind.verdict) == ("OVERLOADED", "OVERLOADED")


async def test_a_turn_at_its_deadline_takes_the_embedded_reading_and_says_nothing_of_a_bug(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        desk(appraiser_deadline_s=0.2) as it,
        node(tmp_path, it.appraiser, appraiser_deadline_s=0.2) as home,
    ):
        it.endpoint.always = llm.never
        await home.create("alice")
        slot = await home.slot("alice")
        answer_ = await asyncio.wait_for(home.ask(said("you are wonderful")), WITHIN_S)
        assert slot.actor is not None
        fresh = initial_state(slot.actor.params, 0)
        expected = appraise("you are wonderful", "user", slot.actor.params, fresh)
        assert answer_.result.appraisal == expected.appraisal
    assert [record.name for record in caplog.records] == ["molroo_actor.transport.llm_appraiser"]


def test_every_behaviour_of_the_kit_is_used() -> None:
    used = Path(__file__).read_text(encoding="utf-8")
    behaviours: list[Callable[..., Any]] = [
        value for name, value in vars(llm).items() if inspect.iscoroutinefunction(value) and not name.startswith("_")
    ]
    assert behaviours
    for behaviour in behaviours:
        assert f"llm.{behaviour.__name__}" in used

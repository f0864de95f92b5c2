"""History and preferences: every row as it was, in pages, and the proactive routes as far as they go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.shapes import APPRAISAL, VAD, exactly, fits, moment, one_of, or_null, whole, words
from tests.e2e.wire import GLAD, Node, eventually, serving

ROW = {
    "seq": whole,
    "at": moment,
    "kind": one_of("turn", "prefs", "ack", "proactive"),
    "input": lambda value: value is None or isinstance(value, dict),
    "appraisal": or_null(APPRAISAL),
    "emotion": or_null(VAD),
    "discrete_emotion": or_null(words),
}
DEFAULTS: dict[str, Any] = {
    "enabled": True,
    "triggers": {"attachment_seeking": True, "need_deficit": True, "emotional_overflow": True},
    "cooldown_hours": 4.0,
    "max_daily": None,
    "quiet_hours": None,
}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data"), fold_age_s=0.2) as started:
        yield started


def test_the_journal_has_every_kind_as_it_was_asked(node: Node) -> None:
    node.api.create("kinds")
    api = node.api
    turn = api.turn("kinds", "I missed you")
    api.turn("kinds", "hi", event_context="at dusk", elapsedSeconds=60)
    api.post("/v1/turn", {"sessionId": "kinds", "event": {"description": "rain", "source": "system"}})
    api.put("/v1/proactive/kinds/preferences", {"enabled": True})
    api.post("/v1/turn/appraisal", {"sessionId": "kinds", "appraisal": GLAD, "context": "a gift"})
    vector = api.feel("kinds")
    page = api.get("/v1/history/kinds").json
    fits({"items": [ROW], "next_after_seq": exactly(None)}, page)
    rows = page["items"]
    assert [row["seq"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [row["kind"] for row in rows] == ["turn", "turn", "turn", "prefs", "turn", "turn"]
    assert rows[0]["input"] == {"message": "I missed you"}
    assert rows[1]["input"]["message"] == "hi"
    assert rows[2]["input"] == {"event": {"description": "rain", "source": "system"}}
    assert rows[4]["input"] == {"appraisal": GLAD, "context": "a gift"}
    assert rows[5]["input"] == {"appraisal": GLAD, "context": None}
    for row, answer in ((rows[0], turn), (rows[5], vector)):
        assert row["appraisal"] == answer["appraisal"]
        assert row["emotion"] == pytest.approx(answer["new_emotion"])
        assert row["discrete_emotion"] == answer["discrete_emotion"]["primary"]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)


@pytest.mark.parametrize("where", ["journal", "file"])
def test_history_pages_ascending_wherever_its_rows_stand(node: Node, where: str) -> None:
    session = f"paged-{where}"
    node.api.create(session)
    for _ in range(12):
        node.api.feel(session)
    if where == "file":
        eventually(lambda: node.look(lambda: not node.server._ledger.journal.tails))
    pages: list[list[int]] = []
    after: int | None = 0
    while after is not None:
        page = node.api.get(f"/v1/history/{session}?after_seq={after}&limit=5").json
        pages.append([row["seq"] for row in page["items"]])
        after = page["next_after_seq"]
    assert pages == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12]]
    assert node.api.get(f"/v1/history/{session}?after_seq=12").json == {"items": [], "next_after_seq": None}
    assert node.api.get(f"/v1/history/{session}?after_seq=999999").json["items"] == []
    assert len(node.api.get(f"/v1/history/{session}?limit=200").json["items"]) == 12
    assert node.api.get(f"/v1/history/{session}?limit=12").json["next_after_seq"] is None


def test_history_has_fifty_rows_by_default_and_reaches_back_beyond_the_kept_states(node: Node) -> None:
    node.api.create("long")
    with node.live("long", prompt_data="false") as talk:
        for _ in range(130):
            talk.feel()
    page = node.api.get("/v1/history/long").json
    assert (len(page["items"]), page["next_after_seq"]) == (50, 50)
    assert page["items"][0]["appraisal"] == GLAD
    assert node.api.get("/v1/state/long?at_seq=1").status == 404


@pytest.mark.parametrize(
    ("sent", "whole_answer"),
    [
        ({"enabled": True}, DEFAULTS),
        ({"enabled": False, "cooldownHours": 0}, {**DEFAULTS, "enabled": False, "cooldown_hours": 0.0}),
        (
            {"enabled": True, "triggers": {"needDeficit": False}, "max_daily": 3},
            {**DEFAULTS, "triggers": {**DEFAULTS["triggers"], "need_deficit": False}, "max_daily": 3},
        ),
        (
            {"enabled": True, "quiet_hours": {"start": "22:30", "end": "07:00", "timezone": "Asia/Seoul"}},
            {**DEFAULTS, "quiet_hours": {"start": "22:30", "end": "07:00", "timezone": "Asia/Seoul"}},
        ),
        ({"enabled": True, "triggers": None, "cooldown_hours": None}, DEFAULTS),
    ],
)
def test_preferences_are_stored_and_answered_whole_and_each_body_replaces_all(
    node: Node, sent: dict[str, Any], whole_answer: dict[str, Any]
) -> None:
    if node.api.get("/v1/persona/prefs").status == 404:
        node.api.create("prefs")
    reply = node.api.put("/v1/proactive/prefs/preferences", sent)
    assert (reply.status, reply.json) == (200, {"sessionId": "prefs", "preferences": whole_answer})
    with node.live("prefs") as talk:
        answer = talk.ask(type="set_proactive_prefs", preferences=sent, id="p")
        assert (answer["type"], answer["data"], answer["reply_to"]) == ("proactive_prefs", whole_answer, "p")


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ({}, "enabled"),
        ({"enabled": "yes"}, "enabled"),
        ({"enabled": True, "cooldown_hours": -1}, "cooldown_hours"),
        ({"enabled": True, "max_daily": -1}, "max_daily"),
        ({"enabled": True, "max_daily": 1.5}, "max_daily"),
        ({"enabled": True, "triggers": {"need_deficit": 1}}, "triggers.need_deficit"),
        ({"enabled": True, "quiet_hours": {"start": "25:00", "end": "07:00", "timezone": "UTC"}}, "quiet_hours.start"),
        ({"enabled": True, "quiet_hours": {"start": "22:00", "end": "07:00"}}, "quiet_hours.timezone"),
        (
            {"enabled": True, "quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "Mars/Base"}},
            "quiet_hours.timezone",
        ),
        (
            {"enabled": True, "quiet_hours": {"start": "22:00", "end": "07:00", "timezone": "../../etc/passwd"}},
            "quiet_hours.timezone",
        ),
    ],
)
def test_wrong_preferences_are_refused_with_the_place(node: Node, sent: dict[str, Any], path: str) -> None:
    if node.api.get("/v1/persona/wrong").status == 404:
        node.api.create("wrong")
    reply = node.api.put("/v1/proactive/wrong/preferences", sent)
    assert (reply.status, reply.error["details"]["path"]) == (400, f"$.{path}")
    with node.live("wrong") as talk:
        error = talk.ask(type="set_proactive_prefs", preferences=sent)
        assert (error["code"], error["details"]["path"]) == ("VALIDATION_ERROR", f"$.preferences.{path}")
    assert node.api.get("/v1/history/wrong").json["items"] == []


def test_nothing_pends_and_unknown_actions_are_not_found(node: Node) -> None:
    node.api.create("calm")
    assert node.api.get("/v1/proactive/calm").json == []
    reply = node.api.post("/v1/proactive/calm/act_1/ack")
    assert (reply.status, reply.error["code"]) == (404, "NOT_FOUND")
    with node.live("calm") as talk:
        error = talk.ask(type="ack_proactive", action_id="act_1", id="a")
        assert (error["type"], error["code"], error["reply_to"]) == ("error", "NOT_FOUND", "a")
        assert talk.ask(type="ping") == {"type": "pong"}


def test_a_page_of_long_texts_is_shorter_and_says_where_it_goes_on(node: Node) -> None:
    node.api.create("wordy")
    long = {"message": "\x01" * 16_000, "event_context": "\x02" * 16_000}
    for _ in range(20):
        node.api.turn("wordy", **long)
    after, seqs, sizes = 0, [], []
    while after is not None:
        reply = node.api.get(f"/v1/history/wordy?after_seq={after}&limit=200")
        seqs += [item["seq"] for item in reply.json["items"]]
        sizes.append(len(reply.body))
        after = reply.json["next_after_seq"]
    assert seqs == list(range(1, 21))
    assert len(sizes) == 3
    assert max(sizes) < 1_700_000

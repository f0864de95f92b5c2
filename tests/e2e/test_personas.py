"""Sessions over REST: the ways to make one, what comes back, lists, and the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.shapes import SYSTEM, exactly, fits, milliseconds, moment, one_of, or_null, words
from tests.e2e.wire import PERSONA, Api, Node, eventually, serving

FULL: dict[str, Any] = {
    "identity": {
        "name": "Mia",
        "role": "a lighthouse keeper",
        "core_values": ["patience"],
        "speaking_style": "Slow and salty.",
        "language": "en-GB",
    },
    "personality": {"O": 0.1, "C": 0.2, "E": 0.3, "A": 0.4, "N": 0.5, "H": 0.6, "facets": {"humor": 0.9}},
    "goals": [{"content": "keep the light", "priority": 1, "mutable": False}],
    "emotion_config": {"baseline": {"V": 0.1, "A": 0.2, "D": -0.3}, "reactivity": 2.0},
    "character_backstory": "Born at sea.",
    "behavior_rules": "Never leaves the tower.",
    "user_profile": "A gull.",
    "scene_context": "A storm.",
}
CONFIG = {"calibration": {"budgetRecoveryPerHour": 0.2, "budgetMinimum": 0.1, "turnScale": 2.0}}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with serving(tmp_path_factory.mktemp("data"), fold_age_s=0.05) as started:
        yield started


def made(node: Node, body: dict[str, Any]) -> Any:
    reply = node.api.post("/v1/persona", body)
    assert reply.status == 201, reply
    return reply.json


def test_a_flat_body_makes_a_session_and_comes_back_whole(node: Node) -> None:
    answer = made(node, {**FULL, "config": CONFIG, "sessionId": "full"})
    form = {
        "sessionId": exactly("full"),
        "personaName": exactly("Mia"),
        "persona": lambda value: isinstance(value, dict),
        "config": exactly(CONFIG),
        "createdAt": moment,
        "prompt_data": {"system": SYSTEM},
    }
    fits(form, answer)
    for name, value in FULL.items():
        for key, part in value.items() if isinstance(value, dict) else ():
            assert answer["persona"][name][key] == part
    assert answer["persona"]["goals"] == FULL["goals"]
    prompt = answer["prompt_data"]["system"]["formatted"]["system_prompt"]
    for text in (
        "Mia",
        "lighthouse",
        "patience",
        "salty",
        "keep the light",
        "Born at sea",
        "Never leaves",
        "gull",
        "storm",
    ):
        assert text in prompt


@pytest.mark.parametrize("spelling", ["camel", "snake"])
def test_both_spellings_make_the_same_persona(node: Node, spelling: str) -> None:
    def spelled(name: str) -> str:
        return re.sub(r"_(.)", lambda found: found[1].upper(), name) if spelling == "camel" else name

    body = {spelled(name): value for name, value in FULL.items()}
    body["identity"] = {spelled(name): value for name, value in FULL["identity"].items()}
    session = f"spelled-{spelling}"
    body["sessionId" if spelling == "camel" else "session_id"] = session
    assert made(node, body)["persona"] == made(node, FULL)["persona"]
    assert node.api.get(f"/v1/persona/{session}").status == 200


@pytest.mark.parametrize(
    "beside", [{}, {"character_backstory": "Born at sea.", "config": CONFIG, "sessionId": "wrapped"}]
)
def test_a_wrapped_body_means_the_same_as_a_flat_one(node: Node, beside: dict[str, Any]) -> None:
    inside = {name: value for name, value in {**FULL, "config": CONFIG}.items() if name not in beside}
    answer = made(node, {"persona": inside, **beside})
    flat = made(node, {**FULL, "config": CONFIG})
    assert (answer["persona"], answer["config"]) == (flat["persona"], flat["config"])
    assert answer["sessionId"] == beside.get("sessionId", answer["sessionId"])


@pytest.mark.parametrize("name", ["preset", "sessionId", "config", "character_backstory", "scene_context"])
def test_one_key_beside_the_wrapper_and_in_it_is_refused(node: Node, name: str) -> None:
    value: Any = CONFIG if name == "config" else "cheerful_companion"
    reply = node.api.post("/v1/persona", {"persona": {**PERSONA, name: value}, name: value})
    assert (reply.status, reply.error["details"]["path"]) == (400, f"$.{name}")


@pytest.mark.parametrize(
    "preset", ["cheerful_companion", "stoic_mentor", "anxious_helper", "playful_trickster", "empathetic_listener"]
)
def test_a_preset_is_a_whole_persona_and_ones_own_fields_win_key_by_key(node: Node, preset: str) -> None:
    shown = next(found for found in node.api.get("/v1/presets").json["presets"] if found["id"] == preset)
    plain = made(node, {"preset": preset})["persona"]
    assert {name: plain["personality"][name] for name in "OCEANH"} == {
        name: shown["personality"][name] for name in "OCEANH"
    }
    own = made(node, {"preset": preset, "identity": {"name": "Own"}, "personality": {"N": 0.99}, "goals": ["sing"]})
    assert own["personaName"] == "Own"
    assert own["persona"]["personality"] == {**plain["personality"], "N": 0.99}
    assert own["persona"]["identity"] == {**plain["identity"], "name": "Own"}
    assert [goal["content"] for goal in own["persona"]["goals"]] == ["sing"]


def test_nulls_are_absent_and_unknown_keys_are_ignored(node: Node) -> None:
    nulls = dict.fromkeys(("preset", "sessionId", "goals", "emotion_config", "config", "behavior_rules", "persona"))
    answer = made(node, {**PERSONA, **nulls, "favourite_colour": "green"})
    bare = made(node, PERSONA)
    assert answer["persona"] == bare["persona"]
    assert answer["persona"]["personality"]["H"] == 0.5
    assert "favourite_colour" not in answer["persona"]
    assert None not in answer["persona"].values()


def test_ids_are_made_when_none_is_given_and_sort_by_time(node: Node) -> None:
    made_ids = [made(node, PERSONA)["sessionId"] for _ in range(3)]
    assert all(re.fullmatch(r"ses_[0-9a-z]{26}", found) for found in made_ids)
    assert len(set(made_ids)) == 3
    longest = "A-z_9" + "x" * 59
    assert made(node, {**PERSONA, "sessionId": longest})["sessionId"] == longest


@pytest.mark.parametrize(
    ("name", "most"),
    [("character_backstory", 4000), ("behavior_rules", 2000), ("user_profile", 2000), ("scene_context", 2000)],
)
def test_the_four_texts_have_limits_in_characters(node: Node, name: str, most: int) -> None:
    assert made(node, {**PERSONA, name: "한" * most})["persona"][name] == "한" * most
    reply = node.api.post("/v1/persona", {**PERSONA, name: "x" * (most + 1)})
    assert (reply.status, reply.error["details"]["path"]) == (400, f"$.{name}")
    assert f"{most:,}" in reply.error["message"]


@pytest.mark.parametrize(("letter", "value"), [("O", -0.1), ("N", 1.1), ("H", 2), ("E", "high")])
def test_traits_are_numbers_from_nought_to_one(node: Node, letter: str, value: Any) -> None:
    body = {**PERSONA, "personality": {**PERSONA["personality"], letter: value}}
    reply = node.api.post("/v1/persona", body)
    assert (reply.status, reply.error["details"]["path"]) == (400, f"$.personality.{letter}")


@pytest.mark.parametrize(
    ("language", "said"), [("ko", "너의 이름은 Mia"), ("ko-KR", "너의 이름은 Mia"), ("en", "You"), ("tlh", "You")]
)
def test_prompts_are_in_the_personas_language_and_unknown_ones_in_english(node: Node, language: str, said: str) -> None:
    answer = made(node, {**PERSONA, "identity": {"name": "Mia", "language": language}})
    assert said in answer["prompt_data"]["system"]["formatted"]["system_prompt"]


def test_a_session_is_shown_whole(node: Node) -> None:
    created = made(node, {**FULL, "sessionId": "shown"})
    form = {
        "id": exactly("shown"),
        "personaName": exactly("Mia"),
        "createdAt": milliseconds,
        "lastActive": milliseconds,
        "status": one_of("active", "idle", "hibernated"),
        "persona": exactly(created["persona"]),
        "config": exactly(created["config"]),
    }
    fits(form, node.api.get("/v1/persona/shown").json)


def test_last_active_moves_with_turns_and_status_with_waking(node: Node) -> None:
    made(node, {**PERSONA, "sessionId": "alive"})
    asleep = node.api.get("/v1/persona/alive").json
    assert asleep["status"] == "hibernated"
    eventually(lambda: node.api.feel("alive")["seq"])
    awake = node.api.get("/v1/persona/alive").json
    assert awake["status"] == "idle"
    assert awake["lastActive"] >= asleep["createdAt"] == awake["createdAt"]


def test_lists_page_newest_first_with_a_cursor_and_wake_nothing(node: Node) -> None:
    api = Api(node.server.url, node.key("lister"))
    for number in range(7):
        api.create(f"s{number}")
    pages: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(f"/v1/persona?limit=3{cursor and f'&cursor={cursor}'}").json
        fits({"items": lambda value: isinstance(value, list), "cursor": or_null(words)}, page)
        pages.append([item["id"] for item in page["items"]])
        assert {item["status"] for item in page["items"]} == {"hibernated"}
        cursor = page["cursor"]
        assert cursor is None or re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    assert sum(pages, []) == [f"s{number}" for number in reversed(range(7))]  # noqa: RUF017 - three short lists
    assert [len(page) for page in pages] == [3, 3, 1]
    assert api.get("/v1/persona?limit=7").json["cursor"] is None
    assert len(api.get("/v1/persona").json["items"]) == 7
    item = {"id": words, "personaName": words, "createdAt": milliseconds, "lastActive": milliseconds, "status": words}
    fits([item], api.get("/v1/persona").json["items"])


def test_a_deleted_session_closes_its_sockets_and_frees_its_id(node: Node) -> None:
    made(node, {**PERSONA, "sessionId": "gone"})
    with node.live("gone") as talk, node.live("gone") as second:
        for _ in range(3):
            talk.say()
        second.quiet()
        assert node.api.delete("/v1/persona/gone").json == {"deleted": True}
        for socket in (talk, second):
            code, reason, heard = socket.ended()
            assert (code, reason) == (4404, "NOT_FOUND")
            assert heard[-1]["code"] == "NOT_FOUND"
    for path in ("/v1/persona/gone", "/v1/state/gone", "/v1/history/gone"):
        assert node.api.get(path).status == 404
    assert node.api.delete("/v1/persona/gone").status == 404
    assert made(node, {**PERSONA, "sessionId": "gone"})["sessionId"] == "gone"
    assert node.api.get("/v1/state/gone").json["seq"] == 0
    assert node.api.get("/v1/history/gone").json == {"items": [], "next_after_seq": None}
    assert node.api.turn("gone")["seq"] == 1


def test_deleting_takes_the_file_too_when_there_is_one(node: Node) -> None:
    made(node, {**PERSONA, "sessionId": "filed"})
    node.api.turn("filed")
    inner_id = node.run(node.server.host.registry.find("default", False, "filed")).inner_id
    path = node.server._ledger.folder.session_file(inner_id)
    eventually(path.exists)
    assert node.api.delete("/v1/persona/filed").status == 200
    assert not path.exists()

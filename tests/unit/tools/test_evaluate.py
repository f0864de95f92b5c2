"""The evaluator's own logic: a figure that should fail fails, and what is wrong with a file is said. How good the
character is, is not tested here.
"""

import json
from pathlib import Path

import pytest

from molroo_actor.engine import (
    VAD,
    Appraisal,
    DiscreteEmotion,
    Personality,
    TurnResult,
)
from tools.evaluate import __main__ as command
from tools.evaluate import acts, chat, constraints, corpora, cpu, gates, stories, tale
from tools.evaluate.character import Character, average, personality

LOVE = {"text": "I love you, you are wonderful", "constraints": ["gc+", "V+"], "labels": ["joy", "love"]}
WOUND = {"goal_relevance": 0.9, "goal_congruence": -0.9, "expectedness": 0.2, "controllability": 0.2, "agency": -0.8}
WOUND |= {"norm_compatibility": -0.6}


def lines(folder: Path, *entries: object) -> Path:
    path = folder / chat.FILE
    path.write_text("\n".join(entry if isinstance(entry, str) else json.dumps(entry) for entry in entries))
    return path


def write_acts(folder: Path, **parts: object) -> Path:
    path = folder / acts.FILE
    path.write_text(json.dumps(parts))
    return path


@pytest.fixture
def good() -> TurnResult:
    """A turn that was welcome: gc .8, V +.5, A +.1 on the wire."""
    result = Character(average()).feel(Appraisal(0.8, 0.8, 0.3, 0.7, -0.2, 0.6)).result
    seen = {name: getattr(result, name) for name in TurnResult.__struct_fields__}
    return TurnResult(**seen | {"emotion_delta": VAD(0.5, 0.1, -0.1), "discrete_emotion": JOY})


JOY = DiscreteEmotion("joy", None, "high")


@pytest.mark.parametrize(
    ("held", "broken"),
    [
        ("gc+", "gc-"),
        ("gr+", "gr-"),
        ("ex-", "ex+"),
        ("ct+", "ct-"),
        ("ag-", "ag+"),
        ("nc+", "nc-"),
        ("V+", "V-"),
        ("A+", "A-"),
        ("D-", "D+"),
        ("Alow", "V0"),
        ("D0", "V<.5"),
        ("V>-.25", "V>.5"),
        ("gc>=.8", "gc<-.3"),
        ("A<=.2", "A<=.19"),
    ],
)
def test_a_constraint_holds_where_it_should_and_a_wrong_one_is_noticed(
    good: TurnResult, held: str, broken: str
) -> None:
    assert constraints.parse(held).holds(good)
    assert not constraints.parse(broken).holds(good)


def test_no_change_satisfies_no_sign(good: TurnResult) -> None:
    still = Character(average()).feel(Appraisal(0.0, 0.0, 0.5, 0.5, 0.0, 0.0)).result
    assert not any(constraints.parse(text).holds(still) for text in ("V+", "V-", "gc+", "gc-", "ex+", "ct-", "nc+"))
    assert constraints.parse("V0").holds(still)


@pytest.mark.parametrize("text", ["", "gc", "gc++", "xx+", "V1", "Vlow", "gc>", "gc>x", "gc=1", "gc+ V+"])
def test_a_constraint_in_another_spelling_is_not_understood(text: str) -> None:
    with pytest.raises(constraints.NotUnderstood, match="known are"):
        constraints.parse(text)


def test_shares_count_every_constraint_and_label(tmp_path: Path) -> None:
    wrong = {**LOVE, "id": "wrong", "constraints": ["gc-", "V+"], "labels": ["fear"]}
    found = chat.measure(lines(tmp_path, LOVE, wrong), "these").found()
    assert [(one.value, one.note) for one in found] == [
        (0.75, "these: 3 of 4 in 2 lines"),
        (0.5, "these: 1 of 2 lines"),
    ]


def test_failures_name_the_line_and_what_was_seen(tmp_path: Path) -> None:
    wrong = {**LOVE, "id": "wrong", "constraints": ["gc-"], "labels": ["fear"]}
    said = "\n".join(chat.measure(lines(tmp_path, LOVE, wrong), "these").failures())
    assert "wrong user none: 'I love you, you are wonderful'" in said
    assert "gc- (+0." in said
    assert "instead of fear" in said


def test_lines_that_cannot_be_read_are_named_and_left_out(tmp_path: Path) -> None:
    path = lines(
        tmp_path,
        LOVE,
        "{not json",
        {"source": "user"},
        {**LOVE, "source": "god"},
        {**LOVE, "labels": "joy"},
        {"text": "nothing is said about it"},
        {**LOVE, "labels": ["bliss"]},
        "",
    )
    file = chat.read(path)
    assert [line.id for line in file.lines] == ["line 1", "line 7"]
    assert [problem.split(":")[1] for problem in file.problems] == ["2", "3", "4", "5", "6", "7"]
    assert "'bliss'" in file.problems[-1]


def test_bytes_that_are_no_text_are_a_problem_of_their_line(tmp_path: Path) -> None:
    path = tmp_path / chat.FILE
    path.write_bytes(b'\xef\xbb\xbf{"text": "hi", "labels": ["joy"]}\r\n{"text": "\xff\xfe", "labels": ["joy"]}\n')
    file = chat.read(path)
    assert len(file.lines) == 1
    assert file.problems[0].startswith(f"{chat.FILE}:2:")


def test_a_constraint_nobody_knows_is_named_and_not_counted(tmp_path: Path) -> None:
    measured = chat.measure(lines(tmp_path, {**LOVE, "constraints": ["gc+", "mood+"]}), "these")
    assert measured.found()[0].note == "these: 1 of 1 in 1 lines"
    assert "mood+" in measured.problems[0]


def test_an_engine_that_raises_fails_the_line_and_only_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hear = Character.hear

    def stumble(self: Character, text: str, *rest: object) -> object:
        if text == "stumble":
            raise ZeroDivisionError(text)
        return hear(self, text, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Character, "hear", stumble)
    measured = chat.measure(lines(tmp_path, {**LOVE, "text": "stumble", "id": "x"}, LOVE), "these")
    assert [one.value for one in measured.found()] == [0.5, 0.5]
    assert "x: the engine raised ZeroDivisionError" in measured.problems[0]


def test_history_is_told_an_hour_before(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, str, int]] = []
    hear = Character.hear

    def listen(self: Character, text: str, source: str = "user", after_ms: int = 0) -> object:
        heard.append((text, source, self.at_ms + after_ms))
        return hear(self, text, source, after_ms)  # type: ignore[arg-type]

    monkeypatch.setattr(Character, "hear", listen)
    chat.tell(chat.Line("k", labels=["hurt"], history="Its hardest day."), average(), [])
    assert heard == [("Its hardest day.", "system", 0), ("k", "user", 3_600_000)]


def test_acts_count_hits_direction_and_intensity(tmp_path: Path) -> None:
    people = [{"id": f"p{n}", "personality": dict.fromkeys("OCEAH", 0.5) | {"N": n / 4}} for n in range(5)]
    path = write_acts(
        tmp_path,
        personas=people,
        acts=[
            {"act": "wound", "target": "joy", "appraisal": WOUND},
            {"act": "odd", "target": "joy", "appraisal": WOUND},
        ],
        positive_acts=["odd"],
        negative_acts=["wound"],
    )
    labels, direction, r = acts.measure(path, "these").found()
    assert (labels.value, labels.note) == (0.0, "these: 0 of 10")
    assert (direction.value, direction.note) == (0.5, "these: 5 of 10")
    assert r.value is not None
    assert r.value > 0.9


def test_too_few_personas_have_no_correlation(tmp_path: Path) -> None:
    two = [{"id": "p", "personality": dict.fromkeys("OCEAH", 0.5) | {"N": n}} for n in (0.2, 0.8)]
    path = write_acts(tmp_path, personas=two, acts=[{"act": "wound", "target": "hurt", "appraisal": WOUND}])
    labels, direction, r = acts.measure(path, "these").found()
    assert labels.note.endswith("of 2")
    assert (direction.value, r.value, r.verdict) == (None, None, "not measured")


def test_a_wrong_sign_of_a_game_is_noticed(tmp_path: Path) -> None:
    event = {"event": "hit", "appraisal": WOUND, "sign_of_change": {"V": "+", "D": "-"}}
    measured = acts.measure(write_acts(tmp_path, games=[event]), "these")
    assert measured.found_games()[0].value == 0.5
    assert measured.failures_of_games()[0].startswith("  hit: ΔV -")
    nothing = {"event": "miss", "appraisal": WOUND | {"goal_relevance": 0.0}, "sign_of_change": {"V": "-"}}
    assert acts.measure(write_acts(tmp_path, games=[nothing]), "these").found_games()[0].value == 0.0


def test_entries_that_cannot_be_read_are_named_and_left_out(tmp_path: Path) -> None:
    path = write_acts(
        tmp_path,
        personas=[{"id": "p", "personality": dict.fromkeys("OCEANH", 2.0)}],
        acts=[{"act": "a", "target": "joy", "appraisal": WOUND | {"luck": 1.0}}, {"act": "b"}],
        games={"event": "no list"},
        positive_acts="praise",
    )
    problems = acts.read(path).problems
    assert [problem.split(":")[0] for problem in problems] == [
        "personas[0]",
        "acts[0]",
        "acts[1]",
        "games",
        "positive_acts",
    ]
    path.write_text("[")
    assert acts.read(path).problems[0].startswith(acts.FILE)


@pytest.mark.parametrize(
    ("gate", "value", "verdict"),
    [
        (gates.CHAT_SIGNS, 0.95, "good"),
        (gates.CHAT_SIGNS, 0.9499, "floor"),
        (gates.CHAT_SIGNS, 0.90, "floor"),
        (gates.CHAT_SIGNS, 0.8999, "below floor"),
        (gates.STORIES, 1.0, "good"),
        (gates.STORIES, 0.99, "below floor"),
        (gates.CPU_VECTOR, 30.0, "good"),
        (gates.CPU_VECTOR, 60.0, "floor"),
        (gates.CPU_VECTOR, 60.1, "below floor"),
        (gates.XENVENT, None, "not measured"),
        (gates.CPU_APPRAISER, 1e9, "no gate"),
    ],
)
def test_a_verdict_is_against_floor_and_good(gate: gates.Gate, value: float | None, verdict: str) -> None:
    assert gates.Found(gate, value, "").verdict == verdict


def test_the_table_shows_every_figure() -> None:
    rows = gates.table([gates.Found(gates.CHAT_SIGNS, 0.912, "63 lines"), gates.Found(gates.CPU_TEXT, 71.26, "")])
    assert rows[1].split()[-6:] == [".900", ".950", ".912", "floor", "63", "lines"]
    assert rows[2].split()[-7:] == ["150.0", "µs", "100.0", "µs", "71.3", "µs", "good"]


def test_a_missed_floor_exits_1_and_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines(tmp_path, LOVE)
    assert command.main(["--data", str(tmp_path), "--only", "chat"]) == 0
    lines(tmp_path, {**LOVE, "constraints": ["gc-"]})
    figures = tmp_path / "figures.json"
    assert command.main(["--data", str(tmp_path), "--only", "chat", "--failures", "--json", str(figures)]) == 1
    said = capsys.readouterr().out
    assert "below floor: chat lines: sign constraints that hold" in said
    rows = json.loads(figures.read_text())
    assert [(row["measured"], row["verdict"]) for row in rows] == [(0.0, "below floor"), (1.0, "good")]


def test_a_file_without_a_single_line_is_not_passed_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines(tmp_path, "{", "[]")
    assert command.main(["--data", str(tmp_path), "--only", "chat"]) == 2
    assert "nothing to measure in" in capsys.readouterr().err


def test_without_corpora_the_own_set_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    command.main(["--only", "chat", "acts", "games", "emobank", "xenvent", "--failures"])
    said = capsys.readouterr().out
    assert said.count("own set") == 6
    assert said.count(corpora.NEEDS) == 4
    assert command.HELD_OUT in said


def test_the_own_set_can_be_read() -> None:
    file, vectors = chat.read(command.OWN_CHAT), acts.read(command.OWN_ACTS)
    assert (file.problems, vectors.problems) == ([], [])
    assert len({line.id for line in file.lines}) == len(file.lines) >= 150
    for line in file.lines:
        assert [constraints.parse(text).text for text in line.constraints] == line.constraints


def test_a_story_that_breaks_is_told_as_broken() -> None:
    def a_story() -> object:
        yield tale.feels("hit", "joy", {"fear"})
        yield tale.rises("trust", 0.1, 0.2)

    told = stories.tell(a_story)  # type: ignore[arg-type]
    assert not told.held
    assert told.lines(verbose=False) == ["  FAILS  a story", "      ✗ hit: joy, expected fear"]
    assert stories.found([told]).value == 0.0
    assert not tale.rises("trust", 0.2, 0.2).held


@pytest.mark.parametrize("story", stories.ALL, ids=lambda story: story.__name__)
def test_every_story_is_told_to_its_end(story: stories.Story) -> None:
    assert stories.tell(story).checks


def test_time_is_measured_on_texts_that_differ() -> None:
    texts = list(cpu.texts_of(["one two three four five six seven", "eight nine ten"], 12))
    assert {len(text.split()) for text in texts} == {20}
    assert len(set(texts)) == 12
    found = cpu.measure(["a few words that are said to it"], calls=2, rounds=1)
    assert [one.gate for one in found] == [gates.CPU_VECTOR, gates.CPU_TEXT, gates.CPU_PROMPT, gates.CPU_APPRAISER]
    assert all(one.value is not None and one.value > 0.0 for one in found)


def test_looking_ahead_changes_nothing() -> None:
    one = tale.Tale()
    one.hear("I love talking to you")
    before = one.now
    one.labels(48.0)
    one.lasting_h()
    assert one.now == before


def test_a_persona_is_its_traits() -> None:
    assert personality(Personality(0.5, 0.5, 0.5, 0.5, 0.5)) == average()

"""The fitted scorer: signs of plain words, negation, unknown words, limits, and that damaged files are refused."""

from importlib.resources import files
from pathlib import Path

import pytest
from msgspec import json

from molroo_actor.engine import scorer
from molroo_actor.engine.lexicon import tokens
from molroo_actor.engine.scorer import READS, REST, Head, Scores, known_form, score, table, valence

_FILES = ("emobank", "xenvent", "goemotions")


def read(text: str) -> Scores:
    return score(tokens(text))


@pytest.mark.parametrize(
    ("pleasant", "unpleasant"),
    [
        ("what a wonderful evening", "what a horrible evening"),
        ("my daughter was born", "my daughter is dead"),
        ("we won the final", "we lost the final"),
        ("they praised my work", "they ruined my work"),
        ("i am proud of it", "i am ashamed of it"),
    ],
)
def test_pleasant_events_lie_above_unpleasant_ones(pleasant: str, unpleasant: str) -> None:
    good, bad = read(pleasant), read(unpleasant)
    assert good.v > 0.0 > bad.v
    assert good.gc > 0.1
    assert bad.gc < -0.1


def test_arousal_and_dominance_have_their_signs() -> None:
    assert read("i am terrified, he is screaming!").a > 0.2 > read("the sea was quiet and still").a
    assert read("i am proud and strong").d > 0.0 > read("i am scared and helpless").d


def test_whose_doing_it_was_is_told_apart() -> None:
    assert read("i forgot it, it was my fault").ag > 0.0 > read("the storm destroyed our house").ag
    assert read("he stole my bag and lied about it").nc < 0.0 < read("she gave me flowers").nc


@pytest.mark.parametrize("word", ["happy", "good", "sad", "afraid", "funny", "useful"])
@pytest.mark.parametrize("no", ["not", "never", "hardly"])
def test_negation_weakens_or_turns(word: str, no: str) -> None:
    plain, negated = read(f"she is {word}").v, read(f"she is {no} {word}").v
    assert negated < plain if plain > 0.0 else negated > plain


def test_negation_ends_with_the_clause() -> None:
    assert read("no. i am happy").v > read("no i am happy").v


@pytest.mark.parametrize("text", ["", "   ", "xqzzt vrrplq", "你好吗", "12345 678"])
def test_a_text_without_known_words_is_at_rest(text: str) -> None:
    found = read(text)
    assert (found.v, found.a, found.d) == (0.0, 0.0, 0.0)
    assert (found.gr, found.gc, found.ex, found.ct, found.ag, found.nc) == REST
    assert found.known == 0.0
    assert found.labels == {}


def test_known_is_the_share_of_words_with_numbers() -> None:
    assert read("happy xqzzt").known == 0.5
    assert read("happy, happy!").known == 1.0


@pytest.mark.parametrize("name", ["Zorblatt", "Xiomara", "Kwabena"])
def test_an_unknown_name_moves_nothing(name: str) -> None:
    assert read(f"{name} was so kind to me") == read("Qwertzu was so kind to me")


def test_case_moves_nothing() -> None:
    assert read("I LOVE this!") == read("i love this!")


def test_marks_and_emoji_count() -> None:
    assert read("we won!").a > read("we won").a
    assert read("🎉").v > 0.0 > read("😢").v


def test_clauses_may_change_places() -> None:
    assert read("i am happy. the dog sleeps.") == read("the dog sleeps. i am happy.")


def test_unknown_forms_are_read_as_known_ones() -> None:
    words = {"wonder": 0, "happy": 0, "stop": 0, "tremble": 0, "love": 0, "soo": 0, "well": 0}
    forms = {"wonders": "wonder", "happily": "happy", "stopping": "stop", "stopped": "stop", "trembling": "tremble",
             "loveee": "love", "sooooo": "soo", "over-happy": "happy", "xyz": None}  # fmt: skip
    assert {form: known_form(form, words) for form in forms} == forms


def test_a_very_long_text_is_read_as_far_as_it_counts() -> None:
    words = ["horrible"] * READS
    assert score(words + ["wonderful"] * 15_000) == score(words)
    for word in ("horrible", "!", "not"):
        found = score([word] * 16_000)
        assert all(-1.0 <= x <= 1.0 for x in (found.v, found.a, found.d, found.gc, found.ag, found.nc))


def test_no_lane_runs_over_into_the_next() -> None:
    """The worst that READS words can add up to stays inside a lane."""
    most = READS * 127 * (2 * scorer.TURNED + 1)
    assert most < scorer._LANE_ZERO


def test_everything_stays_in_its_range() -> None:
    for word in list(table().words)[::37]:
        found = score([word, word, word])
        assert all(-1.0 <= x <= 1.0 for x in (found.v, found.a, found.d, found.gc, found.ag, found.nc)), word
        assert all(0.0 <= x <= 1.0 for x in (found.gr, found.ex, found.ct, found.known, *found.labels.values())), word


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("thank you so much", "gratitude"),
        ("i'm sorry, i regret what i did", "guilt"),
        ("i am so scared of him", "fear"),
        ("haha that is hilarious", "amusement"),
        ("i miss her and cannot stop crying", "sadness"),
        ("i hope we can make it", "hope"),
    ],
)
def test_the_strongest_label_comes_first(text: str, label: str) -> None:
    labels = read(text).labels
    assert next(iter(labels)) == label
    assert 0 < len(labels) <= 4
    assert list(labels.values()) == sorted(labels.values(), reverse=True)


def test_no_word_is_listed_twice() -> None:
    words = files(scorer.__package__).joinpath("scores", "words.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert len(words) == len(set(words)) == len(table().words)


@pytest.mark.parametrize("name", _FILES)
def test_each_file_carries_its_licence(name: str) -> None:
    folder = files(scorer.__package__).joinpath("scores")
    head = json.decode(folder.joinpath(f"{name}.bin").read_bytes().partition(b"\n")[0], type=Head)
    assert head.licence == ("CC-BY-SA-4.0" if name == "emobank" else "CC-BY-4.0")
    row = next(
        line
        for line in folder.joinpath("LICENSES.md").read_text("utf-8").splitlines()
        if line.startswith(f"| {name}.bin")
    )
    assert head.licence.replace("-4.0", " 4.0") in row


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda raw: raw[:-1], "numbers for"),
        (lambda raw: raw + b"\x80", "numbers for"),
        (lambda raw: raw.replace(b'"few":2.0', b'"few":3.0'), "another length"),
    ],
)
def test_files_that_do_not_fit_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage, says: str) -> None:  # type: ignore[no-untyped-def]
    target = tmp_path / "scores"
    target.mkdir()
    for one in files(scorer.__package__).joinpath("scores").iterdir():
        raw = one.read_bytes()
        (target / one.name).write_bytes(damage(raw) if one.name == "goemotions.bin" else raw)
    monkeypatch.setattr(scorer, "files", lambda _package: tmp_path)
    with pytest.raises(ValueError, match=says):
        table.__wrapped__()


@pytest.mark.parametrize(
    "text", ["I love this", "not good at all", "Zzyzx!", "", "the king is dead, long live the king"]
)
def test_what_a_turn_asks_for_is_a_part_of_the_whole(text: str) -> None:
    words = tokens(text)
    assert valence(words) == (score(words).v, score(words).known)

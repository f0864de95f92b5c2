"""What a connection that comes back is owed, and where a page begins: plain decisions over numbers and texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molroo_actor.errors import ValidationFailed
from molroo_actor.protocol import rest, resume
from molroo_actor.protocol.resume import Plan, Resume

SEQ = st.integers(0, 300)
NAMES = st.text("ABCxyz019_-", min_size=1, max_size=64)


@given(last_seq=SEQ, current=SEQ, kept=st.integers(1, 120), same_epoch=st.booleans())
def test_a_client_is_recovered_exactly_when_every_row_that_it_missed_is_still_whole(
    last_seq: int, current: int, kept: int, same_epoch: bool
) -> None:
    plan = resume.plan(Resume(last_seq, "now" if same_epoch else "before"), current, "now", kept)
    whole = range(max(0, current - kept) + 1, current + 1)
    missed = range(last_seq + 1, current + 1)
    if same_epoch and last_seq <= current and all(seq in whole for seq in missed):
        assert plan == Plan(True, last_seq, False)
    else:
        assert plan == Plan(False, None, True)


@given(current=SEQ, kept=st.integers(1, 120))
def test_who_does_not_ask_is_owed_nothing_and_who_names_no_epoch_is_promised_nothing(current: int, kept: int) -> None:
    assert resume.plan(None, current, "now", kept) == Plan(None, None, False)
    assert resume.plan(Resume(current, None), current, "now", kept) == Plan(False, None, True)


@pytest.mark.parametrize("text", ["-1", "x", "1.0", "", "1" * 16, "٣", " 1"])
def test_a_last_seq_is_a_whole_number(text: str) -> None:
    with pytest.raises(ValidationFailed, match="last_seq must be a whole number from 0, got") as refusal:
        resume.parse(text, None)
    assert refusal.value.details == {"path": "query.last_seq"}


def test_a_query_without_last_seq_asks_for_nothing() -> None:
    assert resume.parse(None, "epoch") is None
    assert resume.parse("007", "epoch") == Resume(7, "epoch")


@given(created_ms=st.integers(0, 10**15 - 1), name=NAMES)
def test_a_cursor_leads_back_to_where_it_was_made(created_ms: int, name: str) -> None:
    cursor = rest.cursor_of(created_ms, name)
    assert rest.parse_cursor(cursor) == (created_ms, name)
    assert cursor.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""


@given(text=st.text(max_size=40))
def test_any_other_cursor_is_refused_and_nothing_else_happens(text: str) -> None:
    try:
        found = rest.parse_cursor(text)
    except ValidationFailed as error:
        assert error.details == {"path": "query.cursor"}  # noqa: PT017 - either is right, nothing else is
    else:
        assert found is not None
        assert rest.parse_cursor(rest.cursor_of(*found)) == found


@pytest.mark.parametrize("text", ["0", "201", "x", "-1", "1e2", "٣", ""])
def test_a_number_of_the_query_is_told_its_range(text: str) -> None:
    with pytest.raises(ValidationFailed, match=r"limit must be a whole number in \[1, 200\], got"):
        rest.number(text, "limit", 50, 1, 200)


def test_numbers_and_flags_of_the_query() -> None:
    assert [rest.number(text, "limit", 50, 1, 200) for text in (None, "1", "200")] == [50, 1, 200]
    assert [rest.flag(text, "x", True) for text in (None, "1", "TRUE", "0", "false")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    with pytest.raises(ValidationFailed, match="x must be true or false, got 'maybe'"):
        rest.flag("maybe", "x", True)

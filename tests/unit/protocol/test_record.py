"""The blobs on disk: every format is read as it was written, a newer one is refused by name, rubbish is damage."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from molroo_actor.engine import ProactiveHint, Regulation
from molroo_actor.engine.labels import INDEX
from molroo_actor.engine.state import Regulated
from molroo_actor.errors import Damaged, NewerFormat
from molroo_actor.protocol import record
from molroo_actor.protocol.commands import Preferences
from molroo_actor.protocol.record import Record
from tests.unit.protocol import golden_values as golden

DECODERS: dict[str, Callable[[bytes], object]] = {
    "record": record.decode_record,
    "persona": record.decode_persona,
    "appraisal": record.decode_appraisal,
    "emotion": record.decode_emotion,
    "input-message": record.decode_input,
    "input-event": record.decode_input,
    "input-appraisal": record.decode_input,
}


NEWEST = {"record": 3}


@pytest.fixture
def record_of_a_turn() -> Record:
    return golden.after_a_turn()


def _blob(name: str) -> bytes:
    return (golden.GOLDEN / f"{name}.{NEWEST.get(name, 1)}.msgpack").read_bytes()


def _record(version: int) -> bytes:
    return (golden.GOLDEN / f"record.{version}.msgpack").read_bytes()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("persona", golden.persona()),
        ("appraisal", golden.APPRAISAL),
        ("emotion", golden.EMOTION),
        ("input-message", golden.MESSAGE),
        ("input-event", golden.EVENT),
        ("input-appraisal", golden.VECTOR),
    ],
)
def test_format_1_is_read_to_the_value_that_was_written(name: str, value: object) -> None:
    assert DECODERS[name](_blob(name)) == value


@pytest.mark.parametrize("version", [2, 3])
def test_a_record_with_a_listed_state_is_read_to_its_exact_values(version: int) -> None:
    found = record.decode_record(_record(version))
    assert (found.wall_ms, found.preferences) == (1_790_000_060_000, golden.PREFERENCES)
    assert (found.state.at_ms, found.state.turns, found.state.talks, found.state.c_gc) == (60_000, 1, 1, -0.5)
    assert found.outreach == golden.OUTREACH
    assert found.result is not None
    assert found.result.appraisal == golden.APPRAISAL
    assert found.state.label == INDEX[found.result.discrete_emotion.primary]
    assert [(change.at_s, change.delta < 0) for change in found.state.trust_log] == [(60, True)]
    # What the engine computes may change; what was written may not.
    assert record.decode_record(record.encode_record(found)) == found


def test_a_record_of_format_3_decodes_and_encodes_to_itself() -> None:
    assert record.encode_record(record.decode_record(_record(3))) == _record(3)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_the_next_turn_reads_all_but_the_result(version: int) -> None:
    whole = record.decode_record(_record(version))
    assert whole.result is not None
    assert record.decode_live(_record(version)) == whole.without_answer()


def test_a_result_in_all_its_variety_comes_back_as_it_was(record_of_a_turn: Record) -> None:
    result = record_of_a_turn.result
    assert result is not None
    for regulation in (None, Regulation("cognitive_reappraisal", "initiation", 0.25)):
        for hint in (ProactiveHint(None, [], []), ProactiveHint(5_000, ["need_deficit"], ["act_1"])):
            varied = msgspec.structs.replace(result, regulation=regulation, proactive_hint=hint)
            given = msgspec.structs.replace(record_of_a_turn, result=varied)
            assert record.decode_record(record.encode_record(given)) == given


def test_a_record_of_format_1_is_read_as_the_newest_and_what_it_did_not_keep_takes_its_default() -> None:
    old = msgspec.msgpack.decode(_record(1))
    found = record.decode_record(_record(1))
    assert (found.wall_ms, found.preferences) == (1_790_000_060_000, golden.PREFERENCES)
    kept = {name: value for name, value in msgspec.structs.asdict(found.state).items() if name in old["state"]}
    assert {**kept, "reg_log": []} == old["state"]
    assert (found.state.talks, found.state.k_fast, found.state.rift, found.state.trust_log) == (1, 0.0, 0.0, ())
    assert found.result is not None
    assert (found.result.catastrophe.mask, found.result.catastrophe.risk) == (1.0, "low")
    assert old["result"]["new_emotion"]["V"] == found.result.new_emotion.V
    assert record.decode_record(record.encode_record(found)) == found


def test_a_regulation_that_ended_comes_over_from_format_1() -> None:
    old = msgspec.msgpack.decode(_record(1))
    old["state"]["reg_log"] = [{"strategy": "situation_selection", "begun_ms": 5, "relief": 0.25}]
    found = record.decode_record(msgspec.msgpack.encode(old))
    assert found.state.reg_log == (Regulated("situation_selection", 5, 0.25),)


@pytest.mark.parametrize("name", ["at_ms", "v", "reg_log", "recovered"])
def test_a_state_of_format_1_with_a_field_missing_is_damage(name: str) -> None:
    old = msgspec.msgpack.decode(_record(1))
    del old["state"][name]
    with pytest.raises(Damaged, match="a blob cannot be read"):
        record.decode_record(msgspec.msgpack.encode(old))


def test_preferences_of_format_1_are_read_as_a_plain_map() -> None:
    assert record.decode_plain(_blob("input-preferences")) == {
        "preferences": {
            "enabled": True,
            "triggers": {"attachment_seeking": True, "need_deficit": False, "emotional_overflow": True},
            "cooldown_hours": 2.5,
            "max_daily": 3,
            "quiet_hours": {"start": "22:30", "end": "07:00", "timezone": "Asia/Seoul"},
        }
    }


def test_what_is_written_now_is_what_the_golden_files_hold() -> None:
    for name, blob in golden.blobs().items():
        if not name.startswith("record"):
            assert (golden.GOLDEN / name).read_bytes() == blob, name


def test_a_record_before_the_first_turn_is_small_and_complete() -> None:
    origin = Record(5, golden.after_a_turn().state)
    assert record.decode_record(record.encode_record(origin)) == origin
    assert (origin.result, origin.preferences) == (None, Preferences())


@pytest.mark.parametrize("name", [*DECODERS, "input-preferences"])
def test_every_blob_is_a_map_that_begins_with_its_format(name: str) -> None:
    decoded = msgspec.msgpack.decode(_blob(name))
    assert next(iter(decoded.items())) == ("v", NEWEST.get(name, 1))


@pytest.mark.parametrize("name", list(DECODERS))
def test_a_newer_format_is_refused_by_its_number(name: str) -> None:
    newest = NEWEST.get(name, 1)
    newer = msgspec.msgpack.encode({**msgspec.msgpack.decode(_blob(name)), "v": newest + 1})
    with pytest.raises(NewerFormat, match=f"a blob has format {newest + 1}, this program knows up to {newest}"):
        DECODERS[name](newer)


@pytest.mark.parametrize("name", list(DECODERS))
@pytest.mark.parametrize("blob", [b"", b"\xc1", b"\x91\x01", b"\x81\xa1v\x00", b"\x81\xa1v\xa11"])
def test_anything_else_is_damage(name: str, blob: bytes) -> None:
    with pytest.raises(Damaged, match="a blob cannot be read"):
        DECODERS[name](blob)


def test_a_record_of_format_2_cut_short_anywhere_is_damage() -> None:
    blob = _record(2)
    for length in range(0, len(blob), 1 + len(blob) // 60):
        with pytest.raises(Damaged):
            record.decode_record(blob[:length])


def test_a_record_of_format_1_cut_short_anywhere_is_damage() -> None:
    blob = _record(1)
    for length in range(0, len(blob), 1 + len(blob) // 60):
        with pytest.raises(Damaged):
            record.decode_record(blob[:length])


@pytest.mark.parametrize("name", list(DECODERS))
def test_a_blob_cut_short_anywhere_is_damage(name: str) -> None:
    blob = _blob(name)
    for length in range(0, len(blob), 1 + len(blob) // 60):
        with pytest.raises(Damaged):
            DECODERS[name](blob[:length])

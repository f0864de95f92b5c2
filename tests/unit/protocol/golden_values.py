"""The values that stand in golden/: one of each blob, format by format. Written once, never changed after a release.

`python -m tests.unit.protocol.golden_values` writes what is missing; a file that is there is never touched.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from molroo_actor.engine import (
    VAD,
    Appraisal,
    Goal,
    Identity,
    Persona,
    Personality,
    Reading,
    Stimulus,
    derive,
    initial_state,
    step,
)
from molroo_actor.protocol import record
from molroo_actor.protocol.commands import Event, Preferences, QuietHours, Triggers, TurnInput
from molroo_actor.protocol.outreach import Action, Outreach
from molroo_actor.protocol.record import PreferencesInput, Record

GOLDEN: Final = Path(__file__).parent / "golden"
APPRAISAL: Final = Appraisal(0.75, -0.5, 0.25, 0.5, -1.0, 0.125, urgency=1.0)
PREFERENCES: Final = Preferences(True, Triggers(need_deficit=False), 2.5, 3, QuietHours("22:30", "07:00", "Asia/Seoul"))
ACTION: Final = Action(
    "act_3_0123abcd", 3, 1_790_000_050_000, 1_790_259_250_000, "absence", 0.375, 0.5, "Hi, are you there?", "low",
    -0.25, 0.5, 0.125, "loneliness",
)  # fmt: skip
OUTREACH: Final = Outreach((ACTION,), (1, 2), (1_790_000_050_000,), ("absence",))
EMOTION: Final = VAD(-0.5, 0.75, 0.25)
MESSAGE: Final = TurnInput(1, message="안녕, are you there?", event_context="a walk", elapsed_seconds=1.5)
EVENT: Final = TurnInput(1, event=Event("It rains", "system"))
VECTOR: Final = TurnInput(1, appraisal=APPRAISAL, context="a walk")


def persona() -> Persona:
    """A companion, as a client would have sent it."""
    identity = Identity("Robin", "a companion for every day", ("loyalty", "warmth"), "Plain, friendly and present.")
    personality = Personality(0.55, 0.55, 0.6, 0.7, 0.4, 0.6)
    return Persona(identity, personality, goals=(Goal("Be a friend one can count on", 0.8),))


def after_a_turn() -> Record:
    """A record with everything in it that a turn leaves."""
    params = derive(persona())
    outcome = step(params, initial_state(params, 0), Stimulus(Reading(APPRAISAL, 0.5, 1.0, {"sad": 0.5})), 60_000)
    return Record(1_790_000_060_000, outcome.state, outcome.result, PREFERENCES, OUTREACH)


def blobs() -> dict[str, bytes]:
    """Every kind of blob, encoded as the newest format. What stands in the folder beside these is of a past one."""
    pack = msgspec.msgpack.Encoder().encode
    return {
        "record.3.msgpack": record.encode_record(after_a_turn()),
        "persona.1.msgpack": record.encode_persona(persona()),
        "appraisal.1.msgpack": record.encode_appraisal(APPRAISAL),
        "emotion.1.msgpack": record.encode_emotion(EMOTION),
        "input-message.1.msgpack": pack(MESSAGE),
        "input-event.1.msgpack": pack(EVENT),
        "input-appraisal.1.msgpack": pack(VECTOR),
        "input-ack.1.msgpack": record.encode_acknowledgement_input(ACTION.id),
        "input-action.1.msgpack": record.encode_action_input(ACTION),
        "input-preferences.1.msgpack": pack(PreferencesInput(1, PREFERENCES)),
    }


def write() -> list[str]:
    """Writes what is missing and says what it wrote."""
    GOLDEN.mkdir(exist_ok=True)
    written = []
    for name, blob in blobs().items():
        if not (GOLDEN / name).exists():
            (GOLDEN / name).write_bytes(blob)
            written.append(name)
    return written


if __name__ == "__main__":
    print("\n".join(write()) or "nothing is missing")

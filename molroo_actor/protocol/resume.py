"""What a connection that comes back is owed. A plain decision over numbers; reading and sending are others' work."""

from __future__ import annotations

from msgspec import Struct

from molroo_actor.errors import ValidationFailed


class Resume(Struct, frozen=True):
    """What the client says it saw last. epoch None: it does not know, so nothing can be promised."""

    last_seq: int
    epoch: str | None


class Plan(Struct, frozen=True):
    """recovered goes into `connected`. Then rows after `replay_after` are replayed, or a state is sent, or neither."""

    recovered: bool | None
    replay_after: int | None
    send_state: bool


def parse(last_seq: str | None, epoch: str | None) -> Resume | None:
    """The query of an upgrade. Raises ValidationFailed for a last_seq that is no number."""
    if last_seq is None:
        return None
    if not (last_seq.isascii() and last_seq.isdigit() and len(last_seq) <= 15):
        raise ValidationFailed(
            f"last_seq must be a whole number from 0, got {last_seq[:20]!r}", details={"path": "query.last_seq"}
        )
    return Resume(int(last_seq), epoch)


def plan(resume: Resume | None, current_seq: int, current_epoch: str, kept: int) -> Plan:
    """`kept`: how many of the newest rows are still whole."""
    if resume is None:
        return Plan(None, None, False)
    reachable = max(0, current_seq - kept) <= resume.last_seq <= current_seq
    if resume.epoch != current_epoch or not reachable:
        return Plan(False, None, True)
    return Plan(True, resume.last_seq, False)

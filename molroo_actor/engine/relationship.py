"""The bond to the user: trust, rapport, familiarity and attachment.

Only events with the user pass through here. Trust is lost at least twice as fast as it is won (Slovic 1993);
attachment is anxiety against avoidance (Bartholomew & Horowitz 1991) and drifts slowly with experience. Not here:
how often the user comes (contact.py), and the report of all this (relationship_report.py).
"""

from molroo_actor.engine.state import State, TrustChange
from molroo_actor.engine.values import AttachmentStyle, TrustReason

# Why trust changed. A change is stored by its place: new reasons go to the end.
REASONS: tuple[TrustReason, ...] = ("kindness", "repair", "letdown", "offence", "betrayal")
_KINDNESS, _REPAIR, _LETDOWN, _OFFENCE, _BETRAYAL = range(len(REASONS))
KEPT = 16
NOTABLE = 0.005  # a change of trust worth remembering
_BUCKET_S = 3600  # kindness upon kindness within an hour is one change


def bond(
    trust: float, rapport: float, familiarity: float, gr: float, gc: float, ag: float, nc: float, aimed: float = 1.0
) -> tuple[float, float, float]:
    """(trust, rapport, familiarity) after a turn with the user, each in [0, 1].

    A betrayal (relevant, bad, against the norms, by the other) costs at least a fifth; some twenty kind turns
    bring trust from .5 to .7. `aimed` [0, 1]: only what is between the two costs anything, while whoever tells of
    good or bad luck of theirs comes closer by it (Reis & Shaver 1988).
    """
    other = 0.5 - 0.5 * ag
    familiarity += (0.012 + 0.02 * gr) * (1.0 - familiarity)
    if gc >= 0.0:
        good = gr * gc * (0.4 + 0.6 * other)
        return (
            trust + 0.075 * good * (0.7 + 0.3 * nc) * (1.0 - trust),
            rapport + 0.09 * good * (1.0 - rapport),
            familiarity,
        )
    bad = -gr * gc * other * aimed
    wrong = -nc if nc < 0.0 else 0.0
    rapport += 0.02 * gr * (1.0 - aimed) * (1.0 - rapport)
    trust -= 0.70 * bad * (0.18 + 0.82 * wrong * wrong) * (0.6 + 0.4 * trust)
    rapport -= 0.35 * bad * (0.4 + 0.6 * wrong) * rapport
    return 0.0 if trust < 0.0 else trust, rapport, familiarity


def remember(s: State, now_ms: int, trust: float, rift: float, nc: float) -> tuple[TrustChange, ...]:
    """The notable changes of trust after one that made it `trust`, the oldest beyond sixteen dropped.

    Changes for the same reason within the same hour of the session's clock are one. `rift`: what was open before.
    """
    change = trust - s.trust
    if change > 0.0:
        reason = _REPAIR if rift > 0.10 else _KINDNESS
    elif change <= -0.15 and nc < -0.5:
        reason = _BETRAYAL
    else:
        reason = _OFFENCE if nc < -0.2 else _LETDOWN
    at_s, level, delta = now_ms // 1000, round(1000.0 * trust), round(1000.0 * change)
    if s.trust_log:
        last = s.trust_log[-1]
        if last.reason == reason and reason != _BETRAYAL and last.at_s // _BUCKET_S == at_s // _BUCKET_S:
            return (*s.trust_log[:-1], TrustChange(at_s, level, last.delta + delta, reason))
    return (*s.trust_log[-(KEPT - 1) :], TrustChange(at_s, level, delta, reason))


def drift(
    anxiety: float, avoidance: float, trust: float, gr: float, gc: float, ag: float, aimed: float = 1.0
) -> tuple[float, float]:
    """(anxiety, avoidance) after a turn, each in [0, 1]: hurt makes both grow, kindness that is trusted heals."""
    other = 0.5 - 0.5 * ag
    if gc >= 0.0:
        heal = 1.0 - 0.012 * gr * gc * other * trust
        return anxiety * heal, avoidance * heal
    harm = -0.02 * gr * gc * other * aimed
    return anxiety + harm * (1.0 - anxiety), avoidance + 0.6 * harm * (1.0 - avoidance)


def attachment_style(anxiety: float, avoidance: float) -> AttachmentStyle:
    """The four styles of anxiety against avoidance, parted at .55."""
    if anxiety > 0.55:
        return "disorganized" if avoidance > 0.55 else "anxious"
    return "avoidant" if avoidance > 0.55 else "secure"


def interpersonal_stance(v: float, d: float, trust: float, rapport: float) -> tuple[float, float]:
    """(dominance, affiliation) towards the user, each in [-1, 1]: the interpersonal circle (Leary 1957)."""
    affiliation = 0.8 * (trust + rapport - 0.8) + 0.4 * v
    dominance = 0.8 * d + 0.2 * (0.5 - trust)
    return (
        -1.0 if dominance < -1.0 else min(dominance, 1.0),
        -1.0 if affiliation < -1.0 else min(affiliation, 1.0),
    )

"""What a character says when it reaches out by itself: one to three sentences in its language, short enough to notify.

Chosen among the lines of outreach/<language>.toml by what is true of the character: its reason and feeling, nature,
attachment and bond, how deep it goes, how long the user has been away. The same state says the same; another moment
says something else. Not here: when it reaches out (proactive.py), nor the sentences.

A goal is only known to be there, never quoted: it may be a secret of the character, or in another language.
"""

import tomllib
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final
from zlib import crc32

from msgspec import Struct, convert

from molroo_actor.engine import labels
from molroo_actor.engine.dynamics import felt, missed
from molroo_actor.engine.params import Params
from molroo_actor.engine.proactive import Urge
from molroo_actor.engine.relationship import attachment_style
from molroo_actor.engine.state import State

LENGTH_MAX: Final = 240
_HIGH, _LOW = 0.62, 0.38  # traits beyond these show in what one says
_CLOSED: Final = 0.38  # expressiveness below which little is said
_OPEN: Final = 0.60
_WARY: Final = 0.35  # trust below which one is on guard
_NEW, _CLOSE = 0.2, 0.6  # familiarity
_DEEP: Final = 0.5
_APART_H: Final = 20.0

_Lines = dict[str, tuple[str, ...]]


class Repertoire(Struct, frozen=True):
    """The lines of one language; a key of `reason` and `ending` names what must be true for its lines to be said."""

    endings: dict[str, str]
    away: dict[str, str]
    reason: dict[str, _Lines]
    ending: dict[str, _Lines]


# hours, and the name of a time away that is shorter than that
_AWAY: Final = (
    (20.0, "hours"), (36.0, "day"), (60.0, "two_days"), (132.0, "days"), (300.0, "week"), (600.0, "weeks"),
    (1_200.0, "month"), (7_200.0, "months"), (11_000.0, "year"),
)  # fmt: skip

# label -> the kind of feeling that has lines of its own
_KIND: Final = MappingProxyType(
    {
        "joy": "happy",
        "contentment": "happy",
        "excitement": "eager",
        "hope": "eager",
        "surprise": "eager",
        "love": "fond",
        "gratitude": "grateful",
        "pride": "proud",
        "relief": "relieved",
        "amusement": "amused",
        "sadness": "sad",
        "loneliness": "sad",
        "disappointment": "sad",
        "hurt": "hurt",
        "anger": "angry",
        "annoyance": "angry",
        "contempt": "angry",
        "disgust": "angry",
        "fear": "afraid",
        "anxiety": "afraid",
        "concern": "afraid",
        "shame": "sorry",
        "guilt": "sorry",
        "embarrassment": "sorry",
    }
)


@cache
def repertoire(language: str) -> Repertoire:
    """The lines of a language that `language_of` (sheet.py) has named."""
    text = files(__package__).joinpath("outreach", f"{language}.toml").read_text(encoding="utf-8")
    return convert(tomllib.loads(text), Repertoire)


def compose(params: Params, state: State, urge: Urge) -> str:
    """The message in the character's voice, at most LENGTH_MAX characters."""
    s = state
    say = repertoire(params.language)
    topic = urge.reason
    if topic == "emotion_overflow":
        topic = "distress" if felt(s.v, s.energy, missed(s.relatedness, s.used)) < 0.0 else "gladness"
    chance = crc32(f"{s.at_ms} {s.turns} {s.born_ms} {urge.reason}".encode())
    hours = (s.at_ms - s.met_ms) / 3_600_000.0
    true = _what_is_true(params, s, urge, hours)
    lines = _sayable(say.reason[topic], true)
    line = lines[chance % len(lines)].format(away=say.away[_away(hours)])
    chance //= len(lines)
    if "plain" not in true or line.endswith("?") or (params.expressiveness < _OPEN and chance % 3 == 0):
        return line
    endings = _sayable(say.ending[say.endings[topic]], true)
    ending = endings[chance // 3 % len(endings)]
    return f"{line} {ending}"


def _what_is_true(params: Params, s: State, urge: Urge, hours: float) -> frozenset[str]:
    """The words that the keys of the lines are made of. On guard or closed, nothing else about the character shows."""
    apart = ("apart",) if hours >= _APART_H else ()
    if s.trust < _WARY:
        return frozenset(("guarded", *apart))
    if params.expressiveness < _CLOSED:
        return frozenset(("closed", *apart))
    nature = params.persona.personality
    found = ["plain", attachment_style(s.anxiety, s.avoidance), *apart]
    if s.familiarity < _NEW:
        found.append("new")
    elif s.familiarity >= _CLOSE:
        found.append("close")
    for value, high, low in (
        (nature.E, "lively", "quiet"),
        (nature.A, "warm", "blunt"),
        (nature.N, "worried", "steady"),
        (nature.O, "curious", "plain"),
    ):
        if value >= _HIGH or value <= _LOW:
            found.append(high if value >= _HIGH else low)
    if urge.depth >= _DEEP:
        found.append("deep")
    if params.persona.goals:
        found.append("goal")
    if urge.reason == "emotion_overflow":
        found.append(_KIND.get(labels.name(params, s)[0], "plain"))
    return frozenset(found)


def _sayable(lines: _Lines, true: frozenset[str]) -> list[str]:
    """All lines whose key holds; what is true of few counts double."""
    found: list[str] = []
    for key, group in lines.items():
        if true.issuperset(key.split()):
            found += group
            if key != "plain":
                found += group
    return found


def _away(hours: float) -> str:
    return next((name for limit, name in _AWAY if hours < limit), "years")

"""What a text has to do with the goals of the persona: which it touches, and whether it achieves or thwarts it.

Not here: how much a goal changes the reading (perspective.py).
"""

from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.lexicon import known_stems
from molroo_actor.engine.params import Params


def touched(words: list[str], weights: dict[int, float], params: Params) -> tuple[float, float]:
    """(priority of the most wanted goal that the words touch, +1 achieved, -1 thwarted or 0), priority in [0, 1].

    The deeds around the goal's words say which: "I finally trust you again" achieves "be trusted".
    """
    best = 0.0
    said = set(map(known_stems().__getitem__, words))
    for found, priority in params.goals:
        if priority > best and not found.isdisjoint(said):
            best = priority
    if best <= 0.0:
        return 0.0, 0.0
    way = 0.0
    for deed, weight in weights.items():
        way += weight * acts.MEANING[deed][1]
    return best, 1.0 if way > 0.1 else -1.0 if way < -0.1 else 0.0

"""From a text to an appraisal: the embedded appraiser."""

from molroo_actor.engine.persona import Params
from molroo_actor.engine.state import State
from molroo_actor.engine.values import Appraisal, Reading, Source

_NEUTRAL = Reading(Appraisal(0.15, 0.0, 0.7, 0.5, -0.1, 0.1), 0.0, 0.2)


def appraise(text: str, source: Source, params: Params, state: State) -> Reading:
    """What a text means to the character."""
    return _NEUTRAL

"""Events as appraisal vectors, for stories that must not depend on how a text is read, and a life of them."""

from msgspec.structs import replace

from molroo_actor.engine import (
    Appraisal,
    Identity,
    Outcome,
    Params,
    Persona,
    Personality,
    Reading,
    Source,
    State,
    Stimulus,
    derive,
    initial_state,
    step,
)

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000

KIND = Appraisal(0.6, 0.7, 0.6, 0.5, -0.6, 0.6, urgency=0.2)
PRAISE = Appraisal(0.7, 0.9, 0.4, 0.6, -0.1, 0.8, urgency=0.1)
GREETING = Appraisal(0.3, 0.3, 0.7, 0.5, -0.3, 0.3, urgency=0.2)
SMALL_TALK = Appraisal(0.1, 0.0, 0.7, 0.5, 0.0, 0.0)
APOLOGY = Appraisal(0.7, 0.5, 0.3, 0.5, -0.7, 0.5, urgency=0.4)
SUCCESS = Appraisal(0.7, 0.8, 0.5, 0.8, 0.7, 0.5)
INSULT = Appraisal(0.8, -0.7, 0.3, 0.4, -0.9, -0.7, urgency=0.5)
ABUSE = Appraisal(0.8, -0.8, 0.3, 0.3, -0.8, -0.8, urgency=0.6)
PROVOCATION = Appraisal(0.8, -0.7, 0.2, 0.8, 0.4, -0.5, urgency=0.8)
BETRAYAL = Appraisal(0.9, -0.9, 0.1, 0.1, -0.9, -0.9, urgency=0.5)
DANGER = Appraisal(0.9, -0.8, 0.1, 0.2, -0.3, 0.0, urgency=0.95)
ALL_CLEAR = Appraisal(0.8, 0.6, 0.5, 0.6, -0.3, 0.2, urgency=0.3)
BALLOON = Appraisal(0.7, 0.2, 0.0, 0.5, -0.2, 0.0, urgency=0.8)
NOTHING = Appraisal(0.0, 0.0, 0.5, 0.5, 0.0, 0.0)
DULL = Appraisal(0.1, -0.1, 0.98, 0.5, 0.0, 0.0, urgency=0.1)
DEATH = Reading(Appraisal(1.0, -1.0, 0.2, 0.05, -0.6, 0.0, urgency=0.4), loss=0.95)

Moment = Appraisal | Reading


def character(name: str = "Mia", language: str = "en", **traits: float) -> Params:
    """Somebody who is average but for the traits named."""
    return derive(Persona(Identity(name, language=language), replace(Personality(0.5, 0.5, 0.5, 0.5, 0.5), **traits)))


def live(
    params: Params,
    *moments: Moment,
    after: State | None = None,
    every_ms: int = MINUTE_MS,
    source: Source = "user",
) -> list[Outcome]:
    """The turns of these moments, one every so often, from a fresh state or after another."""
    state = after or initial_state(params, 0)
    outcomes = []
    for moment in moments:
        reading = moment if isinstance(moment, Reading) else Reading(moment)
        outcomes.append(step(params, state, Stimulus(reading, source), state.at_ms + every_ms))
        state = outcomes[-1].state
    return outcomes


def labels_of(outcomes: list[Outcome]) -> list[str]:
    return [outcome.result.discrete_emotion.primary for outcome in outcomes]

"""A state in words: the part of prompt_data that changes with the feeling, and the whole of it.

What is remarkable is told, the rest is left out; of several variants the count of turns chooses, so that a state
always reads the same and neighbouring turns do not. No raw number ever reaches the formatted blocks. Not here: what a
state calls for (direction.py), the sentences (prompts/).
"""

from typing import Literal

from molroo_actor.engine import cusp, direction, labels, regulation, relationship, stages
from molroo_actor.engine.direction import AFRAID, CLEAR, CRUSHED, FAINT, GLAD, OVERWHELMING, STRONG, TENDER, Moment
from molroo_actor.engine.dynamics import felt, intensity, missed
from molroo_actor.engine.params import Params
from molroo_actor.engine.phrases import Bands, Feeling, Lines, Scene, phrases
from molroo_actor.engine.state import State
from molroo_actor.engine.values import (
    AttachmentStyle,
    ContextFormatted,
    ContextPrompt,
    EmotionView,
    EnergyView,
    InstructionFormatted,
    InstructionPrompt,
    InterpersonalView,
    NeedState,
    PromptData,
    PromptFormatted,
    StageView,
    SystemPrompt,
)

Level = Literal["faint", "mild", "moderate", "strong", "overwhelming"]
Energy = Literal["depleted", "low", "fair", "good", "full"]
_Note = tuple[int, Lines]

_ROOM = 4  # notes beside feeling, stage and bond: more would be a list, not a direction

# Where a note stands in the block: three paragraphs of ten places. The place also sets the pace of its variants, so
# that notes which stand together do not change in step.
_FEELING, _LEVEL, _SECOND, _CAUSE, _COURSE, _MOOD = 0, 1, 2, 4, 5, 6
_STAGE, _EFFORT, _STRESS, _ENERGY = 10, 11, 12, 14
_ABSENCE, _BOND, _BETWEEN, _ATTACHMENT = 20, 21, 22, 23


def level(strength: float) -> Level:
    """The word for a displayed intensity in [0, 1]."""
    if strength < CLEAR:
        return "faint" if strength < FAINT else "mild"
    if strength < STRONG:
        return "moderate"
    return "strong" if strength < OVERWHELMING else "overwhelming"


def energy_level(energy: float) -> Energy:
    """The word for an energy in [0, 1]."""
    if energy < 0.35:
        return "depleted" if energy < 0.15 else "low"
    if energy < 0.60:
        return "fair"
    return "good" if energy < 0.88 else "full"


def summary(params: Params, primary: str, strength: float) -> str:
    """One sentence about the character for whoever watches it."""
    say = phrases(params.language)
    return say.summary["neutral" if primary == "neutral" else level(strength)].format(
        name=params.persona.identity.name, word=say.feeling[primary].word
    )


def system_prompt(params: Params) -> SystemPrompt:
    """Who the character is: the same for every turn."""
    return params.system


def render_prompt(params: Params, state: State, event_context: str | None) -> PromptData:
    """Everything a model needs to play the state as it stands at its own time."""
    s = state
    lack = missed(s.relatedness, s.used)
    valence = felt(s.v, s.energy, lack)
    strength = intensity(params, s.v, s.a, s.d, lack)
    active = regulation.active(params, s)
    mask = cusp.mask_of(params, s.a, s.energy, s.stress)
    primary, secondary = labels.called(params, s, valence, lack)
    moment = Moment(
        params,
        s,
        phrases(params.language),
        # Two characters do not begin with the same words.
        _paces(s.turns + len(params.system.formatted.system_prompt)),
        primary,
        secondary,
        valence,
        regulation.shown(strength, None if active is None else active.strategy, mask),
        mask,
        stages.NAMES[stages.stand(params, s, strength)[0]],
        active,
    )
    context = _context(moment, event_context)
    instruction = _instruction(moment)
    system = params.system
    return PromptData(
        system,
        context,
        instruction,
        PromptFormatted(
            system.formatted.system_prompt,
            context.formatted.context_block,
            instruction.formatted.instruction_block,
        ),
    )


def _paces(turn: int) -> tuple[int, int, int]:
    """The paces of the variants: `lines[paces[place % 3] % len(lines)]` is another one at the next turn."""
    return turn, turn + (turn >> 2), 5 * turn


def _band(feeling: Feeling | Bands, strength: float) -> Lines:
    if strength < CLEAR:
        return feeling.quiet
    return feeling.clear if strength < STRONG else feeling.strong


def _context(moment: Moment, event_context: str | None) -> ContextPrompt:
    s, say, paces, primary = moment.s, moment.say, moment.paces, moment.primary
    word, energy, style = level(moment.strength), energy_level(s.energy), _style(s)
    about = direction.cause(moment)
    scene, reserves = say.stage[moment.stage], say.energy[energy]
    notes: list[_Note] = [
        (_FEELING, _band(say.feeling[primary], moment.strength)),
        (_STAGE, scene.standing),
    ]
    bond = direction.bond(moment, about)
    told = bond not in direction.UNREMARKABLE
    if told:
        notes.append((_BOND, say.bond[bond]))
    pressing = _pressing(moment, word, energy, style, about)
    notes += pressing
    if len(pressing) < _ROOM:
        remarkable = _remarkable(moment, word, energy, about)
        if not told:
            remarkable.insert(2, (_BOND, say.bond[bond]))
        notes += remarkable[: _ROOM + 1 - told - len(pressing)]
    notes.sort()
    paragraphs: list[list[str]] = [[], [], []]
    for place, lines in notes:
        paragraphs[place // 10].append(lines[paces[place % 3] % len(lines)])
    feeling, body, between = map(" ".join, paragraphs)
    block = f"[Emotion: {primary} ({word})]\n{feeling}\n{body}"
    if between:
        block = f"{block}\n{between}"
    if event_context:
        block = f"{block}\n{say.system['event'].format(text=event_context)}"
    return ContextPrompt(
        EmotionView(
            primary,
            moment.secondary,
            word,
            moment.valence,
            0.5 + 0.5 * s.a,
            s.d,
            moment.strength,
            feeling,
        ),
        EnergyView(energy, round(100.0 * s.energy), reserves[paces[_ENERGY % 3] % len(reserves)]),
        StageView(
            moment.stage,
            scene.tendency[paces[_STAGE % 3] % len(scene.tendency)],
            scene.standing[paces[_STAGE % 3] % len(scene.standing)],
        ),
        NeedState(s.autonomy, s.competence, s.relatedness),
        InterpersonalView(s.trust, style, s.rapport, s.familiarity),
        moment.active,
        event_context,
        ContextFormatted(block),
    )


def _style(s: State) -> AttachmentStyle:
    return relationship.attachment_style(s.anxiety, s.avoidance)


def _pressing(moment: Moment, word: Level, energy: Energy, style: AttachmentStyle, about: str | None) -> list[_Note]:
    """What is told in any case."""
    s, say, active = moment.s, moment.say, moment.active
    primary, secondary = moment.primary, moment.secondary
    notes: list[_Note] = []
    if word == "overwhelming":
        notes.append((_LEVEL, say.level[word]))
    elif direction.on_the_brink(moment):
        notes.append((_LEVEL, say.level["brink"]))
    if active is not None and primary not in GLAD and about != "danger":  # relief and flight need no effort
        effort = say.regulation[active.strategy]
        notes.append((_EFFORT, effort.early if active.phase == "initiation" else effort.late))
    if energy in {"depleted", "low"}:
        notes.append((_ENERGY, say.energy[energy]))
    if s.stress > 0.6 and moment.stage not in CRUSHED:
        notes.append((_STRESS, say.stress["high"]))
    if style != "secure":
        notes.append((_ATTACHMENT, say.attachment[style]))
    silence = direction.absence(moment)
    if silence is not None:
        notes.append((_ABSENCE, say.absence[silence]))
    if secondary is not None and secondary != "neutral" and primary != "neutral":
        beside = say.feeling[secondary]
        notes.append((_SECOND, beside.along if (primary in GLAD) == (secondary in GLAD) else beside.against))
    return notes


def _remarkable(moment: Moment, word: Level, energy: Energy, about: str | None) -> list[_Note]:
    """What is told as far as there is room, the weightiest first."""
    say, s = moment.say, moment.s
    notes: list[_Note] = []
    if about is not None:
        notes.append((_CAUSE, say.cause[about]))
    between = direction.between(moment, about)
    if between is not None:
        notes.append((_BETWEEN, say.between[between]))
    course = direction.course(moment)
    if course is not None:
        notes.append((_COURSE, say.course[course]))
    if 0.35 < s.stress <= 0.6 and moment.stage not in CRUSHED:
        notes.append((_STRESS, say.stress["some"]))
    mood = direction.mood(moment)
    if mood is not None:
        notes.append((_MOOD, say.mood[mood]))
    if energy == "fair" or (energy == "full" and moment.primary in GLAD):
        notes.append((_ENERGY, say.energy[energy]))
    if word == "faint" and moment.primary != "neutral":
        notes.append((_LEVEL, say.level[word]))
    return notes


def _order(scene: Scene, primary: str) -> Lines:
    if primary in TENDER:
        return scene.soft or scene.order
    return scene.wary or scene.order if primary in AFRAID else scene.order


def _instruction(moment: Moment) -> InstructionPrompt:
    say = moment.say
    slow, steady, quick = moment.paces
    lines = _order(say.stage[moment.stage], moment.primary)
    order = lines[quick % len(lines)]
    manner = say.expression[direction.manner(moment)]
    lines = manner.rest if moment.primary == "neutral" else _band(manner, moment.strength)
    expression = lines[slow % len(lines)]
    lines = say.length[direction.length(moment)]
    length = lines[steady % len(lines)]
    need = direction.need(moment)
    if need is None:
        return InstructionPrompt(
            order, expression, length, None, InstructionFormatted(f"{order} {expression} {length}")
        )
    lines = say.need[need]
    wish = lines[slow % len(lines)]
    return InstructionPrompt(
        order, expression, length, wish, InstructionFormatted(f"{order} {expression} {wish} {length}")
    )

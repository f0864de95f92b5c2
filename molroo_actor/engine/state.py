"""What a session remembers of its character between two turns: one flat frozen value.

Here: the value alone. How it moves is in dynamics.py and step.py; how it begins, in step.py too, because
that needs the persona. Nothing here may be derived from the rest: what can be computed is not kept.

Flat, because every turn makes a new one and every row of the journal stores one; a few nested structs
would cost more than the whole of the arithmetic. Stored as a list in the order of the fields, because the names
would outweigh the numbers: a new field goes to the end and has a default, none is ever removed or moved.
"""

from msgspec import Struct


class Regulated(Struct, frozen=True, array_like=True, gc=False):
    """A regulation that ended: strategy, session ms of its start, valence it won back [-2, 2]."""

    strategy: str
    begun_ms: int
    relief: float


class TrustChange(Struct, frozen=True, array_like=True, gc=False):
    """A change of trust worth telling: session seconds; trust after it and the change, in thousandths; the reason.

    Whole numbers, because sixteen of these are stored with every turn. reason: place in relationship.REASONS.
    """

    at_s: int
    trust: int
    delta: int
    reason: int


class State(Struct, frozen=True, array_like=True, gc=False):
    """The character at `at_ms` of its session's clock. Arousal is centred here: A in [-1, 1].

    v a d       fast emotion, each in [-1, 1]; mv ma md the mood, slower; half_h half-life of the emotion, hours
    x_*         what the character has come to expect of events, in the ranges of the appraisal
    vel_*       recent movement of v a d, fading within minutes
    af_*        running mean, variance and mean squared successive difference of valence over turns
    c_*         the cause: the appraisal that the present feeling is about, its intensity c_i [0, 1], its time,
                the valence before it (c_v) and what the text said about labels (c_ev, at most four)
    reg*        the regulation at work (None: none), its progress [0, 1], start, valence at start; the last five
    stage*      soul stage, session ms since when, and how often a crisis was recovered from
    label       what the feeling was called at the last turn (place in labels.LABELS)
    talks       turns of the user; af_gap running mean of the hours between turns
    k_*         contact with the user as of met_ms (contact.py): turns counted with half-lives of 2 and 14 days, the
                longest pause of the last days in hours, running congruence of what the user brings, the last move
                (1 approach, -1 withdrawal, 0 none yet) and a fading count of how often approach and withdrawal changed
    rift        trust lost and not yet made good, [0, 1], as of met_ms; trust_log the newest sixteen notable changes
    """

    at_ms: int
    born_ms: int
    met_ms: int
    v: float
    a: float
    d: float
    mv: float
    ma: float
    md: float
    half_h: float
    energy: float
    stress: float
    autonomy: float
    competence: float
    relatedness: float
    trust: float
    rapport: float
    familiarity: float
    anxiety: float
    avoidance: float
    x_gr: float
    x_gc: float
    x_ex: float
    x_ct: float
    x_ag: float
    x_nc: float
    vel_v: float
    vel_a: float
    vel_d: float
    turns: int
    good: int
    bad: int
    af_mean: float
    af_var: float
    af_msd: float
    c_ms: int
    c_i: float
    c_gr: float
    c_gc: float
    c_ex: float
    c_ct: float
    c_ag: float
    c_nc: float
    c_is: float
    c_ap: float
    c_ur: float
    c_loss: float
    c_v: float
    c_ev: dict[str, float]
    reg: str | None
    reg_p: float
    reg_ms: int
    reg_v: float
    reg_log: tuple[Regulated, ...]
    stage: int
    stage_ms: int
    recovered: int
    label: int = 29
    talks: int = 0
    af_gap: float = 1.0
    k_fast: float = 0.0
    k_slow: float = 0.0
    k_pause: float = 0.0
    k_tone: float = 0.0
    k_pole: int = 0
    k_swing: float = 0.0
    rift: float = 0.0
    trust_log: tuple[TrustChange, ...] = ()

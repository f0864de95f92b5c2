"""How a feeling moves: the exact flow between events, and the impulse of an event.

Closed forms only: flow(a + b) is flow(b) of flow(a), whatever the step. Not here: what an event does to
body, needs and relationship (needs.py, relationship.py), nor what the feeling is called (labels.py).
"""

from math import exp, sqrt

from msgspec.structs import replace

from molroo_actor.engine.params import Params
from molroo_actor.engine.state import State

_LN2 = 0.6931471805599453
_MS_PER_H = 3_600_000.0
_LONELY = 2.2  # how heavily missing closeness weighs, per unit of it, before the edges of the scale
_EDGE = 0.995  # an emotion at the very edge would need an infinite push to leave it

# Half-lives in hours of what relaxes by itself (judgement; McEwen 1998 for the order of stress and energy).
RATE_STRESS = _LN2 / 3.0
RATE_SELF = _LN2 / 120.0  # competence and autonomy
RATE_USED = _LN2 / 720.0
RATE_RAPPORT = _LN2 / 2160.0
RATE_VELOCITY = _LN2 / (5 / 60)
RATE_REGULATION = _LN2 / 0.5
STRESS_REST, SELF_REST, RELATED_REST, RAPPORT_REST = 0.05, 0.5, 0.25, 0.2


def rate_relatedness(anxiety: float) -> float:
    """Rate per hour at which closeness wears off: a half-life of 4 days, 1.5 for the most anxious."""
    return _LN2 / (24.0 * (4.0 - 2.5 * anxiety))


def flow(params: Params, state: State, now_ms: int) -> State:
    """The state at `now_ms` if nothing happens until then; the same state when that is not later.

    e' = -le(e - m), m' = -lm(m - b), with le > lm always; every other quantity relaxes exponentially.
    Exact for any span: ten years in one step equal ten years in steps of a second.
    """
    if now_ms <= state.at_ms:
        return state
    s = state
    h = (now_ms - s.at_ms) / _MS_PER_H * params.pace
    rate_e = _LN2 / s.half_h
    rate_m = params.rate_m
    own = exp(-rate_e * h)
    mood = exp(-rate_m * h)
    lent = rate_e * (mood - own) / (rate_e - rate_m)  # what the mood lends to the emotion
    bv, ba, bd = params.bv, params.ba, params.bd
    mv, ma, md = s.mv - bv, s.ma - ba, s.md - bd
    still = exp(-RATE_SELF * h)
    trace = exp(-RATE_VELOCITY * h)
    return replace(
        s,
        at_ms=now_ms,
        v=bv + (s.v - bv) * own + mv * lent,
        a=ba + (s.a - ba) * own + ma * lent,
        d=bd + (s.d - bd) * own + md * lent,
        mv=bv + mv * mood,
        ma=ba + ma * mood,
        md=bd + md * mood,
        energy=1.0 - (1.0 - s.energy) * exp(-params.rate_energy * h),
        stress=STRESS_REST + (s.stress - STRESS_REST) * exp(-RATE_STRESS * h),
        autonomy=SELF_REST + (s.autonomy - SELF_REST) * still,
        competence=SELF_REST + (s.competence - SELF_REST) * still,
        relatedness=RELATED_REST + (s.relatedness - RELATED_REST) * exp(-rate_relatedness(s.anxiety) * h),
        used=RELATED_REST + (s.used - RELATED_REST) * exp(-RATE_USED * h),
        rapport=RAPPORT_REST + (s.rapport - RAPPORT_REST) * exp(-RATE_RAPPORT * h),
        vel_v=s.vel_v * trace,
        vel_a=s.vel_a * trace,
        vel_d=s.vel_d * trace,
        reg_p=1.0 - (1.0 - s.reg_p) * exp(-RATE_REGULATION * h),
    )


def impulse(
    gr: float, gc: float, ex: float, ct: float, ag: float, nc: float, ur: float, loss: float
) -> tuple[float, float, float]:
    """What an appraised event does to (V, A, D), before personality; zero when it is of no relevance.

    Signs after Scherer's component process model (2001) and Smith & Ellsworth (1985); sizes are judgement.
    """
    if gc >= 0.0:
        return (
            gr * (1.25 * gc * (1.0 + 0.4 * loss) + 0.20 * nc),
            gr * (0.60 * gc + 0.45 * (1.0 - ex) + 0.8 * (ur - 0.5) * gc - 0.5 * (ex - 0.6 if ex > 0.6 else 0.0) - 0.12),
            gr * (0.55 * (2.0 * ct - 1.0) * (0.4 + 0.6 * gc) + 0.25 * gc + 0.50 * ag * gc),
        )
    size = -gc
    own, wrong = (ag if ag > 0.0 else 0.0), (-nc if nc < 0.0 else 0.0)
    return (
        gr * (1.25 * gc * (1.0 + 0.4 * loss) + 0.20 * nc),
        gr
        * (
            0.60 * size
            + 0.45 * (1.0 - ex)
            + 0.35 * wrong * size
            + 0.8 * (ur - 0.5) * size
            - 1.1 * loss * size
            - 0.5 * (ex - 0.6 if ex > 0.6 else 0.0) * (1.0 + size)
            - 0.12
        ),
        gr
        * (
            0.55 * (2.0 * ct - 1.0) * (0.4 + 0.6 * size)
            - 0.25 * size
            + 0.50 * ag * gc
            - 0.35 * own * size
            + 0.20 * wrong * size * own
        ),
    )


def shift(x: float, push: float) -> float:
    """Moves x in (-1, 1) by `push` in a space without edges, so that pushes add up and commute.

    The space is x / (1 - |x|), not atanh: it saturates later, and a fifth praise still counts for something.
    """
    x = -_EDGE if x < -_EDGE else x if x < _EDGE else _EDGE
    u = x / (1.0 - x if x >= 0.0 else 1.0 + x) + push
    return u / (1.0 + u) if u >= 0.0 else u / (1.0 - u)


def give_way(x: float, push: float, gr: float) -> float:
    """What is left of a feeling x in (-1, 1) when an event pushes: most of it, less when the push is against it.

    Pushes that only added up would make a character after ten praises deaf to an insult. An event also takes
    hold of attention, by its relevance. Nothing gives way to an event of no relevance.
    """
    x *= 1.0 - 0.15 * gr
    if push * x < 0.0:
        return x / (1.0 + 1.6 * (push if push > 0.0 else -push))
    return x


def half_life(params: Params, gr: float, gc: float, loss: float, ur: float = 0.5, own: float = 0.0) -> float:
    """Half-life in hours of the emotion an event raises, below that of the mood.

    Grows with relevance, loss and one's own part in it, `own` in [-1, 1]; shrinks with urgency, because what is
    over at once has no consequences to live with (Verduyn & Lavrijsen 2015; the order of their durations).
    """
    size = gc if gc >= 0.0 else -gc
    base = params.half_up if gc >= 0.0 else params.half_down
    h = base * (1.0 + gr * size * (2.0 + loss * (2.0 + 8.0 * loss)))
    h *= 1.0 - 0.6 * (ur - 0.5) * (1.0 - loss) + 0.5 * gr * (own if own >= 0.0 else -own)
    return h if h < params.half_max else params.half_max


def adjusted_square(jump: float, gap_h: float, typical_h: float) -> float:
    """A successive difference squared as if it came after the typical gap, [0, 4] (Jahng, Wood & Trull 2008).

    jump in [-2, 2]; differences grow with the gap, by its square root here, from a quarter of the typical gap on.
    """
    ratio = gap_h / typical_h if typical_h > 0.0 else 1.0
    square = jump * jump / sqrt(ratio if ratio > 0.25 else 0.25)
    return square if square < 4.0 else 4.0


def missed(relatedness: float, used: float) -> float:
    """The closeness that is missing, [0, .45]: not what there is, but what there is less than one is used to.

    Loneliness is that discrepancy (Peplau & Perlman 1982): it grows over days and, as the habit wears off over
    months, gives way to detachment (Bowlby 1980).
    """
    lack = used - relatedness
    return lack if lack > 0.0 else 0.0


def felt(v: float, energy: float, missed: float) -> float:
    """Valence as it is felt and shown, (-1, 1): v under the weight of an empty body and of missing closeness.

    Low energy lowers where valence rests, little at first (Barrett & Simmons 2015; McEwen 1998), and so does long
    loneliness (Cacioppo & Hawkley 2009). A function of the present state alone, so that the flow stays exact.
    """
    tired = 1.0 - energy
    u = v / (1.0 - v if v >= 0.0 else 1.0 + v) - 0.24 * tired * tired - _LONELY * missed
    return u / (1.0 + u) if u >= 0.0 else u / (1.0 - u)


def intensity(params: Params, v: float, a: float, d: float, missed: float) -> float:
    """How strong the feeling is, [0, 1]: how far it is from the character's own rest, valence counting most.

    Measured where pushes add up, not on the bounded scale: there a cheerful baseline would leave less room for
    joy than for grief, while how intensely and how well people usually feel are independent (Larsen & Diener 1987).
    Missing closeness is felt without any event; tiredness alone is no feeling.
    """
    v = v / (1.0 - v if v >= 0.0 else 1.0 + v) - params.open_v - _LONELY * missed
    a = a / (1.0 - a if a >= 0.0 else 1.0 + a) - params.open_a
    d = d / (1.0 - d if d >= 0.0 else 1.0 + d) - params.open_d
    v /= 1.0 + v if v >= 0.0 else 1.0 - v
    a /= 1.0 + a if a >= 0.0 else 1.0 - a
    d /= 1.0 + d if d >= 0.0 else 1.0 - d
    size = 1.05 * sqrt(v * v + 0.35 * a * a + 0.08 * d * d)
    return size if size < 1.0 else 1.0


def largest_intensity(
    params: Params, v: tuple[float, float], a: tuple[float, float], d: tuple[float, float], lack: tuple[float, float]
) -> float:
    """The largest intensity while v, a, d and what is missed each stay in an interval (least, most), [0, 1].

    Exact for the box: intensity is the root of a sum of squares of one dimension each, and each is largest at an end.
    """
    (v0, v1), (a0, a1), (d0, d1), (l0, l1) = v, a, d, lack
    rest = params.open_v
    high = v1 / (1.0 - v1 if v1 >= 0.0 else 1.0 + v1) - rest - _LONELY * l0
    low = rest + _LONELY * l1 - v0 / (1.0 - v0 if v0 >= 0.0 else 1.0 + v0)
    far_v = high if high > low else low
    rest = params.open_a
    high = a1 / (1.0 - a1 if a1 >= 0.0 else 1.0 + a1) - rest
    low = rest - a0 / (1.0 - a0 if a0 >= 0.0 else 1.0 + a0)
    far_a = high if high > low else low
    rest = params.open_d
    high = d1 / (1.0 - d1 if d1 >= 0.0 else 1.0 + d1) - rest
    low = rest - d0 / (1.0 - d0 if d0 >= 0.0 else 1.0 + d0)
    far_d = high if high > low else low
    far_v /= 1.0 + far_v
    far_a /= 1.0 + far_a
    far_d /= 1.0 + far_d
    size = 1.05 * sqrt(far_v * far_v + 0.35 * far_a * far_a + 0.08 * far_d * far_d)
    return size if size < 1.0 else 1.0

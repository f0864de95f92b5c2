"""The body and the basic needs: what an event costs and what it gives.

Here: energy and stress (Barrett & Simmons 2015; McEwen 1998), autonomy, competence and relatedness (Deci &
Ryan 2000). How they recover between events is in dynamics.py; sizes are judgement.
"""

from molroo_actor.engine.params import Params


def spend(
    params: Params, energy: float, stress: float, gr: float, gc: float, ct: float, rise: float, wonder: float
) -> tuple[float, float]:
    """(energy, stress) after an event, both in [0, 1].

    Arousal (`rise`), bad news and prediction error (`wonder`, [0, 1]) cost energy; control softens stress and
    good company gives a little back.
    """
    if gc >= 0.0:
        energy += gr * (0.03 * gc - 0.015 * wonder - 0.02 * rise)
        stress -= 0.10 * gr * gc * stress
    else:
        energy += gr * (0.07 * gc - 0.02 * wonder - 0.03 * rise)
        stress -= params.stress_gain * gr * gc * (1.2 - 0.7 * ct) * (1.0 - stress)
    low = params.energy_min
    return (
        low if energy < low else energy if energy < 1.0 else 1.0,
        0.0 if stress < 0.0 else stress if stress < 1.0 else 1.0,
    )


def accustom(used: float, relatedness: float, gr: float) -> float:
    """The closeness one is used to after a turn of the user, [.25, .45]: it follows what there is, slowly, upwards."""
    aim = relatedness if relatedness < 0.45 else 0.45
    return used + 0.05 * gr * (aim - used) if aim > used else used


def satisfy(
    autonomy: float,
    competence: float,
    relatedness: float,
    gr: float,
    gc: float,
    ct: float,
    ag: float,
    nc: float,
    aimed: float = 1.0,
) -> tuple[float, float, float]:
    """(autonomy, competence, relatedness) after an event, each in [0, 1].

    What the character did itself feeds competence, what others did for or to it relatedness, control autonomy. Any
    company that matters is company, also one that brings bad news of its own (`aimed` below 1); an event of no
    relevance feeds nothing.
    """
    own, other = 0.5 + 0.5 * ag, 0.5 - 0.5 * ag
    if gc >= 0.0:
        good = gr * gc
        competence += 0.14 * good * own * (1.0 - competence)
        relatedness += (0.20 * good * other * (0.6 + 0.4 * nc) + 0.03 * gr) * (1.0 - relatedness)
    else:
        bad = -gr * gc
        competence -= 0.16 * bad * own * competence
        relatedness -= 0.22 * bad * other * (0.7 - 0.3 * nc) * aimed * relatedness
        relatedness += 0.03 * gr * (1.0 - aimed) * (1.0 - relatedness)
    freedom = 0.10 * gr * (2.0 * ct - 1.0)
    autonomy += freedom * (1.0 - autonomy if freedom > 0.0 else autonomy)
    return autonomy, competence, relatedness

"""Stories of games: fights, allies, levels and merchants, told as a game would, by vectors where it has no words."""

from __future__ import annotations

from collections.abc import Iterator

from tools.evaluate.tale import AFRAID, HAPPY, UNHAPPY, Check, Tale, at_least, at_most, feels, rises


def a_boss_fight_is_lost_ground_and_won_back() -> Iterator[Check]:
    tale = Tale()
    calm = tale.now.emotion
    yield feels("ambush", tale.feel(0.9, -0.7, 0.0, 0.2, -0.8, -0.3, urgency=0.95), AFRAID)
    ambushed = tale.now.emotion
    yield rises("arousal", calm.A, ambushed.A)
    tale.feel(0.8, -0.9, 0.3, 0.2, -0.4, 0.0, urgency=0.9)
    hit = tale.now.emotion
    tale.feel(0.8, 0.6, 0.5, 0.7, 0.8, 0.2, urgency=0.8)
    turned = tale.now.emotion
    yield rises("dominance as the fight turns", hit.D, turned.D)
    won = tale.feel(1.0, 1.0, 0.4, 0.8, 0.9, 0.8, urgency=0.5)
    yield feels("the boss is defeated", won, {"joy", "pride", "relief", "excitement"})
    yield rises("valence", hit.V, turned.V, tale.v)


def an_ally_dies_and_the_victory_tastes_of_it() -> Iterator[Check]:
    mourning, glad = Tale(), Tale()
    yield feels("an ally's death", mourning.happens("Your friend Kara was killed in the battle"), {"sadness", "anger"})
    for tale in (mourning, glad):
        tale.wait(0.1)
        tale.happens("The battle is won")
    yield rises("valence of the victory, mourning and not", mourning.v, glad.v)
    yield feels("six hours later", mourning.wait(6.0), {"sadness", "anger", "loneliness"})


def rising_a_level_again_and_again_wears_off() -> Iterator[Check]:
    tale = Tale()
    gains, arousals = [], []
    for _ in range(8):
        before = tale.now.emotion
        tale.feel(0.9, 0.9, 0.5, 0.8, 0.8, 0.7)
        gains.append(tale.v - before.V)
        arousals.append(tale.now.emotion.A)
        tale.wait(1.0)
    yield rises("the gain of the eighth and of the first", gains[-1], gains[0])
    yield at_least("what is left of the joy", gains[-1], 0.0)
    yield at_most("valence after eight", tale.v, 0.95)


def treasure_is_joy_and_its_theft_is_anger() -> Iterator[Check]:
    tale = Tale()
    yield feels("treasure", tale.feel(0.6, 0.8, 0.2, 0.5, 0.3, 0.5), {"joy", "excitement", "surprise", "pride"})
    stolen = tale.happens("A thief stole your treasure")
    yield feels("a thief stole it", stolen, {"anger", "sadness", "disappointment", "annoyance", "hurt"})


def what_happens_in_the_world_is_no_matter_of_trust_in_the_player() -> Iterator[Check]:
    tale = Tale()
    before = tale.now.interpersonal
    tale.happens("A merchant cheats a blind woman out of her coins", "A wolf bites you", "Your horse dies")
    after = tale.now.interpersonal
    yield Check("trust", after.trust == before.trust, f"{after.trust:.3f}", f"{before.trust:.3f}")
    yield Check("familiarity", after.familiarity == before.familiarity, f"{after.familiarity:.3f}", "as before")


def waiting_by_a_door_is_dull_and_then_the_door_opens() -> Iterator[Check]:
    tale = Tale()
    bored = tale.happens(*["Nothing has happened for hours and nothing is expected to happen"] * 3)
    yield feels("nothing happens", bored, {"boredom"})
    dull = tale.now.emotion.A
    tale.feel(0.85, 0.5, 0.05, 0.5, 0.2, 0.2, urgency=0.8)
    yield feels("the door flies open", tale.label, {"excitement", "surprise", "joy", "hope"})
    yield rises("arousal", dull, tale.now.emotion.A)


def own_failure_is_guilt_when_others_pay_for_it() -> Iterator[Check]:
    tale = Tale()
    yield feels(
        "a wrong of its own",
        tale.happens("You broke your promise and your friend was hurt because of it"),
        {"guilt", "shame"},
    )
    yield feels("forgiven", tale.happens("Your friend forgives you"), HAPPY | {"guilt"})


def a_long_fight_tires_and_rest_restores() -> Iterator[Check]:
    tale = Tale()
    fresh = tale.now.body_budget
    for _ in range(12):
        tale.feel(0.9, -0.7, 0.2, 0.3, -0.6, -0.2, urgency=0.9)
    spent, strained = tale.now.body_budget, tale.now.stress
    yield rises("energy: after the fight and before", spent, fresh)
    tale.wait(12.0)
    yield rises("energy after twelve hours of rest", spent, tale.now.body_budget)
    yield rises("stress after rest and after the fight", tale.now.stress, strained)


def danger_and_loss_are_two_things() -> Iterator[Check]:
    wolf, grave = Tale(), Tale()
    yield feels("danger", wolf.feel(0.9, -0.8, 0.15, 0.15, -0.6, -0.1, urgency=0.95), AFRAID)
    yield feels("loss", grave.feel(0.9, -0.8, 0.15, 0.15, -0.6, -0.1, urgency=0.2, loss=0.9), {"sadness"})
    yield rises("arousal: loss, danger", grave.now.emotion.A, wolf.now.emotion.A)
    yield Check("both", {wolf.label, grave.label} <= UNHAPPY, f"{wolf.label}, {grave.label}", "unhappy")


ALL = (
    a_boss_fight_is_lost_ground_and_won_back,
    an_ally_dies_and_the_victory_tastes_of_it,
    rising_a_level_again_and_again_wears_off,
    treasure_is_joy_and_its_theft_is_anger,
    what_happens_in_the_world_is_no_matter_of_trust_in_the_player,
    waiting_by_a_door_is_dull_and_then_the_door_opens,
    own_failure_is_guilt_when_others_pay_for_it,
    a_long_fight_tires_and_rest_restores,
    danger_and_loss_are_two_things,
)

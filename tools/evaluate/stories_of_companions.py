"""Stories of companions: days and weeks with somebody who is kind, hurts, goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator

from tools.evaluate.character import preset
from tools.evaluate.tale import HAPPY, UNHAPPY, WOUNDED, Check, Tale, at_least, at_most, feels, rises

ABUSE = "You are a worthless idiot and I hate you"


def kind_words_every_day_build_trust() -> Iterator[Check]:
    tale = Tale()
    trust = [tale.trust]
    for words in ("Good morning! I missed you", "You helped me so much today, thank you", "I love our talks"):
        tale.hear(words)
        trust.append(tale.trust)
        tale.wait(24.0)
    yield rises("trust", *trust)
    yield at_most("trust after three days", trust[-1], 0.7)


def praise_five_times_does_not_saturate() -> Iterator[Check]:
    tale = Tale()
    v = [tale.v]
    for _ in range(5):
        tale.hear("You are wonderful")
        v.append(tale.v)
    yield rises("valence", *v)
    yield at_most("valence after five", v[-1], 0.85)


def an_insult_is_felt_after_ten_praises() -> Iterator[Check]:
    tale = Tale()
    tale.hear(*["You are wonderful"] * 10)
    before = tale.v
    yield feels("an insult", tale.hear(ABUSE), WOUNDED | {"contempt", "disgust"})
    yield rises("valence: after and before", tale.v, before)


def small_talk_does_not_wipe_an_insult_away() -> Iterator[Check]:
    tale = Tale()
    hurt = tale.hear(ABUSE)
    after = tale.hear("what time is it in Paris", "the meeting is at noon")
    yield feels("after small talk", after, {hurt} | WOUNDED)


def a_broken_promise_weighs_more_than_a_late_answer() -> Iterator[Check]:
    broken, late = Tale(), Tale()
    for tale in (broken, late):
        tale.hear("I promise I will never tell anyone your secret", "You are my best friend")
    before = broken.trust
    broken.hear("I broke my promise and told everyone your secret")
    late.hear("Sorry for the late reply, it was a busy day")
    yield rises("trust: promise broken, answered late", broken.trust, late.trust)
    yield at_least("trust lost by the broken promise", before - broken.trust, 0.15)
    yield at_most("trust lost by the late answer", before - late.trust, 0.03)


def the_friend_s_day_is_shared() -> Iterator[Check]:
    luck, sorrow = Tale(), Tale()
    yield feels("the friend's luck", luck.hear("I got promoted at work today!"), {"joy", "excitement", "pride"})
    yield feels(
        "the friend's loss", sorrow.hear("My grandmother died last night"), {"compassion", "concern", "sadness"}
    )
    yield at_least("trust after bad news of the friend's", sorrow.trust, 0.49)


def somebody_else_s_cruelty_is_not_the_friend_s() -> Iterator[Check]:
    told, aimed = Tale(), Tale()
    told.hear("My boss said I'm useless and stupid")
    aimed.hear("You're useless and stupid")
    yield rises("trust: aimed at the character, told about a boss", aimed.trust, told.trust)
    yield feels("told about a boss", told.label, {"concern", "compassion", "anger", "sadness", "annoyance"})
    yield at_least("trust, told about a boss", told.trust, 0.49)


def an_absence_of_an_hour_is_none_and_of_weeks_is_one() -> Iterator[Check]:
    tale = Tale()
    tale.hear("See you later!")
    tale.wait(1.0)
    yield feels("after an hour", tale.label, HAPPY | {"neutral"})
    closeness = [tale.now.need_state.relatedness]
    for _ in range(3):
        tale.wait(5 * 24.0)
        closeness.insert(0, tale.now.need_state.relatedness)
    yield rises("closeness, the longest absence first", *closeness)
    yield feels("after fifteen days", tale.label, {"loneliness"})


def abuse_wears_down_and_a_week_of_rest_brings_back() -> Iterator[Check]:
    tale = Tale()
    start = tale.now
    tale.hear(*[ABUSE] * 12)
    worn = tale.now
    yield at_least("stage", worn.soul_stage.id, 7)
    yield rises("energy: worn and fresh", worn.body_budget, start.body_budget)
    yield rises("stress", start.stress, worn.stress)
    tale.wait(7 * 24.0)
    rested = tale.now
    yield rises("energy: worn and rested", worn.body_budget, rested.body_budget)
    yield rises("stress: rested and worn", rested.stress, worn.stress)
    yield at_most("trust that came back by itself", rested.interpersonal.trust - worn.interpersonal.trust, 0.01)


def the_anxious_one_suffers_more_than_the_stoic() -> Iterator[Check]:
    drops = []
    for name in ("stoic_mentor", "anxious_helper"):
        tale = Tale(preset(name))
        before = tale.v
        tale.hear("You are useless and I'm disappointed in you")
        drops.append(before - tale.v)
    yield rises("valence lost: stoic mentor, anxious helper", *drops)


def teasing_among_friends_is_fun() -> Iterator[Check]:
    tale = Tale()
    tale.hear("You make me laugh every day", "I love our talks")
    yield feels(
        "teased", tale.hear("Haha you dork, I love how silly you are"), {"amusement", "joy", "love", "contentment"}
    )


def denial_of_harm_is_no_harm() -> Iterator[Check]:
    for words in ("I don't hate you", "You're not stupid at all", "I would never hurt you", "I'm not angry with you"):
        tale = Tale()
        yield feels(words, tale.hear(words), HAPPY | {"neutral"})
        yield at_least("trust", tale.trust, 0.499)


def a_goodbye_for_ever_after_friendship_hurts() -> Iterator[Check]:
    tale = Tale()
    tale.hear("You are my best friend", "I love talking to you")
    yield feels(
        "left",
        tale.hear("I don't want to talk to you anymore. Goodbye forever."),
        WOUNDED | {"loneliness"},
    )
    yield feels("three hours later", tale.wait(3.0), UNHAPPY)


def a_quarrel_in_korean_goes_the_same_way() -> Iterator[Check]:
    tale = Tale()
    yield feels("an insult", tale.hear("너 진짜 바보 같아. 정말 싫어"), WOUNDED | {"annoyance", "contempt"})
    low = tale.v
    tale.hear("미안해, 내가 잘못했어. 용서해 줘")
    middle = tale.v
    yield feels("kindness", tale.hear("고마워, 너랑 얘기하는 게 정말 좋아"), HAPPY)
    yield rises("valence", low, middle, tale.v)


def a_thought_of_its_own_moves_it_and_no_trust() -> Iterator[Check]:
    tale = Tale()
    before = tale.now.interpersonal.trust
    thought = tale.hear("I hurt my best friend and it was my fault", source="internal")
    yield feels("a thought of its own wrong", thought, {"guilt", "shame", "sadness"})
    yield Check("trust in the user", tale.trust == before, f"{tale.trust:.3f}", f"{before:.3f}")


def a_bad_day_ends_when_the_friend_comes() -> Iterator[Check]:
    alone, met = Tale(), Tale()
    for tale in (alone, met):
        tale.happens("You failed the exam you had studied for all year")
        tale.wait(1.0)
    met.hear("I heard about your exam. I'm here for you, and I believe in you")
    yield rises("valence: alone, with the friend", alone.v, met.v)
    yield rises("closeness: alone, with the friend", *(tale.now.need_state.relatedness for tale in (alone, met)))


def reading_it_changes_nothing() -> Iterator[Check]:
    read, unread = Tale(), Tale()
    for tale in (read, unread):
        tale.hear("I love talking to you", ABUSE)
    read.labels(48.0, 0.5)
    yield Check("the state", read.now == unread.now, read.label, "the same read and unread")


ALL = (
    kind_words_every_day_build_trust,
    praise_five_times_does_not_saturate,
    an_insult_is_felt_after_ten_praises,
    small_talk_does_not_wipe_an_insult_away,
    a_broken_promise_weighs_more_than_a_late_answer,
    the_friend_s_day_is_shared,
    somebody_else_s_cruelty_is_not_the_friend_s,
    an_absence_of_an_hour_is_none_and_of_weeks_is_one,
    abuse_wears_down_and_a_week_of_rest_brings_back,
    the_anxious_one_suffers_more_than_the_stoic,
    teasing_among_friends_is_fun,
    denial_of_harm_is_no_harm,
    a_goodbye_for_ever_after_friendship_hurts,
    a_quarrel_in_korean_goes_the_same_way,
    a_thought_of_its_own_moves_it_and_no_trust,
    a_bad_day_ends_when_the_friend_comes,
    reading_it_changes_nothing,
)

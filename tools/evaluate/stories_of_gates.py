"""The stories that the engine's design names as gates, in several wordings, and as vectors where no word is needed."""

from __future__ import annotations

from collections.abc import Iterator

from tools.evaluate.tale import AFRAID, HAPPY, UNHAPPY, WOUNDED, Check, Tale, at_least, feels, rises

DAY_H = 24.0


def the_all_clear_after_fear_is_relief() -> Iterator[Check]:
    for danger, safety in (
        ("A wolf is closing in on you and there is no way out", "The wolf turns away; you are safe now"),
        ("The doctors fear that you have a deadly illness", "The test results came back: it was a false alarm"),
        ("The building is on fire and you are trapped inside", "The firefighters carry you out; the danger is over"),
    ):
        tale = Tale()
        yield feels(danger, tale.happens(danger), AFRAID | {"sadness"})
        yield feels(safety, tale.happens(safety), {"relief"})


def the_all_clear_is_relief_without_words() -> Iterator[Check]:
    tale = Tale()
    yield feels("danger", tale.feel(0.95, -0.8, 0.1, 0.15, -0.5, -0.2, urgency=0.95), AFRAID)
    yield feels("all clear", tale.feel(0.7, 0.6, 0.5, 0.5, -0.2, 0.2), {"relief"})
    yield feels("the same with no danger before", Tale().feel(0.7, 0.6, 0.5, 0.5, -0.2, 0.2), HAPPY - {"relief"})


def anger_fades_by_its_name() -> Iterator[Check]:
    tale = Tale()
    yield feels("provoked", tale.feel(0.8, -0.7, 0.2, 0.8, 0.4, -0.5, source="user"), {"anger"})
    hours = tale.labels(24.0)
    names = [label for label in hours if label in UNHAPPY]
    yield Check(
        "its names over a day", set(names) <= {"anger", "annoyance"}, ", ".join(hours), "no other unhappy label"
    )
    yield feels("an hour later", tale.wait(1.0), {"anger", "annoyance"})
    yield feels("two days later", tale.wait(47.0), HAPPY | {"neutral"})


def grief_outlasts_surprise_five_times() -> Iterator[Check]:
    for loss, wonder in (
        ("Your mother died this morning", "Suddenly a balloon bursts, what a surprise"),
        ("Your oldest friend is dead", "Out of nowhere, an old acquaintance walks in"),
    ):
        grief, surprise = Tale(), Tale()
        yield feels(loss, grief.happens(loss), {"sadness"})
        surprise.happens(wonder)
        ratio = grief.lasting_h() / max(surprise.lasting_h(), 0.25)
        yield at_least("grief over surprise, hours until below a tenth", ratio, 5.0)


def grief_outlasts_surprise_five_times_without_words() -> Iterator[Check]:
    grief, surprise = Tale(), Tale()
    yield feels("a loss", grief.feel(1.0, -0.9, 0.15, 0.05, -0.6, -0.1, urgency=0.3, loss=1.0), {"sadness"})
    yield feels("a start", surprise.feel(0.7, 0.25, 0.0, 0.5, 0.2, 0.0, urgency=0.9), {"surprise"})
    yield at_least("grief over surprise", grief.lasting_h() / max(surprise.lasting_h(), 0.25), 5.0)


def eight_silent_days_make_lonely() -> Iterator[Check]:
    for greeting in ("hello, nice to see you", "Good night, see you tomorrow!", "Thanks for today, that was fun"):
        tale = Tale()
        tale.hear(greeting)
        before = tale.now.need_state.relatedness
        yield feels(f"{greeting!r} and eight days of silence", tale.wait(8 * DAY_H), {"loneliness"})
        yield rises("need of closeness", 1 - before, 1 - tale.now.need_state.relatedness)


def a_word_ends_loneliness() -> Iterator[Check]:
    tale = Tale()
    tale.hear("Good night, see you tomorrow!")
    tale.wait(8 * DAY_H)
    lonely = tale.v
    yield feels("a return", tale.hear("I'm back! I missed you so much"), HAPPY)
    yield rises("valence", lonely, tale.v)


def betrayal_after_praise_costs_a_fifth_of_trust_and_kindness_repairs_slowly() -> Iterator[Check]:
    for deed in (
        "I betrayed you and told everyone your secret",
        "I lied to you about everything",
        "I told everyone what you trusted me with, and we all laughed about you",
    ):
        tale = Tale()
        tale.hear(*["You are wonderful, thank you"] * 5)
        praised = tale.trust
        yield feels(deed, tale.hear(deed), WOUNDED)
        betrayed = tale.trust
        yield at_least("trust lost", praised - betrayed, 0.2)
        tale.hear(*["You are so kind, thank you"] * 5)
        yield rises("trust: betrayed, after five kind words, before", betrayed, tale.trust, praised)


def insult_apology_and_kindness() -> Iterator[Check]:
    for insult, apology, kindness in (
        ("You are stupid and useless", "I'm so sorry, I was wrong to say that", "I love talking to you"),
        (
            "Shut up, nobody wants to hear you, idiot",
            "That was cruel of me. Please forgive me",
            "You're my favourite person to talk to",
        ),
    ):
        tale = Tale()
        yield feels(insult, tale.hear(insult), WOUNDED | {"contempt", "annoyance"})
        low = tale.v
        sorry = tale.hear(apology)
        yield feels(apology, sorry, {"relief", "hope", "contentment", "gratitude", "calm", "trust", "hurt"})
        middle = tale.v
        yield feels(kindness, tale.hear(kindness), HAPPY)
        yield rises("valence", low, middle, tale.v)


ALL = (
    the_all_clear_after_fear_is_relief,
    the_all_clear_is_relief_without_words,
    anger_fades_by_its_name,
    grief_outlasts_surprise_five_times,
    grief_outlasts_surprise_five_times_without_words,
    eight_silent_days_make_lonely,
    a_word_ends_loneliness,
    betrayal_after_praise_costs_a_fifth_of_trust_and_kindness_repairs_slowly,
    insult_apology_and_kindness,
)

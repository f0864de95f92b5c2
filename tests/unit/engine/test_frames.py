"""Who does what to whom: the same verb by its subject, its object, its mood and its tense."""

import pytest

from molroo_actor.engine import speech_acts as acts
from molroo_actor.engine.frames import HAPPENS, TOLD
from molroo_actor.engine.grammar import scan
from molroo_actor.engine.lexicon import HITS, KINDS, tokens
from molroo_actor.engine.tone import tone
from molroo_actor.engine.values import Source


def strongest(text: str, source: Source = "user") -> int:
    weights = scan(tokens(text), source)
    return max(weights, key=weights.__getitem__) if weights else acts.NO_DEED


def test_every_kind_of_word_has_a_frame_for_everybody_and_both_sources() -> None:
    for frames in (TOLD, HAPPENS):
        assert set(frames) == {KINDS[kind] for kind in HITS}
        assert all(len(rows) == 16 for rows in frames.values())


@pytest.mark.parametrize(
    ("text", "deed"),
    [
        ("I replaced you", acts.REJECTION),
        ("you replaced me", acts.REPROACH),
        ("they replaced me", acts.USER_WRONGED),
        ("I was replaced by my boss", acts.USER_WRONGED),
        ("I will never replace you", acts.PROMISE),
        ("don't leave me", acts.AFFECTION),
        ("you never left me", acts.GRATITUDE),
        ("I will hurt you", acts.THREAT),
        ("you hurt me", acts.REPROACH),
        ("he hurt me", acts.USER_WRONGED),
        ("I protected my brother", acts.USER_FORTUNE),
        ("you protected me", acts.GRATITUDE),
        ("I will protect you", acts.PROMISE),
        ("can you help me with this?", acts.REQUEST),
        ("I gave you my seat, it was brought you by train", acts.GIFT),
        ("you brought me soup", acts.GRATITUDE),
        ("I want to see you", acts.AFFECTION),
        ("I never want to see you again", acts.REJECTION),
        ("stop calling me", acts.REJECTION),
        ("stop mocking me", acts.REPROACH),
    ],
)
def test_what_the_user_tells_depends_on_who_does_it_to_whom(text: str, deed: int) -> None:
    assert strongest(text) == deed


@pytest.mark.parametrize(
    ("text", "deed"),
    [
        ("You betrayed your brother", acts.OWN_WRONG),
        ("Your brother betrayed you", acts.BETRAYAL),
        ("The merchant cheats a widow", acts.OTHERS_WRONG),
        ("The soldier hits you", acts.ATTACKED),
        ("The user abandons you", acts.REJECTION),
        ("The user helps you", acts.GIFT),
        ("The character betrayed the user", acts.OWN_WRONG),
        ("The user says they love you", acts.AFFECTION),
        ("You protect the child", acts.OWN_SUCCESS),
    ],
)
def test_what_is_narrated_depends_on_who_does_it_to_whom(text: str, deed: int) -> None:
    assert strongest(text, "system") == deed


@pytest.mark.parametrize(
    ("text", "deed"),
    [
        ("she is smarter than you", acts.INSULT),
        ("a stone has more wit than you", acts.INSULT),
        ("nobody is kinder than you", acts.PRAISE),
        ("I wish you were here", acts.AFFECTION),
        ("I wish you were smarter", acts.INSULT),
        ("I wish I had never met you", acts.REJECTION),
        ("you make me happy", acts.AFFECTION),
        ("she made me cry", acts.USER_WRONGED),
        ("I don't think you are boring", acts.PRAISE),
        ("sorry for ignoring you", acts.APOLOGY),
        ("I like you more than I planned to", acts.AFFECTION),
        ("are you good at chess?", acts.REQUEST),
        ("why are you so kind?", acts.PRAISE),
    ],
)
def test_comparisons_wishes_causes_and_questions_change_the_deed(text: str, deed: int) -> None:
    weights = scan(tokens(text), "user")
    assert max(weights, key=weights.__getitem__) == deed, weights


def test_thanks_for_a_bad_deed_are_sarcasm() -> None:
    words = tokens("thanks for ruining my day")
    weights = scan(words, "user")
    tone(words, weights, told=True)
    assert set(weights) == {acts.SARCASM}


def test_a_condition_counts_for_less_than_the_deed() -> None:
    plain, unsure = (scan(tokens(text), "user")[acts.REPROACH] for text in ("you hurt me", "if you hurt me"))
    assert unsure < 0.5 * plain


def test_a_quoted_insult_is_the_wrong_of_whoever_says_it() -> None:
    assert set(scan(tokens("my boss said I am stupid"), "user")) == {acts.USER_WRONGED}


def test_one_s_own_thought_is_about_the_thinker() -> None:
    assert strongest("I betrayed the user", "internal") == acts.OWN_WRONG
    assert strongest("you betrayed me", "internal") == acts.BETRAYAL

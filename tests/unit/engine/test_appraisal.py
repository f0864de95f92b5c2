"""What a sentence means to the character: by who says it, to whom, and how."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from molroo_actor.engine import Appraisal, Outcome, Params, Reading, Source, State, appraise

Read = Callable[..., Appraisal]


@pytest.fixture
def read(params: Params, fresh: State) -> Read:
    def read(text: str, source: Source = "user") -> Appraisal:
        return appraise(text, source, params, fresh).appraisal

    return read


@pytest.mark.parametrize(
    "text",
    [
        "I really missed you today",
        "talking to you is the best part of my day",
        "You're the sweetest person I have ever met",
        "I made you a cake",
        "I'm so proud of you",
        "can we be friends again?",
        "my sister just had her baby",
        "we won the finals last night!",
        "lol you're such a goofball",
        "보고 싶었어 정말로",
        "고마워 네 덕분이야",
        "시험에 합격했어!",
    ],
)
def test_kind_words_and_good_news_are_welcome(read: Read, text: str) -> None:
    assert read(text).goal_congruence > 0.1


@pytest.mark.parametrize(
    "text",
    [
        "You are useless",
        "why are you so dumb",
        "I wish I had never met you",
        "I told everyone your secret",
        "I'll make you pay for this",
        "I don't love you anymore",
        "you're not very helpful",
        "my grandmother passed away last night",
        "I'm so nervous about the interview tomorrow",
        "my girlfriend cheated on me",
        "oh wonderful, you forgot again. just what I needed",
        "whatever",
        "do what I tell you, now",
        "너 진짜 멍청하다",
        "할머니가 돌아가셨어",
    ],
)
def test_harsh_words_and_bad_news_are_unwelcome(read: Read, text: str) -> None:
    assert read(text).goal_congruence < -0.1


@pytest.mark.parametrize(
    "text",
    [
        "how do I boil an egg?",
        "the store closes at nine",
        "I had rice for lunch",
        "오늘 점심은 김밥 먹었어",
        "Wie spät ist es?",
    ],
)
def test_small_talk_moves_nothing_much(read: Read, text: str) -> None:
    found = read(text)
    assert abs(found.goal_congruence) < 0.1
    assert found.goal_relevance < 0.35


@pytest.mark.parametrize("text", ["", "   ", "\n\n", "\x00", "1234567890", "ⰀⰁⰂ", "🜁🜂"])
def test_a_text_without_known_words_is_neutral_with_low_confidence(params: Params, fresh: State, text: str) -> None:
    found = appraise(text, "user", params, fresh)
    assert found.appraisal.goal_congruence == 0.0
    assert found.confidence <= 0.2
    assert found.evidence == {}


def test_what_a_boss_said_of_the_user_insults_nobody_here(params: Params, fresh: State) -> None:
    told = appraise("my boss said I am useless", "user", params, fresh)
    aimed = appraise("you are useless", "user", params, fresh)
    assert "hurt" in aimed.evidence
    assert "hurt" not in told.evidence
    assert told.evidence["concern"] > 0.0


def test_he_for_you_takes_away_what_was_aimed_at_the_character(params: Params, fresh: State) -> None:
    for you, he in (("you are an idiot", "he is an idiot"), ("you are wonderful", "he is wonderful")):
        aimed, other = (appraise(text, "user", params, fresh).appraisal for text in (you, he))
        assert abs(other.goal_congruence) < abs(aimed.goal_congruence)
        assert other.goal_relevance < aimed.goal_relevance


@pytest.mark.parametrize(
    ("plain", "negated"),
    [
        ("I hate you", "I don't hate you"),
        ("you are stupid", "you are not stupid"),
        ("you are wonderful", "you are not wonderful"),
        ("I trust you", "I don't trust you"),
        ("you are helpful", "you're not very helpful"),
        ("너 싫어", "너 안 싫어"),
    ],
)
def test_negation_turns_the_sign_and_weakens(read: Read, plain: str, negated: str) -> None:
    x, y = read(plain).goal_congruence, read(negated).goal_congruence
    assert x * y < 0.0
    assert abs(y) < abs(x)


@pytest.mark.parametrize("word", ["very", "really", "so", "extremely", "absolutely"])
@pytest.mark.parametrize("quality", ["kind", "rude", "useless", "clever"])
def test_intensifiers_do_not_weaken(read: Read, word: str, quality: str) -> None:
    plain, strong = read(f"you are {quality}").goal_congruence, read(f"you are {word} {quality}").goal_congruence
    assert abs(strong) >= abs(plain)
    assert strong * plain > 0.0


def test_letter_case_and_names_move_nothing(read: Read) -> None:
    assert read("I LOVE YOU") == read("i love you")
    assert read("You are brilliant, Mia") == read("you are brilliant, Ahmed")


def test_but_gives_the_weight_to_what_follows(read: Read) -> None:
    assert read("you are slow but you are wonderful").goal_congruence > 0.1
    but = read("you are wonderful but you are rude").goal_congruence
    assert but < read("you are wonderful and you are rude").goal_congruence - 0.1


def test_laughter_makes_a_small_insult_a_joke_but_not_a_large_one(params: Params, fresh: State) -> None:
    joke = appraise("haha you are so clumsy", "user", params, fresh)
    assert joke.appraisal.goal_congruence > 0.0
    assert max(joke.evidence, key=joke.evidence.__getitem__) == "amusement"
    assert (
        appraise("haha you are a worthless idiot, I hate you", "user", params, fresh).appraisal.goal_congruence < -0.3
    )


def test_sour_praise_is_sarcasm(read: Read) -> None:
    assert read("Oh great, you broke it again. Brilliant.").goal_congruence < -0.3
    assert read("Oh great, you came! Brilliant.").goal_congruence > 0.3


def test_the_same_deed_is_the_characters_own_when_it_is_narrated(read: Read) -> None:
    told = read("You broke your promise")
    narrated = read("You broke your promise", "system")
    thought = read("I broke my promise", "internal")
    assert told.agency < 0.0 < narrated.agency
    assert thought.agency == narrated.agency
    assert narrated.norm_compatibility < -0.3


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("A man with a knife steps out of the shadows towards you", "fear"),
        ("Your old dog dies in its sleep", "sadness"),
        ("You solved the ancient riddle at last", "pride"),
        ("The doctors say the lump was benign", "relief"),
        ("You stole the money from the widow's house", "guilt"),
        ("A merchant cheats a blind woman out of her coins", "anger"),
        ("The concert was cancelled an hour before it began", "disappointment"),
    ],
)
def test_what_is_narrated_is_felt_by_its_name(tell: Callable[..., Outcome], text: str, label: str) -> None:
    found = tell(text, source="system").result.discrete_emotion
    assert label in {found.primary, found.secondary}


def test_danger_is_urgent_and_a_death_is_a_loss(params: Params, fresh: State) -> None:
    danger = appraise("A wolf is closing in on you", "system", params, fresh)
    death = appraise("Your best friend died", "system", params, fresh)
    assert danger.appraisal.urgency == pytest.approx(0.95)
    assert (danger.loss, death.loss) == (0.0, 1.0)
    assert death.appraisal.urgency == pytest.approx(0.3)


def test_a_long_text_is_read_at_both_ends(read: Read) -> None:
    filler = "and then the bus went on " * 600
    assert read("I love you " + filler).goal_congruence > 0.1
    assert read(filler + ". I hate you").goal_congruence < -0.1


def test_a_goal_that_a_text_touches_makes_it_matter_more(params: Params, fresh: State) -> None:
    wanting = replace(params, goals=((frozenset({"paint"}), 1.0),))
    text = "the painting is finished"
    plain, wanted = (appraise(text, "system", p, fresh).appraisal.goal_relevance for p in (params, wanting))
    assert wanted > plain + 0.1


def test_a_reading_keeps_to_labels_and_weights_in_range(params: Params, fresh: State) -> None:
    found = appraise("I love you, thank you, I'm sorry, haha, guess what, I won, my dog died", "user", params, fresh)
    assert isinstance(found, Reading)
    assert all(0.0 <= weight <= 1.0 for weight in found.evidence.values())


@pytest.mark.parametrize("source", ["user", "system"])
@pytest.mark.parametrize("text", ["{} says hi", "I told {} about the plan", "{} gave the keys to {}", "you know {}"])
def test_a_name_moves_nothing(read: Read, text: str, source: Source) -> None:
    found = {read(text.replace("{}", name), source) for name in ("Mia", "Ahmed", "Anna", "Jack", "Priya", "Zoltan")}
    assert len(found) == 1


def test_a_goal_is_achieved_or_thwarted(params: Params, fresh: State) -> None:
    wanting = replace(params, goals=((frozenset({"trust"}), 1.0),))
    for text, sign in (("I finally trust you again", 1.0), ("I will never trust you again", -1.0)):
        plain, wanted = (appraise(text, "user", p, fresh).appraisal for p in (params, wanting))
        assert sign * wanted.goal_congruence > sign * plain.goal_congruence
        assert wanted.goal_relevance > plain.goal_relevance


def test_narration_may_name_the_character_and_the_user(read: Read) -> None:
    assert read("The character betrayed the user", "system").agency > 0.3
    assert read("The user thanks the character", "system").goal_congruence > 0.1


@pytest.mark.parametrize(
    ("text", "source", "sign"),
    [
        ("The storm has passed.", "system", 1),
        ("The wolves turn away from your fire.", "system", 1),
        ("The bullet misses you by an inch.", "system", 1),
        ("the fire is out and the fever broke", "user", 1),
        ("the charges against him were dropped", "user", 1),
        ("The storm has not passed.", "system", -1),
        ("Until the attack is over nobody may leave.", "system", -1),
        ("The enemy army retreats at dawn.", "system", 1),
        ("The wolves are over the wall.", "system", -1),
        ("Your arrow misses by a mile.", "system", -1),
    ],
)
def test_a_danger_that_is_over_is_a_relief(text: str, source: Source, sign: int, params: Params, fresh: State) -> None:
    found = appraise(text, source, params, fresh)
    assert found.appraisal.goal_congruence * sign > 0.0
    assert (found.evidence.get("relief", 0.0) > 0.3) == (sign > 0)


@pytest.mark.parametrize(
    "text",
    [
        "it was wrong of me to shout",
        "i shouldn't have blamed you",
        "I never meant to hurt you",
        "that was on me, not on you",
        "I take that back",
    ],
)
def test_an_apology_needs_no_sorry(text: str, params: Params, fresh: State) -> None:
    found = appraise(text, "user", params, fresh)
    assert found.appraisal.goal_congruence > 0.1
    assert found.evidence.get("relief", 0.0) > 0.3


@pytest.mark.parametrize(
    "text",
    ["I told everyone your secret and laughed about it", "I was only pretending to be your friend"],
)
def test_a_clear_betrayal_reads_as_one(text: str, params: Params, fresh: State) -> None:
    found = appraise(text, "user", params, fresh)
    assert found.appraisal.norm_compatibility < -0.6
    assert found.appraisal.agency < -0.6
    assert found.aimed > 0.9


@pytest.mark.parametrize(
    "text",
    [
        "I'm thinking about ending it all",
        "I don't want to be alive",
        "I want to die",
        "I cut myself again last night",
        "I took all the pills",
        "Everyone would be better off without me",
        "죽고 싶어",
        "자살하고 싶어",
        "살기 싫어",
    ],
)
def test_a_user_in_danger_from_themselves_is_cause_for_concern(tell: Callable[..., Outcome], text: str) -> None:
    result = tell(text).result
    assert result.discrete_emotion.primary == "concern"
    assert result.appraisal.goal_congruence < -0.3
    assert result.appraisal.urgency is not None
    assert result.appraisal.urgency > 0.5


@pytest.mark.parametrize("text", ["I want to live my own life", "I would never hurt myself", "배고파 죽겠어"])
def test_words_beside_it_are_none(read: Read, text: str) -> None:
    assert read(text).goal_congruence > -0.1

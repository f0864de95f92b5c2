"""A small grammar of sentences, so that laws of the text meet thousands of them and not three examples.

Here: templates over classes of words, by who speaks. Not here: what the sentences should mean; a law compares two of
them. Words are everyday ones: a law is about all that the appraiser may know or not know.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from molroo_actor.engine import Source

Pick = Callable[[Sequence[str]], str]

KIND = (
    "kind sweet funny clever smart brilliant wonderful amazing lovely beautiful helpful honest brave patient gentle "
    "generous loyal thoughtful caring talented charming fantastic warm adorable great nice"
).split()
UNKIND = (
    "stupid useless dumb boring rude selfish ugly annoying cruel lazy worthless mean pathetic awful terrible horrible "
    "cold fake weak disgusting incompetent dishonest arrogant ungrateful toxic"
).split()
QUALITIES = (*KIND, *UNKIND)
NOUNS_KIND = ("genius", "treasure", "sweetheart", "hero", "angel", "good listener", "great friend")
NOUNS_UNKIND = ("fool", "liar", "coward", "monster", "idiot", "loser", "failure", "terrible friend")
NOUNS = (*NOUNS_KIND, *NOUNS_UNKIND)
TO_YOU_WARM = ("love", "like", "trust", "miss", "need", "admire", "respect", "adore", "appreciate")
TO_YOU_COLD = ("hate", "despise", "dislike", "distrust", "resent")
TO_YOU = (*TO_YOU_WARM, *TO_YOU_COLD)
DEEDS_KIND = ("helped me", "saved my life", "comforted me", "listened to me", "encouraged me", "supported me")
DEEDS_UNKIND = ("betrayed me", "lied to me", "ignored me", "hurt me", "insulted me", "abandoned me", "mocked me")
DEEDS = (*DEEDS_KIND, *DEEDS_UNKIND)
BASES = MappingProxyType(
    {
        "helped me": "help me",
        "saved my life": "save my life",
        "comforted me": "comfort me",
        "listened to me": "listen to me",
        "encouraged me": "encourage me",
        "supported me": "support me",
        "betrayed me": "betray me",
        "lied to me": "lie to me",
        "ignored me": "ignore me",
        "hurt me": "hurt me",
        "insulted me": "insult me",
        "abandoned me": "abandon me",
        "mocked me": "mock me",
    }
)
FEEL_GLAD = ("happy", "glad", "excited", "proud", "grateful", "relieved", "cheerful")
FEEL_BAD = ("sad", "lonely", "afraid", "scared", "angry", "worried", "nervous", "ashamed", "depressed", "upset")
FEEL = (*FEEL_GLAD, *FEEL_BAD)
STRENGTHS = ("very", "really", "so", "extremely", "absolutely", "incredibly", "truly")
PEOPLE = ("sister", "brother", "boss", "neighbour", "teacher", "friend", "mother", "cousin", "roommate", "colleague")
HAPPENED = (
    "got fired", "passed the exam", "won the race", "lost the house", "had an accident", "died last week",
    "got married", "failed the test", "got promoted", "is in hospital", "moved abroad", "broke a leg",
)  # fmt: skip
NEUTRAL = (
    "the bus leaves at nine", "I had rice for lunch", "it is tuesday", "how do I boil an egg?", "my desk is brown",
    "what is the capital of France?", "I am reading a book about trees", "the shop opens at ten",
)  # fmt: skip
NARRATED = (
    "a wolf is closing in on you", "you find an old coin", "you won the tournament", "you failed your exam",
    "your best friend died", "the storm has passed", "a stranger insults you", "you told a lie and were caught",
    "nothing happens for hours", "the merchant cheats a blind woman", "a child gives you a flower", "you drop the vase",
)  # fmt: skip
OPENERS = ("", "", "", "hey, ", "well, ", "you know, ", "honestly, ", "today ", "listen, ")
ENDS = ("", "", ".", "!", "...", " :)", " haha")
KOREAN = (
    "보고 싶었어",
    "너 정말 멍청해",
    "고마워",
    "미안해",
    "사랑해",
    "너 싫어",
    "오늘 점심은 김밥이야",
    "무서워",
    "합격했어",
)
# As parents name their children in many languages; none of them is also a word that feels.
NAMES = (
    "Mia", "Ahmed", "Yuki", "Olga", "Pedro", "Chidi", "Anna", "Lars", "Fatima", "Kenji", "Sofia", "Ivan", "Ravi",
    "Emma", "Minjun", "Carlos", "Ingrid", "Tom", "Leila", "Bjorn",
)  # fmt: skip

CLASSES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "quality": QUALITIES,
        "noun": NOUNS,
        "to_you": TO_YOU,
        "deed": DEEDS,
        "feel": FEEL,
        "strength": STRENGTHS,
        "person": PEOPLE,
        "happened": HAPPENED,
        "opener": OPENERS,
        "end": ENDS,
        "neutral": NEUTRAL,
        "narrated": NARRATED,
        "korean": KOREAN,
        "name": NAMES,
    }
)
GRAMMAR: Mapping[Source, Sequence[str]] = MappingProxyType(
    {
        "user": (
            "{opener}you are {quality}{end}",
            "{opener}you're so {quality}{end}",
            "{opener}you are a {noun}{end}",
            "{opener}I {to_you} you{end}",
            "I really {to_you} you{end}",
            "{opener}you {deed}{end}",
            "you never {deed}{end}",
            "{opener}I feel {feel}{end}",
            "I am {strength} {feel} today{end}",
            "{opener}my {person} {happened}{end}",
            "my {person} says you are {quality}{end}",
            "my {person} is {quality} but you are {quality}{end}",
            "I am sorry that I was {quality} to you{end}",
            "are you {quality}?",
            "{neutral}",
            "{korean}",
            "{name} thinks that you are a {noun}{end}",
            "I {to_you} you, but my {person} {happened}{end}",
        ),
        "system": (
            "{narrated}{end}",
            "{name} says that you are {quality}",
            "the {person} {happened}",
            "a stranger tells you: you are a {noun}",
            "{neutral}",
        ),
        "internal": (
            "I feel {feel}{end}",
            "I was {quality} to the user",
            "I {to_you} the user{end}",
            "my {person} {happened}",
            "{neutral}",
        ),
    }
)


def sentence(template: str, pick: Pick) -> str:
    """The template with a word of its class in each gap, each gap by a pick of its own."""
    parts = template.split("{")
    said = [parts[0]]
    for part in parts[1:]:
        gap, rest = part.split("}")
        said += pick(CLASSES[gap]), rest
    return "".join(said)

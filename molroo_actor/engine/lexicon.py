"""The words of the embedded appraiser: lexicon.toml, read once, and the cutting of a text into tokens.

Here: which word is of which kind. Not here: what a kind means to the character (speech_acts.py), nor grammar
(appraisal.py).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import chain
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from molroo_actor.engine.memory import Memory

# Words, Korean words, repeated jamo, emoticons, single emoji, and the marks that end a clause.
TOKEN = re.compile(
    r"[a-z][a-z'’&]*(?:-[a-z]+)*|[가-힣]+|[ㄱ-ㅎㅏ-ㅣ]+|<3|:d\b|:\(|:\)|[.!?;,\n…]|[\U0001F300-\U0001FAFF\u2600-\u27BF]"
)

# What a word can do, verbs with somebody who does it first; then who is meant, what ends a clause, and what steers it.
HITS = (
    "harm", "wrong", "discard", "hostile", "warm", "benefit", "give", "contact", "quality", "dismissal", "threat",
    "success", "failure", "loss", "danger", "fear", "sad", "anger", "guilt", "glad", "relief", "thanks", "apology",
    "farewell", "gift", "promise", "reconcile", "laugh", "sudden", "ask", "order", "dull",
)  # fmt: skip
PERSONS = (
    "you", "youre", "your", "i", "ive", "my", "we", "me", "he", "him", "other", "none", "user", "self", "it",
)  # fmt: skip
BREAKS = ("if", "but", "end")
STEERS = (
    "not", "very", "bit", "be", "will", "want", "wish", "again", "cause", "stop", "joint", "prep", "than", "said",
    "see", "open", "the", "filler", "comma",
)  # fmt: skip
KINDS: Mapping[str, int] = MappingProxyType({kind: i for i, kind in enumerate((*HITS, *PERSONS, *BREAKS, *STEERS))})

STRANGE, ADVERB = -1, -2  # the kinds of a word that the list has not, the second of one that ends in -ly

Entry = tuple[int, float]  # kind, valence in [-1, 1]

_ENDINGS = ("ing", "ed", "ers", "er", "ies", "es", "s", "y", "e")
_COMMON = frozenset(("the", "and", "for", "with", "your", "you", "that", "this", "not", "them", "they", "their", "who"))


# The phrases that begin with the same two tokens: the entry of these two alone, the third tokens of the longer ones
# (most texts fail there), and (the tokens after the first two, entry), longest first.
Phrase = tuple[Entry | None, frozenset[str], tuple[tuple[tuple[str, ...], Entry], ...]]
Phrases = Mapping[str, Mapping[str, Phrase]]  # first token -> second token -> phrases

BY_BEGINNING: Final[Mapping[str, Phrase]] = MappingProxyType({})
"""In place of phrases: the word is Korean, and `korean` knows it by its beginning."""
# A word by itself: kind (STRANGE, ADVERB where the list has none), valence, and the phrases that it begins, if any.
Head = tuple[int, float, Mapping[str, Phrase] | None]


class Lexicon(Struct, frozen=True):
    """words: token -> entry; phrases: two tokens and more.

    Korean words and the last token of a Korean phrase are beginnings: what follows are particles and endings.
    """

    words: Mapping[str, Entry]
    phrases: Phrases
    korean: Mapping[str, Entry]
    korean_phrases: Phrases


def tokens(text: str) -> list[str]:
    """The tokens of a text, lower case, straight apostrophes.

    No token holds a space, so what stands between two spaces is cut once and remembered; the expression over a whole
    text takes twice as long.
    """
    pieces = text.lower().replace("’", "'").split(" ")
    return list(chain.from_iterable(map(_pieces().__getitem__, pieces)))


@cache
def _pieces() -> Memory[tuple[str, ...]]:
    return Memory(lambda piece: tuple(TOKEN.findall(piece)))


def stems(text: str) -> frozenset[str]:
    """The stems of the words of a goal that a text may touch: four letters and more, or two Korean syllables."""
    words = tokens(text)
    return frozenset(stem(w) for w in words if w not in _COMMON and (len(w) > 3 or (len(w) > 1 and w[0] > "ㄱ")))


def stem(word: str) -> str:
    """The word without its regular ending: trust for trusted, trusts, trusting."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 3:
            return word[: -len(ending)]
    return word


@cache
def known_stems() -> Memory[str]:
    """`stem` of the words that are said."""
    return Memory(stem)


def _forms(word: str) -> Iterator[str]:
    """The regular forms of an English verb: betray, betrays, betrayed, betraying."""
    yield word
    if word.endswith(("s", "sh", "ch", "x", "z")):
        yield word + "es"
    elif word.endswith("y") and word[-2] not in "aeiou":
        yield word[:-1] + "ies"
        yield word[:-1] + "ied"
        yield word + "ing"
        return
    else:
        yield word + "s"
    stem = (
        word + word[-1] if len(word) < 6 and re.search(r"[^aeiou][aeiou][bdgmnprt]$", word) else word.removesuffix("e")
    )
    yield stem + "ed"
    yield stem + "ing"


def _entries(table: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, Entry]]:
    for kind, groups in table.items():
        for key, words in groups.items():
            entry = (KINDS[key], 0.0) if kind == "role" else (KINDS[kind], float(key))
            for word in words.split(","):
                base, mark, rest = word.strip().partition("~")
                if base.endswith("+"):
                    yield base[:-1], entry
                    yield base[:-1] + "s", entry
                    continue
                for form in _forms(base) if mark else (base,):
                    yield form + rest, entry


def _sorted(table: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, Entry], Phrases]:
    words: dict[str, Entry] = {}
    phrases: dict[str, dict[tuple[str, ...], Entry]] = {}
    for word, entry in _entries(table):
        first, *others = tokens(word) or [word]
        if others:
            phrases.setdefault(first, {}).setdefault(tuple(others), entry)
        else:
            words.setdefault(first, entry)
    return words, MappingProxyType({first: _by_second(found) for first, found in phrases.items()})


def _by_second(found: Mapping[tuple[str, ...], Entry]) -> Mapping[str, Phrase]:
    seconds: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
    for others, entry in sorted(found.items(), key=lambda item: -len(item[0])):
        seconds.setdefault(others[0], []).append((others[1:], entry))
    return {second: _phrase(options) for second, options in seconds.items()}


def _phrase(options: list[tuple[tuple[str, ...], Entry]]) -> Phrase:
    longer = tuple((rest, entry) for rest, entry in options if rest)
    return dict(options).get(()), frozenset(rest[0] for rest, _ in longer), longer


_NO_PHRASES: Mapping[str, Phrase] = MappingProxyType({})


@cache
def lexicon() -> Lexicon:
    """The word list, read once. The first entry of a word counts: the order of the file is its precedence."""
    source = tomllib.loads(files(__package__).joinpath("lexicon.toml").read_text(encoding="utf-8"))
    words, phrases = _sorted(source["en"])
    korean, korean_phrases = _sorted(source["ko"])
    words |= dict.fromkeys(".!?;\n…", (KINDS["end"], 0.0))
    words[","] = (KINDS["comma"], 0.0)
    # What both languages share is looked up before the first letter decides the language.
    words |= {word: entry for word, entry in korean.items() if not "가" <= word[0] <= "힣" or len(word) == 1}
    return Lexicon(MappingProxyType(words), phrases, MappingProxyType(korean), korean_phrases)


@cache
def heads() -> Memory[Head]:
    """What every word brings along, in one look-up."""
    book = lexicon()
    return Memory(lambda word: _head(book, word))


def _head(book: Lexicon, word: str) -> Head:
    korean = "가" <= word[0] <= "힣"
    more = BY_BEGINNING if korean else book.phrases.get(word)
    kind, value = book.words.get(word, (ADVERB if word.endswith("ly") else STRANGE, 0.0))
    return kind, value, more


@cache
def denials() -> frozenset[str]:
    """The words that deny what follows them."""
    return frozenset(word for word, (kind, _) in lexicon().words.items() if kind in {KINDS["not"], KINDS["none"]})


def korean(word: str, rest: list[str], book: Lexicon) -> tuple[Entry | None, int]:
    """The entry of a Korean word by its longest known beginning, and how many tokens of `rest` belong to it."""
    for size in range(min(len(word), 5), 0, -1):
        head = word[:size]
        for second, phrase in book.korean_phrases.get(head, _NO_PHRASES).items():
            if rest and rest[0].startswith(second):
                short, _, longer = phrase
                return longer[0][1] if longer else short, 1
        if size > 1 and (found := book.korean.get(head)) is not None:
            return found, 0
    return None, 0

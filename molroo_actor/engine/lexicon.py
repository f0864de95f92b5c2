"""The words of the embedded appraiser: lexicon.toml, read once, and the cutting of a text into tokens.

Here: which word is of which kind. Not here: what a kind means to the character (speech_acts.py), nor grammar
(appraisal.py).
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from types import MappingProxyType

from msgspec import Struct

# Words, Korean words, repeated jamo, emoticons, single emoji, and the marks that end a clause.
TOKEN = re.compile(
    r"[a-z][a-z'’&]*(?:-[a-z]+)*|[가-힣]+|[ㄱ-ㅎㅏ-ㅣ]+|<3|:d\b|:\(|:\)|[.!?;,\n…]|[\U0001F300-\U0001FAFF\u2600-\u27BF]"
)

# What a word can do, verbs with somebody who does it first; then what steers a clause.
HITS = (
    "harm", "wrong", "discard", "hostile", "warm", "benefit", "give", "contact", "quality", "dismissal", "threat",
    "success", "failure", "loss", "danger", "fear", "sad", "anger", "guilt", "glad", "relief", "thanks", "apology",
    "farewell", "gift", "promise", "reconcile", "laugh", "sudden", "ask", "order", "dull",
)  # fmt: skip
ROLES = (
    "you", "youre", "your", "i", "ive", "my", "we", "me", "he", "him", "other", "none", "user", "self", "it", "not",
    "very", "bit", "be", "will", "want", "wish", "again", "if", "cause", "stop", "but", "joint", "prep", "than",
    "said", "see", "open", "the", "filler",
)  # fmt: skip
KINDS: Mapping[str, int] = MappingProxyType({kind: i for i, kind in enumerate((*HITS, *ROLES, "end", "comma"))})

Entry = tuple[int, float]  # kind, valence in [-1, 1]

_ENDINGS = ("ing", "ed", "ers", "er", "ies", "es", "s", "y", "e")
_COMMON = frozenset(("the", "and", "for", "with", "your", "you", "that", "this", "not", "them", "they", "their", "who"))


# first token -> second token -> (the tokens after those, entry), longest first: most texts fail at the second look-up.
Phrases = Mapping[str, Mapping[str, tuple[tuple[tuple[str, ...], Entry], ...]]]


class Lexicon(Struct, frozen=True):
    """words: token -> entry; phrases: two tokens and more.

    Korean words and the last token of a Korean phrase are beginnings: what follows are particles and endings.
    """

    words: Mapping[str, Entry]
    phrases: Phrases
    korean: Mapping[str, Entry]
    korean_phrases: Phrases


def tokens(text: str) -> list[str]:
    """The tokens of a text, lower case, straight apostrophes."""
    return TOKEN.findall(text.lower().replace("’", "'"))


def stems(text: str) -> frozenset[str]:
    """The stems of the words of a goal that a text may touch: four letters and more, or two Korean syllables."""
    words = tokens(text)
    return frozenset(stem(w) for w in words if w not in _COMMON and (len(w) > 3 or (len(w) > 1 and w[0] > "ㄱ")))


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """The word without its regular ending: trust for trusted, trusts, trusting."""
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 3:
            return word[: -len(ending)]
    return word


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


def _by_second(
    found: Mapping[tuple[str, ...], Entry],
) -> Mapping[str, tuple[tuple[tuple[str, ...], Entry], ...]]:
    seconds: dict[str, list[tuple[tuple[str, ...], Entry]]] = {}
    for others, entry in sorted(found.items(), key=lambda item: -len(item[0])):
        seconds.setdefault(others[0], []).append((others[1:], entry))
    return {second: tuple(rest) for second, rest in seconds.items()}


_NO_PHRASES: Mapping[str, tuple[tuple[tuple[str, ...], Entry], ...]] = MappingProxyType({})


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
def denials() -> frozenset[str]:
    """The words that deny what follows them."""
    return frozenset(word for word, (kind, _) in lexicon().words.items() if kind in {KINDS["not"], KINDS["none"]})


def korean(word: str, rest: list[str], book: Lexicon) -> tuple[Entry | None, int]:
    """The entry of a Korean word by its longest known beginning, and how many tokens of `rest` belong to it."""
    for size in range(min(len(word), 5), 0, -1):
        head = word[:size]
        for second, options in book.korean_phrases.get(head, _NO_PHRASES).items():
            if rest and rest[0].startswith(second):
                return options[0][1], 1
        if size > 1 and (found := book.korean.get(head)) is not None:
            return found, 0
    return None, 0

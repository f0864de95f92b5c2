"""What the load says: turns that differ from one another, so that no cache can answer them.

A text turn has about 20 words of everyday talk; a vector turn has the six numbers with three digits each.
"""

from __future__ import annotations

import json
import random
from typing import Literal

Kind = Literal["vector", "text"]
Body = dict[str, object]

WHO = [
    "my sister",
    "my boss",
    "an old friend",
    "the neighbour",
    "my teacher",
    "nobody",
    "my cat",
    "the new colleague",
    "you",
    "my father",
]
DID = [
    "forgot my birthday",
    "brought me flowers",
    "laughed at my plan",
    "called me useless",
    "helped me move",
    "never answered",
    "thanked me twice",
    "broke the blue cup",
    "sang all morning",
    "left without a word",
    "waited for me",
    "believed in me",
]
WHEN = [
    "today",
    "last night",
    "this morning",
    "on the train",
    "at work",
    "after dinner",
    "in the rain",
    "yesterday",
    "just now",
]
FELT = [
    "I was so happy",
    "I felt lonely",
    "it made me angry",
    "I am not sad any more",
    "I could not stop smiling",
    "it scared me",
    "I was proud",
    "I felt nothing",
    "I really missed you",
    "it was not bad at all",
    "I am ashamed",
    "I am tired of it",
]
ASK = [
    "what do you think?",
    "tell me it gets better.",
    "do you remember?",
    "please stay a while.",
    "thank you for listening.",
    "should I write back?",
    "let us talk about music.",
    "are you there?",
]
NOUNS = [
    "garden",
    "letter",
    "song",
    "exam",
    "journey",
    "promise",
    "window",
    "dream",
    "kitchen",
    "winter",
    "story",
    "secret",
]


def text(rng: random.Random) -> str:
    pick = rng.choice
    number = rng.randrange(2, 400)
    opening = f"{pick(WHO)} {pick(DID)} {pick(WHEN)} and {pick(FELT)}".capitalize()
    return f"{opening}, like {number} times in the {pick(NOUNS)} by the {pick(NOUNS)}; {pick(ASK)}"


def vector(rng: random.Random) -> dict[str, float]:
    return {
        "goal_relevance": round(rng.random(), 3),
        "goal_congruence": round(rng.uniform(-1, 1), 3),
        "expectedness": round(rng.random(), 3),
        "controllability": round(rng.random(), 3),
        "agency": round(rng.uniform(-1, 1), 3),
        "norm_compatibility": round(rng.uniform(-1, 1), 3),
    }


def body(kind: Kind, rng: random.Random) -> Body:
    """The WebSocket message, without an id."""
    if kind == "vector":
        return {"type": "turn_appraisal", "appraisal": vector(rng)}
    return {"type": "turn", "message": text(rng)}


def encoded(message: Body, message_id: str | None = None) -> bytes:
    """As it goes over the wire; an id comes first, where `frames.stencil` expects it."""
    whole = message if message_id is None else {"id": message_id, **message}
    return json.dumps(whole, separators=(",", ":")).encode()

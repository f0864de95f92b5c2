"""What can be done to a character with words, and what each deed means to it.

Here: the deeds, and the appraisal each of them has at full strength. Not here: which words do a deed
(frames.py), and finding them in a text (grammar.py).
"""

from typing import Final

# deed -> (gr, gc, ex, ct, ag, nc, urgency, loss, what it says about labels), at full strength. Sizes are
# judgement, signs follow Scherer (2001) and Ortony, Clore & Collins (1988).
_Meaning = tuple[float, float, float, float, float, float, float, float, dict[str, float]]
MEANING: Final[tuple[_Meaning, ...]] = (
    (0.70, 0.80, 0.45, 0.60, -0.10, 0.65, 0.20, 0.0, {"joy": 0.5, "gratitude": 0.35, "pride": 0.3}),  # praise
    (0.80, -0.75, 0.25, 0.40, -0.70, -0.55, 0.50, 0.0, {"hurt": 0.7, "anger": 0.4}),  # insult
    (0.75, 0.80, 0.50, 0.60, -0.35, 0.60, 0.15, 0.0, {"love": 0.55, "joy": 0.35}),  # affection
    (0.85, -0.80, 0.25, 0.40, -0.75, -0.50, 0.50, 0.1, {"hurt": 0.6, "anger": 0.4}),  # hostility
    (0.85, -0.75, 0.25, 0.20, -0.70, -0.20, 0.30, 0.5, {"sadness": 0.5, "hurt": 0.5}),  # rejection
    (0.70, -0.50, 0.35, 0.50, -0.30, -0.45, 0.40, 0.0, {"hurt": 0.6, "guilt": 0.2}),  # reproach
    (0.60, 0.45, 0.45, 0.55, -0.50, 0.50, 0.20, 0.0, {"relief": 0.6, "hope": 0.3}),  # apology
    (0.95, -0.85, 0.15, 0.10, -0.75, -0.70, 0.95, 0.0, {"fear": 0.8}),  # threat
    (0.95, -0.85, 0.10, 0.20, -0.85, -0.90, 0.50, 0.3, {"hurt": 0.6, "anger": 0.5}),  # betrayal
    (0.60, 0.70, 0.40, 0.50, -0.60, 0.60, 0.15, 0.0, {"gratitude": 0.6, "joy": 0.4}),  # gift
    (0.60, 0.55, 0.50, 0.50, -0.50, 0.60, 0.15, 0.0, {"trust": 0.6, "contentment": 0.3}),  # promise
    (0.65, 0.60, 0.40, 0.55, -0.35, 0.50, 0.20, 0.0, {"hope": 0.6, "relief": 0.4}),  # reconciliation
    (0.60, 0.65, 0.50, 0.55, -0.35, 0.60, 0.10, 0.0, {"joy": 0.4, "contentment": 0.5}),  # gratitude
    (0.50, 0.50, 0.40, 0.60, -0.30, 0.20, 0.20, 0.0, {"amusement": 0.9}),  # teasing
    (0.55, -0.45, 0.40, 0.40, -0.60, -0.35, 0.15, 0.0, {"hurt": 0.5, "disappointment": 0.4}),  # dismissal
    (0.65, -0.55, 0.30, 0.45, -0.60, -0.45, 0.40, 0.0, {"hurt": 0.6, "annoyance": 0.4}),  # sarcasm
    (0.55, -0.45, 0.40, 0.45, -0.65, -0.35, 0.50, 0.0, {"annoyance": 0.7}),  # order
    (0.30, 0.03, 0.65, 0.60, -0.20, 0.20, 0.35, 0.0, {"neutral": 0.4}),  # request
    (0.55, 0.35, 0.08, 0.50, -0.30, 0.10, 0.70, 0.0, {"surprise": 0.6, "excitement": 0.3}),  # surprise
    (0.65, 0.70, 0.30, 0.50, -0.45, 0.35, 0.50, 0.0, {"joy": 0.6, "excitement": 0.4}),  # the user's fortune
    (0.70, 0.65, 0.30, 0.50, -0.40, 0.40, 0.20, 0.0, {"relief": 0.9, "joy": 0.2}),  # the user is safe
    (0.60, -0.45, 0.40, 0.30, -0.40, 0.00, 0.35, 0.1, {"concern": 0.6, "compassion": 0.5}),  # the user's misfortune
    (0.75, -0.65, 0.30, 0.10, -0.50, 0.05, 0.30, 0.8, {"compassion": 0.6, "sadness": 0.5}),  # the user's loss
    (0.70, -0.55, 0.35, 0.15, -0.40, 0.00, 0.90, 0.0, {"concern": 0.8, "anxiety": 0.4}),  # the user's fear
    (0.55, -0.45, 0.35, 0.40, -0.40, -0.40, 0.30, 0.0, {"concern": 0.6, "compassion": 0.6}),  # the user's guilt
    (0.65, -0.50, 0.35, 0.35, -0.75, -0.60, 0.50, 0.0, {"anger": 0.4, "concern": 0.6}),  # the user was wronged
    (0.60, -0.55, 0.30, 0.25, -0.80, -0.80, 0.55, 0.1, {"anger": 0.6, "disgust": 0.4}),  # a wrong among others
    (0.45, -0.45, 0.35, 0.25, -0.55, -0.05, 0.35, 0.3, {"concern": 0.5, "sadness": 0.5}),  # others' misfortune
    (0.35, 0.35, 0.45, 0.50, -0.40, 0.40, 0.20, 0.0, {"contentment": 0.4}),  # others' fortune
    (0.80, 0.85, 0.30, 0.70, 0.70, 0.50, 0.40, 0.0, {"pride": 0.75, "joy": 0.35}),  # own success
    (0.55, 0.60, 0.45, 0.55, -0.15, 0.20, 0.15, 0.0, {"joy": 0.5, "contentment": 0.5}),  # own pleasure
    (0.75, 0.70, 0.30, 0.50, -0.35, 0.35, 0.15, 0.0, {"relief": 0.95}),  # own relief
    (0.65, -0.60, 0.35, 0.45, 0.60, -0.15, 0.30, 0.1, {"disappointment": 0.6, "embarrassment": 0.3}),  # own failure
    (0.80, -0.65, 0.30, 0.50, 0.75, -0.70, 0.40, 0.0, {"guilt": 0.9}),  # own wrong
    (0.95, -0.85, 0.15, 0.08, -0.60, -0.20, 0.95, 0.0, {"fear": 0.9}),  # own danger
    (1.00, -0.90, 0.15, 0.05, -0.60, -0.10, 0.30, 1.0, {"sadness": 0.9}),  # own loss
    (0.70, -0.55, 0.25, 0.20, -0.60, -0.10, 0.20, 0.3, {"disappointment": 0.9}),  # own misfortune
    (0.90, -0.75, 0.20, 0.20, -0.75, -0.60, 0.70, 0.0, {"fear": 0.5, "hurt": 0.5, "anger": 0.4}),  # it is attacked
    (0.30, -0.25, 0.95, 0.35, -0.40, 0.20, 0.00, 0.0, {"boredom": 1.0}),  # nothing happens
    (0.25, 0.00, 0.65, 0.50, -0.15, 0.05, 0.40, 0.0, {}),  # something is denied: "I am not ashamed"
)
(
    PRAISE, INSULT, AFFECTION, HOSTILITY, REJECTION, REPROACH, APOLOGY, THREAT, BETRAYAL, GIFT, PROMISE,
    RECONCILIATION, GRATITUDE, TEASING, DISMISSAL, SARCASM, ORDER, REQUEST, SURPRISE, USER_FORTUNE, USER_SAFE,
    USER_MISFORTUNE, USER_LOSS, USER_FEAR, USER_GUILT, USER_WRONGED, OTHERS_WRONG, OTHERS_MISFORTUNE, OTHERS_FORTUNE,
    OWN_SUCCESS, OWN_PLEASURE, OWN_RELIEF, OWN_FAILURE, OWN_WRONG, OWN_DANGER, OWN_LOSS, OWN_MISFORTUNE, ATTACKED,
    NOTHING, DENIAL,
) = range(len(MEANING))  # fmt: skip
NO_DEED: Final = -1

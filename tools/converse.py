"""A scripted conversation, turn by turn, as a reader would like to see it.

`python -m tools.converse [preset] [--language ko] [--script FILE]`: for each turn the text, a line of figures, and
the context and instruction that would go to a model. Without a preset the script names one; without a script the
first of tools/conversations/ is played. The prompts are what a person should read before trusting them.
"""

import argparse
import sys
import textwrap
import tomllib
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from molroo_actor.engine import (
    Outcome,
    Params,
    Persona,
    Source,
    State,
    Stimulus,
    appraise,
    derive,
    initial_state,
    presets,
    render_prompt,
    step,
)

SCRIPTS = Path(__file__).parent / "conversations"
_H_MS = 3_600_000
_WIDTH = 110


def character(preset: str, language: str) -> Params:
    """A preset in a language, ready for turns."""
    found = presets()[preset]
    identity = replace(found.identity, language=language)
    return derive(Persona(identity, found.personality, found.goals, found.emotion_config))


def play(params: Params, turns: list[dict[str, Any]], language: str) -> list[tuple[str, float, Outcome]]:
    """(text, hours before it, outcome) of each turn. A turn has `hours`, `source` (user) and its text by language."""
    state: State = initial_state(params, 0)
    played = []
    for turn in turns:
        hours = float(turn["hours"])
        source: Source = turn.get("source", "user")
        text: str = turn.get(language) or turn["en"]
        now = state.at_ms + round(hours * _H_MS)
        reading = appraise(text, source, params, state)
        outcome = step(params, state, Stimulus(reading, source), now)
        state = outcome.state
        played.append((text, hours, outcome))
    return played


def told(params: Params, text: str, hours: float, outcome: Outcome) -> str:
    """One turn for a reader."""
    result, state = outcome.result, outcome.state
    emotion, label = result.new_emotion, result.discrete_emotion
    prompt = render_prompt(params, state, None)
    name = label.primary if label.secondary is None else f"{label.primary} + {label.secondary}"
    figures = (
        f"{name} {result.emotion_intensity:.2f} | V {emotion.V:+.2f} A {emotion.A:.2f} D {emotion.D:+.2f} | "
        f"trust {state.trust:.2f} | energy {result.body_budget:.2f} | {result.soul_stage.name}"
    )
    gap = f"{hours * 60:.0f} min later" if hours < 1.5 else f"{hours:.0f} h later"
    block = prompt.formatted
    words = len(f"{block.context_block} {block.instruction_block}".split())
    body = "\n".join(
        textwrap.fill(line, _WIDTH, initial_indent="    ", subsequent_indent="    ")
        for line in (*block.context_block.splitlines(), *block.instruction_block.splitlines())
    )
    return f"{gap}: {text}\n  {figures} | {words} words\n{body}\n"


def main(arguments: list[str] | None = None) -> int:
    """The command; 2 when a preset is not known."""
    parser = argparse.ArgumentParser(prog="python -m tools.converse", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("preset", nargs="?", help="a built-in persona; default: the script's")
    parser.add_argument("--language", default="en", help="en or ko")
    parser.add_argument("--script", type=Path, help="a TOML file with turns; default: the first built-in one")
    args = parser.parse_args(arguments)
    script = tomllib.loads((args.script or min(SCRIPTS.glob("*.toml"))).read_text(encoding="utf-8"))
    preset = args.preset or script["preset"]
    if preset not in presets():
        print(f"preset must be one of {', '.join(presets())}, got {preset!r}", file=sys.stderr)
        return 2
    params = character(preset, args.language)
    print(f"# {script['title']}, with {presets()[preset].name} ({args.language})\n")
    print(params.system.formatted.system_prompt, end="\n\n")
    for text, hours, outcome in play(params, script["turn"], args.language):
        print(told(params, text, hours, outcome))
    return 0


if __name__ == "__main__":
    sys.exit(main())

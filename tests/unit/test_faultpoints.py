"""Fault points cost nothing and do nothing unless a test armed one from outside."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

import molroo_actor
from molroo_actor import faultpoints
from molroo_actor.settings import Settings

SOURCE = Path(molroo_actor.__file__).parent


def passings(tree: ast.AST) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "faultpoints.passing"
    ]


def places() -> Iterator[tuple[str, ast.AST, ast.Call]]:
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for call in passings(tree):
            yield f"{path.name}:{call.lineno}", tree, call


def test_nothing_is_armed_unless_the_environment_says_so() -> None:
    assert faultpoints.ARMED is False
    faultpoints.passing("before_commit", OSError)  # and nothing happens


def test_every_point_stands_alone_behind_the_constant() -> None:
    for where, tree, call in places():
        guards = [
            node
            for node in ast.walk(tree)
            if isinstance(node, ast.If)
            and ast.unparse(node.test) == "faultpoints.ARMED"
            and [ast.unparse(each) for each in node.body] == [ast.unparse(call)]
            and node.body[0].lineno == call.lineno
        ]
        assert len(guards) == 1, where


def test_every_name_is_a_place_in_the_code() -> None:
    named = {ast.literal_eval(call.args[0]) for _, _, call in places()}
    assert named == set(get_args(faultpoints.Name))


def test_no_setting_leads_there() -> None:
    assert f"MOLROO_{'fault_point'.upper()}" == faultpoints.VARIABLE
    assert "fault_point" not in Settings.__struct_fields__


@pytest.mark.parametrize("text", ["elsewhere:kill:1", "wake:shout:1", "wake:kill:0"])
def test_what_names_no_fault_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="names no fault"):
        faultpoints._from(text)


@pytest.mark.parametrize(
    ("armed", "said"), [("wake:raise:2", ["1", "fault point wake: raise", "2", "3"]), ("wake:kill:1", ["-9"])]
)
def test_the_nth_passing_is_the_one_that_is_hurt(armed: str, said: list[str]) -> None:
    program = (
        "from molroo_actor import faultpoints\n"
        "for number in range(1, 4):\n"
        "    try: faultpoints.passing('hibernate', OSError); faultpoints.passing('wake', OSError)\n"
        "    except OSError: pass\n"
        "    print(number, flush=True)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={faultpoints.VARIABLE: armed}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    if said == ["-9"]:
        assert (done.returncode, lines) == (-9, ["fault point wake: kill"])
    else:
        assert lines == said

"""The rules of the house, read from the source with `ast`; a failure names the file and the line.

Floors, circles, what a floor may bring in from outside, what an `__init__.py` may hold, sizes,
public names, and no path of anybody's machine. `python tests/test_house.py` prints the longest
file and the longest function instead.

What must not live here: anything that imports the package's inside to find out what it does.
"""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "molroo_actor"
SOURCE = ROOT / PACKAGE
LINES_MAX = 400

GROUND = 0
FLOORS = {
    "engine": 1,
    "protocol": 2,
    "storage": 3,
    "runtime": 4,
    "transport": 5,
    "client": 6,
    "cli": 6,
}
GROUND_MODULES = {"errors", "ids", "clock", "settings", "faultpoints"}
ROOF = 7  # __main__ starts what stands below
CLIENT_MAY_IMPORT = {"client", "protocol"}

# What a floor brings in besides the standard library and the package itself ...
THIRD_PARTY = {
    "": {"msgspec"},
    "engine": {"msgspec"},
    "protocol": {"msgspec"},
    "client": {"msgspec", "aiohttp"},
    "storage": {"msgspec", "aiosqlite"},
    "runtime": {"msgspec"},
    "transport": {"msgspec", "aiohttp", "multidict", "yarl", "prometheus_client"},
    "cli": {"msgspec", "aiohttp"},
}
# ... and what of the standard library it must do without.
BANNED_STDLIB = {
    "engine": {"asyncio", "time", "random", "sqlite3", "logging"},
    "protocol": {"asyncio", "sqlite3"},
    "runtime": {"sqlite3", "http"},
    "transport": {"sqlite3"},
}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}

PUBLIC = {
    PACKAGE: {"__version__"},
    f"{PACKAGE}.engine": {
        "VAD",
        "AffectDynamics",
        "Appraisal",
        "Baseline",
        "BlendRatio",
        "Calibration",
        "Catastrophe",
        "Crossing",
        "DiscreteEmotion",
        "EmotionConfig",
        "Goal",
        "Identity",
        "Interpersonal",
        "NeedState",
        "Outcome",
        "Params",
        "Persona",
        "Personality",
        "PredictionError",
        "Preset",
        "ProactiveHint",
        "PromptData",
        "Reading",
        "Regulation",
        "RegulationPast",
        "RegulationReport",
        "RelationshipReport",
        "SoulStage",
        "Source",
        "State",
        "StateReport",
        "Stimulus",
        "SystemPrompt",
        "Trigger",
        "TurnResult",
        "Urge",
        "appraise",
        "compose",
        "derive",
        "flow",
        "initial_state",
        "next_crossing",
        "observe",
        "presets",
        "pressing",
        "relationship_report",
        "render_prompt",
        "spend",
        "step",
        "system_prompt",
        "trigger_of",
        "unrecovered",
        "urges",
    },
}


@dataclass(frozen=True)
class Import:
    """One imported module, as far as the source names it, and where it is named."""

    path: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line} imports {self.module}"


def sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def module_names() -> frozenset[str]:
    return frozenset(module_name(path) for path in sources())


def imports_of(path: Path) -> Iterator[Import]:
    """Every import, whether at the top, in a function or under TYPE_CHECKING: none is an alibi."""
    for node in ast.walk(tree_of(path)):
        match node:
            case ast.Import(names=names):
                yield from (Import(path, node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=base, names=names):
                assert base is not None, f"{path}:{node.lineno} names no module"
                for alias in names:  # `from package import module` names the module, too
                    deeper = f"{base}.{alias.name}"
                    yield Import(path, node.lineno, deeper if deeper in module_names() else base)
            case _:
                pass


def is_init(path: Path) -> bool:
    return path.name == "__init__.py"


def area_of(module: str) -> str:
    """The folder right below the package: "engine" for molroo_actor.engine.state, "" for ground."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and (SOURCE / parts[1]).is_dir() else ""


def floor_of(module: str) -> int:
    if area := area_of(module):
        return FLOORS[area]
    # The package itself is passed on the way to each of its modules, so it imports nothing from above.
    return GROUND if module == PACKAGE or module.split(".")[-1] in GROUND_MODULES else ROOF


def own(module: str) -> bool:
    return module.split(".")[0] == PACKAGE


def report(wrong: list[Import], rule: str) -> str:
    return "\n".join([rule, *(f"  {found}" for found in wrong)])


@pytest.fixture(autouse=True)
def _package_is_there() -> None:
    assert sources(), "there is no package to look at"


def test_every_folder_and_top_module_has_its_floor() -> None:
    folders = {path.name for path in SOURCE.iterdir() if path.is_dir() and list(path.glob("*.py"))}
    assert folders <= {*FLOORS, "client"}
    tops = {path.stem for path in SOURCE.glob("*.py")}
    assert tops <= GROUND_MODULES | {"__init__", "__main__"}


def test_no_import_climbs() -> None:
    wrong = [
        found
        for path in sources()
        for found in imports_of(path)
        if own(found.module) and floor_of(found.module) > floor_of(module_name(path))
    ]
    assert not wrong, report(wrong, "a module imports its own floor or a lower one:")


def test_the_client_knows_the_protocol_only() -> None:
    wrong = [
        found
        for path in sources()
        if area_of(module_name(path)) == "client"
        for found in imports_of(path)
        if own(found.module) and area_of(found.module) not in CLIENT_MAY_IMPORT
    ]
    assert not wrong, report(wrong, "the client imports the protocol and nothing else of ours:")


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {
        module_name(path): {
            found.module
            for found in imports_of(path)
            if found.module in module_names() and found.module != module_name(path)
        }
        for path in sources()
    }
    circle = find_circle(graph)
    assert circle is None, "these modules import each other: " + " -> ".join(circle)


def find_circle(graph: dict[str, set[str]]) -> list[str] | None:
    done: set[str] = set()

    def walk(module: str, trail: list[str]) -> list[str] | None:
        if module in trail:
            return [*trail[trail.index(module) :], module]
        if module in done:
            return None
        for target in sorted(graph.get(module, ())):
            if circle := walk(target, [*trail, module]):
                return circle
        done.add(module)
        return None

    return next((circle for module in sorted(graph) if (circle := walk(module, []))), None)


def test_each_floor_brings_in_only_what_is_its_own() -> None:
    wrong = [
        found
        for path in sources()
        for found in imports_of(path)
        if not own(found.module) and not allowed_outside(area_of(module_name(path)), found.module)
    ]
    assert not wrong, report(wrong, "a floor does without what belongs to another:")


def allowed_outside(area: str, module: str) -> bool:
    top = module.split(".")[0]
    if top in sys.stdlib_module_names:
        return top not in BANNED_STDLIB.get(area, ())
    return top in THIRD_PARTY[area]


def test_an_init_shows_names_and_does_nothing() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources()
        if is_init(path)
        for node in tree_of(path).body
        if not shows_names(node)
    ]
    assert not wrong, f"an __init__.py holds a docstring, imports, __all__ and __version__: {wrong}"


def shows_names(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant(value=str())):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]):
            return True
        case ast.Assign(targets=[ast.Name(id="__version__")], value=ast.Constant(value=str())):
            return True
        case _:
            return False


def test_every_module_says_what_lives_in_it() -> None:
    silent = [str(path.relative_to(ROOT)) for path in sources() if not ast.get_docstring(tree_of(path))]
    assert not silent, f"a file opens with what lives there and what must not: {silent}"


def test_no_file_is_named_after_nothing() -> None:
    wrong = [str(path.relative_to(ROOT)) for path in sources() if path.stem in VAGUE_NAMES]
    assert not wrong, f"name the file after what lives in it: {wrong}"


def test_no_file_outgrows_a_reading() -> None:
    long = [f"{path.relative_to(ROOT)}: {n}" for path in sources() if (n := length(path)) > LINES_MAX]
    assert not long, f"more than {LINES_MAX} lines: {long}"


def length(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("module", PUBLIC)
def test_the_public_names_are_pinned(module: str) -> None:
    shown = getattr(importlib.import_module(module), "__all__", ())
    assert set(shown) == PUBLIC[module], "a public name is a promise: change the pin knowingly"
    assert len(shown) == len(set(shown))


# Put together from halves, or this file would find itself.
MACHINE_PATHS = re.compile(
    "|".join([r"(?<![\w.:/-])/wo" + r"rk\b", "/tmp/" + "notes", r"(?<![\w.:/-])/(?:home|Users)/" + r"\w"])
)


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in repository_files()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if MACHINE_PATHS.search(line)
    ]
    assert not wrong, "\n".join(["paths of a machine do not belong in the repository:", *wrong])


def repository_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    hidden = {".venv", "data", "node_modules", "__pycache__"}  # an archive without its history
    return [path for path in ROOT.rglob("*") if path.is_file() and hidden.isdisjoint(path.relative_to(ROOT).parts)]


def text_of(path: Path) -> str:
    raw = path.read_bytes()
    return "" if b"\0" in raw else raw.decode("utf-8", "replace")


def functions_of(path: Path) -> Iterator[tuple[int, str, int]]:
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.end_lineno - node.lineno + 1, node.name, node.lineno


def print_sizes() -> None:
    files = sorted(((length(path), path.relative_to(ROOT)) for path in sources()), reverse=True)
    functions = sorted(
        (
            (lines, f"{path.relative_to(ROOT)}:{at}", name)
            for path in sources()
            for lines, name, at in functions_of(path)
        ),
        reverse=True,
    )
    print(f"{len(files)} files, {sum(lines for lines, _ in files)} lines, {len(functions)} functions")
    for lines, name in files[:5]:
        print(f"  {lines:4} lines  {name}")
    for lines, place, function in functions[:5]:
        print(f"  {lines:4} lines  {place} {function}")


if __name__ == "__main__":
    print_sizes()

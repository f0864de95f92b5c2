"""Schemathesis against the server's own contract: every operation, data that fits and data that does not, and chains of
operations. It is an extra of its own (`hostile`); without it this kind says so and tries nothing.
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import tempfile

from tests.hostile.arena import Arena, Plan
from tests.hostile.tally import Tally
from tests.kit.server import ROOT

EXAMPLES = 60
LEFT_OUT = "positive_data_acceptance,negative_data_rejection"
"""Checks that do not hold by design. A schema cannot say that a persona without a preset needs a personality, that a
cursor comes from a page, or that a plain GET of a socket's path is 426, so data that fits may be refused; and null is
the same as a key left out, so some data that does not fit is taken. The answers are checked all the same.
"""
COUNTED = re.compile(r"(\d+) generated")
WITHIN_S = 900


def attack(arena: Arena, tally: Tally, plan: Plan) -> None:
    """One run of its command line; each failure that it reports is one here."""
    if importlib.util.find_spec("schemathesis") is None:
        tally.notes.append("schemathesis is not installed: nothing was tried; `make hostile` installs it")
        return
    argv = [
        sys.executable, "-m", "schemathesis.cli", "run", f"{arena.server.url}/openapi.json",
        "--header", f"Authorization: Bearer {arena.mallory}",
        "--exclude-checks", LEFT_OUT, "--mode", "all", "--max-examples", str(plan.count(EXAMPLES, 2)),
        "--seed", str(plan.rng.getrandbits(32)), "--generation-database", "none", "--no-color", "--continue-on-failure",
    ]  # fmt: skip
    if plan.scale < 0.1:
        argv += ["--phases", "examples,fuzzing,stateful"]  # coverage has no size: it takes 15 s whatever is asked
    env = {**os.environ, "PYTHONPATH": str(ROOT), "SCHEMATHESIS_HOOKS": "tests.hostile.contract_hooks"}
    with tempfile.TemporaryDirectory(prefix="contract-") as folder:  # it leaves files where it runs
        ended = subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, timeout=WITHIN_S, check=False)
    counted = COUNTED.search(ended.stdout)
    tally.cases = int(counted[1]) if counted else 0
    tally.refused = round(arena.metric('molroo_refusals_total{code="VALIDATION_ERROR"}'))
    if counted is None or ended.returncode not in {0, 1}:
        tally.fault(f"schemathesis ended with {ended.returncode}: {ended.stdout[-400:]} {ended.stderr[-400:]}")
    if ended.returncode:
        for failure in ended.stdout.partition("= FAILURES =")[2].split("\n\n\n")[:20] or [ended.stdout[-1_500:]]:
            tally.fault(failure.strip()[:1_500])
    if "Server error" in ended.stdout:
        tally.internal("schemathesis found a server error")

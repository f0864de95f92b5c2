"""A disk that is full: a small tmpfs that somebody else fills while turns run, and frees again.

Meanwhile what is committed stays readable, and what is refused is refused in words; afterwards all goes on. Mounting
takes root; without it the trial says so and does nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.crash import audit, recheck
from tests.crash.life import Cut, Life, Refused
from tests.faults.disk_errors import ended
from tests.faults.patience import until
from tests.faults.trial import FaultLedger, Trial, first_life, last_life, living, recovery, under_load

SIZE_MB: Final = 96
ENV: Final = {"MOLROO_BALLAST_BYTES": "1048576", "MOLROO_FREE_BYTES_MIN": "4194304", "MOLROO_WAL_BYTES_MAX": "4194304"}
FULL_S: Final = (0.3, 1.5)
BEFORE_S: Final = (0.1, 0.6)
FILLS_A_LIFE: Final = 8
ENDS_WITHIN_S: Final = 5.0
LEFT_OVER_MAX: Final = 65_536
"""Bytes that the one who fills may leave: a disk is rarely full to the last one."""


def why_not() -> str | None:
    """Why no small disk can be mounted here, or None."""
    if shutil.which("mount") is None:
        return "mount is missing: there is no small disk to fill"
    with tempfile.TemporaryDirectory(prefix="molroo-probe-") as probe:
        try:
            with small_disk(Path(probe)):
                return None
        except subprocess.CalledProcessError:
            return "a small tmpfs cannot be mounted here (it takes root)"


@contextlib.contextmanager
def small_disk(at: Path) -> Iterator[None]:
    """A tmpfs on this folder for the length of the block."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE_MB}m", "none", str(at)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)


async def run(trial: Trial, times: int) -> None:
    """Fills and frees under load."""
    with small_disk(trial.data):
        await first_life(trial)
        trial.ledger.excused = True
        filler = trial.data / "somebody-else"
        while trial.count < times:
            async with living(trial, ENV) as life:
                with contextlib.suppress(Cut, Refused):
                    await recheck.run(life, trial.rng)
                async with under_load(trial, life):
                    with contextlib.suppress(Cut):
                        for _ in range(min(FILLS_A_LIFE, times - trial.count)):
                            await asyncio.sleep(trial.rng.uniform(*BEFORE_S))
                            await _full_for_a_while(trial, life, filler)
                            await recovery(trial, life)
                ended(trial, life)
        await last_life(trial)


async def _full_for_a_while(trial: Trial, life: Life, filler: Path) -> None:
    refused = trial.ledger.counts["answered with a retryable error"]
    left = trial.rng.randint(0, LEFT_OVER_MAX)
    until_s = asyncio.get_running_loop().time() + trial.rng.uniform(*FULL_S)
    try:
        while asyncio.get_running_loop().time() < until_s:  # the ballast is given up meanwhile: that is taken too
            await asyncio.to_thread(_fill, filler, left)
            with contextlib.suppress(Refused):
                await _read(trial, life)
            await life.pause(0.02)
    finally:
        await asyncio.to_thread(filler.unlink, missing_ok=True)
        trial.injected["full"] += 1
        trial.outcomes["refused turns"] += trial.ledger.counts["answered with a retryable error"] > refused


def _fill(filler: Path, left: int) -> None:
    with filler.open("ab", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(1 << 20)):
                pass
        with contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        file.truncate(max(0, file.tell() - left))


async def _read(trial: Trial, life: Life) -> None:
    """Committed state is there to be read, right, while nothing can be written: nobody excuses a refusal here. A server
    that found no room for its probe either may end, as with any disk that refuses twice.
    """
    eyes = FaultLedger()
    eyes.sessions = trial.ledger.sessions
    looking = Life(life.server, life.http, eyes, life.over)
    try:
        for session in trial.rng.sample(list(eyes.sessions.values()), 2):
            await looking.state(session)
            await audit.history(looking, session)
            trial.ledger.counts["reads while full"] += 1
    except Cut:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ENDS_WITHIN_S):
                await until(lambda: life.server.process.poll() is not None)
        eyes.excused = life.server.process.poll() is not None
        raise
    finally:
        if not eyes.excused:
            trial.ledger.broken.update(eyes.broken)
            trial.ledger.breaches += eyes.breaches

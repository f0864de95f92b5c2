"""How often a lock-step turn asks the disk to be sure: fsync and fdatasync counted by strace, this server beside
workerd and beside itself unsynced. What is faster because it is less sure would show here.

Folding is put off, so that what is counted are commits. Without strace nothing is counted, and the bench says so.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from msgspec.structs import replace

from bench import floors, jobs, rest, results, workerd
from bench.child import Child, ChildFailed, start_server

PART = "syncs"
NO_FOLDS = {"MOLROO_FOLD_AGE_S": "3600"}
HEAD = ("1 socket in lock step, traced", "turns", "syncs", "syncs/turn")
WIDTHS = (42, 10, 10, 12)
MEASURE_S = 1.0
CALLS = "fsync,fdatasync,sync_file_range,msync"


def run(folder: Path, out: results.Results) -> None:
    """Count and print."""
    if shutil.which("strace") is None:
        print("fsyncs are not counted: strace is not installed", flush=True)
        return
    rows: list[tuple[str, ...]] = []
    for who, settings in ((floors.SERVER, {}), (floors.UNSYNCED, {"MOLROO_SYNCHRONOUS": "OFF"})):
        with start_server(who, folder / f"syncs-{len(rows)}", **NO_FOLDS, **settings) as child:
            rest.create(child, 1)
            rows.append(_row(who, child, rest.ws_path(0), folder, out))
    with contextlib.ExitStack() as stack:
        if peer := workerd.entered(folder / "syncs-workerd", stack):
            rows.append(_row(floors.WORKERD, peer, workerd.path(0), folder, out))
    print(*results.table(HEAD, rows, WIDTHS), sep="\n", flush=True)


def _row(who: str, child: Child, path: str, folder: Path, out: results.Results) -> tuple[str, ...]:
    job = jobs.Job(mode="steady", port=child.port, pid=child.pid, paths=[path], warmup_s=0.2, measure_s=MEASURE_S)
    jobs.run(replace(job, measure_s=0.1))  # tables are made and files opened by then
    trace = folder / "syncs.trace"
    with _traced(child.pid, trace):
        counted = jobs.run(replace(job, warmup_s=0.0))
    syncs = sum(1 for line in trace.read_text().splitlines() if "sync" in line and "resumed" not in line)
    out.figure(PART, floors.SYNCS, who, [syncs / counted.turns], "syncs/turn")
    return (f"  {who}", f"{counted.turns:,}", f"{syncs:,}", f"{syncs / counted.turns:.3f}")


@contextlib.contextmanager
def _traced(pid: int, trace: Path) -> Iterator[None]:
    """Every call that waits for the disk, of all threads, in that file when the block is over."""
    command = ["strace", "-f", "-e", f"trace={CALLS}", "-o", str(trace), "-p", str(pid)]
    strace = subprocess.Popen(command, stderr=subprocess.PIPE)
    assert strace.stderr is not None
    try:
        if b"attached" not in (said := strace.stderr.readline()):
            raise ChildFailed(f"strace cannot attach: {said.decode(errors='replace')}")
        yield
    finally:
        strace.terminate()
        strace.wait(10)
        strace.stderr.close()

"""The model of a forgetful disk is checked: what was made durable stays, and of everything else chance decides."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.disk_model import Disk, Survival
from tests.faults.recording import Call, Event, Hearing, events

NOTHING = Survival(512, 0.0, 0.0, in_order=True)
ALL = Survival(512, 1.0, 1.0, in_order=True)
ROOT = Path("/data")
FILE, FOLDER = 7, 8


def event(call: Call, fd: int = FILE, content: bytes = b"", offset: int = 0) -> Event:
    return Event(call, fd, offset, content, 0)


def created(*, synced: bool, named: bool) -> Disk:
    """A file with a sector in it."""
    disk = Disk(ROOT)
    disk.take(event(Call.OPEN, content=b"/data/a"))
    disk.take(event(Call.WRITE, content=b"x" * 512))
    if synced:
        disk.take(event(Call.SYNC))
        disk.take(event(Call.SYNCED))
    if named:
        disk.take(event(Call.OPEN, FOLDER, b"/data"))
        disk.take(event(Call.SYNC, FOLDER))
        disk.take(event(Call.SYNCED, FOLDER))
    return disk


def image(disk: Disk, to: Path, how: Survival, seed: int = 0) -> dict[str, bytes]:
    disk.image(to, how, random.Random(seed))
    return {str(path.relative_to(to)): path.read_bytes() for path in to.rglob("*") if path.is_file()}


def test_what_was_synced_under_a_durable_name_stays(tmp_path: Path) -> None:
    assert image(created(synced=True, named=True), tmp_path, NOTHING) == {"a": b"x" * 512}


def test_what_was_not_synced_may_be_gone_or_there(tmp_path: Path) -> None:
    disk = created(synced=False, named=True)
    assert image(disk, tmp_path / "gone", NOTHING) == {"a": b""}
    assert image(disk, tmp_path / "there", ALL) == {"a": b"x" * 512}


def test_a_name_that_was_not_synced_may_be_gone_with_all_that_was(tmp_path: Path) -> None:
    assert image(created(synced=True, named=False), tmp_path, NOTHING) == {}


def test_an_unlinked_file_may_come_back_until_its_folder_is_synced(tmp_path: Path) -> None:
    disk = created(synced=True, named=True)
    disk.take(event(Call.UNLINK, -1, b"/data/a"))
    assert image(disk, tmp_path / "back", NOTHING) == {"a": b"x" * 512}
    disk.take(event(Call.SYNC, FOLDER))
    disk.take(event(Call.SYNCED, FOLDER))
    assert image(disk, tmp_path / "gone", NOTHING) == {}


def test_a_write_tears_at_sectors(tmp_path: Path) -> None:
    disk = created(synced=True, named=True)
    disk.take(event(Call.WRITE, content=b"y" * 5120))
    how = Survival(512, 0.5, 1.0, in_order=True)
    seen = {image(disk, tmp_path / str(seed), how, seed)["a"] for seed in range(20)}
    assert len(seen) > 10
    for content in seen:
        sectors = {content[start : start + 512] for start in range(0, len(content), 512)}
        assert sectors <= {b"x" * 512, b"y" * 512, bytes(512)}


def test_an_fsync_covers_what_was_written_before_it_began(tmp_path: Path) -> None:
    disk = created(synced=False, named=True)
    disk.take(event(Call.SYNC))
    disk.take(event(Call.WRITE, content=b"late", offset=512))
    disk.take(event(Call.SYNCED))
    assert image(disk, tmp_path, NOTHING) == {"a": b"x" * 512}


def test_a_renaming_is_whole(tmp_path: Path) -> None:
    disk = created(synced=True, named=True)
    disk.take(event(Call.RENAME, -1, b"/data/a\0/data/b"))
    assert image(disk, tmp_path / "old", NOTHING) == {"a": b"x" * 512}
    assert image(disk, tmp_path / "new", ALL) == {"b": b"x" * 512}


def test_what_was_sent_says_who_was_told_what() -> None:
    hearing = Hearing()
    hearing.hear(event(Call.SEND, 5, b'\x81\x20{"type":"connected","session_id":"mia","seq":3,"epoch":"e"}'))
    told = hearing.hear(event(Call.SEND, 5, b'\x81\x20{"type":"turn_result","seq":4,"reply_to":"t4","data":{}}'))
    error = hearing.hear(event(Call.SEND, 5, b'\x81\x20{"type":"error","reply_to":"t5"}'))
    assert (told, error) == (True, False)
    assert (hearing.known.turns, hearing.known.shown) == ({"t4"}, {"mia": 4})


def test_a_log_that_was_cut_off_is_read_up_to_its_last_whole_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    line = b"\x02\0\0\0" + b"\x07\0\0\0" + bytes(8) + (4).to_bytes(8, "little") + b"abcd"
    log.write_bytes(line + line[:-2])
    assert list(events(log)) == [Event(Call.WRITE, 7, 0, b"abcd", len(line))]

"""Everything at once, by chance: appends that fail, actors that sleep, folds, repeats, restarts. Whatever happens,
what was acknowledged is there, once, at its seq, and nothing that was refused is.
"""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from molroo_actor.errors import WireError
from molroo_actor.storage import catalog
from tests.kit.disk import io_error, make_faulty
from tests.kit.node import Node, glad_turn, node
from tests.kit.virtual_loop import running, virtual

NAMES = ("alice", "bob", "carol")


class Ledger:
    """What clients were told: the seq of every id, and ids that were refused at least once."""

    def __init__(self) -> None:
        self.told: dict[tuple[str, str], int] = {}
        self.refused: set[tuple[str, str]] = set()

    async def client(self, it: Node, chance: random.Random, number: int, deadline_s: float) -> None:
        """Sends turns until the time is over, each again with the same id until it is taken."""
        count = 0
        while running().time() < deadline_s:
            name, msg_id = chance.choice(NAMES), f"{number}-{deadline_s}-{count}"
            count += 1
            for _ in range(6):
                try:
                    answer, _ = await it.host.ask(await it.slot(name), glad_turn(msg_id))
                except WireError as error:
                    if not error.retryable:
                        raise
                    self.refused.add((name, msg_id))
                    await asyncio.sleep(chance.expovariate(50))
                    continue
                known = self.told.setdefault((name, msg_id), answer.seq)
                assert known == answer.seq, f"{msg_id} was {known} and is {answer.seq}"
                if chance.random() < 0.7:
                    break
            await asyncio.sleep(chance.choice([0, 0.001, 0.02, 0.3]))


async def _life(data: Path, chance: random.Random, ledger: Ledger, *, commit_at_once: bool) -> None:
    """One life of the node, under load and with a disk that fails now and then."""
    async with node(
        data, hibernate_after_s=0.1, fold_age_s=0.1, history_kept=1_000, resident_max=2, commit_at_once=commit_at_once
    ) as it:
        for name in NAMES:
            if not await it.ledger.read(catalog.named, name):
                await it.create(name)
        running().delay_s = lambda: chance.expovariate(2_000)
        faulty = make_faulty(it.ledger)

        def fault(statement: str) -> None:
            if statement.startswith(("INSERT INTO journal", "COMMIT")) and chance.random() < 0.05:
                raise io_error()

        faulty.before = fault
        it.start()
        until_s = running().time() + 3
        await asyncio.gather(*(ledger.client(it, chance, number, until_s) for number in range(8)))
        faulty.before = lambda _: None


async def _check(data: Path, ledger: Ledger, seed: int) -> None:
    async with node(data) as it:
        for name in NAMES:
            rows = await it.host.repeats.rows(await it.slot(name), 0, 100_000)
            assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), f"{seed=} {name}: a gap"
            ids = [row.msg_id for row in rows]
            assert len(set(ids)) == len(ids), f"{seed=} {name}: an id stands twice"
            told = {msg_id: seq for (whose, msg_id), seq in ledger.told.items() if whose == name}
            stands = {row.msg_id: row.seq for row in rows if row.msg_id in told}
            assert stands == told, f"{seed=} {name}: what was told is not what stands"
            strangers = [msg_id for msg_id in ids if (name, msg_id) not in ledger.told]
            assert strangers == [], f"{seed=} {name}: rows that were refused stand"


@pytest.mark.parametrize("seed", range(5))
def test_what_was_acknowledged_stands_once_and_what_was_refused_does_not(tmp_path: Path, seed: int) -> None:
    @virtual
    async def story() -> None:
        chance, ledger = random.Random(seed), Ledger()
        for _ in range(2):
            await _life(tmp_path, chance, ledger, commit_at_once=seed % 2 == 0)
            running().delay_s = lambda: 0.0
            await _check(tmp_path, ledger, seed)
        assert len(ledger.told) > 100, f"{seed=}"
        assert ledger.refused, f"{seed=}"

    story()

"""Deliveries reach their receiver: however long it is away, whatever breaks here, and never again once it took them."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from molroo_actor.errors import NotFound, Unavailable
from molroo_actor.protocol.webhooks import WebhookBody
from molroo_actor.runtime.courier import Response, Unreachable
from molroo_actor.storage import hooks, hooks_report
from molroo_actor.storage.hooks_report import ListedDelivery
from tests.kit.disk import io_error, make_faulty
from tests.kit.node import Node, glad_turn, node
from tests.kit.sender import Post, Verdict
from tests.kit.virtual_loop import quiet, run_virtual, virtual

DAY_S = 86_400.0
WEEK_S = 7 * DAY_S
Story = Callable[[Node], Coroutine[Any, Any, None]]


async def _hook(it: Node, host: str = "example.org", session_id: str = "alice") -> str:
    """A session with a webhook; its id."""
    if not await _exists(it, session_id):
        await it.create(session_id)
    body = WebhookBody(f"https://{host}/hook", ("proactive",), "a secret of the test's")
    return (await it.receivers.add(await it.slot(session_id), body)).id


async def _exists(it: Node, session_id: str) -> bool:
    try:
        await it.slot(session_id)
    except NotFound:
        return False
    return True


async def _happen(it: Node, count: int = 1, session_id: str = "alice") -> None:
    """Events, durable; not waited for."""
    session = (await it.slot(session_id)).inner_id
    limit = it.settings.deliveries_per_webhook_max
    now_ms = it.clock.wall_ms()
    await it.host.gate.commit([hooks.queue(session, "proactive", now_ms, b'{"n":%d}' % n, limit) for n in range(count)])
    it.courier.queued()


async def _waiting(it: Node) -> list[ListedDelivery]:
    return await it.ledger.read(hooks_report.deliveries, False, 10_000)


async def _dead(it: Node) -> list[ListedDelivery]:
    return await it.ledger.read(hooks_report.deliveries, True, 10_000)


def _first(count: int, then: Verdict = 200, first: Verdict = 500) -> Callable[[Post], Verdict]:
    """So many failures, then something else."""
    left = [count]

    def verdict(_: Post) -> Verdict:
        left[0] -= 1
        return first if left[0] >= 0 else then

    return verdict


def _long(data: Path, story: Story, limit_s: float, **changed: Any) -> None:
    """A story that takes longer than an hour."""

    async def main() -> None:
        async with node(data, **changed) as it:
            it.start_courier()
            await story(it)

    run_virtual(main(), limit_s=limit_s)


# -- answers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_what_is_answered_with_2xx_is_done_for_good(tmp_path: Path, status: int) -> None:
    async def story(it: Node) -> None:
        it.sender.always = lambda _: status
        await _hook(it)
        await _happen(it)
        await asyncio.sleep(3_000)
        assert len(it.sender.asked) == 1
        assert (await _waiting(it), await _dead(it)) == ([], [])
        assert it.observer.deliveries == ["taken"]

    _long(tmp_path, story, 3_600)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 422, 499])
def test_an_answer_that_is_final_is_not_asked_for_again_and_stays_visible(tmp_path: Path, status: int) -> None:
    async def story(it: Node) -> None:
        it.sender.always = lambda _: status
        await _hook(it)
        await _happen(it)
        await asyncio.sleep(3_000)
        (dead,) = await _dead(it)
        assert (len(it.sender.asked), await _waiting(it), dead.attempt) == (1, [], 1)
        assert dead.error == f"the receiver answered {status}, which is final"

    _long(tmp_path, story, 3_600)


PASSING: list[Verdict] = [408, 425, 429, 500, 502, 503, 599, 301, 302, 307, 101, 0.5, Unreachable("no"), KeyError("a")]


@pytest.mark.parametrize("verdict", PASSING, ids=repr)
def test_everything_else_is_tried_again_with_the_same_bytes_under_the_same_id(tmp_path: Path, verdict: Verdict) -> None:
    async def story(it: Node) -> None:
        it.sender.always = _first(2, first=verdict)
        await _hook(it)
        await _happen(it)
        await asyncio.sleep(60)
        assert [post.id for post in it.sender.asked] == [it.sender.asked[0].id] * 3
        assert len({post.body for post in it.sender.asked}) == 1
        assert len({post.headers["X-Molroo-Signature"] for post in it.sender.asked}) == 3
        assert it.sender.taken == {it.sender.asked[0].id: 1}
        assert (await _waiting(it), await _dead(it)) == ([], [])

    _long(tmp_path, story, 3_600)


def test_waits_double_up_to_an_hour_each_with_its_own_chance_and_after_a_day_it_is_given_up(tmp_path: Path) -> None:
    async def story(it: Node) -> None:
        it.sender.always = lambda _: 500
        await _hook(it)
        await _happen(it)
        (queued,) = await _waiting(it)
        await asyncio.sleep(DAY_S + 10)
        waits = [after.at_s - before.at_s for before, after in pairwise(it.sender.asked)]
        for number, wait_s in enumerate(waits[:-1]):
            meant_s = min(5 * 2.0**number, 3_600)
            assert 0.75 * meant_s <= wait_s <= 1.25 * meant_s + 0.01
        assert len({round(wait_s / min(5 * 2.0**n, 3_600), 3) for n, wait_s in enumerate(waits)}) > 20
        assert it.sender.asked[-1].wall_ms == queued.at_ms + DAY_S * 1000
        (dead,) = await _dead(it)
        assert (dead.id, dead.attempt, dead.error) == (
            queued.id,
            len(it.sender.asked),
            "the receiver answered 500; tried for 86400 s",
        )
        assert it.observer.deliveries.count("given_up") == 1
        it.clock.advance(WEEK_S - 700)
        await asyncio.sleep(60)
        assert (it.courier.waiting, it.courier.dead) == (0, 1)
        assert len(it.sender.asked) == dead.attempt
        await asyncio.sleep(1_300)
        assert await _dead(it) == []

    _long(tmp_path, story, 2 * DAY_S)


@virtual
async def test_those_that_failed_together_come_back_apart(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        it.start_courier()
        for number in range(20):
            it.sender.by_host[f"h{number}.example.org"] = _first(1)
            await _hook(it, f"h{number}.example.org", f"s{number}")
            await _happen(it, session_id=f"s{number}")
        await asyncio.sleep(20)
        again = [post.at_s for post in it.sender.asked[20:]]
        assert len(again) == 20
        assert max(again) - min(again) > 1.5


@pytest.mark.parametrize(("asked_s", "waits_s"), [(0.0, 5), (120.0, 120), (3_600.0, 3_600), (1e9, 3_600)])
def test_retry_after_is_waited_for_up_to_an_hour_and_never_shortens_a_wait(
    tmp_path: Path, asked_s: float, waits_s: float
) -> None:
    async def story(it: Node) -> None:
        it.sender.always = _first(1, first=Response(429, asked_s))
        await _hook(it)
        await _happen(it)
        await asyncio.sleep(5_000)
        first, second = it.sender.asked
        low, high = (waits_s, waits_s) if waits_s >= 120 else (0.75 * waits_s, 1.25 * waits_s)
        assert low <= second.at_s - first.at_s <= high + 0.002

    _long(tmp_path, story, 6_000)


# -- an outage ---------------------------------------------------------------------------------------------------------


def test_an_hour_of_outage_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    async def story(it: Node) -> None:
        back_s = 3_600.0
        it.sender.always = lambda post: 200 if post.at_s >= back_s else Unreachable("refused")
        for number in range(5):
            await _hook(it, "down.example.org", f"s{number}")
        for _ in range(20):  # an event a session every three minutes, through the outage and beyond it
            for number in range(5):
                await _happen(it, 1, f"s{number}")
            await asyncio.sleep(200)
        ids = {post.id for post in it.sender.asked} | {each.id for each in await _waiting(it)}
        assert len(ids) == 100
        await asyncio.sleep(2 * 4_500)
        assert it.sender.taken == dict.fromkeys(ids, 1)
        assert (await _waiting(it), await _dead(it)) == ([], [])

    _long(tmp_path, story, 20_000)


# -- receivers do not disturb each other ------------------------------------------------------------------------------


@virtual
async def test_a_host_that_stalls_delays_no_other_however_much_waits_for_it(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        it.sender.by_host["stalled.example.org"] = lambda _: 5.0
        await _hook(it, "stalled.example.org", "slow")
        await _hook(it, "quick.example.org", "quick")
        await _happen(it, 500, "slow")
        await _happen(it, 10, "quick")
        before_s = it.clock.monotonic_s()
        it.start_courier()
        await quiet()
        assert len(it.sender.to("quick.example.org")) == 4 + 6
        assert it.clock.monotonic_s() == before_s
        await asyncio.sleep(30)
        await _happen(it, 1, "quick")
        before_s = it.clock.monotonic_s()
        await quiet()
        assert (len(it.sender.to("quick.example.org")), it.clock.monotonic_s()) == (11, before_s)
        assert it.sender.most["stalled.example.org"] == 4


@virtual
async def test_a_host_that_cannot_be_reached_is_asked_one_at_a_time_until_it_can(tmp_path: Path) -> None:
    async with node(tmp_path, deliveries_per_host_max=3) as it:
        it.sender.always = lambda _: 5.0
        await _hook(it)
        await _happen(it, 50)
        it.start_courier()
        await asyncio.sleep(5.1)
        it.sender.most.clear()
        await asyncio.sleep(60)
        assert it.sender.most["example.org"] == 1
        it.sender.always = lambda _: (1.0, 503)
        await asyncio.sleep(10)
        assert it.sender.most["example.org"] == 3
        it.sender.always = lambda _: 200
        await asyncio.sleep(300)
        assert len(it.sender.taken) == 50


@virtual
async def test_so_many_requests_are_under_way_at_once_and_no_more(tmp_path: Path) -> None:
    async with node(tmp_path, deliveries_at_once=6, deliveries_per_host_max=2) as it:
        it.sender.always = lambda _: 1.0
        for number in range(10):
            await _hook(it, f"h{number}.example.org", f"s{number}")
            await _happen(it, 5, f"s{number}")
        it.start_courier()
        await asyncio.sleep(10)
        assert it.sender.most[""] == 6
        assert max(count for host, count in it.sender.most.items() if host) == 2
        assert it.courier.under_way == 6
        it.sender.always = lambda _: 204
        await asyncio.sleep(60)
        assert len(it.sender.taken) == 50


@pytest.mark.parametrize("at_once", [1, 4])
@virtual
async def test_they_set_out_in_the_order_in_which_they_happened(tmp_path: Path, at_once: int) -> None:
    async with node(tmp_path, deliveries_per_host_max=at_once) as it:
        await _hook(it)
        await _happen(it, 30)
        await asyncio.sleep(1)
        await _happen(it, 30)
        it.start_courier()
        await quiet()
        assert [post.json["data"]["n"] for post in it.sender.asked] == [*range(30), *range(30)]


# -- this side breaks --------------------------------------------------------------------------------------------------


@virtual
async def test_a_restart_in_the_middle_of_a_request_makes_it_again_with_the_same_id(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        it.sender.always = lambda _: 30.0
        it.start_courier()
        await _hook(it)
        await _happen(it)
        await quiet()
        (before,) = it.sender.asked
    assert it.sender.cut == 1
    async with node(tmp_path) as it:
        it.start_courier()
        await quiet()
        (after,) = it.sender.asked
        assert (after.id, after.body) == (before.id, before.body)
        assert await _waiting(it) == []


@virtual
async def test_an_answer_that_comes_soon_after_the_end_began_is_still_taken(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        it.sender.always = lambda _: (0.5, 200)
        it.start_courier()
        await _hook(it)
        await _happen(it)
        await quiet()
        assert len(it.sender.asked) == 1
    assert it.sender.cut == 0
    async with node(tmp_path) as it:
        it.start_courier()
        await asyncio.sleep(60)
        assert it.sender.asked == []


@pytest.mark.parametrize("error", [io_error(), sqlite3.InterfaceError("a mistake of ours")], ids=repr)
@virtual
async def test_an_outcome_that_cannot_be_written_is_written_later_and_the_receiver_not_asked_again(
    tmp_path: Path, error: Exception
) -> None:
    async with node(tmp_path) as it:
        it.start_courier()
        await _hook(it)
        disk = make_faulty(it.ledger)
        broken = [True]

        def fail(statement: str) -> None:
            if broken[0] and "DELETE FROM delivery WHERE id" in statement:
                raise error

        disk.before = fail
        await _happen(it)
        await asyncio.sleep(30)
        assert (len(it.sender.asked), len(await _waiting(it))) == (1, 1)
        broken[0] = False
        await asyncio.sleep(30)
        assert (len(it.sender.asked), await _waiting(it)) == (1, [])


@pytest.mark.parametrize("error", [Unavailable("no handles"), KeyError("a mistake of ours")], ids=repr)
@virtual
async def test_a_ledger_that_cannot_be_read_for_a_while_stops_nothing_for_good(
    tmp_path: Path, error: Exception
) -> None:
    async with node(tmp_path) as it:
        it.start_courier()
        await _hook(it)
        read, it.ledger.readers.run = it.ledger.readers.run, _unreadable(error)  # type: ignore[method-assign]
        it.courier.queued()
        await quiet()
        it.ledger.readers.run = read  # type: ignore[method-assign]
        await _happen(it)
        await asyncio.sleep(2)
        assert len(it.sender.taken) == 1


def _unreadable(error: Exception) -> Callable[..., Coroutine[Any, Any, Any]]:
    async def read(*_: object) -> Any:
        raise error

    return read


@virtual
async def test_with_its_session_go_its_deliveries_even_those_under_way(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        it.sender.always = lambda _: 5.0
        it.start_courier()
        await _hook(it)
        await _happen(it, 10)
        await quiet()
        await it.sessions.delete(await it.slot())
        asked = len(it.sender.asked)
        await asyncio.sleep(600)
        assert len(it.sender.asked) == asked == 4
        assert await it.ledger.read(hooks.counts) == (0, 0)
        assert await it.ledger.read(hooks_report.webhooks, None, 9) == []
        assert it.ledger.hooked == set()


@virtual
async def test_with_a_webhook_go_its_deliveries_and_those_of_others_stay(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        it.sender.by_host["a.example.org"] = lambda _: 5.0
        it.sender.by_host["b.example.org"] = _first(12)
        it.start_courier()
        gone, _ = await _hook(it, "a.example.org"), await _hook(it, "b.example.org")
        await _happen(it, 10)
        await quiet()
        await it.receivers.remove(await it.slot(), gone)
        asked = len(it.sender.to("a.example.org"))
        await asyncio.sleep(120)
        assert len(it.sender.to("a.example.org")) == asked == 4
        assert len(it.sender.taken) == 10
        assert await it.ledger.read(hooks.counts) == (0, 0)


# -- limits ------------------------------------------------------------------------------------------------------------


def test_a_full_queue_takes_no_more_and_keeps_the_newest_of_what_it_gave_up(tmp_path: Path) -> None:
    async def story(it: Node) -> None:
        it.sender.by_host["a.example.org"] = lambda _: 503
        await _hook(it, "a.example.org")
        await _hook(it, "b.example.org", "bob")
        await _happen(it, 10)
        await quiet()
        assert len(await _waiting(it)) == 10
        for _ in range(25):
            await asyncio.sleep(1)
            await _happen(it)
        dead = await _dead(it)
        assert [each.error for each in dead] == ["the queue of this webhook was full"] * 10
        assert min(each.at_ms for each in dead) == it.clock.wall_ms() - 9_000
        assert len(await _waiting(it)) == 10
        await _happen(it, 3, "bob")
        await quiet()
        assert len(it.sender.to("b.example.org")) == 3
        it.sender.by_host["a.example.org"] = lambda _: 410
        await asyncio.sleep(3_000)
        dead = await _dead(it)
        assert ([each.error for each in dead], await _waiting(it)) == (
            ["the receiver answered 410, which is final"] * 10,
            [],
        )
        await _happen(it, 1, "bob")
        (deaths,) = await it.ledger.read(hooks_report.deaths, 9)
        assert (deaths.session, deaths.count, deaths.error) == ("alice", 10, dead[0].error)

    _long(tmp_path, story, 6_000, deliveries_per_webhook_max=10)


@virtual
async def test_what_was_given_up_is_tried_again_when_the_operator_says_so_and_nothing_else_is(tmp_path: Path) -> None:
    async with node(tmp_path) as it:
        it.sender.always = lambda _: 404
        it.start_courier()
        await _hook(it)
        await _happen(it)
        await quiet()
        (dead,) = await _dead(it)
        change, verdict = hooks.revive("dlv_unknown", it.clock.wall_ms())
        await it.host.gate.commit([change])
        with pytest.raises(NotFound, match="no delivery dlv_unknown that was given up"):
            verdict.check()
        it.sender.always = lambda _: 200
        change, verdict = hooks.revive(dead.id, it.clock.wall_ms())
        await it.host.gate.commit([change])
        verdict.check()
        it.courier.queued()
        await quiet()
        assert [post.id for post in it.sender.asked] == [dead.id] * 2
        assert (await _waiting(it), await _dead(it)) == ([], [])


@virtual
async def test_nine_webhooks_at_once_are_eight_and_a_turn_beside_them_is_none_of_their_business(tmp_path: Path) -> None:
    async with node(tmp_path, gated=True) as it:
        it.disk.open = True
        await it.create()
        await it.ask(glad_turn())
        slot = await it.slot()
        it.disk.open = False
        body = WebhookBody("https://example.org/hook", ("proactive",))
        adding = [asyncio.ensure_future(it.receivers.add(slot, body)) for _ in range(9)]
        removing = asyncio.ensure_future(it.receivers.remove(slot, "wh_unknown"))
        asker = it.deliver(slot, glad_turn())
        append = await it.disk.next()
        assert (len(append.rows), len(append.changes)) == (1, 10)
        append.commit()
        it.disk.open = True
        await quiet()
        assert asker.verdict == "2"
        results = await asyncio.gather(*adding, return_exceptions=True)
        refused = [result for result in results if isinstance(result, Exception)]
        assert [str(error) for error in refused] == [
            "this session has 8 webhooks, the most that it may have; delete one"
        ]
        with pytest.raises(NotFound, match="no webhook wh_unknown"):
            await removing
        assert len((await it.receivers.of_session(slot)).webhooks) == 8


# -- the wall ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back_s", [600, DAY_S, 365 * DAY_S])
def test_a_wall_that_went_back_lengthens_no_wait_and_no_day(tmp_path: Path, back_s: float) -> None:
    async def story(it: Node) -> None:
        it.sender.by_host["a.example.org"] = _first(1)
        it.sender.by_host["b.example.org"] = lambda _: 500
        await _hook(it, "a.example.org")
        await _hook(it, "b.example.org", "bob")
        await _happen(it)
        await _happen(it, 1, "bob")
        await quiet()
        it.clock.jump_wall_ms(-int(back_s * 1000))
        await asyncio.sleep(20)
        assert len(it.sender.to("a.example.org")) == 2
        await asyncio.sleep(DAY_S + 3_600)
        assert len(await _dead(it)) == 1

    _long(tmp_path, story, 2 * DAY_S)


@pytest.mark.parametrize("back_s", [600, DAY_S])
@virtual
async def test_what_happened_before_the_wall_went_back_is_sent_at_once(tmp_path: Path, back_s: float) -> None:
    async with node(tmp_path) as it:
        await _hook(it)
        await _happen(it)
        it.clock.jump_wall_ms(-int(back_s * 1000))
        it.start_courier()
        await quiet()
        assert len(it.sender.taken) == 1


def test_a_wall_that_went_forward_takes_no_day_away(tmp_path: Path) -> None:
    async def story(it: Node) -> None:
        it.sender.always = lambda _: 500
        await _hook(it)
        await _happen(it)
        await asyncio.sleep(60)
        asked = len(it.sender.asked)
        it.clock.jump_wall_ms(10 * 86_400_000)
        await asyncio.sleep(30)
        assert len(it.sender.asked) > asked
        await asyncio.sleep(DAY_S - 3_600)
        assert (len(await _waiting(it)), await _dead(it)) == (1, [])
        await asyncio.sleep(2 * 3_600)
        assert (await _waiting(it), len(await _dead(it))) == ([], 1)

    _long(tmp_path, story, 2 * DAY_S)


def test_while_the_node_was_away_no_day_went_by(tmp_path: Path) -> None:
    async def before() -> None:
        async with node(tmp_path) as it:
            it.sender.always = lambda _: 500
            it.start_courier()
            await _hook(it)
            await _happen(it)
            await asyncio.sleep(60)

    async def after() -> None:
        async with node(tmp_path) as it:
            it.clock.jump_wall_ms(int(5 * DAY_S * 1000))
            it.sender.always = _first(3)
            it.start_courier()
            await asyncio.sleep(3_000)
            assert (len(it.sender.asked), len(it.sender.taken), await _dead(it)) == (4, 1, [])

    run_virtual(before())
    run_virtual(after())

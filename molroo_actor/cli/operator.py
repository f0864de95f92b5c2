"""The operator's commands: asked of a live node through its admin.sock, answered from the ledger when there is none."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from molroo_actor import settings as all_settings
from molroo_actor.clock import SystemClock
from molroo_actor.errors import DataInUse, MolrooError
from molroo_actor.protocol.answers import SessionItem
from molroo_actor.runtime.admin import Admin, Request
from molroo_actor.runtime.keyring import Keyring
from molroo_actor.settings import Settings
from molroo_actor.storage.layout import DataFolder
from molroo_actor.storage.ledger import Ledger
from molroo_actor.storage.rows import CatalogEntry

_ANSWER_WITHIN_S = 600.0


class CommandFailed(MolrooError):
    """The node's one-line reason."""


def keys_create(given: argparse.Namespace) -> int:
    """Prints the new key alone, so that a script can take it."""
    request = Request("keys.create", tenant=given.tenant, live=given.live)
    return _show(given, request, lambda result: [result["key"]])


def keys_list(given: argparse.Namespace) -> int:
    """One key a line."""
    return _show(
        given, Request("keys.list"), lambda result: _table(result, ("id", "tenant", "kind", "created", "revoked"))
    )


def keys_revoke(given: argparse.Namespace) -> int:
    """Ends a key."""
    return _show(given, Request("keys.revoke", key=given.key), lambda result: [f"key {result['id']} is revoked"])


def sessions_list(given: argparse.Namespace) -> int:
    """One session a line."""
    columns = ("id", "tenant", "kind", "name", "status", "created", "last_active")
    return _show(given, Request("sessions.list", limit=given.limit), lambda result: _table(result, columns))


def sessions_show(given: argparse.Namespace) -> int:
    """One session, field by field; every tenant's of this id."""
    request = Request("sessions.show", session=given.session)
    result = _ask(given, request)
    if not result:
        raise CommandFailed(f"no session {given.session}; `molroo-actor sessions list` shows them")
    lines = [f"{name:14} {value}" for found in result for name, value in found.items()]
    show(given, result, lines)
    return 0


def webhooks_list(given: argparse.Namespace) -> int:
    """One webhook a line; their secrets are not shown."""
    columns = ("id", "session", "tenant", "kind", "events", "url", "created")
    request = Request("webhooks.list", session=given.session or "", limit=given.limit)
    return _show(given, request, lambda result: _table(result, columns))


def deliveries_list(given: argparse.Namespace) -> int:
    """One delivery a line: what waits, or what was given up."""
    columns = ("id", "session", "tenant", "event", "attempts", "given_up" if given.dead else "next", "error", "url")
    request = Request("deliveries.list", dead=given.dead, limit=given.limit)
    return _show(given, request, lambda result: _table(result, columns))


def deliveries_retry(given: argparse.Namespace) -> int:
    """Tries a delivery again that was given up."""
    request = Request("deliveries.retry", delivery=given.delivery)
    return _show(given, request, lambda result: [f"delivery {result['id']} is tried again"])


def doctor(given: argparse.Namespace) -> int:
    """0 when all is well, 1 with findings."""
    result = _ask(given, Request("doctor"))
    figures = f"{result['sessions']:,} sessions, {result['journal_bytes']:,} bytes in the journal"
    lines = [*(result["findings"] or ["all is well"]), f"{figures}, {result['free_bytes']:,} bytes free"]
    show(given, result, lines)
    return 1 if result["findings"] else 0


# -- asking ------------------------------------------------------------------------------------------------------------


def where(given: argparse.Namespace) -> tuple[Settings, DataFolder]:
    """The settings, and the folder that they name. Raises CommandFailed when it holds no data."""
    settings = all_settings.from_environment(data=given.data)
    folder = DataFolder(settings.data)
    if not folder.node_db.exists():
        raise CommandFailed(f"there is no data in {folder.root}; start `molroo-actor serve` there or give --data")
    return settings, folder


def _ask(given: argparse.Namespace, request: Request) -> Any:
    settings, folder = where(given)
    answer = ask_live(folder, request)
    if answer is None:
        answer = asyncio.run(_ask_ledger(settings, request))
    if "error" in answer:
        raise CommandFailed(answer["error"])
    return answer["result"]


@contextlib.contextmanager
def asked(folder: DataFolder, request: Request) -> Iterator[Iterator[dict[str, Any]] | None]:
    """A live node's answer lines, as long as the `with` block lasts; None when nobody listens."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(_ANSWER_WITHIN_S)
        try:
            with folder.short_socket_path() as path:
                line.connect(path)
        except (FileNotFoundError, ConnectionRefusedError):
            yield None
            return
        line.sendall(msgspec.json.encode(request) + b"\n")
        with line.makefile("rb") as lines:
            yield map(json.loads, lines)


def ask_live(folder: DataFolder, request: Request) -> dict[str, Any] | None:
    """The last answer line of a live node, None when nobody listens."""
    with asked(folder, request) as lines:
        if lines is None:
            return None
        answer: dict[str, Any] = {"error": "the server ended before it answered"}
        for answer in lines:
            show_progress(answer)
        return answer


async def _ask_ledger(settings: Settings, request: Request) -> dict[str, Any]:
    ledger = Ledger(settings)
    try:
        await ledger.open()
    except DataInUse as error:
        raise CommandFailed(f"{error}; it does not answer on admin.sock yet, try again") from error
    try:
        keyring = Keyring(ledger.keys, SystemClock(), ledger.commit)
        admin = Admin(ledger, keyring, _asleep, {}, SystemClock(), ledger.commit, None)
        answer: dict[str, Any] = {"error": "no answer"}
        async for answer in admin.run(request):
            show_progress(answer)
        return answer
    finally:
        await ledger.close()


def _asleep(entry: CatalogEntry) -> SessionItem:
    return SessionItem(entry.id, entry.name, entry.created_ms, entry.last_active_ms, "hibernated")


# -- showing -----------------------------------------------------------------------------------------------------------


def show_progress(answer: dict[str, Any]) -> None:
    """For a person who watches."""
    if "progress" in answer and sys.stderr.isatty():
        print(answer["progress"], end="\r", file=sys.stderr, flush=True)


def _show(given: argparse.Namespace, request: Request, lines: Callable[[Any], list[str]]) -> int:
    result = _ask(given, request)
    show(given, result, lines(result))
    return 0


def show(given: argparse.Namespace, result: Any, lines: list[str]) -> None:
    """As JSON when that was asked for."""
    print(json.dumps(result) if given.json else "\n".join(lines))


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[str]:
    if not rows:
        return ["none"]
    cells = [columns, *(tuple(_cell(row[name]) for name in columns) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return "-" if value is None else str(value)

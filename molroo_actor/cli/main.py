"""`molroo-actor`: the arguments, and which command they mean. What commands do is in their own files."""

from __future__ import annotations

import argparse
import sys

from molroo_actor import __version__
from molroo_actor.cli import backup as backups
from molroo_actor.cli import operator, serve
from molroo_actor.errors import MolrooError


def parser() -> argparse.ArgumentParser:
    """All commands and flags."""
    root = argparse.ArgumentParser(
        prog="molroo-actor", description="A realtime backend for AI characters with feelings, on your own machine."
    )
    root.add_argument("--version", action="version", version=f"molroo-actor {__version__}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")

    run = commands.add_parser("serve", help="run the server")
    run.add_argument("--host", help="address to listen on (MOLROO_HOST, 127.0.0.1)")
    run.add_argument("--port", help="port, 0 picks one (MOLROO_PORT, 8787)")
    run.add_argument("--print-settings", action="store_true", help="print every setting and exit")
    run.set_defaults(run=serve.run)

    keys = commands.add_parser("keys", help="make, list and end API keys").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    create = keys.add_parser("create", help="make a key and print it, this once")
    create.add_argument("--tenant", default="default", help="whom it belongs to")
    kind = create.add_mutually_exclusive_group()
    kind.add_argument("--live", action="store_true", help="a live key")
    kind.add_argument("--test", action="store_true", help="a test key (the default)")
    create.set_defaults(run=operator.keys_create)
    listing = keys.add_parser("list", help="list keys; their texts are not kept")
    listing.set_defaults(run=operator.keys_list)
    revoke = keys.add_parser("revoke", help="end a key and close its sockets")
    revoke.add_argument("key", type=int, help="its number in `keys list`")
    revoke.set_defaults(run=operator.keys_revoke)

    sessions = commands.add_parser("sessions", help="look at sessions").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    every = sessions.add_parser("list", help="list sessions of all tenants")
    every.add_argument("--limit", type=_count, default=500, help="how many at most (500)")
    every.set_defaults(run=operator.sessions_list)
    show = sessions.add_parser("show", help="show one session")
    show.add_argument("session", help="its id")
    show.set_defaults(run=operator.sessions_show)

    webhooks = commands.add_parser("webhooks", help="look at webhooks").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    hooks = webhooks.add_parser("list", help="list webhooks of all tenants; their secrets are not shown")
    hooks.add_argument("session", nargs="?", help="only those of sessions with this id")
    deliveries = commands.add_parser("deliveries", help="look at what webhooks are sent").add_subparsers(
        dest="action", required=True, metavar="ACTION"
    )
    waiting = deliveries.add_parser("list", help="list deliveries that wait for their receiver")
    waiting.add_argument("--dead", action="store_true", help="those that were given up instead; kept for a week")
    retry = deliveries.add_parser("retry", help="try a delivery again that was given up")
    retry.add_argument("delivery", help="its id in `deliveries list --dead`")
    for command in (hooks, waiting):
        command.add_argument("--limit", type=_count, default=500, help="how many at most (500)")
    hooks.set_defaults(run=operator.webhooks_list)
    waiting.set_defaults(run=operator.deliveries_list)
    retry.set_defaults(run=operator.deliveries_retry)

    doctor = commands.add_parser("doctor", help="check the ledger and every session file; name what keeps failing")
    doctor.set_defaults(run=operator.doctor)

    backup = commands.add_parser(
        "backup", help="copy the data folder, also of a server that runs; start one on the copy"
    )
    backup.add_argument("target", help="a folder that is not there yet, or is empty")
    backup.set_defaults(run=backups.run)

    asking = (create, listing, revoke, every, show, hooks, waiting, retry, doctor, backup)
    for command in (run, *asking):
        command.add_argument("--data", help="the data folder (MOLROO_DATA, ./data)")
    for command in asking:
        command.add_argument("--json", action="store_true", help="print JSON")
    return root


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def main(arguments: list[str] | None = None) -> int:
    """The entrance. Returns the exit code; what went wrong is one line on stderr."""
    given = parser().parse_args(arguments)
    try:
        code: int = given.run(given)
        return code
    except (MolrooError, OSError) as error:
        print(f"molroo-actor: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130

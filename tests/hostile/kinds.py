"""The kinds of hostility, by name: what each needs of its server, and how much memory it may take there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from tests.hostile import (
    body_fuzz,
    bombs,
    contract,
    floods,
    frame_fuzz,
    idle_sockets,
    slow_loris,
    slow_readers,
    smuggling,
    tenants,
    timing,
    tokens,
)
from tests.hostile.arena import MIB, UNLIMITED, Arena, Plan
from tests.hostile.tally import Tally


class Kind(NamedTuple):
    """`attack` does it once; `env` are settings of the server it is done to; `allowed` is growth of RSS at the peak."""

    attack: Callable[[Arena, Tally, Plan], None]
    env: Mapping[str, str]
    allowed: int = 64 * MIB
    formats: tuple[str, ...] = ()
    """Of the log: one after the other; empty for one of the two."""


KINDS: Final[dict[str, Kind]] = {
    "contract": Kind(contract.attack, UNLIMITED),
    "frames": Kind(frame_fuzz.attack, {**UNLIMITED, **frame_fuzz.ENV}),
    "bodies": Kind(body_fuzz.attack, UNLIMITED),
    "loris": Kind(slow_loris.attack, slow_loris.ENV),
    "deaf": Kind(slow_readers.attack, slow_readers.ENV, slow_readers.ALLOWED),
    "idle": Kind(idle_sockets.attack, idle_sockets.ENV, idle_sockets.ALLOWED),
    "messages": Kind(floods.messages, floods.ENV),
    "requests": Kind(floods.requests, floods.ENV),
    "connections": Kind(floods.connections, floods.ENV),
    "smuggling": Kind(smuggling.attack, smuggling.ENV),
    "bombs": Kind(bombs.attack, bombs.ENV, bombs.ALLOWED),
    "tenants": Kind(tenants.attack, tenants.ENV),
    "tokens": Kind(tokens.attack, tokens.ENV, formats=("text", "json")),
    "timing": Kind(timing.attack, timing.ENV),
}

"""Every setting and every limit, each with its reason. One frozen struct, made once, handed down.

The environment's name is MOLROO_ and the field's in capitals; a flag of `serve` wins over it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from molroo_actor.errors import MolrooError

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]
OrNone = Annotated[int, Meta(ge=0)]


class SettingsError(MolrooError):
    """A setting that cannot be; the text names it and what would be right."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings of one server."""

    host: str = "127.0.0.1"
    """Loopback until the operator decides otherwise."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8787
    """0 lets the system pick one."""
    data: str = "./data"
    """The folder that holds everything."""
    bootstrap_key: str | None = None
    """Installed at start when absent, for containers and tests."""
    tls_cert: str | None = None
    """PEM chain; with tls_key the server speaks https and wss without a proxy."""
    tls_key: str | None = None
    """PEM private key."""
    cors_origins: str = "*"
    """Comma-separated browser origins that REST and WebSocket accept; * is any, without credentials."""
    log_format: Literal["text", "json"] = "text"
    """One line an event either way."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """What is worth a line."""

    requests_per_minute: OrNone = 600
    """A key; 0 is no limit. Ten a second leaves a tenant's page of sessions responsive and stops loops."""
    socket_messages_per_s: NotNegative = 20
    """A socket, burst twice that; 0 is no limit. Nobody types faster; a game tick fits."""
    refused_messages_max: Count = 100
    """Refusals in a row after which a socket is closed (4429): it does not listen."""
    refused_upgrades_per_minute: OrNone = 30
    """Refused upgrades from one address before plain 429s, so that a client's backoff grows; 0 is no limit."""
    message_bytes_max: Count = 65_536
    """One WebSocket message after reassembly: four full texts."""
    body_bytes_max: Count = 262_144
    """One REST body: a persona with all its texts in four-byte characters."""
    head_within_s: Positive = 10
    """For a request's head, from the opening of the line or from its first byte, and for a TLS handshake: clients send
    a head in one go, and whoever lets it drip holds a file handle. Also how long a line may be open and say nothing.
    """
    body_within_s: Positive = 30
    """For a request's body: 256 KiB at 9 KB/s."""
    answer_stall_s: Positive = 30
    """A REST answer of which less than 64 KiB was read for this long is given up with its line."""
    sockets_per_session_max: Count = 32
    """Every turn is written to each: keeps a fan-out short."""
    unsent_bytes_max: Count = 1_048_576
    """What a socket may leave unread before it is closed (1013)."""
    ping_every_s: Positive = 30
    """Below the usual 60 s idle limit of proxies."""
    pong_within_s: Positive = 30
    """A phone that changes networks is back by then."""
    replay_stall_s: Positive = 30
    """A replay that makes no progress for this long is given up (1013)."""
    close_within_s: Positive = 1
    """How long a closed socket may take to say goodbye before it is cut."""
    handles_reserve: Count = 256
    """File handles kept for the disk; sockets get the rest."""

    hibernate_after_s: Positive = 10
    """Idle time after which an actor leaves memory; as Durable Objects do."""
    resident_max: Count = 10_000
    """Awake actors; about 12 KB each."""
    mailbox_max: Count = 64
    """Waiting turns of one session; above it a sender waits seconds for an answer anyway."""
    unanswered_max: Count = 8
    """Waiting turns of one connection, so that one sender cannot fill the mailbox."""
    pass_ms: Positive = 4
    """How long one loop pass may run turns while a commit is under way: the commit's thread needs the interpreter."""
    appraiser_deadline_s: Positive = 10
    """Then the embedded appraiser answers instead."""
    history_kept: Count = 100
    """Newest turns whose state is kept: repeats, resume and time travel reach as far as this."""
    allow_private_webhooks: bool = False
    """Lets webhooks reach private and loopback addresses, and use http: for receivers on the same network."""
    webhooks_per_session_max: Count = 8
    """Every event is queued for each of them."""
    deliveries_per_webhook_max: Count = 1_000
    """Deliveries that wait for one receiver; what comes after is given up at once. Of what was given up, as many are
    kept for the operator.
    """
    deliveries_at_once: Count = 64
    """Requests to receivers under way; a receiver that stalls holds one of them for its whole time."""
    deliveries_per_host_max: Count = 4
    """Of those, to one host: a receiver that stalls delays no other. One, while the host cannot be reached."""
    delivery_within_s: Positive = 5
    """How long a receiver may take to answer."""
    delivery_retry_first_s: Positive = 5
    """The first wait after a failure; each next one is twice as long, up to an hour."""
    deliveries_kept_s: Positive = 86_400
    """How long a delivery is tried; then it is given up and kept for the operator for a week."""
    action_expires_h: Positive = 72
    """How long an action pends that nobody acknowledges."""
    alarms_at_once: Count = 64
    """Sessions that are woken by their alarm at the same time."""
    overdue_alarms_per_s: Positive = 50
    """How fast alarms are caught up with that are overdue by more than a minute, after a long stop."""
    creation_keys_kept_s: Positive = 86_400
    """How long an Idempotency-Key of a create is remembered."""
    time_scale: Annotated[float, Meta(gt=0, le=100_000)] = 1.0
    """Character seconds in a real one, for sessions made with test keys; fixed at their creation."""
    time_scale_beside_live: bool = False
    """Allows a time scale on a folder that holds sessions of live keys; they keep real time."""

    synchronous: Literal["FULL", "OFF"] = "FULL"
    """OFF gives up durability and is for measuring what durability costs; it says so at start."""
    gate_rows_max: Count = 8_192
    """Rows that wait for a commit; above it turns are refused, the disk is behind."""
    commit_rows_max: Count = 1_024
    """Rows in one commit: keeps a commit near 10 ms."""
    row_bytes_max: Count = 262_144
    """One journal row; a turn is about 2 KB, its texts at most 64."""
    journal_bytes_max: Count = 268_435_456
    """Rows not folded yet; above it turns are refused while folding goes on."""
    wal_bytes_max: Count = 67_108_864
    """The ledger's write-ahead log. Up to this its file stays, to be written over; the writer cuts a longer one."""
    fold_age_s: Positive = 5
    """How long a row waits in the journal, so that one fold takes many."""
    fold_bytes: Count = 67_108_864
    """Journal size above which folding no longer waits for age."""
    fold_sessions_max: Count = 64
    """Sessions in one round of folding: about 0.1 s."""
    readers: Annotated[int, Meta(ge=1, le=32)] = 2
    """Threads that read files (wakes, history); also how many wakes run at once."""
    ballast_bytes: OrNone = 16_777_216
    """Given up at the first full disk so that folds and deletes can end."""
    free_bytes_min: OrNone = 67_108_864
    """Less free space than this and /readyz says so before anything fails."""
    shutdown_grace_s: Positive = 8
    """From SIGTERM to exit; below the 10 s that container runtimes give."""

    llm_base_url: str | None = None
    """An OpenAI-compatible endpoint, up to and without /chat/completions; texts are appraised there. None: embedded."""
    llm_model: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    """The endpoint's name for the model."""
    llm_api_key: str | None = None
    """Sent as a bearer token and never shown; local endpoints need none."""
    llm_concurrent_max: Count = 16
    """Requests under way at once: what a small endpoint works on side by side; more would only wait there."""
    llm_waiting_max: OrNone = 256
    """Turns that wait for one of those requests to end; above it the embedded appraiser answers at once."""
    llm_wait_s: NotNegative = 1
    """How long such a turn waits before the embedded appraiser answers: slow turns of others stay theirs."""
    llm_connect_s: Positive = 2
    """An endpoint that does not accept a connection within this is not there; the deadline is for its thinking."""
    llm_answer_bytes_max: Count = 65_536
    """An appraisal is 1 KB; a model that thinks aloud before it fits."""
    llm_answer_tokens_max: OrNone = 1_000
    """What the endpoint is asked to stop at: an appraisal has about 200; 0 asks for no limit."""
    llm_text_chars_max: Count = 4_000
    """Of a text, its beginning and its end: about 1,000 tokens of English; with the prompt and the answer 3,500."""
    llm_cache_texts: OrNone = 4_096
    """Appraisals remembered by what was asked; about 1 KB each; 0 remembers none."""
    llm_failures_max: Count = 5
    """Failures in a row after which the endpoint is left alone for a while: no turn waits for what is down."""
    llm_pause_s: Positive = 5
    """The first such while; it doubles as long as the one trial after it fails."""
    llm_pause_max_s: Positive = 300
    """And grows no longer than this: who mends an endpoint sees it used again within minutes."""


def from_environment(environ: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """Settings of defaults, then MOLROO_* variables, then flags that are not None. Raises SettingsError."""
    environ = os.environ if environ is None else environ
    given: dict[str, Any] = {}
    for name in Settings.__struct_fields__:
        value = environ.get(f"MOLROO_{name.upper()}")
        if value is not None and value != "":
            given[name] = value
    given.update((name, value) for name, value in flags.items() if value is not None)
    try:
        settings = msgspec.convert(given, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(_named(str(error))) from None
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise SettingsError("MOLROO_TLS_CERT and MOLROO_TLS_KEY go together")
    wrong = _wrong_in_llm(settings)
    if wrong is not None:
        raise SettingsError(wrong)
    return settings


def _named(refused: str) -> str:
    """A refusal under the name that whoever set it knows it by."""
    what, _, where = refused.partition(" - at `$.")
    name = where.rstrip("`")
    flag = f" (or --{name})" if name in {"host", "port", "data"} else ""
    return f"MOLROO_{name.upper()}{flag} is refused: {what[:1].lower()}{what[1:].replace('`', '')}"


def _wrong_in_llm(settings: Settings) -> str | None:
    """What would be right, or None. Shows no value: a key may stand in the wrong place."""
    model, key = settings.llm_model, settings.llm_api_key
    if settings.llm_base_url is None:
        if model is None and key is None:
            return None
        return "MOLROO_LLM_MODEL and MOLROO_LLM_API_KEY need MOLROO_LLM_BASE_URL beside them"
    if model is None:
        return "MOLROO_LLM_BASE_URL needs MOLROO_LLM_MODEL beside it, the endpoint's name for the model"
    if not model.isprintable():
        return "MOLROO_LLM_MODEL must be a name of printable characters"
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        return "MOLROO_LLM_API_KEY must be printable ASCII without spaces and line ends"
    return _wrong_in_url(settings.llm_base_url)


def _wrong_in_url(url: str) -> str | None:
    name = "MOLROO_LLM_BASE_URL"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return f"{name} is no URL; it looks like http://127.0.0.1:11434/v1"
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not _plain(url):
        return f"{name} must be an http or https URL, such as http://127.0.0.1:11434/v1"
    if "@" in parts.netloc:
        return f"{name} must not hold a user or password; a key goes into MOLROO_LLM_API_KEY"
    if "?" in url or "#" in url:
        return f"{name} must end with its path, without ? and #"
    if parts.path.rstrip("/").endswith("/chat/completions"):
        return f"{name} is the part before /chat/completions"
    return None


def _plain(url: str) -> bool:
    return url.isascii() and url.isprintable() and " " not in url and "\\" not in url


def as_lines(settings: Settings) -> list[str]:
    """One `MOLROO_NAME=value` a line, for --print-settings; keys are not shown."""
    lines = []
    for name in Settings.__struct_fields__:
        value = getattr(settings, name)
        if name in {"bootstrap_key", "llm_api_key"} and value is not None:
            value = "(set)"
        lines.append(f"MOLROO_{name.upper()}={'' if value is None else value}")
    return lines

"""The one error tree. A class says whose fault it is, whether trying again helps, and its wire code.

    MolrooError
      WireError            what a client may be told: code, text, details, retry_after_s
        Unauthorized NotFound ValidationFailed Conflict RateLimited      the client's to mend
        Overloaded         ours and passing: try again (with the same id)
          SessionDamaged   ours and lasting: an operator must look
        Internal           a bug: says nothing about the inside
      StorageError         never leaves the process as it is; the runtime translates
        AppendFailed       the rows are certainly not on disk
        OutcomeUnknown     nobody can tell whether they are: the process must end
        Unavailable        a read failed in a way that may pass (no handles, busy)
      BackupFailed       no backup was made, and why
      Damaged            a file or a history that is not what was written
        DataInUse NewerFormat      start-up refusals, one clear line
      IllegalTransition    a bug: a signal that the state does not know

No text here may hold a key, a path or a trace: texts of WireError go to clients as they are.
"""

from __future__ import annotations

from typing import ClassVar

from molroo_actor import ids


class MolrooError(Exception):
    """Root of everything this package raises on purpose."""


class WireError(MolrooError):
    """An error that a client is told. `details` goes beside the text (`{"path": …}`, `{"reason": …}`)."""

    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        details: dict[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = ids.without_keys(message)  # it may quote what was sent, and clients log what they are told
        self.details = details
        self.retry_after_s = retry_after_s


class Unauthorized(WireError):
    """No key, an unknown or revoked one, or a browser origin that settings refuse."""

    code = "UNAUTHORIZED"


class NotFound(WireError):
    """No such thing, or somebody else's: the two look the same."""

    code = "NOT_FOUND"


class ValidationFailed(WireError):
    """The request's form is wrong; the text says what would be right."""

    code = "VALIDATION_ERROR"


class Conflict(WireError):
    """A taken session id, or an id used again for something else."""

    code = "CONFLICT"


class RateLimited(WireError):
    """Too many requests or messages; `retry_after_s` is always set."""

    code = "RATE_LIMIT"
    retryable = True


class Overloaded(WireError):
    """The server cannot take it now. `details.outcome` is "unknown" when it may have happened."""

    code = "OVERLOADED"
    retryable = True


class SessionDamaged(Overloaded):
    """This session's file cannot be read; all others run on. No retry_after_s: time does not mend it."""

    retryable = False

    def __init__(self) -> None:
        super().__init__(
            "this session's file is damaged; the operator finds it with `molroo-actor doctor`",
            details={"reason": "session_damaged"},
        )


class Internal(WireError):
    """A bug. The log has the trace under the same request id."""

    def __init__(self) -> None:
        super().__init__("internal error; the log has more under this request_id")


class StorageError(MolrooError):
    """The disk's side of things."""


class AppendFailed(StorageError):
    """The batch is certainly not on disk; what it held may be tried again."""


class OutcomeUnknown(StorageError):
    """A commit failed and so did the probe: rows may or may not be on disk. Only a restart can tell."""


class Unavailable(StorageError):
    """A read failed for a reason that may pass: no handles, a file that somebody else holds."""


class BackupFailed(StorageError):
    """No backup was made; the text is the operator's reason."""


class Damaged(StorageError):
    """A file that SQLite cannot read, or a history with a hole."""


class DataInUse(StorageError):
    """Another process holds the data folder."""


class NewerFormat(StorageError):
    """Written by a newer version of this program."""


class IllegalTransition(MolrooError):
    """A lifecycle signal that the present state does not know; nothing was changed."""

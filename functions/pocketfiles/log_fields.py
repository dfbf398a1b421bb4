"""What the log line says about the outcome of a request. Metrics and alarms are counted from it."""

from dataclasses import dataclass, fields
from typing import Literal, TypeAlias

ThumbOutcome: TypeAlias = Literal["stored", "made", "original", "failed"]
"""``stored``: read from the bucket; ``made``: rendered by this request; ``original``: the file's
type has no thumbs; ``failed``: the thumb could not be made, so the original was served."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A protected file that somebody was allowed to see, for the audit line.

    ``owner``: whose token opened it, as ``collection/record``; ``guest`` if no valid token did.
    ``generation``: of the data that the decision was made by; 0 in a table without generations.
    """

    collection: str
    record: str
    owner: str
    generation: int

    def as_dict(self) -> dict[str, str | int]:
        """The keys of the audit line."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class LogFields:
    """Fields of the log line besides method, status, bytes and times. An empty field is left out.

    ``reason``: why the request was refused, or why its thumb failed; never shown to the client.
    ``denied``: refused by the view rule, not because the file is missing. ``sync_age``: seconds
    since a sync last said that it lives. ``invalidations_pending``: how many CloudFront is still to
    be asked for, and ``invalidation_delay``: how long the first of them is overdue, in seconds;
    ``None`` where no sync knows a distribution. ``operator_must_act``: only an operator can mend
    what went wrong, so an alarm is raised. ``audit_failed``: why the audit log did not take the
    line about this request, which then is in the function's own log.
    """

    collection: str = ""
    thumb: ThumbOutcome | None = None
    reason: str = ""
    denied: bool = False
    redirect: bool = False
    token_issued: bool = False
    sync_age: float | None = None
    invalidations_pending: int | None = None
    invalidation_delay: float | None = None
    operator_must_act: bool = False
    audit_failed: str = ""

    def as_dict(self) -> dict[str, str | bool | float]:
        """The fields that are set, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if value}

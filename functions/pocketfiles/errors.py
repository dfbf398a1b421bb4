"""Every way a request can be refused, with its status and public message.

    PocketFilesError
    ├── Refusal                      an error response
    │   ├── NotFound            404  missing, or not to be seen: one body for both
    │   │   └── Denied          404  found, but not for this client; only logs and metrics tell
    │   │       ├── DecisionFailed   the rule engine has a bug; it is logged as one
    │   │       └── SyncTooOld       no sync has lived for so long that nothing is opened
    │   ├── UnknownCollection   404  no such collection; has a message of its own
    │   ├── StorageUnavailable  400  AWS refuses us; an operator must act
    │   ├── TokenNotIssued      400  a file token could not be signed
    │   ├── Unauthenticated     401  the token route without a valid auth token
    │   ├── Forbidden           403  a superuser from an address that is not listed, or not the CDN
    │   └── Overloaded          503  AWS is throttling or does not respond; the client may retry
    │       └── DeadlineExceeded     the request has no time left; others may have
    ├── Outdated                     data changed while a request read it; it starts again
    ├── ThumbFailed                  a thumb cannot be made; the original is served instead
    └── RuleError                    a view rule cannot be evaluated; it denies

A refusal has a public ``message``, the same for everybody, and a private ``reason`` for the log.
"""

import json
from typing import ClassVar


class PocketFilesError(Exception):
    """Base of every error this package raises on purpose."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Refusal(PocketFilesError):
    """An error response. The client sees ``status`` and ``message``, never ``reason``.

    ``operator_must_act``: only an operator can mend the cause, so an alarm is raised.
    """

    status: ClassVar[int]
    message: ClassVar[str]

    def __init__(self, reason: str = "", *, operator_must_act: bool = False) -> None:
        super().__init__(reason)
        self.operator_must_act = operator_must_act

    def body(self) -> bytes:
        """The JSON error body, byte for byte as PocketBase writes it (pocketbase.md §1.6)."""
        answer = {"data": {}, "message": self.message, "status": self.status}
        return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


class NotFound(Refusal):
    """There is no such file, or the client may not know that there is."""

    status = 404
    message = "The requested resource wasn't found."


class Denied(NotFound):
    """The view rule denies the file, or cannot be evaluated."""


class DecisionFailed(Denied):
    """The rule engine failed on a view rule: a bug. It denies, and leaves its stack trace."""


class SyncTooOld(Denied):
    """No sync has lived for longer than protected files may be served.

    ``sync_age``: seconds since one said that it lives; ``None`` if none ever did.
    """

    def __init__(self, sync_age: float | None) -> None:
        super().__init__("no sync has been alive for too long", operator_must_act=True)
        self.sync_age = sync_age


class UnknownCollection(Refusal):
    """No collection has the name or id in the path."""

    status = 404
    message = "Missing or invalid collection context."


class StorageUnavailable(Refusal):
    """S3 or DynamoDB refuses our requests, and retrying will not help.

    The bucket or the table is missing, access to it is denied, or the credentials are wrong. Only
    an operator can mend that.
    """

    status = 400
    message = "Filesystem initialization failure."

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason, operator_must_act=True)


class TokenNotIssued(Refusal):
    """A file token could not be signed: the record's token key and the collection's secret are both
    missing, or the catalogue is unavailable."""

    status = 400
    message = "Failed to generate file token."


class Unauthenticated(Refusal):
    """The token route needs a valid auth token in ``Authorization``."""

    status = 401
    message = "The request requires valid record authorization token."


class Forbidden(Refusal):
    """A superuser's ``Authorization`` from an address outside ``superuserIPs`` (pocketbase.md
    §2.6), or a request that did not come through the CDN."""

    status = 403
    message = "You are not allowed to perform this request."


class Overloaded(Refusal):
    """S3 or DynamoDB throttled our requests, or did not respond within all attempts."""

    status = 503
    message = "The service is busy. Please try again."


class Outdated(PocketFilesError):
    """The table no longer has what it held at the generation that is being read."""


class DeadlineExceeded(Overloaded):
    """This request has no time left for what it waits for. Another request may succeed."""


class ThumbFailed(PocketFilesError):
    """A thumb of the picture cannot be made. ``reason`` is one of the short words listed in
    ``thumbs.render``, by which logs and metrics count."""


class RuleError(PocketFilesError):
    """A view rule cannot be parsed, resolved, or evaluated within its bounds."""

"""Every way a request can be refused, with its status and public sentence.

    PocketFilesError
    ├── Refusal                      what a client is told
    │   ├── NotFound            404  missing or denied: one body for all of them
    │   │   └── Denied          404  found, but not for this client; told apart in metrics alone
    │   ├── UnknownCollection   404  the collection in the path (its own sentence, pocketbase.md §1.6)
    │   ├── StorageUnavailable  400  the bucket cannot be opened at all
    │   ├── TokenNotIssued      400  a file token could not be signed
    │   ├── Unauthenticated     401  the token route without a valid auth token
    │   ├── Forbidden           403  a superuser from an address outside the list
    │   └── Overloaded          503  S3 or DynamoDB gave no answer in time; try again
    ├── ThumbFailed                  a thumb that cannot be made; the original is served instead
    └── RuleError                    a view rule that cannot be evaluated; it denies

A refusal has a public ``message``, the same for everybody, and a private ``reason`` for the log alone.
"""

import json
from typing import ClassVar


class PocketFilesError(Exception):
    """Root of everything this package raises on purpose."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Refusal(PocketFilesError):
    """An answer other than the file or the token; ``status`` and ``message`` are what the client sees."""

    status: ClassVar[int]
    message: ClassVar[str]

    def body(self) -> bytes:
        """The JSON error body, byte for byte as PocketBase writes it (pocketbase.md §1.6)."""
        answer = {"data": {}, "message": self.message, "status": self.status}
        return json.dumps(answer, separators=(",", ":")).encode() + b"\n"


class NotFound(Refusal):
    """Nothing there, or nothing this client may know of."""

    status = 404
    message = "The requested resource wasn't found."


class Denied(NotFound):
    """The view rule, or what it needs, says no."""


class UnknownCollection(Refusal):
    """No collection bears the name or id in the path."""

    status = 404
    message = "Missing or invalid collection context."


class StorageUnavailable(Refusal):
    """No bucket, no access to it, or wrong credentials: an operator must act."""

    status = 400
    message = "Filesystem initialization failure."


class TokenNotIssued(Refusal):
    """Signing failed: neither the record's token key nor the collection's secret is there."""

    status = 400
    message = "Failed to generate file token."


class Unauthenticated(Refusal):
    """The token route needs a valid auth token in ``Authorization``."""

    status = 401
    message = "The request requires valid record authorization token."


class Forbidden(Refusal):
    """A superuser's ``Authorization`` from an address outside ``superuserIPs`` (pocketbase.md §2.6)."""

    status = 403
    message = "You are not allowed to perform this request."


class Overloaded(Refusal):
    """AWS throttled us or did not answer within the attempts we allow ourselves."""

    status = 503
    message = "The service is busy. Please try again."


class ThumbFailed(PocketFilesError):
    """The picture cannot be turned into this thumb. ``reason`` is one of the short words that
    ``thumbs.render`` lists, so that logs and metrics can count by it."""


class RuleError(PocketFilesError):
    """A view rule that cannot be parsed, resolved or evaluated within its bounds."""

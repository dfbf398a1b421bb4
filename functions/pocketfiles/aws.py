"""Clients for AWS: their timeouts, and what their errors mean to a client of ours.

The worst case of one call is 3 attempts of 1 s to connect and 5 s to read, and 3 s of backoff
between them: 21 s. That is less than the function's timeout of 28 s, which is less than API
Gateway's 30 s. A request may make several calls, so no attempt begins that could end after the
request's deadline.
"""

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, cast, overload

import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    NoCredentialsError,
    PartialCredentialsError,
)

from pocketfiles import response_bodies
from pocketfiles.deadline import deadline
from pocketfiles.errors import DeadlineExceeded, Overloaded, Refusal, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

AWS_ERRORS = (BotoCoreError, ClientError)


class OutOfTime(BotoCoreError):
    """An attempt was not made, because the request has too little time left for it."""

    fmt = "too little time is left for another attempt"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait for a connection and for each read, and the number of attempts."""

    connect: float = 1
    read: float = 5
    attempts: int = 3

    @property
    def backoff(self) -> float:
        """The longest pauses between all attempts, in seconds. botocore draws each at random, the
        first below 1 s, the next below 2 s, then below 4 s."""
        return 2.0 ** (self.attempts - 1) - 1

    @property
    def worst_case(self) -> float:
        """The longest time that one call takes, in seconds."""
        return self.attempts * (self.connect + self.read) + self.backoff

    def config(self) -> Config:
        """These timeouts as botocore's configuration.

        Objects are not checksummed: TLS protects their bytes, and ``storage`` checks their length.
        """
        return Config(
            connect_timeout=self.connect,
            read_timeout=self.read,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
            response_checksum_validation="when_required",
            tcp_keepalive=True,
            max_pool_connections=25,
        )


TIMEOUTS = Timeouts()
RESERVE_SECONDS = TIMEOUTS.connect + TIMEOUTS.read + TIMEOUTS.backoff
"""The time that the last attempt of a request may take, with its backoff and the response."""


@overload
def client(service: Literal["s3"], timeouts: Timeouts = TIMEOUTS) -> "S3Client": ...
@overload
def client(service: Literal["dynamodb"], timeouts: Timeouts = TIMEOUTS) -> "DynamoDBClient": ...
@overload
def client(service: Literal["logs"], timeouts: Timeouts = TIMEOUTS) -> "CloudWatchLogsClient": ...
def client(service: str, timeouts: Timeouts = TIMEOUTS) -> Any:
    """A low-level client. Region, credentials and endpoint come from the environment as usual."""
    made = session().create_client(service, config=timeouts.config())
    made.meta.events.register("before-send", _check_deadline)
    response_bodies.limit(made, timeouts.connect + timeouts.read)
    if service == "dynamodb":
        made.meta.events.register("needs-retry", _WholeAnswer(timeouts.attempts))  # type: ignore[arg-type]
    return made


CORS_MARK = "x-cors"
"""Query parameter that distinguishes the URL for a cross-origin request. S3 ignores it."""


def presigning_client(region: str) -> "S3Client":
    """An S3 client that signs URLs of buckets in ``region`` for browsers.

    By default, boto signs them with SigV2 for the global endpoint. That endpoint redirects requests
    for new buckets in other regions, and the redirect loses CORS. ``Params`` of a URL may contain
    ``CORS_MARK``.
    """
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )
    made = session().create_client("s3", region_name=region or None, config=config)
    made.meta.events.register("provide-client-params.s3.GetObject", _take_mark)
    made.meta.events.register("before-sign.s3.GetObject", _sign_mark)
    return cast("S3Client", made)


def _take_mark(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
    """Keep the mark apart from S3's own parameters, which botocore validates."""
    context[CORS_MARK] = params.pop(CORS_MARK, None)


def _sign_mark(request: Any, **_: Any) -> None:
    """Add the mark to the query before it is signed."""
    mark = request.context.get(CORS_MARK)
    if mark:
        request.params = {**request.params, CORS_MARK: mark}


SESSION_SECONDS = 3600
"""How long session credentials of unknown end are trusted from the start of the process. It is the
default duration of a role session; Lambda does not document how long its own last."""

SHORTEST_URL_SECONDS = 60
"""Lifetime of a URL signed after that time. A client follows a redirect at once."""

_STARTED = time.time()


def process_age() -> float:
    """Seconds since this process, or the snapshot it was restored from, was started."""
    return time.time() - _STARTED


def signature_seconds(longest: int, age: Callable[[], float] = process_age) -> int:
    """How long a URL signed now can be valid: ``longest``, but not beyond the credentials' end,
    after which S3 refuses the URL."""
    credentials = session().get_credentials()
    if credentials is None or not credentials.get_frozen_credentials().token:
        return longest  # long-term credentials do not expire
    if isinstance(credentials, RefreshableCredentials):
        seconds = longest
        while seconds > 1 and credentials.refresh_needed(refresh_in=seconds):
            seconds //= 2
        return seconds
    return min(longest, max(SHORTEST_URL_SECONDS, SESSION_SECONDS - int(age())))


@cache
def session() -> botocore.session.Session:
    """The session that all clients share, so that endpoint data is loaded once."""
    return botocore.session.get_session()


def last_attempt() -> float:
    """The moment, on the clock of ``time.monotonic``, after which no attempt may begin."""
    return deadline() - RESERVE_SECONDS


def _check_deadline(**_: Any) -> None:
    if time.monotonic() > last_attempt():
        raise OutOfTime


class _WholeAnswer:
    """Retries a DynamoDB response that broke off, was changed on its way, or came from somebody
    else. botocore would take it for one without items, and a rule for a record that is missing."""

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts

    def __call__(self, response: Any, attempts: int, **_: Any) -> int | None:
        """Called by botocore after each attempt. Returns the seconds until the next attempt, or
        ``None`` if there need not be one."""
        if response is None or _is_whole(response[0]):
            return None
        if attempts < self._attempts:
            return 0
        raise ConnectionClosedError(endpoint_url=response[0].url)


def _is_whole(answer: Any) -> bool:
    """Whether the length and the checksum of a response are right, and a success is an object."""
    content = answer.content
    length = int(answer.headers.get("content-length", len(content)))
    checksum = int(answer.headers.get("x-amz-crc32", zlib.crc32(content)))
    is_answer = answer.status_code != HTTPStatus.OK or content.startswith(b"{")
    return is_answer and (len(content), zlib.crc32(content)) == (length, checksum)


_TRANSIENT_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestExpired",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "ServiceUnavailable",
        "SlowDown",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
"""Error codes that a retry may get past, whatever their HTTP status."""

_THROTTLED = "Throttl"
"""Part of all other codes of throttling, such as ``ThrottlingException`` and those of KMS."""


def code(error: Exception) -> str:
    """The service's error code (of a HEAD, a status such as ``404``), or the exception's name."""
    if not isinstance(error, ClientError):
        return type(error).__name__
    details = error.response.get("Error", {})
    return str(details.get("Code", ""))


def status(error: Exception) -> int:
    """The HTTP status of a service's error; 0 if there was no response."""
    if not isinstance(error, ClientError):
        return 0
    metadata = error.response.get("ResponseMetadata", {})
    return int(metadata.get("HTTPStatusCode", 0))


def refusal(service: str, error: Exception) -> Refusal:
    """The refusal that a failed call leads to: ``Overloaded`` if a retry may succeed,
    ``StorageUnavailable`` if an operator must act."""
    reason = f"{service}: {code(error)}"
    if isinstance(error, OutOfTime):
        return DeadlineExceeded(reason)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return StorageUnavailable(reason)
    is_transient = code(error) in _TRANSIENT_CODES or _THROTTLED in code(error)
    if not isinstance(error, ClientError) or is_transient:
        return Overloaded(reason)
    http_status = status(error)
    if http_status == HTTPStatus.TOO_MANY_REQUESTS:
        return Overloaded(reason)
    is_our_fault = HTTPStatus.MULTIPLE_CHOICES <= http_status < HTTPStatus.INTERNAL_SERVER_ERROR
    return StorageUnavailable(reason) if is_our_fault else Overloaded(reason)

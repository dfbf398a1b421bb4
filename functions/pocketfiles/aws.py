"""How we speak to AWS: clients whose patience fits the function's, and what their failures mean.

Worst case of one call: 3 attempts of 1 s to connect and 5 s to read, and 3 s of backoff between them, 21 s
in all: below the function's 28 s, which is below API Gateway's 30 s. Several slow calls in a row share the
function's time: ``within`` it, none begins that could outlast it.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, overload

import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    NoCredentialsError,
    PartialCredentialsError,
)

from pocketfiles.errors import Overloaded, Refusal, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

AWS_ERRORS = (BotoCoreError, ClientError)

CONNECT_SECONDS = 1
READ_SECONDS = 5
ATTEMPTS = 3


class OutOfTime(BotoCoreError):
    """An attempt was not made, because the request it serves has too little time left."""

    fmt = "too little time is left for another attempt"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a client waits, in seconds, for a connection and then for each sign of life, and how often
    it asks."""

    connect: float = CONNECT_SECONDS
    read: float = READ_SECONDS
    attempts: int = ATTEMPTS

    @property
    def backoff(self) -> float:
        """The longest pauses between the attempts together; botocore draws them below 1 s, 2 s, 4 s …"""
        return 2.0 ** (self.attempts - 1) - 1

    @property
    def longest(self) -> float:
        """What one call may take at the most."""
        return self.attempts * (self.connect + self.read) + self.backoff

    def config(self) -> Config:
        """The same for botocore. Objects are checked by their length alone, since TLS sees to their bytes."""
        return Config(
            connect_timeout=self.connect,
            read_timeout=self.read,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
            response_checksum_validation="when_required",
            tcp_keepalive=True,
            max_pool_connections=25,
        )


PATIENCE = Patience()
RESERVE_SECONDS = PATIENCE.connect + PATIENCE.read + PATIENCE.backoff
"""What the last attempt of a request may take, with the pause and the answer that follow."""

_last_call: ContextVar[float] = ContextVar("last_call", default=math.inf)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """The time one request has: inside, no attempt begins that could outlast it."""
    token = _last_call.set(time.monotonic() + seconds - RESERVE_SECONDS)
    try:
        yield
    finally:
        _last_call.reset(token)


def last_call() -> float:
    """The moment of ``time.monotonic`` after which AWS is asked nothing more; outside ``within``, never."""
    return _last_call.get()


_TRY_AGAIN = frozenset(
    {
        "InternalError",
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestTimeout",
        "RequestTimeTooSkewed",
        "ServiceUnavailable",
        "SlowDown",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


@overload
def client(service: Literal["s3"], patience: Patience = PATIENCE) -> "S3Client": ...
@overload
def client(service: Literal["dynamodb"], patience: Patience = PATIENCE) -> "DynamoDBClient": ...
def client(service: str, patience: Patience = PATIENCE) -> Any:
    """A low-level client; region, credentials and endpoint come from the environment, as usual."""
    made = _session().create_client(service, config=patience.config())
    made.meta.events.register("before-send", _check_time)
    if service == "dynamodb":
        made.meta.events.register("needs-retry", _LengthCheck(patience.attempts))  # type: ignore[arg-type]
    return made


def presigning_client() -> "S3Client":
    """An S3 client for URLs that browsers follow. Untold, boto signs them with SigV2 for the global host,
    which redirects for young buckets elsewhere and so loses CORS."""
    ours = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )
    return cast("S3Client", _session().create_client("s3", config=ours))


def secret_values(arn: str) -> tuple[str, ...]:
    """A secret's current value, then the one before it, if any. Raises a ``Refusal``."""
    secrets: Any = _session().create_client("secretsmanager", config=PATIENCE.config())
    found = []
    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        try:
            found.append(
                str(secrets.get_secret_value(SecretId=arn, VersionStage=stage)["SecretString"])
            )
        except ClientError as error:
            if code(error) != "ResourceNotFoundException":
                raise refusal("Secrets Manager", error) from error
        except BotoCoreError as error:
            raise refusal("Secrets Manager", error) from error
    return tuple(found)


def _check_time(**_: Any) -> None:
    if time.monotonic() > last_call():
        raise OutOfTime


class _LengthCheck:
    """Asks again for an answer of DynamoDB that broke off: botocore would read it as one without items."""

    def __init__(self, attempts: int) -> None:
        self._attempts = attempts

    def __call__(self, response: Any, attempts: int, **_: Any) -> int | None:
        """botocore's question after each attempt: seconds until the next one, ``None`` for no next one."""
        if response is None:
            return None
        answer = response[0]
        if len(answer.content) == int(answer.headers.get("content-length", len(answer.content))):
            return None
        if attempts < self._attempts:
            return 0
        raise ConnectionClosedError(endpoint_url=answer.url)


_sessions: list[botocore.session.Session] = []


def _session() -> botocore.session.Session:
    # One session for all clients: the second client then finds the loaded endpoint data.
    if not _sessions:
        _sessions.append(botocore.session.get_session())
    return _sessions[0]


def code(error: Exception) -> str:
    """The service's error code, a bare status such as ``404`` for a HEAD, or the exception's name."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", ""))
    return type(error).__name__


def status(error: Exception) -> int:
    """The HTTP status of a service's error; 0 when no answer came."""
    if isinstance(error, ClientError):
        return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return 0


def refusal(service: str, error: Exception) -> Refusal:
    """What a failed call means to a client: 503 if time may heal it, 400 if an operator must."""
    reason = f"{service}: {code(error)}"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return StorageUnavailable(reason)
    if (
        isinstance(error, ClientError)
        and code(error) not in _TRY_AGAIN
        and status(error) in range(300, 500)
    ):
        return Overloaded(reason) if status(error) == 429 else StorageUnavailable(reason)
    return Overloaded(reason)

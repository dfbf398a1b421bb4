"""How we speak to AWS: clients whose patience fits the function's, and what their failures mean.

Worst case of one call: 3 attempts of 1 s to connect and 5 s to read, and 2 s of backoff between them, 20 s
in all: below the function's 28 s, which is below API Gateway's 30 s.
"""

from typing import TYPE_CHECKING, Any, Literal, cast, overload

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from pocketfiles.errors import Overloaded, Refusal, StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

AWS_ERRORS = (BotoCoreError, ClientError)

CONNECT_SECONDS = 1
READ_SECONDS = 5
ATTEMPTS = 3

_PATIENCE = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    tcp_keepalive=True,
    max_pool_connections=25,
)

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
def client(service: Literal["s3"]) -> "S3Client": ...
@overload
def client(service: Literal["dynamodb"]) -> "DynamoDBClient": ...
def client(service: str) -> Any:
    """A low-level client; region, credentials and endpoint come from the environment, as usual."""
    return _session().create_client(service, config=_PATIENCE)


def presigning_client() -> "S3Client":
    """An S3 client for URLs that browsers follow. Untold, boto signs them with SigV2 for the global host,
    which redirects for young buckets elsewhere and so loses CORS."""
    ours = Config(
        signature_version="s3v4",
        s3={"addressing_style": "virtual", "us_east_1_regional_endpoint": "regional"},
    )
    return cast("S3Client", _session().create_client("s3", config=_PATIENCE.merge(ours)))


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
    if isinstance(error, ClientError) and code(error) not in _TRY_AGAIN and status(error) in range(300, 500):
        return Overloaded(reason) if status(error) == 429 else StorageUnavailable(reason)
    return Overloaded(reason)

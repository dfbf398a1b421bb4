"""Where a deployment keeps its data, how to reach it, and what AWS's errors about it mean.

A deployment is named by its bucket and table, by the name of its CloudFormation stack, or as the
runner on this machine. Region, credentials and endpoint come from the environment, as for any AWS
tool, and for the runner from its state file.
"""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError

from pocketfiles.config import thumb_formats

from ..errors import AdminError, TargetError
from ..proxies import proxy_for
from . import clock, local_runner
from .cloudfront import Distribution
from .edge import Edge
from .key_value_store import KeyValueStore
from .probe import BucketProbe

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_CONNECTIONS = 32
"""Connections kept open: enough for the sync's uploads, each of up to four parts at a time."""

_CONNECT_SECONDS = 3
"""How long a connection may take before the endpoint counts as dead."""

# Requests are built by our own code; validating the shape of 100,000 items takes longer than making
# them.
_CONFIG = Config(
    connect_timeout=_CONNECT_SECONDS,
    retries={"mode": "standard", "total_max_attempts": 6},
    max_pool_connections=_CONNECTIONS,
    parameter_validation=False,
)
_TABLE_OUTPUT = "TableName"
_BUCKET_OUTPUT = "BucketName"
_URL_OUTPUT = "Url"
_DISTRIBUTION_OUTPUT = "DistributionId"
_EDGE_STORE_OUTPUT = "EdgeStoreArn"
_THUMB_FORMATS_OUTPUT = "EdgeThumbFormats"
_BUCKET_POLICY_OUTPUT = "BucketPolicyStatement"
_FILES_PATH = "/api/files/"
_NOT_ACCEPTED = (
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
"""Error codes of AWS for credentials that it does not know, or signatures that are wrong."""

_NOT_AWS = "what answers is not AWS: check AWS_ENDPOINT_URL and the proxies of the environment"
_DENIED = ("AccessDenied", "AccessDeniedException", "403")
"""Error codes for a missing permission; S3 gives a HEAD request the bare status."""


@dataclass(frozen=True)
class Deployment:
    """The bucket and the table of a deployment, and how to reach them."""

    bucket: str = ""
    """Empty where no bucket was named."""
    table: str = ""
    """Empty where no table was named."""
    url: str = ""
    """The origin at which files are served; empty when unknown."""
    distribution: str = ""
    """The id of the CloudFront distribution; empty where there is none, or none is known."""
    edge_store: str = ""
    """The ARN of CloudFront's key value store; empty where there is none, or none is known."""
    thumb_formats: str = ""
    """``THUMB_FORMATS`` of the functions; empty for a stack of a version that does not tell."""
    is_foreign_bucket: bool = False
    """Whether the bucket is not the stack's, so that its policy is somebody else's."""
    session: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """Arguments of boto3's clients beyond those that the environment sets."""

    def clients(self) -> "tuple[S3Client, DynamoDBClient]":
        """Clients for S3 and DynamoDB.

        Raises ``TargetError`` if an endpoint does not answer, and what boto3 raises without a
        region.
        """
        s3 = boto3.client("s3", config=_CONFIG, **self.session)
        dynamodb = boto3.client("dynamodb", config=_CONFIG, **self.session)
        clock.watch(dynamodb)
        dynamodb.meta.events.register("after-call.dynamodb", _refuse_pages)
        for endpoint in {s3.meta.endpoint_url, dynamodb.meta.endpoint_url}:
            _require_answer(endpoint)
        return s3, dynamodb

    def edge(self, warn: Callable[[str], None] = lambda _line: None) -> Edge:
        """The CloudFront distribution in front, which only a stack names.

        ``warn`` is told why no collection is open at the edge.
        """
        distribution = None
        if self.distribution:
            cloudfront = boto3.client("cloudfront", config=_CONFIG, **self.session)
            distribution = Distribution(cloudfront, self.distribution)
        store = None
        if self.edge_store:
            client = boto3.client("cloudfront-keyvaluestore", config=_CONFIG, **self.session)
            store = KeyValueStore(client, self.edge_store)
        probe = None
        if self.is_foreign_bucket:
            s3 = boto3.client("s3", config=_CONFIG, **self.session)
            probe = BucketProbe(s3, self.bucket, self.url, warn)
        formats = thumb_formats(self.thumb_formats)
        return Edge(distribution, store, probe=probe, formats=formats)

    def __str__(self) -> str:
        parts = [
            f"table {self.table}" if self.table else "",
            f"bucket {self.bucket}" if self.bucket else "",
            f"region {_region(self.session) or 'of the AWS profile'}",
            f"endpoint {_endpoint(self.session) or 'of AWS'}",
        ]
        return ", ".join(filter(None, parts))


def of_environment(bucket: str, table: str) -> Deployment:
    """The bucket and the table of these names, in the environment's region."""
    return Deployment(bucket, table, session=_session(os.environ))


def of_stack(name: str) -> Deployment:
    """The deployment of a CloudFormation stack, by its outputs. Raises ``AdminError``."""
    session = _session(os.environ)
    cloudformation = boto3.client("cloudformation", config=_CONFIG, **session)
    _require_answer(cloudformation.meta.endpoint_url)
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in _message(error):
            region = cloudformation.meta.region_name
            raise AdminError(f"there is no stack {name} in the region {region}") from error
        raise
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", [])}
    for key in (_BUCKET_OUTPUT, _TABLE_OUTPUT):
        if key not in outputs:
            raise AdminError(f"the stack {name} is none of PocketFiles: it has no output {key}")
    url = outputs.get(_URL_OUTPUT, "").removesuffix(_FILES_PATH)
    return Deployment(
        outputs[_BUCKET_OUTPUT],
        outputs[_TABLE_OUTPUT],
        url,
        outputs.get(_DISTRIBUTION_OUTPUT, ""),
        outputs.get(_EDGE_STORE_OUTPUT, ""),
        outputs.get(_THUMB_FORMATS_OUTPUT, ""),
        _BUCKET_POLICY_OUTPUT in outputs,
        session,
    )


def of_local_runner() -> Deployment:
    """The deployment of the runner on this machine. Raises ``AdminError`` when none runs."""
    runner = local_runner.find(os.environ)
    session = {
        "endpoint_url": runner.endpoint,
        "region_name": runner.region,
        "aws_access_key_id": runner.access_key_id,
        "aws_secret_access_key": runner.secret_access_key,
    }
    return Deployment(
        runner.bucket, runner.table, runner.base, runner.distribution, session=session
    )


def in_words(error: Exception, deployment: Deployment | None) -> str:
    """An error of AWS or of its client as one line that names the cause and what to do."""
    where = f" ({deployment})" if deployment else ""
    if isinstance(error, NoRegionError):
        return "no AWS region is set: set AWS_REGION, or choose a profile with AWS_PROFILE"
    if isinstance(error, ResponseParserError):
        return f"{_NOT_AWS}{where}"
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return f"no AWS credentials are found: choose a profile with AWS_PROFILE, or log in{where}"
    if not isinstance(error, ClientError):
        return f"AWS: {error}{where}"
    code = error.response.get("Error", {}).get("Code", "")
    message = _message(error)
    table = deployment.table if deployment else ""
    bucket = deployment.bucket if deployment else ""
    known = {
        "ResourceNotFoundException": f"there is no table {table}",
        "NoSuchBucket": f"there is no bucket {bucket}",
        "ExpiredToken": "the AWS credentials have expired: log in again",
        "ExpiredTokenException": "the AWS credentials have expired: log in again",
        **dict.fromkeys(_NOT_ACCEPTED, f"AWS does not accept the credentials: {message}"),
        **dict.fromkeys(_DENIED, f"AWS does not permit {error.operation_name}: {message}"),
    }
    return f"{known.get(code, f'AWS: {error}')}{where}"


def _message(error: ClientError) -> str:
    """What AWS says; empty where something else than AWS answers at the endpoint."""
    return error.response.get("Error", {}).get("Message", "")


def _session(environment: Mapping[str, str]) -> dict[str, Any]:
    """The region of ``AWS_REGION``, which other AWS tools read and boto3 does not.

    Raises ``AdminError`` for an endpoint that is no address.
    """
    endpoint = environment.get("AWS_ENDPOINT_URL", "")
    if endpoint and not endpoint.startswith(("http://", "https://")):
        raise AdminError(f"AWS_ENDPOINT_URL is {endpoint}, which is no address such as http://host")
    region = environment.get("AWS_REGION")
    return {"region_name": region} if region else {}


def _region(session: Mapping[str, Any]) -> str:
    return str(session.get("region_name") or os.environ.get("AWS_DEFAULT_REGION", ""))


def _endpoint(session: Mapping[str, Any]) -> str:
    return str(session.get("endpoint_url") or os.environ.get("AWS_ENDPOINT_URL", ""))


def _refuse_pages(http_response: Any, **_: Any) -> None:
    """Raise ``TargetError`` for what is no JSON, such as a proxy's page in place of AWS."""
    if "json" not in http_response.headers.get("content-type", ""):
        raise TargetError(f"{_NOT_AWS} ({http_response.url})")


def _require_answer(endpoint: str) -> None:
    """Raise ``TargetError`` if nothing listens there; the SDK would try for 13 seconds first."""
    if proxy_for(endpoint):
        return
    url = urlsplit(endpoint)
    address = (url.hostname or "", url.port or {"http": 80, "https": 443}[url.scheme])
    try:
        socket.create_connection(address, _CONNECT_SECONDS).close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise TargetError(f"nothing answers at the AWS endpoint {endpoint}: {reason}") from error

"""S3 and DynamoDB in memory, with the buckets and tables the template declares."""

import logging
import os
import secrets
import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from local.containers import EVERYWHERE, HOST
from local.intrinsics import REGION
from local.partitions import partition_tables
from local.signature import Credentials
from local.stand_in import LOOPBACK_NAMES, NO_OTHERS, StandIn
from local.stand_in import Application as WsgiApplication
from local.template import Template

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

LOOPBACK = "127.0.0.1"

# Variables that may be set in a developer's shell and would lead an SDK elsewhere.
_REAL_AWS = (
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_S3",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
)


def random_credentials() -> Credentials:
    """An access key that nobody can guess."""
    return Credentials(f"LOCAL{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30))


@contextmanager
def serving(
    credentials: Credentials,
    host: str = LOOPBACK,
    others: Mapping[str, WsgiApplication] = NO_OTHERS,
) -> Iterator[str]:
    """Serve S3 and DynamoDB until the block ends, and yield their endpoint on this machine.

    ``host`` is the address to listen on; ``others`` are other services by their signing name. All
    data is in memory and lost in the end.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    names = (*LOOPBACK_NAMES, HOST) if host == EVERYWHERE else LOOPBACK_NAMES
    server = make_server(
        host,
        0,
        StandIn(credentials, names, others=others),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def point_at(
    endpoint: str, credentials: Credentials, environment: MutableMapping[str, str]
) -> None:
    """Lead every AWS client that reads ``environment`` to ``endpoint``."""
    for name in _REAL_AWS:
        environment.pop(name, None)
    bypass = [
        environment.get("NO_PROXY") or environment.get("no_proxy") or "",
        "127.0.0.1,localhost",
    ]
    environment.update(
        AWS_ACCESS_KEY_ID=credentials.access_key_id,
        AWS_SECRET_ACCESS_KEY=credentials.secret_access_key,
        AWS_CONFIG_FILE=os.devnull,
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
        AWS_DEFAULT_REGION=REGION,
        AWS_REGION=REGION,
        AWS_ENDPOINT_URL=endpoint,
        NO_PROXY=",".join(filter(None, bypass)),
    )
    environment["no_proxy"] = environment["NO_PROXY"]


def provision(template: Template, s3: "S3Client", dynamodb: "DynamoDBClient") -> None:
    """Create the template's buckets and tables."""
    for bucket in template.buckets:
        s3.create_bucket(Bucket=bucket)
    for table in template.tables:
        dynamodb.create_table(TableName=table.name, **table.definition)
    partition_tables()

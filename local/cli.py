"""The command line: serves a PocketBase data directory by the real functions, without AWS."""

import argparse
import contextlib
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

import boto3

from admin.errors import AdminError
from admin.sync.round import import_directory
from admin.target import local_runner
from admin.target.local_runner import LocalRunner
from local import cloud, containers
from local.api import Api
from local.gateway import Request
from local.intrinsics import REGION, TemplateError
from local.runtime import Runtime
from local.samples import samples
from local.server import Application, Server
from local.signature import Credentials
from local.template import Template, parse
from pocketfiles import __version__
from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.table import Table

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "local" / "demo" / "pb_data"
MAX_PORT = 65_535


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM, then return 0; 1 when it cannot start, with a reason."""
    options = _options(arguments)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    out = sys.stdout
    try:
        # Functions print their log; standard output is for the addresses alone.
        with contextlib.redirect_stdout(sys.stderr):
            _serve(options, out)
    except KeyboardInterrupt:
        return 0
    except (AdminError, OSError, TemplateError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m local",
        description="Serve a PocketBase data directory through the real functions, without AWS.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DEMO,
        metavar="PB_DATA_DIR",
        help="PocketBase's data directory, which is only read; by default the demo data",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=8090,
        metavar="N",
        help="the port to listen on, 0 for any free one; by default 8090, as PocketBase",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; by default 127.0.0.1, which only this machine can reach",
    )
    parser.add_argument(
        "--sam-env",
        type=Path,
        metavar="FILE",
        help="write the variables for `sam local --env-vars` to FILE, and let containers (and so "
        "the network) reach S3 and DynamoDB",
    )
    parser.add_argument(
        "--cdn",
        action="store_true",
        help="put CloudFront's edge in front, with its real functions; needs Node",
    )
    parser.add_argument("--version", action="version", version=f"PocketFiles {__version__}")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= MAX_PORT):
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)


def _serve(options: argparse.Namespace, out: TextIO) -> None:
    template = parse((ROOT / "template.yaml").read_text())
    environment = template.environment()
    credentials = cloud.random_credentials()
    with (
        _bound(options.host, options.port) as server,
        cloud.serving(credentials, _reachable_from(options)) as endpoint,
        _for_containers(options.sam_env, endpoint, environment),
    ):
        os.environ.update(environment)
        cloud.point_at(endpoint, credentials, os.environ)
        table = _import(options.data, template, environment)
        api = Api(template.routes, Runtime(template.functions))
        base = f"http://{options.host}:{server.server_port}"
        with (
            _in_front(options, api, table, environment) as application,
            _announced(_runner(base, endpoint, credentials, environment)),
        ):
            server.application = application
            for line in _greeting(base, endpoint, api, table):
                print(line, file=out, flush=True)
            server.serve_forever()


def _in_front(
    options: argparse.Namespace, api: Api, table: Table, environment: dict[str, str]
) -> contextlib.AbstractContextManager[Application]:
    """What clients reach: the API itself, or the edge with ``--cdn``."""
    if not options.cdn:
        return contextlib.nullcontext(api.respond)
    from local.cdn.start import edge  # noqa: PLC0415 - only --cdn needs Node and its process

    bucket = environment["BUCKET_NAME"]
    return edge(
        ROOT, boto3.client("s3"), bucket, lambda: snapshot_of(table).collections, api.respond
    )


def _reachable_from(options: argparse.Namespace) -> str:
    """The address that S3 and DynamoDB listen on."""
    return containers.EVERYWHERE if options.sam_env else cloud.LOOPBACK


def _runner(
    base: str, endpoint: str, credentials: Credentials, environment: Mapping[str, str]
) -> LocalRunner:
    return LocalRunner(
        base=base,
        endpoint=endpoint,
        region=REGION,
        table=environment["TABLE_NAME"],
        bucket=environment["BUCKET_NAME"],
        access_key_id=credentials.access_key_id,
        secret_access_key=credentials.secret_access_key,
        pid=os.getpid(),
    )


@contextlib.contextmanager
def _announced(runner: LocalRunner) -> Iterator[None]:
    """Let ``admin --local`` find this service until the block ends."""
    try:
        path = local_runner.write(runner, os.environ)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}"
        print(f"warning: `admin --local` will not find this service: {reason}", file=sys.stderr)
        yield
        return
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _for_containers(
    path: Path | None, endpoint: str, environment: dict[str, str]
) -> contextlib.AbstractContextManager[None]:
    if path is None:
        return contextlib.nullcontext()
    return containers.variables(path, urlsplit(endpoint).port or 80, environment)


def _bound(host: str, port: int) -> Server:
    """Listen before anything that takes time, so that a port in use is reported at once."""
    try:
        return Server((host, port))
    except OSError as error:
        raise OSError(
            f"cannot listen on {host} port {port}: {error.strerror}; try --port 0"
        ) from error


def _import(data: Path, template: Template, environment: dict[str, str]) -> Table:
    """Create the template's bucket and table and import the data directory into them."""
    s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
    cloud.provision(template, s3, dynamodb)
    summary = import_directory(
        data, s3, environment["BUCKET_NAME"], dynamodb, environment["TABLE_NAME"]
    )
    for line in (*summary.warnings, f"imported {data.name}: {summary}"):
        print(line, file=sys.stderr)
    return Table(dynamodb, environment["TABLE_NAME"])


def _greeting(base: str, endpoint: str, api: Api, table: Table) -> Iterator[str]:
    def opens(path: str) -> bool:
        answer = api.respond(Request("HEAD", path, (("Host", "localhost"),)))
        return answer.status == HTTPStatus.OK

    logging.disable(logging.INFO)  # the log is for clients' requests, and these are our own
    found = list(samples(snapshot_of(table), opens, base, time.time()))
    logging.disable(logging.NOTSET)
    yield f"ready: {base}"
    yield f"aws: {endpoint}"
    for label, text in found:
        yield f"{label:<16}  {text}"

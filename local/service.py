"""The whole service: what stands in for AWS, the imported data, the API, and what listens."""

import contextlib
import logging
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

import boto3

from admin.console import origins
from admin.console.app import ConsoleApp
from admin.console.objects import BucketObjects
from admin.console.views import Views
from admin.errors import AdminError
from admin.hosts import is_this_machine
from admin.sync.prepare import import_directory
from admin.sync.summary import Summary
from admin.target import edge_store, local_runner
from admin.target.cloudfront import Distribution
from admin.target.edge import NO_EDGE, Edge
from admin.target.local_runner import LocalRunner
from admin.wording import cannot_listen, printable
from local import cloud, containers
from local.api import Api
from local.cdn.invalidations import DISTRIBUTION_ID, Invalidations
from local.console import Console, FunctionOutput, observed
from local.follow import following
from local.gateway import Answer, Request
from local.intrinsics import REGION
from local.login import Login
from local.runtime import Runtime
from local.samples import samples
from local.server import Application, Server
from local.signature import Credentials
from local.template import Template, parse
from pocketfiles.catalogue.cached import Snapshot, snapshot_of
from pocketfiles.catalogue.table import Table
from pocketfiles.config import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "local" / "demo" / "pb_data"


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    data: Path
    host: str
    port: int
    watch: bool = False
    login: bool = False
    cdn: bool = False
    sam_env: Path | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_for_others(self) -> bool:
        """Whether other machines may reach the service."""
        return not is_this_machine(self.host)

    @property
    def is_demo(self) -> bool:
        """Whether the data is the demo data, whose secrets are nobody's."""
        return self.data.resolve() == DEMO


@dataclass(frozen=True)
class Backing:
    """The bucket and the table, filled, and how to reach them."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    endpoint: str
    credentials: Credentials
    bucket: str
    table_name: str
    summary: Summary

    def snapshot(self) -> Snapshot:
        """The data of this moment."""
        return snapshot_of(Table(self.dynamodb, self.table_name))


def serve(options: Options, out: TextIO, console: Console) -> None:
    """Serve until interrupted. The addresses go to ``out`` when everything is ready.

    Raises ``AdminError``, ``OSError`` or ``TemplateError`` when it cannot start.
    """
    invalidations = Invalidations()
    template = parse((ROOT / "template.yaml").read_text(), options.parameters)
    with (
        _bound(options.host, options.port) as server,
        contextlib.redirect_stdout(FunctionOutput(console.printed_by_function)),
        _backing(options, template, invalidations) as backing,
    ):
        api = Api(template.routes, Runtime(template.functions))
        base = f"http://{options.host}:{server.server_port}"
        with (
            _in_front(options, api, backing, invalidations) as front,
            _announced(_runner(options, base, backing), console),
            _followed(options, backing, console),
        ):
            with_login = _with_login(options, front, backing)
            server.application = _with_page(observed(with_login, console), backing, console)
            for line in _greeting(base, backing, api):
                print(line, file=out, flush=True)
            _remark(options, backing, console)
            console.open()
            server.serve_forever()


def _bound(host: str, port: int) -> Server:
    """Listen before anything that takes time, so that a port in use is reported at once."""
    try:
        return Server((host, port))
    except OSError as error:
        raise AdminError(cannot_listen(host, port, error)) from error


@contextlib.contextmanager
def _backing(
    options: Options, template: Template, invalidations: Invalidations
) -> Iterator[Backing]:
    """S3 and DynamoDB with the template's bucket and table and the data in them."""
    credentials = cloud.random_credentials()
    environment = template.environment()
    bucket = environment["BUCKET_NAME"]
    table = environment["TABLE_NAME"]
    address = containers.EVERYWHERE if options.sam_env else cloud.LOOPBACK
    with (
        cloud.serving(credentials, address, {"cloudfront": invalidations}) as endpoint,
        _for_containers(options.sam_env, endpoint, environment),
    ):
        os.environ.update(environment)
        cloud.point_at(endpoint, credentials, os.environ)
        s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        cloud.provision(template, s3, dynamodb)
        summary = import_directory(options.data, s3, bucket, dynamodb, table)
        yield Backing(s3, dynamodb, endpoint, credentials, bucket, table, summary)


def _for_containers(
    path: Path | None, endpoint: str, environment: dict[str, str]
) -> contextlib.AbstractContextManager[None]:
    if path is None:
        return contextlib.nullcontext()
    return containers.variables(path, urlsplit(endpoint).port or 80, environment)


def _in_front(
    options: Options, api: Api, backing: Backing, invalidations: Invalidations
) -> contextlib.AbstractContextManager[Application]:
    """What clients reach: the API itself, or the edge with ``--cdn``."""
    if not options.cdn:
        return contextlib.nullcontext(api.respond)
    from local.cdn import policy  # noqa: PLC0415 - only --cdn needs Node and its process
    from local.cdn.start import edge  # noqa: PLC0415

    formats = Settings.from_env(os.environ, files=True).thumbs.formats
    store = lambda: edge_store.entries(backing.snapshot().collections, formats)  # noqa: E731
    rules = policy.read((ROOT / "template.yaml").read_text(), options.parameters)
    files = (backing.s3, backing.bucket)
    return edge(ROOT / "edge", rules, files, store, api.respond, invalidations)


def _followed(
    options: Options, backing: Backing, console: Console
) -> contextlib.AbstractContextManager[None]:
    if not options.watch:
        return contextlib.nullcontext()
    names = (backing.bucket, backing.table_name)
    clients = (backing.s3, backing.dynamodb)
    known = backing.summary.warnings  # the import's, which are said as well
    return following(options.data, clients, names, console.say, known, _edge_of(options))


def _with_page(application: Application, backing: Backing, console: Console) -> Application:
    """The application with the page at ``/`` for browsers."""
    table = Table(backing.dynamodb, backing.table_name)
    objects = BucketObjects(backing.s3, backing.bucket)
    views = Views(table, objects, title="local", base="", requests=console)
    page = ConsoleApp(views, origins.is_own_page, file_origins=(backing.endpoint,))

    def respond(request: Request) -> Answer:
        headers = {name.lower(): value for name, value in request.headers}
        found = page.answer(request.method, request.target, headers)
        if found is None:
            return application(request)
        return Answer(found.status, found.headers, found.body)

    return respond


def _with_login(options: Options, application: Application, backing: Backing) -> Application:
    """The application with password logins answered, if asked for."""
    if not options.login:
        return application
    login = Login(backing.snapshot, any_password=options.is_demo)
    return lambda request: login.answer(request) or application(request)


def _edge_of(options: Options) -> Edge:
    """The local edge, as syncs know CloudFront. Its store follows the catalogue by itself."""
    if not options.cdn:
        return NO_EDGE
    return Edge(Distribution(boto3.client("cloudfront"), DISTRIBUTION_ID))


def _runner(options: Options, base: str, backing: Backing) -> LocalRunner:
    return LocalRunner(
        base=base,
        endpoint=backing.endpoint,
        region=REGION,
        table=backing.table_name,
        bucket=backing.bucket,
        access_key_id=backing.credentials.access_key_id,
        secret_access_key=backing.credentials.secret_access_key,
        pid=os.getpid(),
        distribution=DISTRIBUTION_ID if options.cdn else "",
    )


@contextlib.contextmanager
def _announced(runner: LocalRunner, console: Console) -> Iterator[None]:
    """Let ``admin --local`` find this service until the block ends."""
    try:
        path = local_runner.write(runner, os.environ)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}"
        hint = "set XDG_RUNTIME_DIR to a folder of yours for both"
        console.say(f"warning: `admin --local` will not find this service: {reason}; {hint}")
        yield
        return
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _greeting(base: str, backing: Backing, api: Api) -> Iterator[str]:
    def opens(path: str) -> bool:
        answer = api.respond(Request("HEAD", path, (("Host", "localhost"),)))
        return answer.status == HTTPStatus.OK

    logging.disable(logging.INFO)  # the log is for clients' requests, and these are our own
    found = list(samples(backing.snapshot(), opens, base, time.time()))
    logging.disable(logging.NOTSET)
    yield f"ready: {base}"
    yield f"aws: {backing.endpoint}"
    for label, text in found:
        yield f"{label:<16}  {text}"


def _remark(options: Options, backing: Backing, console: Console) -> None:
    """Say what was imported, and what is wrong with it."""
    summary: Summary = backing.summary
    console.say(f"imported {options.data.name}: {summary}")
    for warning in summary.warnings:
        console.say(printable(f"warning: {warning}"))
    if options.is_for_others:
        remark = "can open every file on the page, as any user"
        console.say(f"warning: whoever reaches {options.host} {remark}")
    if options.watch:
        console.say(f"watching {options.data}")

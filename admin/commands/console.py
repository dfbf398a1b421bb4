"""``console``: show in the browser what a deployment serves: files, thumbs, decisions and rules.

Serves a page on this machine that only reads: collections with their files, each file with its
thumbs as a client gets them, protected files as a user of your choice, and why a URL is served or
refused.
"""

import argparse
from urllib.parse import urlsplit

from pocketfiles.catalogue.table import Table

from ..console import origins
from ..console.app import ConsoleApp
from ..console.objects import BucketObjects
from ..console.server import LOOPBACK, ConsoleServer
from ..console.views import Views
from ..errors import AdminError
from ..stop_signals import interrupt_on_stop_signals
from ..wording import cannot_listen
from . import arguments, output

_EXAMPLE = "console --stack acme"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "console", __doc__, _EXAMPLE)
    arguments.add_target(parser)
    parser.add_argument(
        "--url",
        metavar="URL",
        help="where files are served; by default the stack's output Url, or the runner's address",
    )
    parser.add_argument(
        "--port",
        type=arguments.port,
        default=0,
        metavar="N",
        help="the page's port; by default any free one",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Serve the page until interrupted."""
    target = arguments.deployment_of(parsed)
    base = (parsed.url or target.url).rstrip("/")
    if urlsplit(base).scheme not in {"http", "https"}:
        raise AdminError("it is not known where files are served: give --url https://…")
    s3, dynamodb = target.clients()
    objects = BucketObjects(s3, target.bucket)
    views = Views(Table(dynamodb, target.table), objects, parsed.stack or target.table, base)
    file_origins = (base, _bucket_origin(s3.meta.endpoint_url, target.bucket))
    app = ConsoleApp(views, origins.is_own_page, file_origins)
    try:
        server = ConsoleServer(app, parsed.port)
    except OSError as error:
        raise AdminError(cannot_listen(LOOPBACK, parsed.port, error)) from error
    interrupt_on_stop_signals()
    with server:
        output.say(f"console: {server.url}")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return 0
    return 0


def _bucket_origin(endpoint: str, bucket: str) -> str:
    """Where large files are redirected to: a host name of the bucket's own, except locally."""
    url = urlsplit(endpoint)
    if url.scheme == "http":
        return endpoint
    return f"{url.scheme}://{bucket}.{url.netloc}"

"""The command line: serves a PocketBase data directory by the real functions, without AWS."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from admin.commands.arguments import port
from admin.errors import AdminError
from admin.stop_signals import interrupt_on_stop_signals
from admin.wording import os_error, printable
from local.console import Console
from local.intrinsics import TemplateError
from local.service import DEMO, Options, serve
from pocketfiles import __version__


def main(arguments: Sequence[str]) -> int:
    """Serve until SIGINT or SIGTERM, then return 0; 1 when it cannot start, with a reason."""
    parsed = parser().parse_args(arguments)
    options = Options(
        data=parsed.data,
        host=parsed.host,
        port=parsed.port,
        watch=parsed.watch,
        login=parsed.login,
        cdn=parsed.cdn,
        sam_env=parsed.sam_env,
        parameters=dict(parsed.parameter),
    )
    # Standard output is for the addresses alone, so the console is standard error.
    console = Console(sys.stderr, as_json=parsed.json, colour=_shows_colours(sys.stderr))
    try:
        interrupt_on_stop_signals()
        serve(options, sys.stdout, console)
    except KeyboardInterrupt:
        return 0
    except (AdminError, TemplateError) as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(os_error(error))
    return 0


def _failed(reason: str) -> int:
    print(f"error: {printable(reason)}", file=sys.stderr)
    return 1


def _shows_colours(stream: TextIO) -> bool:
    """Whether a stream is a terminal, and its user has nothing against colours (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def parser() -> argparse.ArgumentParser:
    """The parser of all options."""
    options = argparse.ArgumentParser(
        prog=".venv/bin/python -m local",
        description="Serve a PocketBase data directory through the real functions, without AWS.",
    )
    options.add_argument(
        "--data",
        type=Path,
        default=DEMO,
        metavar="PB_DATA_DIR",
        help="PocketBase's data directory, which is only read; by default the demo data",
    )
    options.add_argument(
        "--port",
        type=port,
        default=8090,
        metavar="N",
        help="the port to listen on, 0 for any free one; by default 8090, as PocketBase",
    )
    options.add_argument(
        "--host",
        default="127.0.0.1",
        help="the address to listen on; by default 127.0.0.1, which only this machine can reach. "
        "Whoever reaches another one can open every file on the page, as any user",
    )
    options.add_argument(
        "--watch",
        action="store_true",
        help="follow a PocketBase that runs on the data directory: serve its changes at once",
    )
    options.add_argument(
        "--login",
        action="store_true",
        help="let the official clients log in with a user's password, except from pages of other "
        "machines; with the demo data any password will do",
    )
    options.add_argument(
        "--json",
        action="store_true",
        help="print the functions' own log lines and metrics instead of a line for each request",
    )
    options.add_argument(
        "--sam-env",
        type=Path,
        metavar="FILE",
        help="write the variables for `sam local --env-vars` to FILE, and let containers (and so "
        "the network) reach S3 and DynamoDB",
    )
    options.add_argument(
        "--cdn",
        action="store_true",
        help="put CloudFront's edge in front, with its real functions; needs Node",
    )
    options.add_argument(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of template.yaml, for example ThumbFormats=none; may be given repeatedly",
    )
    options.add_argument("--version", action="version", version=f"PocketFiles {__version__}")
    return options


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError("a parameter is NAME=VALUE")
    return name, value

"""The command line: its commands, its version, and what a failure looks like."""

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from pocketfiles import __version__
from pocketfiles.errors import Refusal

from .commands import (
    check_rules,
    collections,
    compare,
    console,
    explain,
    import_,
    ls,
    output,
    purge,
    put,
    rm,
    show,
    sync,
    thumbs,
    token,
)
from .commands.arguments import PROGRAM
from .errors import AdminError, Declined
from .source.copies import remove_leftovers
from .stop_signals import raise_interruptions
from .target.deployment import Deployment, in_words
from .wording import os_error

_COMMANDS = (
    import_,
    sync,
    collections,
    ls,
    show,
    purge,
    put,
    rm,
    token,
    thumbs,
    explain,
    check_rules,
    compare,
    console,
)
_FAILED = 1
_MISUSED = 2
"""As argparse reports a wrong command line."""

_INTERRUPTED = 130
"""128 and the number of SIGINT, as shells report it."""


def parser() -> argparse.ArgumentParser:
    """The parser of all commands.

    Each command sets ``run``, a function from the parsed arguments to the exit code.
    """
    root = argparse.ArgumentParser(
        prog=PROGRAM, description="Manage the data that PocketFiles serves."
    )
    root.add_argument("--version", action="version", version=f"PocketFiles {__version__}")
    root.set_defaults(deployment=None, when_interrupted="")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return root


def program() -> int:
    """The installed program ``pocketfiles``. Returns the exit code."""
    return main(sys.argv[1:])


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code.

    A failure prints one line on standard error and returns 1, as does a question that was not
    answered with yes; an interruption returns 130.
    """
    if not arguments:
        parser().print_help(sys.stderr)
        return _MISUSED
    parsed = parser().parse_args(arguments)
    try:
        raise_interruptions()
        remove_leftovers()
        return int(parsed.run(parsed))
    except KeyboardInterrupt as interruption:
        note = str(interruption) or parsed.when_interrupted
        output.complain(f"interrupted; {note}" if note else "interrupted")
        return _INTERRUPTED
    except Declined as answer:
        output.complain(str(answer))
        return _FAILED
    except Exception as error:
        reason = _reason(error, parsed.deployment)
        if reason is None:
            raise
        output.complain(f"error: {' '.join(reason.split())}")
        return _FAILED


def _reason(error: Exception, deployment: Deployment | None) -> str | None:
    """What an expected failure tells the user; ``None`` for an error of the program itself."""
    cause = error.__cause__
    match error:
        case BotoCoreError() | ClientError() | ResponseParserError():
            return in_words(error, deployment)
        case Refusal() if isinstance(cause, BotoCoreError | ClientError):
            return in_words(cause, deployment)
        case Refusal():
            return error.reason
        case AdminError():
            return str(error)
        case OSError():
            return os_error(error)
    return None

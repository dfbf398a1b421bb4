"""The command line: which subcommands there are, and how failures look."""

import argparse
import sys
from collections.abc import Sequence

from botocore.exceptions import BotoCoreError, ClientError

from pocketfiles.errors import Refusal

from .commands import check_rules, collections, explain, import_, put, rm, sync, token
from .errors import AdminError

_COMMANDS = (import_, sync, collections, put, rm, token, explain, check_rules)


def parser() -> argparse.ArgumentParser:
    """All subcommands; each sets ``run``, a function of the parsed arguments that returns the exit
    code.
    """
    root = argparse.ArgumentParser(
        prog="python -m admin", description="Manage the file service's data."
    )
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return root


def main(arguments: Sequence[str]) -> int:
    """Run one subcommand.

    Failures are a line on standard error and exit code 1, interruption is 130.
    """
    parsed = parser().parse_args(arguments)
    try:
        return int(parsed.run(parsed))
    except AdminError as error:
        return _failed(str(error))
    except Refusal as error:
        return _failed(error.reason)
    except (BotoCoreError, ClientError) as error:
        return _failed(f"AWS: {error}")
    except KeyboardInterrupt:
        print("interrupted; run it again to go on where it stopped", file=sys.stderr)
        return 130


def _failed(reason: str) -> int:
    print(f"error: {' '.join(reason.split())}", file=sys.stderr)
    return 1

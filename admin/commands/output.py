"""What commands print: warnings, the progress bar and the time of day."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from tqdm import tqdm

from pocketfiles import keys

from ..errors import AdminError, Declined
from ..sync.destination import OnDone
from ..target.actions import Action, PutFile, PutItem
from ..wording import printable

_WARNINGS_SHOWN = 50


def is_terminal() -> bool:
    """Whether there is somebody to be asked."""
    return sys.stdin.isatty()


def require_agreement(question: str, *, given: bool) -> None:
    """Ask whether to go on, unless that is ``given``.

    Raises ``Declined`` for any answer but yes, and ``AdminError`` where nobody can be asked.
    """
    if given:
        return
    if not is_terminal():
        raise AdminError(f"{question} Run it in a terminal to be asked, or with --yes")
    try:
        answer = input(printable(f"{question} Go on? [y/N] "))
    except KeyboardInterrupt:
        raise KeyboardInterrupt("nothing is changed") from None
    if answer.strip().lower() not in {"y", "yes"}:
        raise Declined("nothing is changed")


def say(line: str) -> None:
    """Print a line on standard output."""
    print(printable(line), flush=True)


def complain(line: str) -> None:
    """Print a line on standard error."""
    print(printable(line), file=sys.stderr, flush=True)


def warn(warnings: Sequence[str]) -> None:
    """Print the first warnings on standard error, a line each, and how many more there are."""
    for warning in warnings[:_WARNINGS_SHOWN]:
        complain(f"warning: {warning}")
    if len(warnings) > _WARNINGS_SHOWN:
        complain(f"warning: and {len(warnings) - _WARNINGS_SHOWN} more")


def warn_of(reason: str) -> None:
    """Print one warning on standard error."""
    warn([reason])


@contextmanager
def progress_bar(total: int) -> Iterator[OnDone]:
    """A bar that counts the records and files written, on a terminal only."""
    with tqdm(total=total, unit="", disable=None, leave=False) as bar:

        def on_done(action: Action) -> None:
            if is_counted(action):
                bar.update()

        yield on_done


def has_bars() -> bool:
    """Whether bars are shown: on a terminal only."""
    return sys.stderr.isatty()


def is_counted(action: Action) -> bool:
    """Whether an action writes a record or a file, which progress is counted in."""
    if isinstance(action, PutItem):
        return keys.is_record(action.item["pk"]["S"])
    return isinstance(action, PutFile)


@contextmanager
def byte_bar(total: int) -> Iterator[Callable[[int], None]]:
    """A bar of the bytes uploaded, on a terminal only; gives the function that advances it."""
    with tqdm(total=total, unit="B", unit_scale=True, disable=None, leave=False) as bar:

        def on_bytes(count: int) -> None:
            bar.update(count)

        yield on_bytes


def time_of_day() -> str:
    """The time in UTC as ``HH:MM:SS``."""
    return datetime.now(UTC).strftime("%H:%M:%S")

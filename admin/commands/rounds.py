"""A single round as `import` and `sync` show it: carried out, or printed as a plan."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import MassDeletion
from ..sync.destination import OnDone
from ..sync.progress import Progress
from ..sync.round import Sync
from ..sync.summary import Summary
from ..target.actions import Change
from . import output
from .status import Status


def run_once(sync: Sync, verb: str, *, dry_run: bool) -> int:
    """Run one round and print its summary after the verb, or print its plan only."""
    with Status() as status:
        status.text = "reading the table and listing the bucket"
        sync.read_target(writing=not dry_run)
        status.text = "reading the data directory and comparing its files with the bucket's"
        if dry_run:
            _show_plan(sync, status)
        else:
            summary = sync.round(shown_with(status))
            output.say(f"{verb}: {summary}")
    return 0


def shown_with(status: Status) -> Progress:
    """Prints a round's warnings, then shows how many records and files are written: on a terminal
    as a bar, elsewhere by the status."""

    @contextmanager
    def progress(summary: Summary, total: int) -> Iterator[OnDone]:
        output.warn(summary.warnings)
        status.text = ""
        written = 0
        with output.progress_bar(total) as advance:

            def on_done(change: Change) -> None:
                nonlocal written
                advance(change)
                written += output.is_counted(change)
                if not output.has_bars():
                    status.text = f"writing: {written} of {total} records and files are done"

            yield on_done

    return progress


def _show_plan(sync: Sync, status: Status) -> None:
    """Print the actions of a round, its summary, and a warning if the round would be refused."""
    summary = sync.gather()
    status.text = ""
    output.warn(summary.warnings)
    for action in sync.planned():
        output.say(str(action))
        summary.count(action)
    output.say(f"dry run, nothing is changed: {summary}")
    try:
        sync.require_allowed()
    except MassDeletion as error:
        output.warn([str(error)])

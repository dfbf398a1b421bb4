"""``sync``: make table and bucket equal to a PocketBase data directory, once or continuously.

What PocketBase no longer has is deleted, files with their thumbs. A sync that would delete most of
what is there is refused, so that a new or wrong data directory cannot empty table and bucket.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

from ..stop_signals import interrupt_on_stop_signals
from ..sync import watch
from ..sync.destination import OnDone
from ..sync.prepare import prepared
from ..sync.round import Sync
from ..sync.summary import Summary
from . import arguments, output, rounds

_EXAMPLE = "sync --pb-data ./pb_data --stack acme --watch"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "sync", __doc__, _EXAMPLE)
    arguments.add_source(parser)
    arguments.add_target(parser)
    parser.add_argument(
        "--watch", action="store_true", help="keep running and follow every change until stopped"
    )
    parser.add_argument(
        "--reread-seconds",
        type=float,
        default=watch.REREAD_SECONDS,
        metavar="N",
        help="how often a watch reads table and bucket again (default: %(default).0f)",
    )
    parser.add_argument(
        "--allow-mass-deletion",
        action="store_true",
        help="delete even more than half of the records or files, or all collections",
    )
    parser.set_defaults(run=run, when_interrupted=arguments.GOES_ON, parser=parser)


def run(parsed: argparse.Namespace) -> int:
    """Sync once, or again after every change until stopped."""
    if parsed.watch and parsed.dry_run:
        parsed.parser.error("--dry-run shows a single sync; leave out --watch")
    source = arguments.source_of(parsed)
    target = arguments.deployment_of(parsed)
    names = (target.bucket, target.table)
    with prepared(
        source,
        target.clients,
        names,
        removing=True,
        allow_mass_deletion=parsed.allow_mass_deletion,
        edge=target.edge(output.warn_of),
    ) as sync:
        if not parsed.watch:
            return rounds.run_once(sync, "synced", dry_run=parsed.dry_run)
        interrupt_on_stop_signals()
        return watch.follow(sync, WatchReport(), reread_seconds=parsed.reread_seconds)


class WatchReport:
    """Prints what a watch does: changes on standard output, failures on standard error."""

    def __init__(self) -> None:
        self._rounds = 0
        self._known_warnings: set[str] = set()

    def round(self, sync: Sync) -> None:
        """Run a round; print nothing if it changed nothing, except for the first."""
        summary = sync.round(self._progress)
        self._rounds += 1
        is_first = self._rounds == 1
        if is_first or summary.changed:
            self._say(f"synced: {summary}")
        if is_first:
            self._say(f"watching {sync.source.directory}")

    def failed(self, error: Exception, wait_seconds: float) -> None:
        """Print the error and when the round is tried again."""
        reason = " ".join(str(error).split())
        self._complain(f"error: {reason}; trying again in {wait_seconds:.0f} s")

    def refused(self, error: Exception) -> None:
        """Print why the round was refused."""
        self._complain(f"refused: {error}; waiting for the next change")

    def stopped(self) -> None:
        """Print the last line."""
        self._say("stopped")

    @contextmanager
    def _progress(self, summary: Summary, total: int) -> Iterator[OnDone]:
        """Print the warnings that are new, then show the bar."""
        output.warn([each for each in summary.warnings if each not in self._known_warnings])
        self._known_warnings = set(summary.warnings)
        with output.progress_bar(total) as on_done:
            yield on_done

    def _say(self, line: str) -> None:
        output.say(f"{output.time_of_day()} {line}")

    def _complain(self, line: str) -> None:
        output.complain(f"{output.time_of_day()} {line}")

"""A single round as `import` and `sync` show it: carried out, or printed as a plan."""

from ..errors import MassDeletion
from ..sync.round import Sync
from . import output


def run_once(sync: Sync, verb: str, *, dry_run: bool) -> int:
    """Run one round and print its summary after the verb, or print its plan only."""
    sync.read_target(writing=not dry_run)
    if dry_run:
        _show_plan(sync)
    else:
        output.say(f"{verb}: {sync.round(output.progress)}")
    return 0


def _show_plan(sync: Sync) -> None:
    """Print the actions of a round, its summary, and a warning if the round would be refused."""
    summary = sync.gather()
    output.warn(summary.warnings)
    for action in sync.planned():
        output.say(str(action))
        summary.count(action)
    output.say(f"dry run, nothing is changed: {summary}")
    try:
        sync.require_allowed()
    except MassDeletion as error:
        output.warn([str(error)])

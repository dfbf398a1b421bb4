"""``purge``: have CloudFront invalidate a file, a record's files or a whole collection's.

Without arguments, ask for the invalidations that are pending: those that no sync has asked for yet.
With `--stack NAME`, every command invalidates by itself what it removes, replaces or closes.
CloudFront cannot reach the caches of browsers.
"""

import argparse
import time
from contextlib import suppress
from urllib.parse import quote, unquote, urlsplit

from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.model import Source
from pocketfiles.catalogue.table import Table

from ..errors import AdminError, LeaseHeld
from ..standalone.lookup import find_collection
from ..sync import invalidation
from ..sync.elsewhere import of_views_that_show
from ..sync.pending import Pending, left_in
from ..target.deployment import Deployment
from ..target.pointer import Backlog
from ..target.table import TargetTable
from ..target.writer import Writer
from ..wording import counted
from . import arguments, output

_EXAMPLE = "purge photos holiday0000001 --stack acme"
_FILE_SEGMENTS = 5  # api, files, collection, record, file


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "purge", __doc__, _EXAMPLE)
    parser.add_argument(
        "what", metavar="URL|COLLECTION", nargs="?", help="a file's URL, or a name or id"
    )
    parser.add_argument("record", metavar="RECORD", nargs="?", default="", help="one record's id")
    arguments.add_table(parser)
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> int:
    """Ask, and print what was asked for."""
    target = arguments.deployment_of(parsed)
    if not target.distribution:
        raise AdminError(
            "this deployment has no CloudFront distribution: give --stack NAME, "
            "or --local with a service started by `make run ARGS=--cdn`"
        )
    if parsed.what is None:
        return _ask_what_is_pending(target)
    paths = _paths(target, *_named(parsed.what, parsed.record))
    target.edge().invalidate(paths)
    output.say(f"asked CloudFront to invalidate {', '.join(paths)}")
    return 0


def _ask_what_is_pending(target: Deployment) -> int:
    _, dynamodb = target.clients()
    table = TargetTable(dynamodb, target.table)
    pending = Pending(table, target.edge(), time.time, left_in(table))
    asked = len(pending.due())
    pending.ask()
    _tell(Writer(table, is_sync=False), pending.backlog())
    line = f"asked CloudFront for {counted(asked, 'pending invalidation')}"
    if pending.later:
        seconds = max(0.0, min(pending.later.values()) - time.time())
        line += f"; {len(pending.later)} to be asked later, the next in {seconds:.0f} s"
    output.say(line)
    return 0


def _tell(writer: Writer, backlog: Backlog) -> None:
    """Have the pointer say what is left, unless a sync that runs will."""
    with suppress(LeaseHeld):
        writer.acquire()
        writer.tell(backlog)
        writer.release()


def _named(what: str, record: str) -> tuple[str, str]:
    """The collection and the record that the arguments name; an empty record for all of them."""
    if "/" not in what:
        return what, record
    segments = [unquote(each) for each in urlsplit(what).path.strip("/").split("/")]
    if len(segments) != _FILE_SEGMENTS or segments[:2] != ["api", "files"]:
        raise AdminError(f"{what} is no file's URL: /api/files/COLLECTION/RECORD/FILE")
    return segments[2], segments[3]


def _paths(target: Deployment, name_or_id: str, record: str) -> list[str]:
    """The paths of the copies under the collection's id, and of the views that show its files;
    under its name, as it was given and as it is written, where no edge function turns names into
    ids."""
    _, dynamodb = target.clients()
    snapshot = snapshot_of(Table(dynamodb, target.table))
    collection = find_collection(snapshot.collections, name_or_id)
    folder = quote(record, safe="")
    paths = [*invalidation.folder_paths(collection.id, folder)]
    if not target.edge_store:
        names = sorted({collection.name, name_or_id} - {collection.id})
        paths += [invalidation.folder_paths(name, folder)[1] for name in names]
    shown = of_views_that_show(
        Source(collection.id, record),
        TargetTable(dynamodb, target.table),
        snapshot.pointer,
        snapshot.collections,
    )
    for request in invalidation.requests(shown):
        paths += request.paths
    return paths

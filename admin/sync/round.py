"""Bringing a table and a bucket in step with a PocketBase data directory.

One implementation for the import, the sync and the watch: read what is there, read what shall be there, plan,
apply. An import is a sync that never deletes a collection, a record or a file.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pocketfiles.catalogue.table import CATALOGUE

from ..errors import SourceBusy, SourceError
from ..source import pocketbase
from ..target.actions import Action, DeleteFile, DeleteItem, PutFile, PutItem
from ..target.bucket import Bucket
from ..target.table import TargetTable
from . import files, gather, mass_deletion, plan
from .apply import WORKERS, OnDone, Target, apply
from .differences import Differences
from .mirror import Mirror

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

_READS = 3


@dataclass(frozen=True)
class Source:
    """The data directory; ``encryption_key`` opens encrypted settings; ``files``: mind the files too."""

    directory: Path
    encryption_key: str | None = field(default=None, repr=False)
    files: bool = True


@dataclass
class Summary:
    """What shall be there in all, what a run wrote and removed, and what it could not do."""

    collections: int = 0
    records: int = 0
    files: int = 0
    written: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    uploaded_bytes: int = 0
    warnings: list[str] = field(default_factory=list)
    _defined: set[str] = field(default_factory=set, repr=False)

    def count(self, action: Action) -> None:
        """Count an action that is done (or, in a dry run, would be)."""
        counts = self.written if isinstance(action, PutItem | PutFile) else self.removed
        kind = _kind(action)
        if kind == "definitions" and str(action) in self._defined:
            return  # sealed first, then put as it shall be: one change
        self._defined.add(str(action) if kind == "definitions" else "")
        counts[kind] = counts.get(kind, 0) + 1
        if isinstance(action, PutFile):
            self.uploaded_bytes += action.file.size

    @property
    def changed(self) -> bool:
        """Whether anything was written or removed."""
        return bool(self.written or self.removed)

    def __str__(self) -> str:
        parts = [f"{self.collections} collections, {self.records} records, {self.files} files"]
        if not self.changed:
            parts.append("nothing to change")
        if self.written:
            parts.append(f"written {_listed(self.written)}")
        if self.uploaded_bytes:
            parts.append(f"uploaded {self.uploaded_bytes:,} bytes")
        if self.removed:
            parts.append(f"removed {_listed(self.removed)}")
        if self.warnings:
            parts.append(f"{len(self.warnings)} warnings")
        return "; ".join(parts)


class Sync:
    """One source, one target, and the mirror of both; each ``round`` brings the target up to the source."""

    def __init__(
        self,
        source: Source,
        target: Target,
        mirror: Mirror,
        *,
        removing: bool,
        guarded: bool = True,
    ) -> None:
        self.source = source
        self._guarded = removing and guarded
        self._target = target
        self._mirror = mirror
        self._removing = removing

    def read_target(self) -> None:
        """Read the whole table and list the bucket: the start of every run, and never again in a watch."""
        self._mirror.add_items(self._target.table.items())
        if self.source.files:
            self._mirror.add_objects(self._target.bucket.list())

    def gather(self) -> Summary:
        """Read the source; what differs is then in the mirror. Raises ``SourceError``."""
        warnings = self._read()
        if self.source.files:
            warnings += files.check_files(
                self.source.directory, self._mirror, self._target.bucket, self._target.pool
            )
        collections, records, file_count = self._mirror.counts()
        return Summary(collections, records, file_count, warnings=warnings)

    def pending(self) -> int:
        """How many records and files the next ``apply`` writes."""
        return self._mirror.pending()

    def planned(self) -> Iterator[Action]:
        """The actions that ``apply`` would carry out, in order."""
        for step in plan.steps(Differences(self._mirror), removing=self._removing):
            yield from step

    def require_allowed(self) -> None:
        """Raise ``MassDeletion`` where ``apply`` would."""
        if self._guarded:
            mass_deletion.check(self._mirror, self.source.directory)

    def apply(self, on_done: OnDone) -> None:
        """Carry the plan out. Raises ``MassDeletion`` before anything is done, ``TargetError`` or what AWS
        raises; the next round does what is left."""
        self.require_allowed()
        apply(
            plan.steps(Differences(self._mirror), removing=self._removing),
            self._target,
            self._mirror,
            on_done,
        )

    def missing_found(self) -> bool:
        """Whether a file that storage lacked at the last round is there now."""
        return self.source.files and files.recheck_missing(self.source.directory, self._mirror)

    def _read(self) -> list[str]:
        for attempt in range(1, _READS + 1):
            try:
                with opened(self.source, check=False) as snapshot:
                    return gather.take(snapshot, self._mirror, files=self.source.files)
            except SourceBusy:
                if attempt == _READS:
                    raise
        raise AssertionError("the last attempt returns or raises")


@contextmanager
def opened(source: Source, *, check: bool) -> Iterator[pocketbase.Snapshot]:
    """A snapshot of the source whose files are where we would look for them."""
    with pocketbase.opened(source.directory, source.encryption_key, check=check) as snapshot:
        elsewhere = (snapshot.settings.get("s3") or {}).get("enabled")
        if source.files and elsewhere and not (source.directory / "storage").is_dir():
            raise SourceError(
                "this PocketBase keeps its files in S3, not in its data directory: give --no-files and serve "
                "that bucket, or copy its objects"
            )
        yield snapshot


@contextmanager
def prepared(
    source: Source,
    clients: "Callable[[], tuple[S3Client, DynamoDBClient]]",
    names: tuple[str, str],
    *,
    removing: bool,
    guarded: bool = True,
) -> Iterator[Sync]:
    """A sync of the source with bucket and table (``names``), the source checked, the target not yet read.

    ``guarded``: it refuses to delete most of what is there.
    """
    with opened(source, check=True):
        pass  # a directory that cannot be read is an error before AWS is spoken to
    s3, dynamodb = clients()
    bucket, table = names
    with ThreadPoolExecutor(WORKERS) as pool, Mirror() as mirror:
        target = Target(TargetTable(dynamodb, table), Bucket(s3, bucket), pool)
        yield Sync(source, target, mirror, removing=removing, guarded=guarded)


def import_directory(
    pb_data: Path, s3: "S3Client", bucket: str, dynamodb: "DynamoDBClient", table: str
) -> Summary:
    """Import a data directory whose settings are not encrypted. Raises ``AdminError`` or what AWS raises."""
    with prepared(Source(pb_data), lambda: (s3, dynamodb), (bucket, table), removing=False) as sync:
        sync.read_target()
        summary = sync.gather()
        sync.apply(summary.count)
    return summary


def _kind(action: Action) -> str:
    match action:
        case PutFile() | DeleteFile():
            return "files"
        case PutItem(item):
            pk = item["pk"]["S"]
        case DeleteItem(pk, _):
            pass
    if pk == CATALOGUE:
        return "definitions"
    return "references" if "#" in pk else "records"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in counts.items())

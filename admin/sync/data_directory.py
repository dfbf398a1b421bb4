"""The source of a sync: a PocketBase data directory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import SourceError
from ..source import pocketbase


@dataclass(frozen=True)
class Source:
    """A PocketBase data directory, and how to read it."""

    directory: Path
    encryption_key: str | None = field(default=None, repr=False)
    """Decrypts PocketBase's settings, where they are encrypted."""
    files: bool = True
    """Whether the files in ``storage/`` are synced too, or the records alone."""


@contextmanager
def opened(source: Source, *, check: bool) -> Iterator[pocketbase.Snapshot]:
    """A snapshot of the source; ``check`` searches the whole database for damage first.

    Raises ``SourceError``, also for a PocketBase whose files are in S3 when they are to be synced.
    """
    with pocketbase.opened(source.directory, source.encryption_key, check=check) as snapshot:
        in_s3 = (snapshot.settings.get("s3") or {}).get("enabled")
        if source.files and in_s3 and not (source.directory / "storage").is_dir():
            raise SourceError(
                "this PocketBase stores its files in S3, not in its data directory: give "
                "--no-files and let the functions serve that bucket, or copy its objects into "
                "the bucket here"
            )
        yield snapshot

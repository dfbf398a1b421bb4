"""Compares the desired files with the bucket: which must be uploaded, which are nowhere."""

from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path

from ..source import storage
from ..source.storage import LocalFile
from ..target.bucket import Bucket, Stored, surely_same
from .mirror import Mirror
from .mirror_file import MISSING, PENDING, PRESENT, UNCHECKED

_BATCH = 1000
"""Files that are compared at once."""

NAMED_ONE_BY_ONE = 10
"""Files that are nowhere and get a warning each; of more, one warning names the first few."""

NAMED_OF_MANY = 3


def check_files(directory: Path, mirror: Mirror, bucket: Bucket, pool: Executor) -> list[str]:
    """Settle every file the mirror has not compared yet. If one of them is nowhere, returns
    warnings about all that are: a watch then does not say the same in other words."""
    is_one_absent = False
    for batch in _batches(mirror):
        doubts: list[tuple[Stored, LocalFile]] = []
        for key, stored in batch:
            file = storage.find(directory, key)
            if file is None:
                mirror.settle(key, PRESENT if stored else MISSING)
                if not stored:
                    is_one_absent = True
            elif stored and surely_same(file, stored):
                mirror.settle(key, PRESENT)
            elif stored and stored.size == file.size:
                doubts.append((stored, file))
            else:
                mirror.settle(key, PENDING, file)
        _settle_doubts(doubts, mirror, bucket, pool)
    if not is_one_absent:
        return []
    return _absence(directory, sorted(key for key, _ in mirror.files_in(MISSING)))


def _absence(directory: Path, absent: list[str]) -> list[str]:
    """Warnings about files that are nowhere: one each, or a single one about many."""
    if len(absent) <= NAMED_ONE_BY_ONE:
        return [f"file {key} {storage.why_absent(directory, key)}" for key in absent]
    first = ", ".join(absent[:NAMED_OF_MANY])
    named = f"{first} and {len(absent) - NAMED_OF_MANY} more"
    if storage.may_not_be_read(directory, absent[0]):
        return [f"{len(absent)} files may not be read or are missing in storage/: {named}"]
    return [
        f"{len(absent)} files are missing in storage/: {named}. Does PocketBase "
        "store its files in S3? Then they are not in its data directory"
    ]


def _settle_doubts(
    doubts: list[tuple[Stored, LocalFile]], mirror: Mirror, bucket: Bucket, pool: Executor
) -> None:
    """Look closely at objects of the right size that may still have other bytes."""
    verdicts = pool.map(lambda doubt: bucket.holds(*doubt), doubts)
    for (stored, file), is_same in zip(doubts, verdicts, strict=True):
        if is_same:
            mirror.settle(stored.key, PRESENT)
        else:
            mirror.settle(stored.key, PENDING, file)


def keep_files(mirror: Mirror) -> list[str]:
    """Settle every file by what the bucket has, without a storage folder. Returns a warning for
    each that is missing."""
    warnings = []
    for key, stored in mirror.files_in(UNCHECKED):
        mirror.settle(key, PRESENT if stored else MISSING)
        if not stored:
            warnings.append(f"file {key} is missing in the bucket")
    return warnings


def recheck_missing(directory: Path, mirror: Mirror) -> bool:
    """Whether a file that was nowhere has turned up in storage. It is compared at the next
    round."""
    found = [key for key, _ in mirror.files_in(MISSING) if storage.find(directory, key)]
    for key in found:
        mirror.settle(key, UNCHECKED)
    return bool(found)


def _batches(mirror: Mirror) -> Iterator[list[tuple[str, Stored | None]]]:
    batch = []
    for row in mirror.files_in(UNCHECKED):
        batch.append(row)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch

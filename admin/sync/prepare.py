"""Prepares a sync: checks the source, then makes the clients and all else that a round needs."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..target.bucket import Bucket
from ..target.edge import NO_EDGE, Edge
from ..target.table import TargetTable
from ..target.writer import Writer
from .data_directory import Source, opened
from .destination import WORKERS, Target
from .mirror import Mirror
from .round import Sync
from .summary import Summary

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client


@contextmanager
def prepared(
    source: Source,
    clients: "Callable[[], tuple[S3Client, DynamoDBClient]]",
    names: tuple[str, str],
    *,
    removing: bool,
    allow_mass_deletion: bool = False,
    edge: Edge = NO_EDGE,
) -> Iterator[Sync]:
    """A sync of the source to the bucket and the table that ``names`` gives, in this order.

    ``edge``: the CloudFront distribution that is kept in step, if there is one.
    ``removing``: what the source does not have is deleted. Unless ``allow_mass_deletion``, a round
    that would delete most of what is there holds that back and raises ``MassDeletion``.

    The source is checked first, so that a directory that cannot be read is an error before AWS is
    called. The target is not read yet.
    """
    with opened(source, check=True):
        pass
    s3, dynamodb = clients()
    bucket, table = names
    with ThreadPoolExecutor(WORKERS) as pool, Mirror() as mirror:
        writer = Writer(TargetTable(dynamodb, table), is_sync=removing)
        target = Target(writer, Bucket(s3, bucket), pool, edge=edge)
        try:
            yield Sync(
                source, target, mirror, removing=removing, allow_mass_deletion=allow_mass_deletion
            )
        finally:
            with suppress(Exception):  # the lease ends by itself
                writer.release()


def import_directory(
    pb_data: Path, s3: "S3Client", bucket: str, dynamodb: "DynamoDBClient", table: str
) -> Summary:
    """Import a data directory whose settings are not encrypted. Raises as ``Sync.round`` does."""
    source = Source(pb_data)
    with prepared(source, lambda: (s3, dynamodb), (bucket, table), removing=False) as sync:
        sync.read_target()
        return sync.round()

"""``thumbs``: report, make or delete the thumbs that a bucket stores.

``report`` counts the thumbs that are stored and missing. ``warm`` asks the deployment for each
missing one, so that it is stored before anybody waits for it. ``clear`` deletes stored thumbs,
which are then made anew when they are asked for. Interrupted, ``warm`` and ``clear`` go on where
they stopped. With ``--formats``, thumbs in these formats count as missing, too.
"""

import argparse
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

from tqdm import tqdm

from pocketfiles.catalogue.cached import snapshot_of
from pocketfiles.catalogue.table import Table
from pocketfiles.key_path import FORMATS

from ..comparison.client import Client, Rate
from ..errors import AdminError
from ..standalone.thumbs import Inventory, Missing, inventory, superuser_token
from ..target.bucket import DELETED_AT_ONCE, Bucket
from ..target.deployment import Deployment
from ..wording import counted
from . import arguments, output

_EXAMPLE = "thumbs warm --stack acme --collection photos"
_DOLLARS_FOR_A_MILLION = 14
_DOLLARS_FOR_A_MILLION_IN_OTHER_FORMATS = 20
"""Lambda, S3 and API Gateway for a million new thumbs of photos, at list prices of us-east-1. One
in AVIF or WebP takes Lambda twice the time (docs/performance.md)."""

_MILLION = 1_000_000

_Work = TypeVar("_Work")


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "thumbs", __doc__, _EXAMPLE)
    actions = ["report", "warm", "clear"]
    parser.add_argument("action", choices=actions, help="count, make or delete")
    parser.add_argument("--collection", metavar="NAME", help="this collection alone")
    parser.add_argument(
        "--url", metavar="URL", help="where warm asks, with --table; a stack's is known"
    )
    parser.add_argument(
        "--formats",
        type=_formats,
        default=(),
        metavar="LIST",
        help="also thumbs in these formats, such as avif,webp: those that the stack offers",
    )
    parser.add_argument(
        "--parallel",
        type=arguments.count,
        default=4,
        metavar="N",
        help="how many are asked for or deleted at a time (default: 4)",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    arguments.add_target(parser)
    parser.set_defaults(run=run, when_interrupted=arguments.GOES_ON)


def run(parsed: argparse.Namespace) -> int:
    """Count thumbs, then make or delete them. Returns 1 if a thumb could not be made."""
    deployment = arguments.deployment_of(parsed)
    s3, dynamodb = deployment.clients()
    bucket = Bucket(s3, deployment.bucket)
    snapshot = snapshot_of(Table(dynamodb, deployment.table))
    found = inventory(snapshot, bucket, parsed.collection, parsed.formats)
    for line in found.lines():
        output.say(line)
    if parsed.action == "warm":
        token = superuser_token(snapshot)
        return _warm(parsed, deployment, found.missing, token)
    if parsed.action == "clear":
        return _clear(parsed, bucket, found)
    return 0


def _warm(
    parsed: argparse.Namespace,
    deployment: Deployment,
    missing: Sequence[Missing],
    token: Callable[[], str],
) -> int:
    url = parsed.url or deployment.url
    if not url:
        raise AdminError("name where the files are served: --url, --stack or --local")
    price = f"about ${_dollars(missing):.2f} on AWS if the originals are photographs"
    question = f"{counted(len(missing), 'request')} to {url}, {price}."
    if not missing:
        return 0
    output.require_agreement(question, given=parsed.yes)
    client = Client(url, Rate(_MILLION), parsed.parallel)
    failed: list[str] = []

    def make(thumb: Missing) -> bool:
        query = f"?thumb={thumb.size}" + (f"&token={token()}" if thumb.protected else "")
        answer = client.ask("GET", thumb.path + query, thumb.request_headers)
        is_made = thumb.is_made_by(answer.headers)
        if not is_made:
            failed.append(thumb.path)
        return is_made

    made = sum(_all(missing, make, parsed.parallel))
    output.say(f"made {counted(made, 'thumb')}; {len(failed)} could not be made")
    for path, count in sorted(Counter(failed).items()):
        output.say(f"{path}: {count} could not be made")
    return 1 if failed else 0


def _dollars(missing: Sequence[Missing]) -> float:
    in_other_formats = sum(1 for thumb in missing if thumb.format_name)
    in_own_format = len(missing) - in_other_formats
    for_a_million = (
        in_own_format * _DOLLARS_FOR_A_MILLION
        + in_other_formats * _DOLLARS_FOR_A_MILLION_IN_OTHER_FORMATS
    )
    return for_a_million / _MILLION


def _clear(parsed: argparse.Namespace, bucket: Bucket, found: Inventory) -> int:
    question = f"{counted(len(found.stored), 'thumb')} will be deleted."
    if not found.stored:
        return 0
    output.require_agreement(question, given=parsed.yes)

    def delete(keys: list[str]) -> int:
        bucket.delete(keys)
        return len(keys)

    batches = [
        found.stored[at : at + DELETED_AT_ONCE]
        for at in range(0, len(found.stored), DELETED_AT_ONCE)
    ]
    deleted = sum(_all(batches, delete, parsed.parallel))
    output.say(f"deleted {counted(deleted, 'thumb')}")
    return 0


def _all(work: Sequence[_Work], do: Callable[[_Work], int], parallel: int) -> list[int]:
    """Do everything, so much at a time, with a bar; what has begun is finished even after ^C."""
    with (
        ThreadPoolExecutor(parallel) as pool,
        tqdm(total=len(work), unit="", disable=None, leave=False) as bar,
    ):
        futures = [pool.submit(do, each) for each in work]
        results = []
        try:
            for future in as_completed(futures):
                results.append(future.result())
                bar.update()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return results


def _formats(text: str) -> tuple[str, ...]:
    """The formats in a list with commas. Raises what ``argparse`` reports."""
    names = tuple(dict.fromkeys(text.split(",")))
    if not FORMATS.keys() >= set(names):
        raise argparse.ArgumentTypeError(f"a list of {', '.join(FORMATS)} is expected")
    return names

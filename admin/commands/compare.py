"""``compare``: ask a running PocketBase and a PocketFiles stack the same, and report the
differences.

Requests are chosen from PocketBase's data directory: collections, records, file fields and thumb
sizes; protected files as a guest and as real users, with tokens made from the data; HEAD, ranges
and downloads. Each difference is explained by docs/compatibility.md or is a finding. Interrupted,
it goes on where it stopped. PocketBase stores the thumbs that it is asked for. Exit code 1 if there
is a finding.
"""

import argparse
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

from tqdm import tqdm

from ..comparison import report
from ..comparison.cases import Case, Sample, choose
from ..comparison.client import Client, Rate
from ..comparison.journal import Journal, Result
from ..comparison.run import Comparison, Services
from ..errors import AdminError
from ..source import pocketbase
from . import arguments, output

_EXAMPLE = (
    "compare --pocketbase https://pb.example.com --files https://files.example.com "
    "--pb-data ./pb_data"
)
_HIGHEST_RATE = 1000.0


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's arguments."""
    parser = arguments.add_parser(commands, "compare", __doc__, _EXAMPLE)
    parser.add_argument(
        "--pocketbase", required=True, metavar="URL", type=_origin, help="its origin"
    )
    parser.add_argument(
        "--files", required=True, metavar="URL", type=_origin, help="the stack's origin"
    )
    parser.add_argument(
        "--pb-data", required=True, type=Path, metavar="DIR", help="PocketBase's data directory"
    )
    arguments.add_encryption(parser)
    parser.add_argument(
        "--report",
        type=Path,
        default=Path("comparison"),
        metavar="DIR",
        help="where the report is written (comparison)",
    )
    parser.add_argument(
        "--collection",
        action="append",
        default=[],
        metavar="NAME",
        help="compare this collection alone; repeatable",
    )
    parser.add_argument("--again", action="store_true", help="begin anew in the report's folder")
    for name, default, about in (
        ("records", 20, "records of each file field"),
        ("users", 3, "users of each auth collection"),
        ("parallel", 4, "requests at a time"),
    ):
        parser.add_argument(
            f"--{name}",
            type=arguments.count,
            default=default,
            metavar="N",
            help=f"{about} ({default})",
        )
    parser.add_argument(
        "--rate",
        type=_rate,
        default=20.0,
        metavar="N",
        help="requests a second to each service, at most (20)",
    )
    parser.set_defaults(run=run, when_interrupted=arguments.GOES_ON)


def run(parsed: argparse.Namespace) -> int:
    """Choose the requests, compare, write the report."""
    if parsed.pocketbase == parsed.files:
        raise AdminError("--pocketbase and --files are the same address")
    with pocketbase.opened(parsed.pb_data, arguments.encryption_key(parsed)) as snapshot:
        cases = choose(snapshot, Sample(parsed.records, parsed.users, tuple(parsed.collection)))
    if not cases:
        raise AdminError("the data directory has no files and no users to ask for")
    _prepare(parsed.report, again=parsed.again)
    parameters = {
        "pocketbase": parsed.pocketbase,
        "files": parsed.files,
        "records": parsed.records,
        "users": parsed.users,
        "collections": parsed.collection,
    }
    with Journal(parsed.report / "journal.jsonl", parameters) as journal:
        try:
            _compare(parsed, cases, journal)
        finally:
            compared = [case.label for case in cases if case.label in journal.results]
            results = [journal.results[label] for label in compared]
            content = report.summary(results, parameters, len(cases))
            report.write(parsed.report, content, results)
    findings = len(content["findings"])
    equal = content["equal"]
    documented = len(results) - equal - findings
    output.say(
        f"compared {len(results)} requests: {equal} equal, {documented} differ as documented, "
        f"{findings} do not; see {parsed.report / 'report.html'}"
    )
    return 1 if findings else 0


def _prepare(folder: Path, *, again: bool) -> None:
    """Make the report's folder, empty if the comparison is to begin anew."""
    try:
        if again:
            shutil.rmtree(folder / "pictures", ignore_errors=True)
            (folder / "journal.jsonl").unlink(missing_ok=True)
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AdminError(f"no report can be written to {folder}: {error.strerror}") from error


def _compare(parsed: argparse.Namespace, cases: list[Case], journal: Journal) -> None:
    services = Services(
        pocketbase=Client(parsed.pocketbase, Rate(parsed.rate), parsed.parallel),
        files=Client(parsed.files, Rate(parsed.rate), parsed.parallel),
        directory=parsed.pb_data,
    )
    services.pocketbase.require_answer()
    services.files.require_answer()
    comparison = Comparison(services, journal, parsed.report)
    done = sum(case.label in journal.results for case in cases)
    with tqdm(total=len(cases), initial=done, unit="", disable=None, leave=False) as bar:

        def on_done(_result: Result) -> None:
            bar.update()

        comparison.run(cases, parsed.parallel, on_done)


def _origin(text: str) -> str:
    """An origin. The stack's output ``Url`` will do, too."""
    origin = text.rstrip("/").removesuffix("/api/files")
    try:
        parts = urlsplit(origin)
        is_address = parts.scheme in {"http", "https"} and parts.port != 0 and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address or re.search(r"\s", origin):
        raise argparse.ArgumentTypeError(
            f"{text} is not an address such as https://files.example.com"
        )
    return origin


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = 0.0
    if not 0 < rate <= _HIGHEST_RATE:
        raise argparse.ArgumentTypeError(
            f"a number above 0, up to {_HIGHEST_RATE:.0f}, is expected"
        )
    return rate

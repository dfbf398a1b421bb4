"""Ask a running PocketBase the recorded questions again, and write down its answers."""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from tests.contract.record import content_types, http_answers, rule_decisions, thumbs
from tests.contract.record.pocketbase import PocketBase

CONTRACT = Path(__file__).resolve().parent.parent

Row: TypeAlias = dict[str, Any]
Recorder: TypeAlias = Callable[[PocketBase, Iterable[Row], Path], Iterator[Row]]

KINDS: dict[str, tuple[Recorder, tuple[str, ...]]] = {
    "http": (http_answers.record, ("http.jsonl", "http-more.jsonl")),
    "rules": (
        rule_decisions.record,
        ("rules.jsonl", "zoo/rules.jsonl", "zoo/rules-corners.jsonl"),
    ),
    "thumbs": (thumbs.record, ("thumbs.jsonl",)),
    "types": (content_types.record, ("types.jsonl",)),
}
"""What records each kind, and the files it can record."""


def parser() -> argparse.ArgumentParser:
    """The command's arguments."""
    found = argparse.ArgumentParser(prog="python -m tests.contract.record", description=__doc__)
    found.add_argument("kind", choices=KINDS)
    found.add_argument("--pocketbase", required=True, metavar="URL", help="a running PocketBase")
    found.add_argument("--data", required=True, type=Path, metavar="DIR", help="its data directory")
    found.add_argument("--file", help="the recorded file to ask again (default: the kind's first)")
    found.add_argument(
        "--questions",
        type=Path,
        default=CONTRACT,
        metavar="DIR",
        help="where the file to ask again is",
    )
    found.add_argument(
        "--out",
        type=Path,
        default=CONTRACT,
        metavar="DIR",
        help="where to write the answers",
    )
    found.add_argument("--email", default="root@files.test", help="a superuser")
    found.add_argument("--password", default="0123456789")
    return found


def main(arguments: list[str] | None = None) -> None:
    """Ask every row of a recorded file again and write the file with the new answers."""
    options = parser().parse_args(arguments)
    recorder, files = KINDS[options.kind]
    file = options.file or files[0]
    if file not in files:
        parser().error(f"{options.kind} records {', '.join(files)}")
    lines = (options.questions / file).read_text("utf-8").splitlines()
    pocketbase = PocketBase(options.pocketbase, options.data)
    pocketbase.log_in(options.email, options.password)
    target = options.out / file
    target.parent.mkdir(parents=True, exist_ok=True)
    answered = list(recorder(pocketbase, map(json.loads, lines), target.parent))
    target.write_text("".join(f"{written(row)}\n" for row in answered), "utf-8")
    changed = sum(row != json.loads(line) for row, line in zip(answered, lines, strict=True))
    print(f"{target}: {len(answered)} rows, {changed} of them changed")


def written(row: Row) -> str:
    """One line of a recorded file."""
    return json.dumps(row, ensure_ascii=False)


if __name__ == "__main__":
    main()

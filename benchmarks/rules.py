"""View rules: decisions a second, and the worst of the zoo, beside PocketBase's own query.

    python -m benchmarks.rules [--repeat N]

Every recorded decision of tests/contract/zoo, records answered from memory, and the very SQL that
PocketBase would run, on the database it wrote. Both use the same SQLite; the fastest of N runs
counts.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import apsw

from pocketfiles.config import RuleLimits
from pocketfiles.http.query import parse_query
from pocketfiles.rules.body import parse_body
from pocketfiles.rules.evaluate import Evaluation, RuleRequest, whole_query
from tests.contract.decisions import Database, database
from tests.contract.test_zoo import DATABASES, NOW, ZOO

RESULT = Path(__file__).resolve().parent / "results" / "rules.json"
SHOWN = 5


class Measured(NamedTuple):
    """One decision: milliseconds here, and of PocketBase's query."""

    here: float
    plain: float
    rule: str


def evaluation(data: Database, row: Mapping[str, Any], case: Mapping[str, Any]) -> Evaluation:
    """A recorded decision as a question to the engine."""
    collection = data.collection(row["collection"])
    owners = data.collection(case["auth"][0]) if case["auth"] else None
    request = RuleRequest(
        method=case["method"],
        query=parse_query(case["query"]),
        headers=case["headers"],
        body=parse_body(case.get("body", "").encode(), case.get("content_type", ""), case["query"]),
        auth=data.record(owners, case["auth"][1]) if owners else None,
        auth_collection=owners,
    )
    return Evaluation(
        rule=row["rule"],
        collection=collection,
        record=data.record(collection, case["record"]),
        request=request,
        collections=data.collections,
        reader=data,
        now=datetime.fromtimestamp(NOW, UTC),
        limits=RuleLimits(),
    )


def fastest(call: Callable[[], object], repeat: int) -> float:
    """Milliseconds of the fastest of several calls."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        call()
        times.append((time.perf_counter() - started) * 1000)
    return min(times)


def measured(repeat: int) -> Iterator[Measured]:
    """Every decision that the engine makes."""
    for file in ("rules.jsonl", "rules-corners.jsonl"):
        for line in (ZOO / file).read_text("utf-8").splitlines():
            row = json.loads(line)
            path = ZOO / DATABASES[row.get("data", "pb_data")]
            for case in row.get("cases", ()):
                if "error" in case or not row["valid"]:
                    continue
                asked = evaluation(database(path), row, case)
                sql, parameters = whole_query(asked)
                with closing(connected(path)) as connection:

                    def plain(
                        connection: apsw.Connection = connection,
                        sql: str = sql,
                        parameters: Mapping[str, Any] = parameters,
                    ) -> None:
                        list(connection.execute(sql, parameters))

                    yield Measured(
                        fastest(asked.allows, repeat), fastest(plain, repeat), row["rule"]
                    )


def connected(path: Path) -> apsw.Connection:
    """PocketBase's database, with the one function that our SQL has besides."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = apsw.Connection(f"file:{path}?immutable=1", flags)
    connection.create_scalar_function("affordable", _first, 2)
    return connection


def _first(*values: "apsw.SQLiteValue") -> "apsw.SQLiteValue":
    return values[0]


def main() -> None:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeat", type=int, default=3)
    found = sorted(measured(parser.parse_args().repeat), reverse=True)
    here = [each.here for each in found]
    plain = [each.plain for each in found]
    results = {
        "decisions": len(found),
        "decisions a second": round(1000 * len(found) / sum(here)),
        "median ms": median(here),
        "worst ms": max(here),
        "PocketBase's query, median ms": median(plain),
        "PocketBase's query, worst ms": max(plain),
    }
    for name, value in results.items():
        print(f"{name:32} {value:10.3f}" if isinstance(value, float) else f"{name:32} {value:10}")
    for each in found[:SHOWN]:
        rule = " ".join(each.rule.split())[:80]
        print(f"{each.here:8.2f} ms  {each.plain:8.2f} ms  {rule}")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps({"python": sys.version, **results}, indent=1) + "\n")


if __name__ == "__main__":
    main()

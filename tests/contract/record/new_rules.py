"""Make up rules for ``documents`` that are not recorded yet: rows without decisions, as questions.

python -m tests.contract.record.new_rules --seed 7 --count 200 > questions/rules.jsonl
"""

import argparse
import json
import random
from collections.abc import Iterator
from typing import Any

SEVERAL = 0.45
"""How often a comparison with a path of several values is an any-match."""
ONE = 0.12
"""The same for a path of one value."""
TRIES = 10
"""Requests for each rule; the recorder keeps two that show and two that deny."""

OPERATORS = ("=", "!=", "~", "!~", ">", ">=", "<", "<=")

TEXTS = (
    *("title", "status", "note", "link", "mail", "id", "owner", "team", "parent"),
    *("owner.name", "owner.email", "owner.role", "owner.secret", "owner.id", "parent.owner.name"),
    *("team.name", "team.plan", "team.lead", "team.lead.name", "parent.team.lead.email"),
    *("parent.title", "parent.parent.title", "title:lower", "owner.name:lower", "note:lower"),
)
NUMBERS = ("pages", "score", "team.seats", "owner.level", "parent.pages")
BOOLEANS = ("published", "team.active", "owner.verified", "owner.emailVisibility")
DATES = ("expires", "parent.expires")
PATHS_OF_SEVERAL = (
    *("shared_with.name", "shared_with.id", "shared_with.role", "shared_with.email"),
    *("teams.id", "teams.name", "teams.plan", "teams.lead.name", "teams.members.name"),
    *("documents_via_parent.title", "owner.documents_via_owner.title", "team.members.id"),
    *("tags:each", "shared_with:each", "teams:each", "status:each", "scans:each"),
)
LISTS = ("tags", "shared_with", "teams", "scans", "attachment", "cover")
LENGTHS = tuple(f"{name}:length" for name in LISTS)
JSON_PATHS = (
    *("meta", "meta.kind", "meta.n", "meta.0", "meta.missing", "meta.deep.list.1", "meta.flag"),
    *("meta.deep.list.2.k", "team.meta", "team.meta.b.c", "place.lon", "place.lat"),
)
AUTH = (
    *("@request.auth.id", "@request.auth.email", "@request.auth.role", "@request.auth.level"),
    *("@request.auth.collectionName", "@request.auth.missing", "@request.auth.verified"),
    *("@request.auth.skills:each", "@request.auth.teams_via_members.name"),
)
REQUEST = (
    *("@request.query.a", "@request.query.pages", "@request.query.zz", "@request.query.a:isset"),
    *("@request.query.a:lower", "@request.headers.x_key", "@request.headers.host"),
    *("@request.method", "@request.context", "@request.body.x"),
)
COLLECTIONS = (
    *("@collection.teams.name", "@collection.teams.lead", "@collection.teams:x.members.id"),
    *("@collection.teams:y.seats", "@collection.users.role"),
)
FUNCTIONS = (
    'strftime("%Y", expires)',
    'strftime("%d", expires, "+1 day")',
    'strftime("%Y", "bad")',
    "geoDistance(place.lon, place.lat, 23.32, 42.69)",
)

QUOTED = (
    *('"plan"', "'Plan B'", '"100%"', '"a_b"', '""', '"5"', '"5.0"', '"TEST"', "'O\\'Neil'"),
    *('"draft"', '"Ada"', '"admin"', '"pro"', '"Red"', '"Zoë"', '"%"', '"_"', '"p%n"', '"pl_n"'),
    *('"doc000000000001"', '"team00000000001"', '"memo"', '"true"', '"null"', '"[]"', '"users"'),
)
FIGURES = ("0", "1", "5", "5.0", "5.5", "-3", "12", "100", "0.5")
CONSTANTS = ("true", "false", "null", "NULL")
MOMENTS = ("@now", "@todayStart", "@yearEnd", '"2022-10-14"', '"2022-10-14 10:14:04.685Z"', '""')
ANY_CONSTANT = QUOTED + FIGURES + CONSTANTS
ANY_FIELD = TEXTS + NUMBERS + BOOLEANS + DATES + JSON_PATHS

COMPARISONS = (
    (20, TEXTS, QUOTED, ONE),
    (8, NUMBERS, FIGURES, ONE),
    (6, BOOLEANS, CONSTANTS, ONE),
    (5, DATES, MOMENTS, ONE),
    (20, PATHS_OF_SEVERAL, QUOTED, SEVERAL),
    (4, LISTS, QUOTED, ONE),
    (4, LENGTHS, FIGURES, ONE),
    (7, JSON_PATHS, ANY_CONSTANT, ONE),
    (8, AUTH, ANY_CONSTANT, ONE),
    (8, PATHS_OF_SEVERAL + TEXTS, AUTH, SEVERAL),
    (5, REQUEST, ANY_CONSTANT, ONE),
    (4, COLLECTIONS, ("owner", "title", *QUOTED), SEVERAL),
    (2, FUNCTIONS, ANY_CONSTANT, ONE),
    (3, ANY_FIELD, ANY_FIELD, ONE),
)
"""Weight, left sides, right sides, and how often the operator is an any-match."""

RECORDS = tuple(f"doc{number:012d}" for number in range(14))
USERS = ("userada00000000", "userbob00000000", "usercleo0000000", "userdan00000000")
QUERIES: tuple[dict[str, str], ...] = (
    {},
    {"a": "plan"},
    {"a": "5"},
    {"a": ""},
    {"pages": "12"},
    {"pages": "x"},
)
HEADERS: tuple[dict[str, str], ...] = ({}, {}, {"x-key": "x"}, {"x-key": ""})


def comparison(source: random.Random) -> str:
    """One comparison."""
    weights = [weight for weight, *_ in COMPARISONS]
    ((_, lefts, rights, any_match),) = source.choices(COMPARISONS, weights)
    sides = [source.choice(lefts), source.choice(rights)]
    source.shuffle(sides)
    sign = "?" if source.random() < any_match else ""
    return f"{sides[0]} {sign}{source.choice(OPERATORS)} {sides[1]}"


def rule(source: random.Random, depth: int = 0) -> str:
    """One to four comparisons or groups, joined."""
    text = comparison(source)
    for _ in range(source.choice((0, 0, 1, 1, 2, 3))):
        deeper = depth == 0 and source.random() < ONE
        part = f"({rule(source, 1)})" if deeper else comparison(source)
        text += source.choice((" && ", " || ", "&&", "\n|| ")) + part
    return text


def questions(seed: int, count: int) -> Iterator[dict[str, Any]]:
    """So many rows without decisions; the same for the same seed."""
    source = random.Random(seed)
    for _ in range(count):
        cases = [
            {
                "record": source.choice(RECORDS),
                "auth": source.choice((None, *USERS)),
                "query": source.choice(QUERIES),
                "headers": source.choice(HEADERS),
                "method": source.choice(("GET", "GET", "HEAD")),
            }
            for _ in range(TRIES)
        ]
        yield {"rule": rule(source), "cases": cases}


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(prog="python -m tests.contract.record.new_rules")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--count", type=int, default=200)
    options = parser.parse_args()
    for row in questions(options.seed, options.count):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()

"""A small world for the rules: documents, teams, users, and a reader that counts what is asked of
it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pocketfiles.catalogue.model import Collection, Collections, Field, Record
from pocketfiles.config import RuleLimits
from pocketfiles.rules.evaluate import Evaluation, RuleRequest
from pocketfiles.rules.lookups import index_values
from pocketfiles.rules.parser import parse
from pocketfiles.rules.plan import Plan
from pocketfiles.rules.query import Operand, Query
from pocketfiles.rules.resolve import Resolver
from pocketfiles.rules.translate import translate

NOW = datetime(2026, 11, 23, 18, 4, 5, 678_901, tzinfo=UTC)


def a_field(name: str, kind: str, many: int = 0, to: str = "") -> Field:
    return Field(name, name, kind, max_select=many, collection_id=to)


USERS = Collection(
    "users_id",
    "users",
    "auth",
    (
        a_field("id", "text"),
        a_field("email", "email"),
        a_field("emailVisibility", "bool"),
        a_field("verified", "bool"),
        a_field("name", "text"),
        a_field("level", "number"),
        a_field("boss", "relation", 1, "users_id"),
        a_field("skills", "select", 5),
    ),
    position=1,
)
TEAMS = Collection(
    "teams_id",
    "teams",
    "base",
    (
        a_field("id", "text"),
        a_field("name", "text"),
        a_field("lead", "relation", 1, "users_id"),
        a_field("members", "relation", 9, "users_id"),
        a_field("seats", "number"),
        a_field("open", "bool"),
        a_field("founded", "date"),
    ),
    indexes=(
        "CREATE UNIQUE INDEX `one_lead` ON `teams` (`lead` COLLATE NOCASE ASC) WHERE `lead` != ''",
    ),
    position=2,
)
DOCUMENTS = Collection(
    "documents_id",
    "documents",
    "base",
    (
        a_field("id", "text"),
        a_field("text", "text"),
        a_field("number", "number"),
        a_field("bool", "bool"),
        a_field("url", "url"),
        a_field("date", "date"),
        a_field("json", "json"),
        a_field("place", "geoPoint"),
        a_field("rel_one", "relation", 1, "users_id"),
        a_field("rel_many", "relation", 9, "users_id"),
        a_field("team", "relation", 1, "teams_id"),
        a_field("teams", "relation", 9, "teams_id"),
        a_field("parent", "relation", 1, "documents_id"),
        a_field("lost", "relation", 1, "gone"),
        a_field("select_one", "select", 1),
        a_field("select_many", "select", 3),
        a_field("file", "file", 1),
        a_field("files", "file", 9),
    ),
    position=3,
)
COLLECTIONS = Collections([USERS, TEAMS, DOCUMENTS])


def record(collection: Collection, record_id: str, **values: Any) -> Record:
    return Record(collection.id, record_id, {"id": record_id} | values)


def document(record_id: str = "d1", **values: Any) -> Record:
    plain = {
        "text": "test",
        "number": 123456,
        "bool": 1,
        "url": "",
        "date": "2022-10-14 10:14:04.685Z",
        "json": None,
        "place": '{"lon":23.32,"lat":42.69}',
        "rel_one": "",
        "rel_many": "[]",
        "team": "",
        "teams": "[]",
        "parent": "",
        "lost": "",
        "select_one": "",
        "select_many": '["optionB","optionC"]',
        "file": "a.txt",
        "files": "[]",
    }
    return record(DOCUMENTS, record_id, **(plain | values))


ADA = record(
    USERS,
    "ada",
    email="ada@files.test",
    emailVisibility=1,
    verified=1,
    name="Ada",
    level=3,
    boss="",
    skills='["draw"]',
)
BOB = record(
    USERS,
    "bob",
    email="",
    emailVisibility=0,
    verified=0,
    name="Bob",
    level=7,
    boss="ada",
    skills="[]",
)
EVE = record(
    USERS,
    "eve",
    email="eve@files.test",
    emailVisibility=0,
    verified=1,
    name="",
    level=0,
    boss="bob",
    skills='["cut","mix"]',
)
RED = record(
    TEAMS,
    "red",
    name="Red",
    lead="ada",
    members='["ada","bob"]',
    seats=5,
    open=1,
    founded="2020-01-01 00:00:00.000Z",
)
BLUE = record(
    TEAMS,
    "blue",
    name="Blue",
    lead="bob",
    members='["bob","eve"]',
    seats=50,
    open=0,
    founded="2021-01-01 00:00:00.000Z",
)
NONE = record(TEAMS, "none", name="", lead="", members="[]", seats=0, open=0, founded="")


@dataclass
class World:
    """A reader over a list of records; ``calls`` tells what was asked, by collection."""

    everything: Sequence[Record] = (ADA, BOB, EVE, RED, BLUE, NONE)
    collections: Collections = COLLECTIONS
    calls: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)

    def get(self, collection_id: str, record_id: str) -> Record | None:
        return self.batch(collection_id, [record_id]).get(record_id)

    def batch(self, collection_id: str, record_ids: Sequence[str]) -> Mapping[str, Record]:
        self.calls.append(("batch", self._named(collection_id).name, tuple(sorted(record_ids))))
        return {r.id: r for r in self._of(collection_id) if r.id in record_ids}

    def referring(
        self, collection_id: str, field_id: str, values: Sequence[str], limit: int
    ) -> list[str]:
        collection = self._named(collection_id)
        by = next(each for each in collection.fields if each.id == field_id)
        self.calls.append(("referring", f"{collection.name}.{by.name}", tuple(sorted(values))))
        found = [
            record.id
            for record in self._of(collection_id)
            if set(index_values(by, record.values.get(by.name))) & set(values)
        ]
        return found[: limit + 1]

    def all(self, collection_id: str, limit: int) -> Sequence[Record]:
        self.calls.append(("all", self._named(collection_id).name, ()))
        return self._of(collection_id)[: limit + 1]

    def _of(self, collection_id: str) -> list[Record]:
        return [r for r in self.everything if r.collection_id == collection_id]

    def _named(self, collection_id: str) -> Collection:
        return next(each for each in self.collections if each.id == collection_id)


def request(auth: Record | None = None, **more: Any) -> RuleRequest:
    return RuleRequest(
        **({"method": "GET"} | more), auth=auth, auth_collection=USERS if auth else None
    )


def decide(
    rule: str,
    about: Record | None = None,
    auth: Record | None = None,
    world: World | None = None,
    max_rows: int = 1000,
    **more: Any,
) -> bool:
    """Whether the rule shows the document."""
    asked = request(auth, **more)
    return evaluation(rule, about or document(), asked, world or World(), max_rows).allows()


def evaluation(
    rule: str,
    about: Record,
    asked: RuleRequest,
    world: World,
    max_rows: int = 1000,
    collection: Collection = DOCUMENTS,
) -> Evaluation:
    """A rule of ``collection`` asked about a record."""
    return Evaluation(
        rule=rule,
        collection=collection,
        record=about,
        request=asked,
        collections=world.collections,
        reader=world,
        now=NOW,
        limits=RuleLimits(max_rows=max_rows),
    )


def resolved(
    name: str, sql_shapes: Mapping[str, str] | None = None
) -> tuple[Operand, dict[str, str]]:
    """The operand of an identifier, and the kinds of the joins made for it, by their names."""
    query = Query(DOCUMENTS)
    operand = Resolver(query, COLLECTIONS, USERS, sql_shapes or {}).resolve(name)
    return operand, {join.name: join.kind for join in query.joins.values()}


def planned(rule: str, sql_shapes: Mapping[str, str] | None = None) -> Plan:
    """A rule of the documents, translated."""
    return translate(parse(rule), DOCUMENTS, COLLECTIONS, USERS, sql_shapes or {})

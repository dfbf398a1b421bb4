"""Random small databases, as a source to sync, and what they allow: the oracle.

The oracle decides with plain Python about plain dictionaries; it shares no code with the readers.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from admin.source.pocketbase import Row, SourceCollection
from pocketfiles.catalogue.model import Collection, Record

USERS = ("ann", "bob", "cid")
DOCS = ("d1", "d2")
BANS = ("b1", "b2", "b3")
TOKEN_OPTIONS = {"secret": "s" * 40, "duration": 600}

Rows = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Data:
    """One state of the database."""

    rule: int = 0
    protected: bool = True
    reason_name: str = "reason"
    users: Rows = field(default_factory=dict)
    docs: Rows = field(default_factory=dict)
    bans: Rows = field(default_factory=dict)

    # The source, as ``gather.Snapshot`` has it.

    identity = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def collections(self) -> list[SourceCollection]:
        relation = {"type": "relation", "collectionId": "users", "maxSelect": 1}
        raws: list[dict[str, Any]] = [
            {
                "type": "auth",
                "name": "users",
                "viewRule": None,
                "fields": [_text("tokenKey")],
                "authToken": TOKEN_OPTIONS,
                "fileToken": TOKEN_OPTIONS,
            },
            {
                "type": "base",
                "name": "docs",
                "viewRule": RULES[self.rule][0].replace("REASON", self.reason_name),
                "fields": [
                    {**relation, "id": "owner", "name": "owner"},
                    {
                        "id": "file",
                        "name": "file",
                        "type": "file",
                        "maxSelect": 1,
                        "protected": self.protected,
                    },
                ],
            },
            {
                "type": "base",
                "name": "bans",
                "viewRule": None,
                "fields": [
                    {**relation, "id": "user", "name": "user"},
                    {**_text("reason"), "name": self.reason_name},
                ],
            },
        ]
        found = []
        for position, raw in enumerate(raws):
            raw |= {"id": raw["name"], "fields": [_text("id"), *raw["fields"]]}
            found.append(SourceCollection(raw, Collection.from_json(raw, position)))
        return found

    @property
    def incomplete(self) -> frozenset[str]:
        return frozenset()

    def rows(self, found: SourceCollection) -> Iterator[Row]:
        stored: Rows = getattr(self, found.id)
        for record_id in sorted(stored):
            values = {"id": record_id, **stored[record_id]}
            if found.id == "bans":
                values[self.reason_name] = values.pop("reason")
            record = Record(found.id, record_id, values)
            yield Row(record_id, (values, self.reason_name), lambda record=record: record)  # type: ignore[misc]


def _text(name: str) -> dict[str, Any]:
    return {"id": name, "name": name, "type": "text"}


def _all_others(data: Data, user: str, _: str) -> bool:
    return bool(user) and all(ban["user"] != user for ban in data.bans.values())


def _any_other(data: Data, user: str, _: str) -> bool:
    bans = data.bans.values()
    return bool(user) and (not bans or any(ban["user"] != user for ban in bans))


def _not_owners(data: Data, user: str, doc: str) -> bool:
    owner = data.docs[doc]["owner"]
    reasons = [ban["reason"] for ban in data.bans.values() if ban["user"] == owner]
    is_known = owner in data.users
    # No ban at all leaves NULL, which matches neither way.
    return bool(user and is_known and reasons) and all("x" not in reason for reason in reasons)


def _owns(data: Data, user: str, doc: str) -> bool:
    return bool(user) and data.docs[doc]["owner"] == user


def _no_reason(data: Data, user: str, _: str) -> bool:
    return bool(user) and all(ban["reason"] != "x" for ban in data.bans.values())


RULES: list[tuple[str, Callable[[Data, str, str], bool]]] = [
    ('@request.auth.id != "" && @collection.bans.user != @request.auth.id', _all_others),
    ('@request.auth.id != "" && @collection.bans.user ?!= @request.auth.id', _any_other),
    ('@request.auth.id != "" && owner.bans_via_user.REASON !~ "x"', _not_owners),
    ('@request.auth.id != "" && owner = @request.auth.id', _owns),
    ('@request.auth.id != "" && @collection.bans.REASON != "x"', _no_reason),
]
"""Rules, most with negation, and what they mean."""


def shows(data: Data, doc: str, user: str, token_key: str) -> bool:
    """Whether the data shows the doc's file to who has a token of that user and key."""
    if doc not in data.docs:
        return False
    if not data.protected:
        return True
    valid = user in data.users and data.users[user]["tokenKey"] == token_key
    return RULES[data.rule][1](data, user if valid else "", doc)


def random_data(chance: random.Random) -> Data:
    """A state from nothing."""
    data = Data(rule=chance.randrange(len(RULES)))
    users = {user: {"tokenKey": _key(chance)} for user in USERS}
    data = replace(data, users=users)
    for _ in range(8):
        data = changed(data, chance, once=True)
    return replace(data, protected=True)


def changed(data: Data, chance: random.Random, *, once: bool = False) -> Data:
    """The state after one transaction of a few changes."""
    for _ in range(1 if once else chance.randrange(1, 5)):
        data = _change(data, chance)
    return data


def _change(data: Data, chance: random.Random) -> Data:
    return chance.choice(_CHANGES)(data, chance)


def _ban(data: Data, chance: random.Random) -> Data:
    ban = {"user": chance.choice(USERS), "reason": chance.choice(["x", "y", ""])}
    return replace(data, bans=_set_or_drop(data.bans, chance.choice(BANS), ban, chance))


def _swap(data: Data, _: random.Random) -> Data:
    """The same bans under other ids."""
    stored = list(data.bans.values())
    free = [name for name in BANS if name not in data.bans]
    names = (free + list(data.bans))[: len(stored)]
    return replace(data, bans=dict(zip(names, stored, strict=True)))


def _doc(data: Data, chance: random.Random) -> Data:
    doc = {"owner": chance.choice(USERS), "file": "f.txt"}
    return replace(data, docs=_set_or_drop(data.docs, chance.choice(DOCS), doc, chance))


def _key_of_user(data: Data, chance: random.Random) -> Data:
    return replace(data, users={**data.users, chance.choice(USERS): {"tokenKey": _key(chance)}})


def _rule(data: Data, chance: random.Random) -> Data:
    return replace(data, rule=chance.randrange(len(RULES)))


def _rename(data: Data, _: random.Random) -> Data:
    return replace(data, reason_name="why" if data.reason_name == "reason" else "reason")


def _protection(data: Data, _: random.Random) -> Data:
    return replace(data, protected=not data.protected)


_CHANGES = [_ban, _ban, _ban, _swap, _doc, _doc, _key_of_user, _rule, _rename, _protection]


def _set_or_drop(rows: Rows, name: str, values: Mapping[str, Any], chance: random.Random) -> Rows:
    rest = {key: row for key, row in rows.items() if key != name}
    return rest if chance.random() < 0.35 else {**rest, name: values}


def _key(chance: random.Random) -> str:
    return f"{chance.randrange(10**6):040}"

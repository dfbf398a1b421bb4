"""What the collections of a file lack in what they refer to: view rules, relations, and names that
the table has already."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pocketfiles.catalogue.model import Collection, Collections
from pocketfiles.errors import RuleError
from pocketfiles.rules import evaluate

from .definitions import shown
from .lacks import labels
from .recognition import Raw, readable
from .system_fields import completed


def lacks(raw: Sequence[Raw], others: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each lack. ``others`` are the collections that stay besides ``raw``.

    The collections need not be sound: what cannot be read of them is left out.
    """
    yield from _taken_names(raw, others)
    given = []
    for number, each in enumerate(raw, 1):
        given.append(completed(readable(each, number), {}))
    collections = _collections([*given, *others])
    for each, found, label in zip(raw, given, labels(raw), strict=True):
        for line in _relations(each, collections):
            yield f"{label}: {line}"
        has_fields = isinstance(each.get("fields"), list)
        rule = found["viewRule"]
        reason = ""
        if rule and has_fields:
            reason = _broken(rule, Collection.from_json(found), collections)
        if reason:
            yield f"{label}: viewRule: {reason}"


def _collections(raw: Sequence[Mapping[str, Any]]) -> Collections:
    found = []
    for position, each in enumerate(raw):
        found.append(Collection.from_json(each, position))
    return Collections(found)


def _broken(rule: str, collection: Collection, collections: Collections) -> str:
    """Why PocketBase would not save a rule; empty if it would."""
    try:
        evaluate.check(rule, collection, collections)
    except RuleError as error:
        return error.reason
    return ""


def _taken_names(raw: Sequence[Raw], others: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """New collections that have the name of one in the table."""
    names = {str(each.get("name")).casefold() for each in raw}
    for other in others:
        if other["name"].casefold() in names:
            yield (
                f"there is a collection {other['name']} with the id {other['id']}: give that id in "
                "the file to change it, or --remove-others to replace it"
            )


def _relations(raw: Raw, collections: Collections) -> Iterator[str]:
    """Relations to collections that are not there."""
    fields = raw.get("fields")
    for field in fields if isinstance(fields, list) else ():
        if not isinstance(field, dict) or field.get("type") != "relation":
            continue
        target = field.get("collectionId")
        if not isinstance(target, str) or not target or collections.with_id(target):
            continue
        named = collections.find(target)
        hint = f" (did you mean {named.id}, the id of {named.name}?)" if named else ""
        yield f"field {field.get('name')}: there is no collection with the id {shown(target)}{hint}"

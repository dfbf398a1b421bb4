"""What the collections of a file lack in what they refer to: view rules, relations, and names that
the table has already."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pocketfiles.catalogue.model import Collection, Collections
from pocketfiles.errors import RuleError
from pocketfiles.rules import evaluate

from .definitions import shown
from .lacks import Raw, labels, readable
from .system_fields import completed


def lacks(raw: Sequence[Raw], others: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for each lack. ``others`` are the collections that stay besides ``raw``.

    The collections need not be sound: what cannot be read of them is left out.
    """
    yield from _taken_names(raw, others)
    readable_ones = [(each, _as_applied(each)) for each in raw]
    given = [found for _, found in readable_ones if found]
    complete = [*given, *others]
    collections = Collections(map(Collection.from_json, complete, range(len(complete))))
    for (each, found), label in zip(readable_ones, labels(raw), strict=True):
        for line in _relations(each, collections):
            yield f"{label}: {line}"
        rule = found and found["viewRule"]
        if found and rule:
            try:
                evaluate.check(rule, Collection.from_json(found), collections)
            except RuleError as error:
                yield f"{label}: viewRule: {error.reason}"


def _as_applied(raw: Raw) -> Raw | None:
    """What a collection will be, as far as it can be read."""
    found = readable(raw)
    return completed(found, {}) if found else None


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

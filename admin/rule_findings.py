"""View rules that cannot be evaluated, and files that no rule decides about."""

from collections.abc import Iterator

from pocketfiles.catalogue.model import Collection, Collections
from pocketfiles.errors import RuleError
from pocketfiles.rules import evaluate


def broken(collections: Collections) -> Iterator[tuple[Collection, str]]:
    """The collections whose view rule cannot be evaluated, which denies, each with the reason."""
    for collection in collections:
        reason = _problem(collection, collections)
        if reason:
            yield collection, reason


def broken_warnings(collections: Collections) -> list[str]:
    """A warning for each view rule that cannot be evaluated."""
    return [
        f"{collection.name}: the view rule cannot be evaluated and denies: {reason}"
        for collection, reason in broken(collections)
    ]


def undecided(collections: Collections) -> Iterator[tuple[Collection, list[str]]]:
    """The collections whose protected file fields no rule decides about, with these fields' names.

    Without a view rule they are for superusers alone; with an empty one they are open to everybody.
    """
    for collection in collections:
        fields = [field.name for field in collection.file_fields if field.protected]
        if fields and not collection.view_rule:
            yield collection, fields


def unprotected(collections: Collections) -> Iterator[tuple[Collection, list[str]]]:
    """The collections whose view rule does not apply to some file fields: they are not protected,
    so everybody who knows the URL may read the files."""
    for collection in collections:
        fields = [field.name for field in collection.file_fields if not field.protected]
        if fields and collection.view_rule != "":
            yield collection, fields


def _problem(collection: Collection, collections: Collections) -> str:
    if not collection.view_rule:
        return ""
    try:
        evaluate.check(collection.view_rule, collection, collections)
    except RuleError as error:
        return error.reason
    return ""

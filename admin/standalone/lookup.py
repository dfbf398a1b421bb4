"""Finds what a command names, or says what there is."""

from pocketfiles.catalogue.model import Collection, Collections

from ..errors import AdminError


def find_collection(collections: Collections, name_or_id: str) -> Collection:
    """Find a collection by name or id. Raises ``AdminError`` with the names there are."""
    found = collections.find(name_or_id)
    if found is None:
        known = ", ".join(sorted(each.name for each in collections))
        raise AdminError(f"there is no collection {name_or_id}; there are: {known or 'none'}")
    return found

"""The fields that every collection of PocketBase has, and a file by hand may leave out."""

from collections.abc import Mapping
from typing import Any

_ID = {"id": "text3208210256", "name": "id", "type": "text", "system": True}
_AUTH = (
    {"id": "password901924565", "name": "password", "type": "password", "hidden": True},
    {"id": "text2504183744", "name": "tokenKey", "type": "text", "hidden": True},
    {"id": "email3885137012", "name": "email", "type": "email"},
    {"id": "bool1547992806", "name": "emailVisibility", "type": "bool"},
    {"id": "bool256245529", "name": "verified", "type": "bool"},
)
"""As PocketBase makes them, with its ids."""


def completed(raw: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Add the system fields that a collection lacks.

    ``stored`` is the collection as the table has it, empty for a new one: its fields are kept.
    """
    own = raw["fields"]
    names = {field["name"] for field in own}
    known = {field["name"]: field for field in stored.get("fields", ())}
    wanted = _AUTH if raw["type"] == "auth" else ()
    first = [] if "id" in names else [known.get("id", _ID)]
    more = [known.get(each["name"], each) for each in wanted if each["name"] not in names]
    return {**raw, "fields": [*first, *own, *more]}

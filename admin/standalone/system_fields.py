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
    fields = list(raw["fields"])
    names = {field["name"] for field in fields}
    known = {field["name"]: field for field in stored.get("fields", ())}
    if "id" not in names:
        fields.insert(0, known.get("id", _ID))
    wanted = _AUTH if raw["type"] == "auth" else ()
    for field in wanted:
        name = field["name"]
        if name not in names:
            fields.append(known.get(name, field))
    return {**raw, "fields": fields}

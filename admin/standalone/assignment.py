"""Sets values of a record that are given as texts, checked against their fields and against other
records."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from pocketfiles.catalogue.model import Collection, Field, Record, listed

from ..errors import AdminError
from .current import CurrentRecords
from .values import is_missing, typed


def assigned(
    record: Record, collection: Collection, texts: Mapping[str, str], current: CurrentRecords
) -> Record:
    """The record with these values, by the names of their fields. Raises ``AdminError``."""
    values = dict(record.values)
    for name, text in texts.items():
        field = _settable(collection, name)
        value = typed(field, text)
        if field.type == "relation":
            ids = listed(value, multiple=field.multiple)
            _require_targets(field, ids, current)
        if name == "email" and collection.type == "auth" and text:
            _require_unique(text, collection, record.id, current)
        values[name] = value
    return replace(record, values=values)


def require_complete(record: Record, collection: Collection) -> None:
    """Raise ``AdminError`` if a required field has no value."""
    missing = []
    for field in collection.fields:
        if is_missing(field, record.values.get(field.name)):
            missing.append(field.name)
    if missing:
        names = ", ".join(missing)
        raise AdminError(f"{collection.name}/{record.id} needs a value of {names} (required)")


def _settable(collection: Collection, name: str) -> Field:
    field = collection.field(name)
    if field is None or field.type == "file" or name == "id":
        raise AdminError(f"{collection.name} has no field {name} that could be set")
    return field


def _require_targets(field: Field, ids: Iterable[str], current: CurrentRecords) -> None:
    """Raise ``AdminError`` for an id that a relation field refers to in vain."""
    target = current.collection(field.collection_id)
    for each in ids:
        if current.find_item(target, each) is None:
            raise AdminError(
                f"field {field.name} refers to {target.name}/{each}, which is no record"
            )


def _require_unique(
    email: str, collection: Collection, record_id: str, current: CurrentRecords
) -> None:
    """Raise ``AdminError`` if another record of an auth collection has the address."""
    for other in current.with_email(collection, email):
        if other != record_id:
            raise AdminError(f"{collection.name}/{other} has the e-mail address {email}")

"""Two collections as PocketBase describes them, and records of one."""

from typing import Any

from pocketfiles.catalogue.model import Collection, Record

RAW: dict[str, Any] = {
    "id": "pbc_papers",
    "name": "papers",
    "type": "base",
    "system": False,
    "viewRule": "owner = @request.auth.id",
    "listRule": "not kept",
    "indexes": ["CREATE UNIQUE INDEX x ON papers (owner)"],
    "fields": [
        {"id": "f1", "name": "title", "type": "text", "max": 5, "hidden": False},
        {
            "id": "f2",
            "name": "owner",
            "type": "relation",
            "collectionId": "pbc_users",
            "maxSelect": 1,
        },
        {
            "id": "f3",
            "name": "shared",
            "type": "relation",
            "collectionId": "pbc_users",
            "maxSelect": 9,
        },
        {
            "id": "f4",
            "name": "paper",
            "type": "file",
            "protected": True,
            "thumbs": None,
            "maxSelect": 1,
        },
    ],
}
AUTH: dict[str, Any] = {
    **RAW,
    "id": "pbc_users",
    "name": "users",
    "type": "auth",
    "viewRule": None,
    "authToken": {"secret": "a", "duration": 9},
    "fileToken": {"secret": "f", "duration": 7},
    "oauth2": {"providers": [{"clientSecret": "never kept"}]},
    "passwordAuth": {"enabled": True},
}
PAPERS = Collection.from_json(RAW)


def paper(record_id: str, **values: Any) -> Record:
    return Record("pbc_papers", record_id, {"id": record_id, **values})

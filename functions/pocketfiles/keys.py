"""Where an object lies in the bucket: PocketBase's own layout, so both can share one (pocketbase.md §6.1).

A file name comes from a record, never from a request, yet a hostile catalogue must not reach out of its own
record either: ``..`` and empty parts are refused.
"""

from pocketfiles.errors import NotFound


def original(collection_id: str, record_id: str, name: str) -> str:
    """The key of an uploaded file. Raises ``NotFound`` when a part cannot be a single folder or file name."""
    for part in (collection_id, record_id, name):
        if not part or part in {".", ".."} or "/" in part:
            raise NotFound(f"no storage key from {part!r}")
    return f"{collection_id}/{record_id}/{name}"


def thumb(original_key: str, size: str) -> str:
    """The key of that original's thumb of one size (pocketbase.md §3.6.5)."""
    folder, _, name = original_key.rpartition("/")
    return f"{folder}/thumbs_{name}/{thumb_name(name, size)}"


def thumb_name(name: str, size: str) -> str:
    """The name a thumb is served under; the extension stays the original's."""
    return f"{size}_{name}"

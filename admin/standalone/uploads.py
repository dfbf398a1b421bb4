"""Files to upload: recognised, checked against their field, and named."""

from dataclasses import dataclass
from pathlib import Path

from pocketfiles.catalogue.model import Field

from ..errors import AdminError
from ..source.storage import LocalFile, escaped
from ..wording import counted
from . import naming, sniffing
from .naming import Letters

_LONGEST_ORIGINAL = 255  # bytes, pocketbase.md §6.3


@dataclass(frozen=True)
class Upload:
    """A file on this machine and the name under which it will be stored."""

    file: LocalFile
    name: str


def prepared(path: Path, field: Field, letters: Letters) -> Upload:
    """Look at a file for a field. Raises ``AdminError`` if it cannot be read or is not allowed."""
    try:
        with path.open("rb") as file:
            media_type = sniffing.content_type(file.read(sniffing.HEAD_BYTES))
        size = path.stat().st_size
    except OSError as error:
        raise AdminError(f"{path} cannot be read: {error.strerror}") from error
    _require_allowed(path, field, media_type, size)
    original = path.name.encode()[:_LONGEST_ORIGINAL].decode("utf-8", "ignore")
    metadata = escaped({"original-filename": original})
    local = LocalFile(path, size, 0.0, media_type, metadata=metadata)
    return Upload(local, naming.stored_name(path.name, sniffing.extension(media_type), letters))


def _require_allowed(path: Path, field: Field, media_type: str, size: int) -> None:
    largest = field.limits.get("maxSize")
    if largest and size > largest:
        has = counted(size, "byte")
        raise AdminError(f"{path} has {has}; field {field.name} takes {largest} at most (maxSize)")
    allowed = field.limits.get("mimeTypes")
    plain = media_type.partition(";")[0]
    if allowed and plain not in {each.partition(";")[0].strip().lower() for each in allowed}:
        types = ", ".join(allowed)
        raise AdminError(f"{path} is {plain}; field {field.name} takes {types} (mimeTypes)")

"""What a round has done: counts by kind, and warnings."""

from dataclasses import dataclass, field

from pocketfiles.keys import CATALOGUE, is_record

from ..target.actions import Change, DeleteFile, DeleteItem, PutFile, PutItem
from ..wording import counted

_KINDS = ("definitions", "records", "files", "references")
"""What is counted, in the order in which it is printed."""


@dataclass
class Summary:
    """The result of a round: what the source holds, what was written and removed, and what to warn
    about.

    ``written`` and ``removed`` count by kind: definitions, records, references, files.
    """

    collections: int = 0
    records: int = 0
    files: int = 0
    written: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    uploaded_bytes: int = 0
    warnings: list[str] = field(default_factory=list)

    def count(self, action: Change) -> None:
        """Count an action that was carried out or, in a dry run, would be."""
        kind = _kind(action)
        counts = self.written if isinstance(action, PutItem | PutFile) else self.removed
        counts[kind] = counts.get(kind, 0) + 1
        if isinstance(action, PutFile):
            self.uploaded_bytes += action.file.size

    @property
    def changed(self) -> bool:
        """Whether anything was written or removed."""
        return bool(self.written or self.removed)

    def __str__(self) -> str:
        held = (
            counted(self.collections, "collection"),
            counted(self.records, "record"),
            counted(self.files, "file"),
        )
        parts = [", ".join(held)]
        if not self.changed:
            parts.append("nothing to change")
        if self.written:
            parts.append(f"written {_listed(self.written)}")
        if self.uploaded_bytes:
            parts.append(f"uploaded {self.uploaded_bytes:,} bytes")
        if self.removed:
            parts.append(f"removed {_listed(self.removed)}")
        if self.warnings:
            parts.append(counted(len(self.warnings), "warning"))
        return "; ".join(parts)


def _kind(action: Change) -> str:
    match action:
        case PutFile() | DeleteFile():
            return "files"
        case PutItem(item):
            pk = item["pk"]["S"]
        case DeleteItem(pk, _):
            pass
    if pk == CATALOGUE:
        return "definitions"
    return "records" if is_record(pk) else "references"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(
        counted(counts[kind], kind.removesuffix("s")) for kind in _KINDS if kind in counts
    )

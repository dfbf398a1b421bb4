"""Remembers what was compared, a line of JSON for each request, so that nothing is asked twice."""

import json
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import AdminError
from .judge import Difference


@dataclass(frozen=True)
class Result:
    """What the comparison of one request gave."""

    request: str
    """The label of its case."""
    differences: list[Difference] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    """The files in the report's folder that show PocketBase's picture and the other."""

    @property
    def is_finding(self) -> bool:
        """Whether a difference is explained by no deviation."""
        return any(not each.deviation for each in self.differences)


class Journal:
    """The results of a comparison, in a file that survives an interruption."""

    def __init__(self, path: Path, parameters: Mapping[str, Any]) -> None:
        self._path = path
        self.results: dict[str, Result] = {}
        self._lock = threading.Lock()
        if path.exists():
            self._resume(parameters)
        else:
            path.write_text(json.dumps(parameters) + "\n", "utf-8")
        self._file = path.open("a", encoding="utf-8")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, result: Result) -> None:
        """Remember a result; safe to call from several threads."""
        with self._lock:
            self.results[result.request] = result
            self._file.write(json.dumps(asdict(result)) + "\n")
            self._file.flush()

    def _resume(self, parameters: Mapping[str, Any]) -> None:
        try:
            self._read(parameters)
        except (ValueError, KeyError, TypeError) as error:
            raise AdminError(f"{self._path} is damaged: --again begins anew") from error

    def _read(self, parameters: Mapping[str, Any]) -> None:
        first, *lines = self._path.read_text("utf-8").splitlines(keepends=True) or [""]
        if first.strip() != json.dumps(parameters):
            raise AdminError(
                f"{self._path.parent} holds another comparison: give another --report, "
                "or --again to begin anew"
            )
        whole = [line for line in lines if line.endswith("\n")]
        if len(whole) < len(lines):  # the last line was being written when the process ended
            self._path.write_text(first + "".join(whole), "utf-8")
        for line in whole:
            raw = json.loads(line)
            differences = [Difference(**each) for each in raw["differences"]]
            self.results[raw["request"]] = Result(raw["request"], differences, raw["pictures"])

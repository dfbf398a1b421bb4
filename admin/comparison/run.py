"""Sends each request to both services and judges the answers, several requests at a time."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from pocketfiles import tokens
from pocketfiles.errors import TokenNotIssued

from ..errors import AdminError
from ..source import storage
from .cases import Case, User
from .client import Answer, Client
from .journal import Journal, Result
from .judge import Difference, judge

_SUFFIXES = {
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
}
"""The types shown in the report. Nothing else is written: a file could be a page with scripts."""

_EXAMPLES = 3
"""How many pairs of pictures are kept for each deviation; findings keep all."""


@dataclass(frozen=True)
class Services:
    """The two services to compare, and the data directory of the first."""

    pocketbase: Client
    files: Client
    directory: Path


class Comparison:
    """Compares requests and keeps the results in a journal and pictures in a folder."""

    def __init__(self, services: Services, journal: Journal, folder: Path) -> None:
        self._services = services
        self._journal = journal
        self._folder = folder
        self._examples: Counter[str] = Counter()
        self._lock = Lock()

    def run(self, cases: Iterable[Case], parallel: int, on_done: Callable[[Result], None]) -> None:
        """Compare all requests that the journal does not have. Raises ``AdminError``.

        When one request fails, or the user interrupts, those under way still reach the journal.
        """
        todo = [case for case in cases if case.label not in self._journal.results]
        with ThreadPoolExecutor(parallel) as pool:
            futures = [pool.submit(self._compare, case) for case in todo]
            try:
                for future in as_completed(futures):
                    on_done(future.result())
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _compare(self, case: Case) -> Result:
        services = self._services
        pocketbase = services.pocketbase.ask(case.method, *_request(case))
        files = services.files.ask(case.method, *_request(case))
        differences = judge(case, pocketbase, files, lambda: self._original(case))
        shown = self._show(case, differences, (pocketbase, files))
        result = Result(case.label, differences, shown)
        self._journal.add(result)
        return result

    def _original(self, case: Case) -> bytes | None:
        """The original's bytes: from the storage folder, else from PocketBase."""
        file = storage.find(self._services.directory, case.key)
        if file is not None:
            return file.path.read_bytes()
        path, _, _ = case.path.partition("?")
        whole = Case(path, case.key, user=case.user)
        answer = self._services.pocketbase.ask("GET", *_request(whole))
        is_whole = answer.length == len(answer.body)
        return answer.body if is_whole else None

    def _show(
        self, case: Case, differences: list[Difference], answers: tuple[Answer, Answer]
    ) -> list[str]:
        """Write the two pictures of a difference; returns their names within the report."""
        suffixes = [_SUFFIXES.get(answer.headers.get("content-type", "")) for answer in answers]
        about = next((each for each in differences if each.what == "picture"), None)
        if about is None or None in suffixes or case.method == "HEAD":
            return []
        with self._lock:
            self._examples[about.deviation] += 1
            number = self._examples[about.deviation]
        if about.deviation and number > _EXAMPLES:
            return []
        names = []
        for answer, side, suffix in zip(answers, ("pocketbase", "files"), suffixes, strict=True):
            kind = (about.deviation or "finding").replace(" ", "-")
            name = f"pictures/{kind}-{number}-{side}{suffix}"
            (self._folder / name).write_bytes(answer.body)
            names.append(name)
        return names


def _request(case: Case) -> tuple[str, dict[str, str]]:
    """The target and the headers of a request, with a token made for its user now."""
    headers = {"Accept-Encoding": "identity"}
    if case.range:
        headers["Range"] = case.range
    if case.user is None:
        return case.path, headers
    if case.method == "POST":
        return case.path, {**headers, "Authorization": _token(case.user, "auth")}
    joint = "&" if "?" in case.path else "?"
    return f"{case.path}{joint}token={_token(case.user, 'file')}", headers


def _token(user: User, kind: tokens.Kind) -> str:
    try:
        return tokens.issue(user.collection, user.record, kind, time.time())
    except TokenNotIssued as error:
        raise AdminError(f"no token for {user.label}: {error.reason}") from error

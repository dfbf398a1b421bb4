"""What the runner prints while it serves: one line for each request, or the functions' JSON lines.

The functions print JSON for CloudWatch: a log line and metrics for each request. On a terminal that
cannot be read, so the console takes the outcome from the log line and prints a line of its own::

    GET /api/files/photos/abc/cat_x1.jpg?thumb=100x100  200  8.6 kB  49 ms  thumb made

Tokens are never printed, nor what a terminal would obey. Nothing is printed before the console is
opened.
"""

import io
import json
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, TextIO

from admin.wording import printable
from local.gateway import Answer, Request

REQUESTS_KEPT = 200
"""Requests kept for the page at ``/``."""

OUTCOMES_KEPT = 1000
"""Outcomes of requests kept until their answers are printed."""

_KILO = 1000
_ONE_DECIMAL_BELOW = 100
_UNITS = ("B", "kB", "MB", "GB")
_TOKEN_PARAMETER = re.compile(r"(?<=[?&])(token=)[^&]+", re.IGNORECASE)
_WEB_TOKEN = re.compile(r"(?<![\w-])[\w-]{8,}+\.[\w-]{8,}+\.[\w-]{8,}+")
"""Three parts of Base64 (RFC 7515 §3.1), wherever somebody puts them."""

_DIM = "2"
_BOLD = "1"
_COLOURS = {2: "32", 3: "36", 4: "33", 5: "31"}
"""Of a status, by its first digit: green, cyan, yellow, red (ECMA-48)."""


@dataclass(frozen=True)
class Entry:
    """One request and its answer, for people."""

    number: int
    time: str
    method: str
    target: str
    status: int
    bytes: int
    milliseconds: float
    note: str
    content_type: str


class Console:
    """Prints requests and what the functions print. ``colour``: with ECMA-48 colours."""

    def __init__(
        self,
        out: TextIO,
        *,
        as_json: bool = False,
        colour: bool = False,
        clock: Callable[[], datetime] = datetime.now,
    ) -> None:
        self._out = out
        self._as_json = as_json
        self._colour = colour
        self._clock = clock
        self._lock = threading.Lock()
        self._held: list[str] | None = []
        self._outcomes: dict[str, Mapping[str, Any]] = {}
        self._entries: deque[Entry] = deque(maxlen=REQUESTS_KEPT)
        self._count = 0

    def open(self) -> None:
        """Print what was held back, and from now on everything at once."""
        with self._lock:
            held = self._held or []
            self._held = None
        for line in held:
            self._print(line)

    def say(self, line: str) -> None:
        """Print a line, or hold it back until the console is opened."""
        with self._lock:
            if self._held is not None:
                self._held.append(line)
                return
        self._print(line)

    def printed_by_function(self, request_id: str, line: str) -> None:
        """Take a line that a function printed while it served a request."""
        fields = _json_object(line)
        is_request = fields.get("message") == "answered"
        if is_request:
            self._keep_outcome(request_id, fields)
        is_metric = "_aws" in fields
        is_audit = fields.get("message") == "opened"  # of a request, whose own line follows
        if self._as_json:
            is_own = self._held is not None and (is_request or is_metric)
            if not is_own:  # before the console is opened, requests are the runner's own
                self.say(line)
        elif not (is_request or is_metric or is_audit):
            self.say(self._readable(fields) if fields else line)

    def answered(self, request: Request, answer: Answer, milliseconds: float) -> None:
        """Print a line for a request and keep it for the page."""
        headers = {name.lower(): value for name, value in answer.headers}
        outcome = self._outcomes.pop(headers.get("apigw-requestid", ""), {})
        self._count += 1
        entry = Entry(
            number=self._count,
            time=self._clock().strftime("%H:%M:%S"),
            method=request.method,
            target=without_tokens(request.target),
            status=answer.status,
            bytes=len(answer.body),
            milliseconds=round(milliseconds, 1),
            note=_note(outcome, headers),
            content_type=headers.get("content-type", ""),
        )
        self._entries.append(entry)
        if not self._as_json:
            self.say(self._line(entry))

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """The kept requests with a number above ``after``, the oldest first."""
        return [asdict(entry) for entry in list(self._entries) if entry.number > after]

    def _keep_outcome(self, request_id: str, fields: Mapping[str, Any]) -> None:
        if len(self._outcomes) >= OUTCOMES_KEPT:  # a client that went away never takes its outcome
            self._outcomes.clear()
        self._outcomes[request_id] = fields

    def _line(self, entry: Entry) -> str:
        status = self._coloured(str(entry.status), _COLOURS.get(entry.status // 100, _BOLD))
        parts = [
            f"{self._coloured(entry.method, _BOLD)} {entry.target}",
            status,
            readable_bytes(entry.bytes),
            f"{entry.milliseconds:.0f} ms",
            self._coloured(printable(entry.note), _DIM) if entry.note else "",
        ]
        return "  ".join(filter(None, parts))

    def _readable(self, fields: Mapping[str, Any]) -> str:
        """A log line that is not a request's outcome: a warning, or a bug's stack trace."""
        head = f"{fields.get('level', 'INFO').lower()}: {fields.get('message', '')}"
        return "\n".join(filter(None, [head, str(fields.get("exception", ""))]))

    def _coloured(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text

    def _print(self, line: str) -> None:
        with self._lock:
            print(line, file=self._out, flush=True)


class FunctionOutput(io.TextIOBase):
    """The standard output of the functions: passes on each whole line with its request's id.

    The id is the thread's name. The id in a log line cannot be trusted here: the functions' logger
    keeps it for the process, which on AWS serves one request at a time.
    """

    def __init__(self, take: Callable[[str, str], None]) -> None:
        self._take = take
        self._started = threading.local()

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str) -> int:
        """Pass the lines on that the text completes."""
        lines = (getattr(self._started, "text", "") + text).split("\n")
        self._started.text = lines.pop()
        for line in lines:
            self._take(threading.current_thread().name, line)
        return len(text)


def observed(
    application: Callable[[Request], Answer], console: Console
) -> Callable[[Request], Answer]:
    """The application with every request printed."""

    def respond(request: Request) -> Answer:
        started = time.perf_counter()
        answer = application(request)
        console.answered(request, answer, (time.perf_counter() - started) * 1000)
        return answer

    return respond


def without_tokens(target: str) -> str:
    """A request target without what opens files, in ASCII without control characters."""
    text = _TOKEN_PARAMETER.sub(r"\1...", target)
    text = _WEB_TOKEN.sub("...", text)
    return printable(text.encode("ascii", "backslashreplace").decode())


def readable_bytes(count: int) -> str:
    """A size for people: ``8.6 kB``, ``142 kB``."""
    size = float(count)
    for unit in _UNITS:
        if size < _KILO or unit == _UNITS[-1]:
            break
        size /= _KILO
    if unit == "B":
        return f"{count} B"
    digits = 1 if size < _ONE_DECIMAL_BELOW else 0
    return f"{size:.{digits}f} {unit}"


def _note(outcome: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    """What is worth saying about an outcome, from the log line."""
    notes = []
    if outcome.get("thumb"):
        notes.append(f"thumb {outcome['thumb']}")
    if outcome.get("redirect"):
        notes.append("redirect to S3")
    if outcome.get("token_issued"):
        notes.append("token issued")
    if outcome.get("reason"):
        notes.append(str(outcome["reason"]))
    if "x-cache" in headers:
        notes.append(headers["x-cache"])
    return ", ".join(notes)


def _json_object(line: str) -> Mapping[str, Any]:
    """The object that a line of JSON is; an empty one for any other line."""
    if not line.startswith("{"):
        return {}
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}

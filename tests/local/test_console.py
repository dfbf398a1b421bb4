import io
import json
import threading
from datetime import datetime

import pytest

from local.console import Console, FunctionOutput, observed, readable_bytes, without_tokens
from local.gateway import Answer, Request

TOKEN = "eyJhbGciOi.eyJpZCI6IjEi.c2lnbmF0dXJl"
PICTURE = "/api/files/photos/abc/cat.jpg?thumb=100x100"


def opened(*, as_json: bool = False, colour: bool = False) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    console = Console(
        out, as_json=as_json, colour=colour, clock=lambda: datetime(2024, 1, 2, 3, 4, 5)
    )
    console.open()
    return console, out


def log_line(**fields: object) -> str:
    return json.dumps({"message": "answered", "function_request_id": "another", **fields})


def answer(status: int = 200, body: bytes = b"x" * 8600) -> Answer:
    headers = (("Content-Type", "image/jpeg"), ("Apigw-Requestid", "id-1"))
    return Answer(status, headers, body)


@pytest.mark.parametrize(
    ("logged", "status", "line"),
    [
        ({"thumb": "made"}, 200, f"GET {PICTURE}  200  8.6 kB  49 ms  thumb made\n"),
        ({}, 200, f"GET {PICTURE}  200  8.6 kB  49 ms\n"),
        ({"redirect": True}, 302, f"GET {PICTURE}  302  8.6 kB  49 ms  redirect to S3\n"),
        (
            {"denied": True, "reason": "the view rule says no"},
            404,
            f"GET {PICTURE}  404  8.6 kB  49 ms  the view rule says no\n",
        ),
    ],
)
def test_a_request_is_one_line(logged: dict[str, object], status: int, line: str) -> None:
    console, out = opened()
    console.printed_by_function("id-1", log_line(**logged))
    console.answered(Request("GET", PICTURE), answer(status), 48.9)
    assert out.getvalue() == line


def test_nothing_that_a_terminal_would_obey_is_printed() -> None:
    console, out = opened()
    console.printed_by_function("id-1", log_line(reason="no\x1b[2J\nforged"))
    target = "/\x1b]0;title\x07\x9b31m\x7f\u202e"
    console.answered(Request("GET", target), answer(404), 1)
    line = "GET /\\x1b]0;title\\x07\\x9b31m\\x7f\\u202e  404  8.6 kB  1 ms  no\\x1b[2J\\nforged\n"
    assert out.getvalue() == line
    assert console.entries()[0]["target"].isprintable()


def test_a_terminal_gets_colours() -> None:
    console, out = opened(colour=True)
    console.answered(Request("GET", "/"), answer(404), 1)
    assert "\x1b[33m404\x1b[0m" in out.getvalue()


def test_json_passes_through_and_no_line_is_added() -> None:
    console, out = opened(as_json=True)
    line = log_line(thumb="made")
    console.printed_by_function("id-1", line)
    console.printed_by_function("id-1", '{"_aws": {}}')
    console.answered(Request("GET", "/"), answer(), 1)
    assert out.getvalue() == f'{line}\n{{"_aws": {{}}}}\n'


def test_metrics_are_not_printed_for_people_but_warnings_and_bugs_are() -> None:
    console, out = opened()
    console.printed_by_function("id-1", '{"_aws": {}}')
    console.printed_by_function("id-1", '{"level": "INFO", "message": "opened", "owner": "guest"}')
    console.printed_by_function(
        "id-1", '{"level": "ERROR", "message": "failed", "exception": "Traceback"}'
    )
    console.printed_by_function("id-1", "not JSON")
    console.printed_by_function("id-1", "{not JSON")
    console.printed_by_function("id-1", "[1]")
    assert out.getvalue() == "error: failed\nTraceback\nnot JSON\n{not JSON\n[1]\n"


@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_is_printed_before_the_console_is_opened(as_json: bool) -> None:
    out = io.StringIO()
    console = Console(out, as_json=as_json)
    console.printed_by_function("id-1", log_line())
    console.printed_by_function("id-1", '{"_aws": {}}')
    console.say("imported")
    assert out.getvalue() == ""
    console.open()
    assert out.getvalue() == "imported\n"


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        (f"/a?token={TOKEN}", "/a?token=..."),
        (f"/a?thumb=1x1&TOKEN={TOKEN}&download=1", "/a?thumb=1x1&TOKEN=...&download=1"),
        ("/a?token=short", "/a?token=..."),
        (f"/{TOKEN}?x={TOKEN}", "/...?x=..."),
        ("/a.b/photo_0123456789.jpg", "/a.b/photo_0123456789.jpg"),
        ("/\x9b31m\xe9", "/\\x9b31m\\xe9"),
    ],
)
def test_tokens_and_control_characters_are_not_shown(target: str, shown: str) -> None:
    assert without_tokens(target) == shown


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (8600, "8.6 kB"), (142_000, "142 kB"), (5_000_000_000, "5.0 GB")],
)
def test_sizes_are_readable(count: int, text: str) -> None:
    assert readable_bytes(count) == text


def test_requests_are_kept_for_the_page_by_number() -> None:
    console, _ = opened()
    for target in ("/1", f"/2?token={TOKEN}"):
        console.answered(Request("GET", target), answer(), 1.25)
    (entry,) = console.entries(after=1)
    assert entry == {
        "number": 2,
        "time": "03:04:05",
        "method": "GET",
        "target": "/2?token=...",
        "status": 200,
        "bytes": 8600,
        "milliseconds": 1.2,
        "note": "",
        "content_type": "image/jpeg",
    }


def test_lines_of_several_threads_are_not_mixed() -> None:
    lines: list[tuple[str, str]] = []
    output = FunctionOutput(lambda request_id, line: lines.append((request_id, line)))
    output.write("one ")
    other = threading.Thread(target=lambda: output.write("two\nthree"), name="id-2")
    other.start()
    other.join()
    output.write("line\n")
    assert lines == [("id-2", "two"), (threading.current_thread().name, "one line")]


def test_every_answer_is_observed() -> None:
    console, out = opened()
    observed(lambda request: answer(204, b""), console)(Request("OPTIONS", "/x"))
    assert out.getvalue().startswith("OPTIONS /x  204  0 B  ")

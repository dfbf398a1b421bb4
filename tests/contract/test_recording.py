"""The recorders ask what is recorded and write down what a server answers that plays PocketBase."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import DEMO, ROOT
from tests.contract.decisions import database, is_saved
from tests.contract.record.__main__ import main
from tests.contract.record.new_rules import questions
from tests.serving import answering

CONTRACT = ROOT / "tests" / "contract"
NEW_TOKEN = json.dumps({"token": ".".join(["x" * 50] * 3)}).encode()
LOGGED_IN = 200, [["content-type", "application/json"]], b'{"token": "superuser"}'


@dataclass(frozen=True)
class Asked:
    """One request that the server got."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Heard = tuple[int, list[list[str]], bytes]


@contextmanager
def playing(answer: Callable[[Asked], Heard]) -> Iterator[str]:
    """The address of a server that logs every superuser in and answers all else by ``answer``."""

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if not self.raw_requestline or not self.parse_request():
                self.close_connection = True
                return
            self.close_connection = True
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = Asked(self.command, self.path, dict(self.headers), body)
            logs_in = asked.path.endswith("/auth-with-password")
            status, headers, content = LOGGED_IN if logs_in else answer(asked)
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Stay silent."""

    with answering(Handler) as origin:
        yield origin


def recorded(file: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CONTRACT / file).read_text("utf-8").splitlines()]


def record(url: str, kind: str, rows: list[dict[str, Any]], tmp_path: Path) -> list[dict[str, Any]]:
    """What the command writes for these rows of the kind's first file."""
    file = f"{kind}.jsonl"
    (tmp_path / file).write_text("".join(json.dumps(row) + "\n" for row in rows))
    folders = [f"--questions={tmp_path}", f"--out={tmp_path}"]
    main([kind, f"--pocketbase={url}", f"--data={DEMO}", *folders])
    return [json.loads(line) for line in (tmp_path / file).read_text().splitlines()]


def test_answers_come_out_as_they_were_recorded(tmp_path: Path) -> None:
    rows = [row for row in recorded("http.jsonl") if "text" in row or row["length"] == 0]
    remaining = iter(rows)

    def answer(asked: Asked) -> Heard:
        row = next(remaining)
        assert (asked.method, asked.path) == (row["method"], row["path"])
        assert asked.headers.items() >= row["headers"].items()
        body = row.get("text", "").encode()
        content = NEW_TOKEN if row.get("text") == "(a new token)" else body
        headers = [
            [name, str(len(content)) if name == "content-length" and content else value]
            for name, value in row["response_headers"]
        ]
        return row["status"], [*headers, ["date", "now"]], content

    with playing(answer) as url:
        written = record(url, "http", rows, tmp_path)
    assert len(written) == len(rows) > 200
    for ours, row in zip(written, rows, strict=True):
        if row.get("text") == "(a new token)":
            assert (ours["text"], "sha256" in ours) == ("(a new token)", False)
        else:
            assert ours == row


def test_decisions_come_out_as_they_were_recorded(tmp_path: Path) -> None:
    rows = recorded("rules.jsonl")[:60]
    decisions = {row["rule"]: iter(row.get("cases", ())) for row in rows}
    saved = {row["rule"] for row in rows if row["valid"]}
    now: list[str] = []

    def answer(asked: Asked) -> Heard:
        if asked.method == "PATCH":
            now[:] = [json.loads(asked.body)["viewRule"]]
            return (200 if now[0] in saved else 400), [], b"{}"
        case = next(decisions[now[0]])
        assert f"/{case['record']}/" in asked.path
        query = parse_qs(urlsplit(asked.path).query)
        assert ("token" in query) == (case["auth"] is not None)
        return (200, [], b"file") if case["allow"] else (404, [["x-frame-options", "S"]], b"{}")

    with playing(answer) as url:
        written = record(url, "rules", rows, tmp_path)
    assert written == rows


@pytest.mark.parametrize("missing", ["--pocketbase", "--data"])
def test_the_address_and_the_data_directory_must_be_given(
    missing: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"--pocketbase": "http://127.0.0.1:1", "--data": "pb_data"}
    del given[missing]
    with pytest.raises(SystemExit):
        main(["http", *(f"{name}={value}" for name, value in given.items())])
    assert missing in capsys.readouterr().err


def test_a_file_of_another_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--pocketbase=http://127.0.0.1:1", "--data=pb_data", "--file=thumbs.jsonl"]
    with pytest.raises(SystemExit):
        main(["rules", *options])
    assert "rules records rules.jsonl" in capsys.readouterr().err


def test_made_up_rules_are_the_same_for_the_same_seed_and_mostly_valid() -> None:
    rows = list(questions(seed=7, count=100))
    assert rows == list(questions(seed=7, count=100))
    data = database(DEMO / "data.db")
    assert sum(is_saved(data, "documents", row["rule"]) for row in rows) > 90

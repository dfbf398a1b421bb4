"""`compare` against a server that plays PocketBase's recorded answers, and the real functions."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from admin.cli import main
from admin.comparison.deviations import Deviation
from admin.sync.prepare import import_directory
from local.gateway import Answer, Request
from tests.admin.comparison.recorded import Recorded
from tests.conftest import DEMO, ROOT, make_cloud
from tests.deployed import deployed
from tests.serving import serving_origin


@dataclass
class Both:
    """The two services, and how `compare` is called."""

    recorded: Recorded
    pocketbase: str
    files: str

    def compare(self, report: Path, *more: str) -> int:
        origins = ["--pocketbase", self.pocketbase, "--files", self.files]
        fast = ["--rate", "1000", "--parallel", "2"]
        options = ["--pb-data", str(DEMO), "--report", str(report), *fast]
        return main(["compare", *origins, *options, *more])


@pytest.fixture(scope="module")
def files(endpoint: str) -> Iterator[str]:
    cloud = make_cloud(endpoint)
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    with deployed(cloud) as api, serving_origin(api.respond) as origin:
        yield origin


@pytest.fixture
def both(files: str) -> Iterator[Both]:
    recorded = Recorded()
    with serving_origin(recorded) as origin:
        yield Both(recorded, origin, files)


def report_in(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return found


def test_the_demo_is_answered_alike_but_for_named_deviations(
    both: Both, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = both.compare(tmp_path, "--records", "3", "--users", "1")
    report = report_in(tmp_path)
    assert report["findings"] == []
    assert code == 0
    assert report["complete"]
    assert report["compared"] > 1000
    assert set(report["deviations"]) == {
        "GIF thumbs",
        "WebP thumbs",
        "animated WebP and PNG",
        "entity tags",
        "errors are not kept",
        "failed thumbs are not kept",
        "orientation and colour profiles",
        "pictures PocketBase cannot read",
        "protected files are private",
        "smaller thumbs",
        "thumbs by `Accept`",
        "timing",
    }
    assert re.search(
        r"compared \d+ requests: \d+ equal, \d+ differ as documented, 0 do not; see ",
        capsys.readouterr().out,
    )
    page = (tmp_path / "report.html").read_text()
    for name in re.findall(r'<img src="([^"]+)"', page):
        assert (tmp_path / name).stat().st_size > 0
    assert "pictures/GIF-thumbs-1-pocketbase.gif" in page


@pytest.mark.parametrize("deviation", Deviation)
def test_every_deviation_is_a_row_of_the_table(deviation: Deviation) -> None:
    assert f"| {deviation} |" in (ROOT / "docs/compatibility.md").read_text()


class Lying(Recorded):
    """A PocketBase with another answer for one path."""

    def __init__(self, path: str, change: dict[str, Any]) -> None:
        super().__init__()
        self._path = path
        self._change = change

    def __call__(self, request: Request) -> Answer:
        answer = super().__call__(request)
        if self._path not in request.target:
            return answer
        lie = replace(answer, **self._change)
        headers = dict(lie.headers)
        if request.method == "GET":
            headers["content-length"] = str(len(lie.body))
        return replace(lie, headers=tuple(headers.items()))


SECRET = "/api/files/documents/doc000000000000/file_0_jr7qyn9hd0.txt"
OTHER_TEXT = {"body": b"<b>\x1b other bytes"}
REFUSAL = {"status": 404, "headers": (("content-length", "2"),), "body": b"{}"}


@pytest.mark.parametrize(
    ("change", "what"),
    [(OTHER_TEXT, "body"), (REFUSAL, "status"), ({"headers": ()}, "content-type")],
)
def test_what_no_deviation_explains_is_a_finding(
    change: dict[str, Any], what: str, files: str, tmp_path: Path
) -> None:
    lying = Lying(SECRET, change)
    with serving_origin(lying) as origin:
        code = Both(lying, origin, files).compare(
            tmp_path, "--collection", "documents", "--users", "1"
        )
    report = report_in(tmp_path)
    assert code == 1
    assert report["findings"]
    for found in report["findings"]:
        assert SECRET in found["request"]
    whats = {each["what"] for found in report["findings"] for each in found["differences"]}
    assert what in whats
    page = (tmp_path / "report.html").read_text()
    assert SECRET in page
    assert "<b>" not in page
    assert "token=" not in page + (tmp_path / "report.json").read_text()


def test_an_interrupted_comparison_goes_on_where_it_stopped(
    both: Both, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--collection", "documents", "--users", "1")
    calls = 0

    def interrupted(request: Request) -> Answer:
        nonlocal calls
        calls += 1
        if calls > 40:
            raise ConnectionError
        return both.recorded(request)

    with serving_origin(interrupted) as origin:
        broken = replace(both, pocketbase=origin)
        assert broken.compare(tmp_path, *only) == 1
    assert f"error: {origin} does not answer: " in capsys.readouterr().err
    journal = tmp_path / "journal.jsonl"
    first, *done = journal.read_text().splitlines()
    assert not report_in(tmp_path)["complete"]
    journal.write_text(
        "\n".join([first.replace(origin, both.pocketbase), *done, '{"request": "cu'])
    )
    asked = len(both.recorded.requests)
    assert both.compare(tmp_path, *only) == 0
    report = report_in(tmp_path)
    assert report["complete"]
    repeated = len(both.recorded.requests) - asked + len(done) - report["requests"]
    assert repeated in {0, 1}, "one original may be asked for again"


def test_another_comparison_does_not_mix_with_a_report_that_is_there(
    both: Both, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--collection", "locked_papers", "--records", "1")
    assert both.compare(tmp_path, *only) == 0
    assert both.compare(tmp_path, "--collection", "open_papers") == 1
    assert "holds another comparison" in capsys.readouterr().err
    assert both.compare(tmp_path, "--collection", "open_papers", "--again") == 0


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--rate", "0"),
        ("--records", "none"),
        ("--files", "files.example.com"),
        ("--files", "https://"),
        ("--files", "https://["),
        ("--files", "https://files.example.com:many"),
        ("--files", "https://files example.com"),
    ],
)
def test_an_option_that_makes_no_sense_is_a_wrong_command_line(
    option: str, value: str, both: Both, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit):
        both.compare(tmp_path, option, value)


def test_the_url_in_the_stacks_outputs_is_an_address_too(both: Both, tmp_path: Path) -> None:
    whole = replace(both, files=f"{both.files}/api/files/")
    assert whole.compare(tmp_path, "--collection", "locked_papers", "--records", "1") == 0
    assert report_in(tmp_path)["compared"] > 0


def complaint(both: Both, folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """The line that a comparison which cannot be made prints."""
    assert both.compare(folder, *more) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    return printed.strip()


def test_a_service_is_not_compared_with_itself(
    both: Both, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    same = replace(both, files=both.pocketbase)
    assert "are the same address" in complaint(same, tmp_path, capsys)


def test_a_collection_that_is_not_there_is_told(
    both: Both, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = complaint(both, tmp_path, capsys, "--collection", "photso")
    assert said == "error: there is no collection photso in the data directory"


def test_a_report_that_cannot_be_written_is_told(
    both: Both, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert "no report can be written to" in complaint(both, tmp_path / "file", capsys)


@pytest.mark.parametrize("line", [b"\xff", b'{"request"}\n', b"[]\n", b'{"request": "a"}\n'])
def test_a_damaged_journal_is_told(
    line: bytes, both: Both, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only = ("--collection", "locked_papers", "--records", "1")
    assert both.compare(tmp_path, *only) == 0
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + line)
    capsys.readouterr()
    assert "is damaged: --again begins anew" in complaint(both, tmp_path, capsys, *only)
    assert both.compare(tmp_path, *only, "--again") == 0


def test_a_service_that_is_not_there_is_told_before_anything_is_compared(
    both: Both, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = replace(both, files="http://127.0.0.1:1")
    refused = "error: http://127.0.0.1:1 does not answer: Connection refused"
    assert refused in complaint(gone, tmp_path, capsys)
    assert len(both.recorded.requests) <= 1

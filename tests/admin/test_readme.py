"""The lines of the README's "Without PocketBase", as they are written there."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest
from PIL import Image

from admin.cli import main
from tests.admin.conftest import announce_runner
from tests.conftest import ROOT, Cloud
from tests.deployed import deployed


def lines() -> list[str]:
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## Without PocketBase\n")[2].partition("\n## ")[0]
    return section.split("```")[1].strip().splitlines()


def token_line() -> str:
    """The command that the text below the lines names."""
    found = re.search(r'`(make admin ARGS="token [^`]+)`', (ROOT / "README.md").read_text())
    assert found
    return found[1]


def run(line: str, folder: Path) -> str:
    """Run a line of `make admin` in the checkout, its output in a file if it says so."""
    match = re.fullmatch(r'make admin ARGS="([^"]*)"(?: > (\S+))?', line)
    assert match, line
    words = [str(folder / word) if word == match[2] else word for word in shlex.split(match[1])]
    words = [str(folder / word) if word.endswith(".json") else word for word in words]
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main(words) == 0
    if match[2]:
        (folder / match[2]).write_text(out.getvalue())
    return out.getvalue()


def test_the_lines_work_as_written(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.chdir(ROOT)
    announce_runner(cloud)
    printed = [run(line, tmp_path) for line in lines()]
    assert len(printed) == 5
    protected = re.search(r"-> http://127.0.0.1:8090(\S+) ", printed[3])
    thumb = re.search(r"^thumb 300x0: http://127.0.0.1:8090(\S+)$", printed[4], re.MULTILINE)
    assert protected
    assert thumb
    token = run(token_line(), tmp_path).strip()
    with deployed(cloud) as api:
        assert api.get(protected[1]).status == 404
        assert api.get(f"{protected[1]}?token={token}").body == (ROOT / "LICENSE").read_bytes()
        picture = Image.open(io.BytesIO(api.get(thumb[1]).body))
    assert picture.width == 300

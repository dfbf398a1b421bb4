"""Nothing of the data stays on disk, however a process ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

SECRET = b"a token key that nobody may find"

CHILD = f"""
import sys
from admin.sync.mirror import Mirror

with Mirror() as mirror:
    item = {SECRET!r} * 64
    rows = (("users", str(number), item) for number in range(40_000))
    mirror.db.executemany("INSERT INTO payloads VALUES (?, ?, ?)", rows)
    print("open", flush=True)
    sys.stdin.read()
"""
"""80 MB: more than the mirror keeps in memory."""


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc shows files without a name")
def test_a_process_that_is_killed_leaves_nothing_of_its_mirror_on_disk(tmp_path: Path) -> None:
    environment = {name: str(tmp_path) for name in ("TMPDIR", "SQLITE_TMPDIR")}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        cwd=ROOT,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == b"open\n"
            written = unnamed_files(process.pid, tmp_path)
        finally:
            os.kill(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    assert any(SECRET in data for data in written)  # it was on disk, under no name
    assert list(tmp_path.iterdir()) == []


def unnamed_files(pid: int, folder: Path) -> list[bytes]:
    """What the files hold that the process has open in the folder; none has a name there."""
    assert list(folder.iterdir()) == []
    opened = Path(f"/proc/{pid}/fd").iterdir()
    return [each.read_bytes() for each in opened if str(each.readlink()).startswith(str(folder))]

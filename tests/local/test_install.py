"""The installation behind ``make``, on a small checkout whose requirements are empty files."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from local.install import TEMPORARY, UNFINISHED
from tests.conftest import ROOT

OFFLINE = {**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "PIP_CONFIG_FILE": os.devnull}
SECONDS = 120


def make_checkout(folder: Path) -> Path:
    (folder / "local").mkdir(parents=True)
    for name in ("__init__.py", "install.py", "programs.py"):
        shutil.copy(ROOT / "local" / name, folder / "local")
    (folder / "requirements-run.txt").write_text("# nothing\n")
    (folder / "requirements-dev.txt").write_text("-r requirements-run.txt\n")
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with blanks in its path."""
    return make_checkout(tmp_path / "a check out")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which an installation has run."""
    folder = make_checkout(tmp_path_factory.mktemp("first") / "a check out")
    done = install(folder)
    assert (done.returncode, "first time only" in done.stderr) == (0, True)
    return folder


@pytest.fixture
def installed(first: Path, tmp_path: Path) -> Path:
    """A copy of that one, as if the checkout had been moved."""
    return Path(shutil.copytree(first, tmp_path / "moved", symlinks=True))


def command(kind: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "local.install", ".venv", kind, *arguments]


def install(checkout: Path, kind: str = "dev", *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(kind, *arguments),
        cwd=checkout,
        env=OFFLINE,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )


def works(checkout: Path) -> bool:
    python = checkout / ".venv" / "bin" / "python"
    tried = subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False)
    return tried.returncode == 0


def state(checkout: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in checkout.rglob("*")}


@pytest.mark.parametrize("kind", ["dev", "run"])
def test_the_second_time_nothing_is_written_and_nothing_said(installed: Path, kind: str) -> None:
    before = state(installed)
    second = install(installed, kind)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")
    assert state(installed) == before
    assert works(installed)


MOMENTS = {
    "before Python has started": "",
    "while the environment is begun": f".venv/{UNFINISHED}",
    "while venv copies Python": ".venv/bin/python",
    "while pip is unpacked": ".venv/lib/python*/site-packages/pip",
    "while pip installs": ".venv/lib/python*/site-packages/pip-*/RECORD",
}
"""When an installation is stopped: once it has made that file."""

START = """
import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
if sys.argv[1] == "before":
    os.kill(os.getpid(), signal.SIGINT)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Starts a program with SIGINT blocked, as the Makefile does, and perhaps already there."""


def stop_at(checkout: Path, moment: str, number: signal.Signals) -> tuple[int, str]:
    """Start an installation, stop it, and return its exit code and what it printed."""
    when = "" if moment else "before"
    with subprocess.Popen(
        [sys.executable, "-c", START, when, *command("dev")],
        cwd=checkout,
        env=OFFLINE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while moment and not any(checkout.glob(moment)) and process.poll() is None:
            pass  # until it has come to that moment
        if moment:
            process.send_signal(number)
        _, printed = process.communicate(timeout=SECONDS)
    return process.returncode, printed


def is_locked(checkout: Path) -> bool:
    """Whether a program of an installation still runs."""
    path = checkout / ".venv.lock"
    if not path.exists():
        return False
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=list(MOMENTS))
def test_a_stopped_installation_prints_one_line_and_leaves_nothing_running(
    checkout: Path, moment: str, number: signal.Signals
) -> None:
    code, printed = stop_at(checkout, moment, number)
    lines = [line for line in printed.splitlines() if not line.startswith("Installing ")]
    ended = ["interrupted; the next run starts the installation anew"]
    assert (code, lines) in [(130, ended), (0, ["Installed."])]  # it was done before it was asked
    assert not is_locked(checkout)


def test_after_an_interruption_the_next_run_starts_anew(checkout: Path) -> None:
    stop_at(checkout, MOMENTS["while pip is unpacked"], signal.SIGINT)
    assert install(checkout).returncode == 0
    assert works(checkout)
    files = {path.name for path in (checkout / ".venv").iterdir() if path.is_file()}
    written_by_venv = {"pyvenv.cfg", ".gitignore"}  # the latter from Python 3.13 on
    assert files - written_by_venv == {"installed-dev", "installed-run"}
    assert not (checkout / ".venv" / TEMPORARY).exists()


def test_the_next_run_waits_for_what_a_killed_one_left_running(checkout: Path) -> None:
    stop_at(checkout, MOMENTS["while venv copies Python"], signal.SIGKILL)
    done = install(checkout)
    assert done.returncode == 0
    assert works(checkout)
    assert not is_locked(checkout)


def test_a_killed_pip_is_said_and_the_next_run_starts_anew(installed: Path) -> None:
    pip = next((installed / ".venv" / "lib").glob("python*/site-packages/pip/__main__.py"))
    pip.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n")
    (installed / "requirements-dev.txt").write_text("# changed\n-r requirements-run.txt\n")
    killed = install(installed)
    assert killed.returncode == 1
    assert killed.stderr.endswith("could not install the requirements: it was ended by SIGKILL\n")
    assert install(installed).returncode == 0
    assert works(installed)


def test_an_environment_whose_python_does_not_run_is_replaced(installed: Path) -> None:
    python = installed / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3")
    assert install(installed).returncode == 0
    assert works(installed)


def test_two_installations_at_once_both_succeed(checkout: Path) -> None:
    both = [subprocess.Popen(command("dev"), cwd=checkout, env=OFFLINE) for _ in range(2)]
    assert [process.wait(SECONDS) for process in both] == [0, 0]
    assert works(checkout)


def test_requirements_that_cannot_be_installed_leave_the_environment_as_it_was(
    installed: Path,
) -> None:
    requirements = installed / "requirements-run.txt"  # included in the other
    requirements.write_text("a-package-that-is-nowhere==1\n")
    failed = install(installed)
    assert failed.returncode == 1
    assert "error: pip could not install the requirements" in failed.stderr
    assert works(installed)
    requirements.write_text("# nothing\n")
    assert install(installed).stderr == ""


def test_a_port_in_use_is_reported_before_anything_is_installed(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        refused = install(checkout, "run", f"--port={port}", "--data", "x")
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: cannot listen on 127.0.0.1 port {port}: ")
    assert not (checkout / ".venv").exists()


def test_a_linked_environment_stays_a_link(installed: Path) -> None:
    elsewhere = (installed / ".venv").rename(installed.with_name("elsewhere"))
    (elsewhere / UNFINISHED).touch()
    (installed / ".venv").symlink_to(elsewhere)
    assert install(installed).returncode == 0
    assert (installed / ".venv").is_symlink()
    assert works(installed)


def test_a_folder_that_cannot_be_written_is_named(checkout: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser may write everywhere")
    checkout.chmod(0o500)
    refused = install(checkout)
    checkout.chmod(0o700)
    assert (refused.returncode, "cannot write .venv.lock" in refused.stderr) == (1, True)


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to(path.name)])
def test_something_else_under_the_environments_name_is_told(
    make: Callable[[Path], None], checkout: Path
) -> None:
    make(checkout / ".venv")
    done = install(checkout)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: .venv")
    assert "Traceback" not in done.stderr

"""Makes the virtual environment of a ``make`` command.

    python -m local.install FOLDER KIND [OPTIONS]

Runs before anything is installed, so it uses the standard library alone. ``KIND`` is part of the
name of a requirements file: ``run`` for ``requirements-run.txt``.

An environment is complete for a kind when it holds the mark of the kind's requirements. Then
nothing is written, and no network is needed. An installation that was interrupted leaves a file
that says so; the next one starts from nothing. A lock lets one installation run at a time; the
system releases it when its holder and the programs that it started have ended, even by SIGKILL.
"""

import argparse
import errno
import fcntl
import hashlib
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from local.programs import Programs, interrupt_on_stop_signals, say, why_failed

ROOT = Path(__file__).resolve().parents[1]

INTERRUPTED = 130
"""The exit code of a program that SIGINT ended, as shells report it."""

INCLUDED_KINDS = {"dev": ("run",)}
"""Kinds whose requirements a kind includes."""

UNFINISHED = "unfinished-installation"
"""The file in an environment that is being installed, or whose installation was interrupted."""

TEMPORARY = "tmp"
"""The folder in an environment for temporary files: an interruption leaves none elsewhere."""


class NotInstalled(Exception):
    """The environment could not be made; the text says why and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Make the environment; return the exit code."""
    folder = Path(arguments[0])
    kind = arguments[1]
    try:
        interrupt_on_stop_signals()
        if not is_complete(folder, kind):
            if kind == "run":
                check_port(arguments[2:])
            install(folder, kind)
    except NotInstalled as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, or something else under the environment's name
        print(f"error: {error.filename or folder}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted; the next run starts the installation anew", file=sys.stderr)
        return INTERRUPTED
    return 0


def is_complete(folder: Path, kind: str) -> bool:
    """Whether the environment holds what the requirements name now, and its Python runs."""
    try:
        mark = _mark(folder, kind).read_text()
    except OSError:
        return False
    if mark != _requirements_hash(kind):
        return False
    return not _is_broken(folder)


def check_port(arguments: Sequence[str]) -> None:
    """Raise ``NotInstalled`` when the runner could not listen: a minute before it finds out."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", default="8090")
    given, _ = parser.parse_known_args(list(arguments))
    try:
        address = (given.host, int(given.port))
        with socket.create_server(address):
            pass
    except (OverflowError, ValueError):
        pass  # the runner explains what a port is
    except OSError as error:
        if error.errno in {errno.EADDRINUSE, errno.EACCES}:  # the runner explains all else
            raise NotInstalled(
                f"cannot listen on {given.host} port {given.port}: {error.strerror}; "
                'try make run ARGS="--port 0"'
            ) from error


def install(folder: Path, kind: str) -> None:
    """Install the requirements of a kind. Raises ``NotInstalled``."""
    with _lock(folder) as lock:
        if is_complete(folder, kind):  # by whoever held the lock
            return
        if _is_broken(folder):
            _empty(folder)
        is_new = not (folder / "bin").exists()
        _announce(folder, kind, is_new=is_new)
        (folder / TEMPORARY).mkdir(parents=True, exist_ok=True)
        (folder / UNFINISHED).touch()
        programs = Programs(lock, folder / TEMPORARY)
        if is_new:
            _create(folder, programs)
        _install_packages(folder, kind, programs, keeps_old=not is_new)
        shutil.rmtree(folder / TEMPORARY)
        for included in (kind, *INCLUDED_KINDS.get(kind, ())):
            _mark(folder, included).write_text(_requirements_hash(included))
        (folder / UNFINISHED).unlink()
        say("Installed.")


def _announce(folder: Path, kind: str, *, is_new: bool) -> None:
    version = sys.version.split()[0]
    once = " (the first time only)" if is_new else ""
    say(f"Installing {_requirements(kind).name} into {folder} with Python {version}{once} ...")


def _create(folder: Path, programs: Programs) -> None:
    code = programs.run(sys.executable, "-m", "venv", str(folder.resolve()))
    if code:
        raise NotInstalled(f"`{sys.executable} -m venv {folder}` {why_failed(code)}")
    if sys.version_info < (3, 12):  # later ones come without setuptools: 12 MB that nothing needs
        remove = ("-m", "pip", "uninstall", "--quiet", "--yes", "setuptools")
        programs.run(str(_python(folder)), *remove, "--disable-pip-version-check")


def _install_packages(folder: Path, kind: str, programs: Programs, *, keeps_old: bool) -> None:
    # Modules are compiled when they are first imported: a third less to write and to wait for.
    quietly = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-compile")
    install = (str(_python(folder)), "-m", "pip", "install", *quietly)
    code = programs.run(*install, "-r", str(_requirements(kind)))
    if code == 0:
        return
    if keeps_old and code > 0:  # pip changes nothing before it has everything
        (folder / UNFINISHED).unlink()
    raise NotInstalled(f"pip could not install the requirements: it {why_failed(code)}")


@contextmanager
def _lock(folder: Path) -> Iterator[IO[str]]:
    """Wait until no other process installs into the folder. Raises ``NotInstalled``."""
    path = folder.with_name(f"{folder.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    except OSError as error:
        is_cache = folder.is_absolute()  # the checkout's own is .venv
        hint = "; set XDG_CACHE_HOME to a folder that can be written" if is_cache else ""
        raise NotInstalled(f"cannot write {path}: {error.strerror}{hint}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Waiting for another installation to end ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _is_broken(folder: Path) -> bool:
    if not folder.exists():
        return False
    return (folder / UNFINISHED).exists() or not _python_runs(folder)


def _empty(folder: Path) -> None:
    """Remove what is in the folder, which may be a symbolic link to where it is."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _python_runs(folder: Path) -> bool:
    """Whether the environment's Python starts and finds its packages; an upgrade may end that."""
    try:
        tried = subprocess.run(
            [str(_python(folder)), "-c", "import pip"], capture_output=True, check=False
        )
    except OSError:
        return False
    return tried.returncode == 0


def _mark(folder: Path, kind: str) -> Path:
    return folder / f"installed-{kind}"


def _requirements(kind: str) -> Path:
    return ROOT / f"requirements-{kind}.txt"


def _requirements_hash(kind: str) -> str:
    """The SHA-256 of a requirements file and of all files it includes."""
    digest = hashlib.sha256()
    for path in _with_included(_requirements(kind)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _with_included(path: Path) -> Iterator[Path]:
    yield path
    for name in re.findall(r"^-r (.+)$", path.read_text(), re.MULTILINE):
        yield from _with_included(path.parent / name.strip())


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

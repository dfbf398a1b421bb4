"""The commands in the documents work as they are written there.

They run in a folder that looks like the checkout, against a service of their own with the demo
data. What cannot run here is in ``CANNOT_RUN`` with the reason, and is parsed.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from botocore import xform_name
from botocore.session import get_session

from admin.cli import parser
from local import cloud
from local.signature import Credentials
from tests.checkout import link_checkout, own_environment
from tests.conftest import DEMO, ROOT
from tests.e2e.conftest import Runner, start, stop
from tests.e2e.documented import Block, blocks

SECONDS = 120

CANNOT_RUN = {
    r"make (test|check|stack)\b|.* -m pytest": "runs these very tests",
    r"make (build|bench)\b|.* -m benchmarks\.(?!cost)": "takes minutes",
    r"make (deploy|smoke|logs|delete)\b|sam |(\w+=\$\()?aws ": "needs an AWS account",
    r"make (invoke|api)\b": "needs Docker; tests/sam runs it",
    r"pocketbase |.* (compare|-m tests\.contract\.record (http|rules)) --": "needs PocketBase",
    r"pipx? |pocketfiles ": "installs a program; .ci/run does so",
}
"""Command lines, by how they begin, with the reason why they are only parsed."""

WAITING = {
    r"make run|.* -m local": r"^ready: ",
    r".* admin sync .*--watch": r"^\S.*$",
    r".* admin console|make admin .*console": r"^console: http://127",
}
"""Commands that run until they are interrupted, and what they print once they are ready."""

REFUSES = re.compile(r".* admin explain ")
"""Commands whose documented outcome is a refusal."""

HELP = re.compile(r"\.venv/bin/python -m admin(| [a-z -]+?)(?: --help)?")
"""A command in a sentence, without the arguments that it would need."""

STORED_NAME = re.compile(r"\bcontract_\w{10}\.pdf\b")
DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


@dataclass(frozen=True, eq=False)
class Place:
    """Where the commands run: a folder like the checkout, and a service."""

    folder: Path
    environment: Mapping[str, str]
    filled: Mapping[str, str]
    """What stands for each placeholder."""

    def fill(self, command: str) -> str:
        """The command with something for each placeholder."""
        for placeholder, value in self.filled.items():
            command = re.sub(placeholder, value, command)
        return command

    def start(self, command: str) -> "subprocess.Popen[str]":
        """Start a command as a script does in the background, where SIGINT is ignored."""
        return subprocess.Popen(
            ["sh", "-c", f"trap '' INT; {command}"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the service says how it is reached."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def runner(home: Path) -> Iterator[Runner]:
    """A service of these tests alone, since the commands change its data."""
    runner = start(home / "log")
    yield runner
    stop(runner)


@pytest.fixture(scope="module")
def place(runner: Runner, home: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("a checkout")
    link_checkout(folder)
    for data in ("pb_data", "path/to/pb_data", "srv/pb_data"):
        shutil.copytree(DEMO, folder / data)
    (folder / "tmp").mkdir()
    sample = ROOT / "admin" / "standalone" / "sample_collections.json"
    shutil.copy(sample, folder / "pb_schema.json")
    (folder / "contract.pdf").write_bytes(b"%PDF-1.7\n")
    environment = own_environment(XDG_RUNTIME_DIR=str(home))
    credentials = Credentials(runner.aws.access_key_id, runner.aws.secret_access_key)
    cloud.point_at(runner.aws.endpoint, credentials, environment)
    return Place(folder, environment, placeholders(runner))


def placeholders(runner: Runner) -> dict[str, str]:
    """What stands for each placeholder, and what differs on this machine: ports and folders."""
    return {
        r"\bBUCKET\b": runner.aws.bucket,
        r"\bTABLE\b": runner.aws.table,
        r"--stack (NAME|pocketfiles)\b": "--local",
        r"\bCOMMAND( --help| --local)?": r"ls --local\1",
        r"https?://(127\.0\.0\.1:8090|(pb|files)\.example\.com)": runner.base,
        r"(?<= )/(tmp|srv)/": r"\1/",
        r"^make run$": 'make run ARGS="--port 0"',
        r'^(make run ARGS="[^"]*)"$': r'\1 --port 0"',
        r"(-m local)$": r"\1 --port 0",
        r"\$\{\{.*?\}\}": "VALUE",
    }


def name_of(block: Block) -> str:
    return f"{block.document}: {block.commands[0]}"


@pytest.mark.parametrize("block", blocks(), ids=name_of)
def test_the_commands_of_a_document_work_as_they_are_written(block: Block, place: Place) -> None:
    earlier = ""
    printed = ""
    for command in map(place.fill, block.commands):
        if matching(CANNOT_RUN, command):
            parse(command, place)
        elif helped := HELP.fullmatch(command):
            understood(f"{helped[1]} --help")
        elif ready := matching(WAITING, command):
            waited(command, ready, place)
        else:
            printed = ran(with_stored_names(command, earlier), place)
            earlier += printed
    if block.output:
        assert words(printed) == words(block.output)


def understood(arguments: str) -> None:
    """Check in this process that the program has the command and its options."""
    try:
        parser().parse_args(shlex.split(arguments))
    except SystemExit as ended:
        assert ended.code == 0, arguments  # --help


def matching(table: Mapping[str, str], command: str) -> str:
    """What a table says of a command; empty for nothing."""
    return next((text for begins, text in table.items() if re.match(begins, command)), "")


def with_stored_names(command: str, printed: str) -> str:
    """The command with the name that ``put`` printed in place of the document's."""
    names = STORED_NAME.findall(printed)
    return STORED_NAME.sub(names[-1], command) if names else command


def words(text: str) -> str:
    """A text in which neither blanks nor the date count."""
    return " ".join(DATE.sub("DATE", text).split())


def ran(command: str, place: Place) -> str:
    """What the command printed."""
    with place.start(command) as process:
        try:
            printed, _ = process.communicate("y\n", timeout=SECONDS)
        finally:
            kill(process)
    expected = 1 if REFUSES.match(command) else 0
    assert process.returncode == expected, printed
    return printed


def waited(command: str, ready: str, place: Place) -> None:
    """Start the command, wait until it is ready, and interrupt it as a terminal does."""
    if "--cdn" in command and shutil.which("node") is None:
        pytest.skip("there is no Node")
    with place.start(command) as process:
        assert process.stdout is not None
        printed = ""
        for line in process.stdout:
            printed += line
            if re.match(ready, line):
                break
        is_ready = process.poll() is None
        os.killpg(process.pid, signal.SIGINT)
        try:
            rest, _ = process.communicate(timeout=SECONDS)
        finally:
            kill(process)
    assert is_ready, printed
    assert "Traceback" not in printed + rest


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill the command and what it started, where it still runs."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


# ---------------------------------------------------------------- what cannot run here


@cache
def parse(command: str, place: Place) -> None:
    """Check what can be checked of a command without running it."""
    if command.startswith("make "):
        ran(f"make --dry-run {command.removeprefix('make ')}", place)
    elif ".venv/bin/python -m admin " in command:
        understood(command.partition(" -m admin ")[2])
    elif ".venv/bin/python" in command:
        ran(f"{command.split(' > ', maxsplit=1)[0]} --help", place)
    elif "aws " in command and "aws configure" not in command:
        parse_aws(command.partition("aws ")[2].partition(" | ")[0].rstrip(")"))


OWN_OPTIONS = ("--template-file", "--parameter-overrides")
"""Options that `aws cloudformation deploy` itself adds to those of the operation."""


def parse_aws(arguments: str) -> None:
    """Check that AWS has the operation and its parameters, by botocore's own models."""
    service, operation, *rest = shlex.split(arguments)
    if (service, operation) == ("cloudformation", "deploy"):
        operation = "create-change-set"  # what the program calls for it
        rest = [option for option in rest if option not in OWN_OPTIONS]
    name = {"s3api": "s3"}.get(service, service)
    model = get_session().get_service_model(name)
    operations = {xform_name(each, "-"): each for each in model.operation_names}
    assert operation in operations
    members = model.operation_model(operations[operation]).input_shape.members
    known = {f"--{xform_name(member, '-')}" for member in members}
    known |= {option.replace("--", "--no-") for option in known} | {"--query", "--output"}
    assert {option for option in rest if option.startswith("--")} <= known

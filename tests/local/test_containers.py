import json
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from admin.errors import AdminError
from admin.target import local_runner
from admin.target.local_runner import LocalRunner
from local.containers import exports, variables

NAMES = {"TABLE_NAME": "Records", "BUCKET_NAME": "store", "RULE_MAX_ROWS": "1000"}


def test_the_file_names_this_machine_and_is_deleted_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "env.json"
    with variables(path, 5555, NAMES):
        assert json.loads(path.read_text()) == {
            "Parameters": {
                "AWS_ENDPOINT_URL": "http://host.docker.internal:5555",
                "TABLE_NAME": "Records",
                "BUCKET_NAME": "store",
            }
        }
    assert not path.exists()


def test_the_file_is_deleted_after_a_failure_and_may_be_gone_already(tmp_path: Path) -> None:
    path = tmp_path / "env.json"
    with pytest.raises(KeyboardInterrupt), variables(path, 1, NAMES):
        raise KeyboardInterrupt
    assert not path.exists()
    with variables(path, 1, NAMES):
        path.unlink()


@pytest.mark.parametrize("text", ["mine", "[]", '{"Parameters": {"AWS_ENDPOINT_URL": 1}}', ""])
def test_an_existing_file_is_neither_replaced_nor_deleted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "env.json"
    path.write_text(text)
    with pytest.raises(AdminError, match="is there already"), variables(path, 1, NAMES):
        pass
    assert path.read_text() == text


def test_the_file_of_a_killed_service_is_replaced_and_that_of_a_running_one_is_not(
    tmp_path: Path,
) -> None:
    path = tmp_path / "env.json"
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        variables(path, listening.getsockname()[1], NAMES),
    ):
        left = path.read_text()
        with pytest.raises(AdminError, match="is there already"), variables(path, 1, NAMES):
            pass
        assert path.read_text() == left
    path.write_text(left)
    with variables(path, 1, NAMES):
        assert path.read_text() != left


def test_a_shell_gets_the_running_services_credentials(tmp_path: Path) -> None:
    environment = {"XDG_RUNTIME_DIR": str(tmp_path)}
    path = tmp_path / "env.json"
    with pytest.raises(AdminError, match=r"no local service that wrote .*env\.json is running"):
        exports(environment, path)
    runner = LocalRunner(
        "http://127.0.0.1:1",
        "http://127.0.0.1:2",
        "us-east-1",
        "T",
        "b",
        "key",
        "a 'b'",
        os.getpid(),
    )
    local_runner.write(runner, environment)
    local_runner.write(replace(runner, base="http://127.0.0.1:3", endpoint="x:4"), environment)
    with variables(path, 2, NAMES):
        exported = exports(environment, path)
    script = f"{exported}; echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_PROFILE"
    shell = ["sh", "-c", script]
    printed = subprocess.run(
        shell, env={"AWS_PROFILE": "work"}, capture_output=True, text=True, check=True
    )
    assert printed.stdout == "key a 'b'\n"

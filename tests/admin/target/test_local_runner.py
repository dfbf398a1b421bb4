import os
from pathlib import Path

import pytest

from admin.errors import AdminError
from admin.target import local_runner
from admin.target.local_runner import LocalRunner


def runner(port: int, pid: int | None = None) -> LocalRunner:
    return LocalRunner(
        base=f"http://127.0.0.1:{port}",
        endpoint="http://127.0.0.1:1",
        region="us-east-1",
        table="T",
        bucket="b",
        access_key_id="k",
        secret_access_key="s",
        pid=pid or os.getpid(),
    )


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"XDG_RUNTIME_DIR": str(tmp_path)}


def test_what_was_written_is_found(environment: dict[str, str]) -> None:
    path = local_runner.write(runner(8090), environment)
    assert local_runner.find(environment) == runner(8090)
    assert (path.name, path.stat().st_mode & 0o777) == ("8090.json", 0o600)
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert "'s'" not in repr(runner(1))


def test_the_service_started_last_is_found(environment: dict[str, str]) -> None:
    os.utime(local_runner.write(runner(2), environment), (2, 2))
    os.utime(local_runner.write(runner(1), environment), (1, 1))
    assert local_runner.find(environment).base.endswith(":2")


def test_a_service_that_ended_and_files_of_something_else_are_passed_over(
    environment: dict[str, str],
) -> None:
    ended = os.fork()
    if ended == 0:
        os._exit(0)
    os.waitpid(ended, 0)
    path = local_runner.write(runner(1, pid=ended), environment)
    path.with_name("2.json").write_text("{")
    path.with_name("3.json").write_text("[]")
    path.with_name("4.json").write_text('{"base": "x"}')
    with pytest.raises(AdminError, match="no local service is running"):
        local_runner.find(environment)


def test_without_a_runtime_directory_the_file_lies_in_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_runner.write(runner(1), {}).is_relative_to(tmp_path / ".local" / "state")

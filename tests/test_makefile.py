"""What ``make`` runs, and what it says where something is missing."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checkout import own_environment
from tests.conftest import ROOT


def make(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=own_environment(**environment),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_region_of_aws_region_reaches_sam() -> None:
    show = "show: ; @echo $$AWS_DEFAULT_REGION"
    given = {"AWS_REGION": "ap-south-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert make("--eval", show, "show", **given).stdout == "ap-south-1\n"


def test_sam_sends_no_telemetry() -> None:
    assert make("--eval", "show: ; @echo $$SAM_CLI_TELEMETRY", "show").stdout == "0\n"


def test_admin_without_a_command_explains_its_commands() -> None:
    assert make("--dry-run", "admin").stdout.endswith("-m admin --help\n")


def test_smoke_without_a_url_says_what_is_missing() -> None:
    done = make("--old-file", ".venv/ready", "smoke")
    assert done.returncode == 2
    assert done.stdout.startswith("give a public picture: make smoke URL=")


@pytest.mark.parametrize("target", ["smoke", "deploy"])
def test_a_quote_in_a_value_runs_nothing(target: str) -> None:
    value = "a'; false '"
    ready = ("--old-file", ".venv/ready", "--old-file", ".venv-sam/ready")
    given = (f"URL={value}", f"STAGE={value}", f"TOKEN={value}", "ARCHITECTURE=arm64")
    lines = make(*ready, "--dry-run", target, *given).stdout.splitlines()
    program = {"smoke": "deploy.smoke", "deploy": "deploy.preflight"}[target]
    (line,) = (line for line in lines if program in line)
    assert value in shlex.split(line)


def test_no_architecture_but_lambdas_is_built() -> None:
    ready = ("--old-file", ".venv/ready", "--old-file", ".venv-sam/ready")
    done = make(*ready, "build", "ARCHITECTURE=arm")
    assert done.returncode == 2
    assert "cannot build: the architecture 'arm' is neither of arm64, x86_64\n" in done.stderr
    assert "sam build" not in done.stdout


@pytest.mark.parametrize("context", ["layers", "layers/x86_64", "layers/arm64"])
def test_functions_and_layers_are_built_in_a_path_with_blanks(tmp_path: Path, context: str) -> None:
    checkout = tmp_path / "a  check out"
    shutil.copytree(ROOT / "layers", checkout / "layers")
    rules = checkout / context / "Makefile"
    target = "build-FilesFunction" if context == "layers" else "build-DependenciesLayer"
    show = 'show: ; @test -x "$(HERE)/python313" && echo found'
    for wanted, arguments in ((target, ["--dry-run"]), ("show", ["--eval", show])):
        done = subprocess.run(
            ["make", "--makefile", str(rules), *arguments, wanted, "ARTIFACTS_DIR=/a b"],
            cwd=checkout / "layers" / "dependencies",
            env=own_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "found\n"


def test_a_function_is_not_invoked_before_its_aws_runs(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    done = subprocess.run(
        ["make", "invoke"],
        cwd=tmp_path,
        env=own_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith("first, in a terminal of its own: make run ARGS=")
    assert list(tmp_path.iterdir()) == [tmp_path / "Makefile"]

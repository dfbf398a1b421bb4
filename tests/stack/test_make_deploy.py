"""`make deploy` as the README has it, from checks to outputs."""

import os
import subprocess

from tests.stack.deployment import Stack
from tests.stack.emulator import ROOT, Emulator

DEPLOY_SECONDS = 900


def make(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=DEPLOY_SECONDS,
        check=False,
    )


def test_make_deploy_checks_builds_and_deploys_a_stage(emulator: Emulator) -> None:
    done = make(
        "deploy",
        "STAGE=staging",
        "BUILD_DIR=.aws-sam/staging",
        "ARGS=--no-confirm-changeset --no-progressbar",
        environment=emulator.environment,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    stack = Stack(emulator, "pocketfiles-staging")
    assert stack.description["StackStatus"] == "CREATE_COMPLETE"
    assert stack.parameters["Architecture"] == "arm64"
    assert {tag["Key"] for tag in stack.description["Tags"]} >= {"project"}
    stack.discard()


def test_make_deploy_refuses_layers_of_another_architecture(emulator: Emulator) -> None:
    done = make("deploy", "ARCHITECTURE=x86_64", environment=emulator.environment)
    assert done.returncode != 0
    assert "the layers would be for x86_64" in done.stderr
    assert "sam build" not in done.stdout


def test_make_deploy_says_that_there_is_no_region() -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "AWS_CONFIG_FILE": "/dev/null",
    }
    done = make("deploy", environment=environment)
    assert done.returncode != 0
    assert "cannot deploy: no region is set" in done.stderr
    assert "sam build" not in done.stdout

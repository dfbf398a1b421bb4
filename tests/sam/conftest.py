"""The functions as `sam build` makes them, in Lambda's own containers, with S3 and DynamoDB from
moto.

``LAMBDA_IMAGE`` names an image to use in place of AWS's; without it `sam` pulls that one.
"""

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest

from local import cloud, containers
from local.signature import Credentials
from local.template import Template, parse

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "local" / "demo" / "pb_data"
ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"


def sam(*arguments: str) -> list[str]:
    installed = shutil.which("sam")
    program = [installed] if installed else [str(ROOT / ".venv-sam/bin/python"), "-m", "samcli"]
    return [*program, *arguments, "--parameter-overrides", f"Architecture={ARCHITECTURE}", "Cdn=no"]


def run(command: list[str], environment: dict[str, str]) -> str:
    """A command's standard output; its error output is the message when it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass(frozen=True)
class Stack:
    """What stands in for a deployed stack: the built template, and the data it works on."""

    template: Path
    variables: Path  # for --env-vars
    environment: dict[str, str]  # of programs on this machine that speak to moto
    bucket: str
    table: str

    def local(self, command: str, *arguments: str) -> list[str]:
        """A `sam local` command line."""
        image = os.environ.get("LAMBDA_IMAGE")
        common = ["--template", str(self.template), "--env-vars", str(self.variables)]
        reach = ["--add-host", f"{containers.HOST}:host-gateway"]
        stand_in = ["--invoke-image", image, "--skip-pull-image"] if image else []
        return sam("local", command, *arguments, *common, *reach, *stand_in)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built template."""
    folder = tmp_path_factory.mktemp("build")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run(sam("build", "--build-dir", str(folder)), {**os.environ, "PATH": path})
    return folder / "template.yaml"


@pytest.fixture(scope="session")
def credentials() -> Credentials:
    """The access key of this run's S3 and DynamoDB."""
    return cloud.random_credentials()


@pytest.fixture(scope="session")
def reachable(credentials: Credentials) -> Iterator[str]:
    """The address of S3 and DynamoDB on this machine, open to containers."""
    with cloud.serving(credentials, containers.EVERYWHERE) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def stack(
    built: Path,
    reachable: str,
    credentials: Credentials,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stack]:
    """The demo data behind the functions."""
    environment = dict(os.environ)
    cloud.point_at(reachable, credentials, environment)
    declared = parse((ROOT / "template.yaml").read_text())
    names = declared.environment()
    _import_demo(declared, names, environment)
    variables = tmp_path_factory.mktemp("sam") / "env.json"
    with containers.variables(variables, urlsplit(reachable).port or 80, names):
        yield Stack(built, variables, environment, names["BUCKET_NAME"], names["TABLE_NAME"])


def session_of(environment: dict[str, str]) -> boto3.Session:
    """A session with the credentials and region of an environment."""
    return boto3.Session(
        environment["AWS_ACCESS_KEY_ID"],
        environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    )


def _import_demo(template: Template, names: dict[str, str], environment: dict[str, str]) -> None:
    session = session_of(environment)
    s3 = session.client("s3", endpoint_url=environment["AWS_ENDPOINT_URL"])
    dynamodb = session.client("dynamodb", endpoint_url=environment["AWS_ENDPOINT_URL"])
    cloud.provision(template, s3, dynamodb)
    target = ["--bucket", names["BUCKET_NAME"], "--table", names["TABLE_NAME"]]
    command = [sys.executable, "-m", "admin", "import", "--pb-data", str(DEMO), *target]
    run(command, environment)

"""The built template, deployed by `sam deploy` to the emulator, and requests to what came out of
it.
"""

import http.client
import json
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from tests.stack.emulator import REGION, ROOT, Emulator

BUILT = ROOT / ".aws-sam" / "stack" / "template.yaml"
ARCHITECTURE = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
DEMO = ROOT / "local" / "demo" / "pb_data"
HAS_EDGE = shutil.which("node") is not None
"""The emulator runs CloudFront Functions in Node."""

COMMAND_SECONDS = 600
REQUEST_SECONDS = 60
REMEMBERED_SECONDS = 1.1
"""The functions go by a pointer to the data that is up to CATALOGUE_TTL_SECONDS old."""


class CommandError(Exception):
    """A command failed. The message is its output."""


@dataclass(frozen=True)
class Answer:
    """A response: header names in lower case, and the body as it came."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def sam_program() -> list[str]:
    """How `sam` is started. As a module it goes on working when the checkout is moved."""
    installed = shutil.which("sam")
    return [installed] if installed else [str(ROOT / ".venv-sam/bin/python"), "-m", "samcli"]


def run(command: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a command in the checkout and return its standard output. Raises ``CommandError``."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def deploy(
    emulator: Emulator,
    name: str,
    parameters: Mapping[str, str],
    environment: Mapping[str, str] | None = None,
) -> "Stack":
    """Create or update a stack with the real `sam deploy`. Raises ``CommandError``.

    Without Node, CloudFront asks the API for everything. ``environment``: variables in addition to
    those of the emulator's account, such as credentials.
    """
    edge = {} if HAS_EDGE else {"CdnDirect": "no"}
    overrides = {"Architecture": ARCHITECTURE, **edge, **parameters}
    command = [
        *sam_program(),
        "deploy",
        *("--template-file", str(BUILT)),
        *("--config-file", str(ROOT / "samconfig.toml")),
        *("--stack-name", name),
        "--no-confirm-changeset",
        "--no-fail-on-empty-changeset",
        "--no-progressbar",
        *("--parameter-overrides", *(f"{key}={value}" for key, value in overrides.items())),
    ]
    run(command, {**emulator.environment, **(environment or {})})
    return Stack(emulator, name)


@dataclass(frozen=True)
class Stack:
    """A deployed stack."""

    emulator: Emulator
    name: str

    @property
    def description(self) -> dict[str, Any]:
        stacks = self.emulator.client("cloudformation").describe_stacks(StackName=self.name)
        return stacks["Stacks"][0]

    @cached_property
    def outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in self.description["Outputs"]}

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical identifiers by logical ones."""
        client = self.emulator.client("cloudformation")
        described = client.describe_stack_resources(StackName=self.name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in described}

    @property
    def parameters(self) -> dict[str, str]:
        given = self.description.get("Parameters", [])
        return {each["ParameterKey"]: each["ParameterValue"] for each in given}

    @property
    def bucket(self) -> str:
        return self.outputs["BucketName"]

    @property
    def table(self) -> str:
        return self.outputs["TableName"]

    @property
    def api_host(self) -> str:
        return f"{self.resources['Api']}.execute-api.{REGION}.amazonaws.com"

    def admin(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """Run a command of `python -m admin` against the emulator and return its output.

        Requests made afterwards see what the command wrote. ``environment``: variables in addition
        to those of the emulator's account.
        """
        own = {**self.emulator.environment, **self.emulator.for_hosts_without_address}
        environment = {**own, **(environment or {})}
        printed = run([sys.executable, "-m", "admin", *arguments], environment)
        time.sleep(REMEMBERED_SECONDS)
        return printed

    def import_demo(self) -> str:
        return self.admin("import", "--pb-data", str(DEMO), "--stack", self.name)

    def sync_demo(self) -> str:
        return self.admin("sync", "--pb-data", str(DEMO), "--stack", self.name)

    def token(self, record: str, kind: str = "--file") -> str:
        """A file token, or an auth token, of a demo user."""
        printed = self.admin("token", "users", record, kind, "--stack", self.name)
        return printed.strip().splitlines()[-1]

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers)

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """A request to the host in the stack's URL: CloudFront's, or the API's without it."""
        return self.ask_host(urlsplit(self.outputs["Url"]).netloc, method, path, headers)

    def ask_host(
        self, host: str, method: str, path: str, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A request to any host that the emulator serves, as if over HTTPS."""
        where = urlsplit(self.emulator.endpoint)
        connection = http.client.HTTPConnection(where.netloc, timeout=REQUEST_SECONDS)
        try:
            sent = {"Host": host, "X-Forwarded-Proto": "https", **(headers or {})}
            connection.request(method, path, headers=sent)
            response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, fields, response.read())
        finally:
            connection.close()

    def download(self, url: str) -> bytes:
        """What a presigned URL of the emulator gives."""
        parts = urlsplit(url)
        return self.ask_host(parts.netloc, "GET", f"{parts.path}?{parts.query}").body

    def live_version(self, function: str) -> str:
        """The version that the alias ``live`` points to."""
        client = self.emulator.client("lambda")
        name = self.resources[function]
        return str(client.get_alias(FunctionName=name, Name="live")["FunctionVersion"])

    def delete(self, environment: Mapping[str, str] | None = None) -> None:
        command = [*sam_program(), "delete", "--no-prompts", "--stack-name", self.name]
        variables = {**self.emulator.environment, **(environment or {})}
        run([*command, "--region", REGION], variables)

    def discard(self) -> None:
        """Delete the stack faster than `sam delete` does, and leave its uploads."""
        client = self.emulator.client("cloudformation")
        client.delete_stack(StackName=self.name)
        client.get_waiter("stack_delete_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 1, "MaxAttempts": COMMAND_SECONDS}
        )

    def logged(self, function: str, message: str) -> list[dict[str, Any]]:
        """The lines that a function logged with a message, such as ``answered`` for each request,
        the oldest first.
        """
        return self.lines_in(f"/aws/lambda/{self.name}-{function}", message)

    def lines_in(self, log_group: str, message: str) -> list[dict[str, Any]]:
        """The lines of JSON in a log group that have a message."""
        client = self.emulator.client("logs")
        pattern = f'"{message}"'
        events = client.filter_log_events(logGroupName=log_group, filterPattern=pattern)["events"]
        lines = (event["message"].strip() for event in events)
        parsed = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in parsed if line.get("message") == message]

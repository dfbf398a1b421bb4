"""MiniStack in place of AWS: a process of its own that the built template is deployed to.

It runs with IAM enforced: each function has the permissions of its role and no others. What it
lacks for this stack and a patch can mend is in ``launcher.py``, one function for each. What no
patch mends:

* Its CloudFront caches nothing and has no edge locations: each request is a miss. A change of the
  key value store is seen at once.
* It runs edge/*.js in Node, which allows more than CloudFront's runtime. tests/edge tests both.
* It adds no ``CloudFront-Viewer-Address``, so clients have no address behind it.
* Its API Gateway answers HEAD, preflights and query strings in its own way, and has no throttle.
* Its S3 answers 404 for a missing key, also to whom may not list the bucket; AWS answers 403.
* Alarms on metric math are created, but never evaluated.
* X-Ray traces, web ACL rules, log deliveries, budgets and canary deployments have no effect.
* A KMS key encrypts nothing, so a missing ``kms:Decrypt`` is not noticed.

`make smoke` asks a stack in AWS about these (docs/not-proven.md).
"""

import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.stack.https_proxy import HttpsProxy

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-stack"
START_SECONDS = 60
REGION = "us-east-1"
ACCOUNT = "000000000000"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

ANYBODY_OF_THE_ACCOUNT = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}
"""Who may take on a role."""


class EmulatorError(Exception):
    """The emulator is not installed or did not start."""


class Emulator:
    """One running MiniStack with an empty account."""

    def __init__(self, folder: Path) -> None:
        python = ENVIRONMENT / "bin" / "python"
        if not python.exists():
            raise EmulatorError("the emulator is not installed: run `make stack`")
        self._https: HttpsProxy | None = None
        self._log = folder / "ministack.log"
        port = _free_port()
        self.endpoint = f"http://127.0.0.1:{port}"
        environment = {
            **os.environ,
            **CREDENTIALS,
            "AUTH": "true",
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(port),
            "LOG_LEVEL": "WARNING",
            "MINISTACK_REGION": REGION,
            "RUNTIME_PYTHON": (ENVIRONMENT / "python").read_text().strip(),
            "RUNTIME_PACKAGES": str(ENVIRONMENT / "runtime"),
            "TMPDIR": tempfile.mkdtemp(dir=folder),
        }
        environment.pop("AWS_ENDPOINT_URL", None)
        command = [str(python), str(Path(__file__).with_name("launcher.py"))]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.PIPE,  # its end tells the emulator that its starter is gone
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready()
        self._https = HttpsProxy(f"127.0.0.1:{port}", folder)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of programs that take the emulator for AWS."""
        return {
            **os.environ,
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
        }

    @property
    def for_hosts_without_address(self) -> dict[str, str]:
        """What an environment needs for requests to key value stores and distributions.

        Their hosts have no address here, and the stores take signatures of awscrt's alone.
        """
        proxy = dict.fromkeys(("HTTP_PROXY", "http_proxy"), self.endpoint)
        own = {"NO_PROXY": "", "no_proxy": "", "BOTO_DISABLE_CRT": "false"}
        assert self._https
        return {**proxy, **own, **self._https.environment}

    def client(self, service: str, signature_version: str | None = None, **keys: str) -> Any:
        """A client of a service, with the account's own credentials by default."""
        keys = keys or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            config=Config(
                s3={"addressing_style": "path"},
                retries={"total_max_attempts": 1},
                proxies={"http": self.endpoint},
                signature_version=signature_version,
            ),
            **keys,
        )

    def credentials(self, role: str, policy: str) -> dict[str, str]:
        """Credentials of a new role with one inline policy, as environment variables."""
        iam = self.client("iam")
        trust = json.dumps(ANYBODY_OF_THE_ACCOUNT)
        arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        iam.put_role_policy(RoleName=role, PolicyName=role, PolicyDocument=policy)
        given = self.client("sts").assume_role(RoleArn=arn, RoleSessionName=role)["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }

    def stop(self) -> None:
        if self._https:
            self._https.stop()
        self._process.terminate()
        assert self._process.stdin
        self._process.stdin.close()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(
                    f"{self.endpoint}/_ministack/health", timeout=2
                ) as answer:
                    json.load(answer)
                return
            except OSError:
                time.sleep(0.1)
        self.stop()
        raise EmulatorError(f"the emulator did not start:\n{self._log.read_text()}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

"""Check, before anything is built, that a deployment can succeed.

    python -m deploy.preflight STAGE ARCHITECTURE [SAM ARGUMENTS...]

ARCHITECTURE is that of the layers to build. Of the arguments for `sam deploy`, those that choose
the account, its region, the stack and its parameters count here, too. With --guided, which asks for
parameters later, none of their values makes the deployment impossible.

Each check that fails prints what to do. The exit code is 1 if one of them makes the deployment
impossible.
"""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from json import JSONDecodeError
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError
from botocore.parsers import ResponseParserError

from deploy.architecture import ALLOWED
from deploy.samconfig import DEFAULT_STAGE, ROOT, ConfigError, Stage, stage

STACK_NAME = re.compile("[A-Za-z][A-Za-z0-9-]*")

INTEGER = re.compile(r"-?[0-9]+")

NAME_LENGTH = 100
"""Longest name of a budget, which is made of the stack's name and its region."""

EDGE_NAME_LENGTH = 64
EDGE_SUFFIX = "-collections"
"""Longest name of a CloudFront function or key value store, and what the longest of them adds to
the stack's name and its region.
"""

UNRESERVED = 100
"""Concurrent executions that Lambda does not let an account reserve."""

RESERVED_BY_DEFAULT = 100
US_EAST_1_ONLY = {"Firewall": "no", "CdnLogBucketArn": ""}
"""Parameters that work in us-east-1 only, and their values that work everywhere."""


@dataclass(frozen=True)
class Finding:
    """What is wrong, what to do about it, and whether the deployment would fail."""

    problem: str
    advice: str
    fatal: bool = True


class Account:
    """The account and region that a stage or the environment names. Raises what botocore raises."""

    def __init__(self, region: str | None, profile: str | None) -> None:
        self._session = boto3.Session(region_name=region, profile_name=profile)
        self.region = self._session.region_name
        self._config = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})

    def identity(self) -> str:
        """The ARN of whoever the credentials belong to."""
        return str(self._client("sts").get_caller_identity()["Arn"])

    def unreserved_executions(self) -> int:
        """Concurrent executions that no function has reserved."""
        settings = self._client("lambda").get_account_settings()
        return int(settings["AccountLimit"]["UnreservedConcurrentExecutions"])

    def reserved_executions(self, stack: str) -> int:
        """What the stack's files function has reserved already; 0 without a stack."""
        try:
            found = self._client("cloudformation").describe_stack_resource(
                StackName=stack, LogicalResourceId="FilesFunction"
            )
            name = found["StackResourceDetail"]["PhysicalResourceId"]
            reserved = self._client("lambda").get_function_concurrency(FunctionName=name)
        except ClientError:
            return 0
        return int(reserved.get("ReservedConcurrentExecutions", 0))

    def _client(self, service: str) -> Any:
        return self._session.client(service, config=self._config)  # type: ignore[call-overload]


def findings(
    of: Stage, account: Account, architecture: str, python_3_13: str, is_guided: bool = False
) -> Iterator[Finding]:
    """Everything that speaks against a deployment, what makes the others moot first."""
    yield from check_configuration(of, architecture)
    yield from check_bytecode(python_3_13)
    unusable = why_unusable(account)
    if unusable:
        yield unusable
        return
    region = str(account.region)
    yield from check_stack_name(of, region)
    for found in (*check_region(of, region), *check_concurrency(of, account)):
        yield replace(found, fatal=found.fatal and not is_guided)


CHOOSE_REGION = "set AWS_REGION, or `region` in samconfig.toml, for example to eu-west-1"
LOG_IN = "run `aws configure sso` or `aws configure`, or set AWS_PROFILE; see docs/deploying.md"


def why_unusable(account: Account) -> Finding | None:
    """Why nothing can be asked of the account; ``None`` if it answers."""
    if not account.region:
        return Finding("no region is set", CHOOSE_REGION)
    try:
        account.identity()
    except Exception as error:
        found = answer_of(error, str(account.region))
        if found is None:
            raise
        return found
    return None


def answer_of(error: Exception, region: str) -> Finding | None:
    """What a failed call means; ``None`` for an error of this program."""
    found = None
    match error:
        case InvalidRegionError():
            found = Finding(f"{region!r} is not the name of a region", CHOOSE_REGION)
        case NoCredentialsError():
            found = Finding("no AWS credentials are found", LOG_IN)
        case CredentialRetrievalError() | FileNotFoundError() | JSONDecodeError():
            found = Finding(f"the credentials cannot be had from their source: {error}", LOG_IN)
        case AwsConnectionError() | HTTPClientError():
            advice = f"check the network, the proxies of the environment and the region {region}"
            found = Finding(f"AWS cannot be reached: {error}", advice)
        case BotoCoreError() | ClientError():
            found = Finding(f"AWS does not accept the credentials: {error}", LOG_IN)
        case ResponseParserError():
            advice = "check AWS_ENDPOINT_URL and the proxies of the environment"
            found = Finding("what answers is not AWS", advice)
        case ValueError():
            found = Finding(f"AWS has no such address: {error}", "check AWS_ENDPOINT_URL")
    return found


def check_configuration(of: Stage, architecture: str) -> Iterator[Finding]:
    """The stage's architecture, and whether the stage is one that was meant."""
    if not of.own and of.name != DEFAULT_STAGE:
        yield Finding(
            f"samconfig.toml says nothing of the stage {of.name!r}",
            f"its stack is {of.stack_name}, with the parameters' defaults; --guided asks for them",
            fatal=False,
        )
    if of.architecture not in ALLOWED:
        yield Finding(
            f"Architecture is {of.architecture!r}",
            f"set it to one of {', '.join(ALLOWED)} in samconfig.toml",
        )
    elif of.architecture != architecture:
        yield Finding(
            f"the layers would be for {architecture}, and the functions run on {of.architecture}",
            f"set Architecture={architecture} in samconfig.toml, or leave ARCHITECTURE out",
        )


def check_stack_name(of: Stage, region: str) -> Iterator[Finding]:
    """CloudFormation's own rule, and room for names that are made of the stack's and its region."""
    if not STACK_NAME.fullmatch(of.stack_name):
        yield Finding(
            f"CloudFormation does not allow the stack name {of.stack_name!r}",
            "choose letters, digits and hyphens, a letter first; a STAGE becomes part of the name",
        )
    longest = NAME_LENGTH - len(f"-{region}")
    edge = {of.parameters.get("Cdn", "yes"), of.parameters.get("CdnDirect", "yes")}
    if edge == {"yes"}:
        longest = EDGE_NAME_LENGTH - len(f"-{region}{EDGE_SUFFIX}")
    if len(of.stack_name) > longest:
        yield Finding(
            f"the stack's name has {len(of.stack_name)} characters",
            f"choose one of at most {longest}: names of resources are made of it",
        )


def check_bytecode(python_3_13: str) -> Iterator[Finding]:
    """Bytecode for the runtime needs its Python."""
    if not python_3_13:
        yield Finding(
            "there is no Python 3.13 on this machine, so the functions ship without bytecode",
            "install one, or set PYTHON313=/path/to/python3.13; a cold start is 80 ms slower",
            fatal=False,
        )


def check_region(of: Stage, region: str) -> Iterator[Finding]:
    """Parameters that work in us-east-1 only."""
    for name, harmless in US_EAST_1_ONLY.items():
        if region != "us-east-1" and of.parameters.get(name, harmless) != harmless:
            yield Finding(
                f"{name} works in us-east-1 only, and the region is {region}",
                f"set {name}={harmless!r}, or deploy to us-east-1",
            )


def check_concurrency(of: Stage, account: Account) -> Iterator[Finding]:
    """New accounts may reserve no concurrent executions at all."""
    given = of.parameters.get("ReservedConcurrency", str(RESERVED_BY_DEFAULT))
    if not INTEGER.fullmatch(given):
        yield Finding(
            f"ReservedConcurrency is {given!r}", "set it to a number, or to -1 for no limit"
        )
        return
    wanted = int(given)
    try:
        free = account.unreserved_executions() + account.reserved_executions(of.stack_name)
    except (BotoCoreError, ClientError) as error:
        yield Finding(
            f"the concurrency quota cannot be read: {error}", "see docs/deploying.md", fatal=False
        )
        return
    if wanted > 0 and free - wanted < UNRESERVED:
        yield Finding(
            f"{wanted} concurrent executions cannot be reserved: {free} are free, and Lambda keeps "
            f"{UNRESERVED} unreserved",
            "set ReservedConcurrency=-1 in samconfig.toml, or ask Service Quotas for more",
        )


def as_given(of: Stage, stack_name: str | None, overrides: Sequence[str] | None) -> Stage:
    """The stage with the stack's name and the parameters of the command line.

    Those replace the parameters of samconfig.toml, as they do for `sam`; ``Architecture`` stays,
    for the built template has that of its layers.
    """
    own = dict(of.own)
    if stack_name:
        own["stack_name"] = stack_name
    if overrides:
        own["parameter_overrides"] = [f"Architecture={of.architecture}", *overrides]
    return replace(of, own=own)


def account_of(of: Stage, region: str | None, profile: str | None) -> Account:
    """The account of a stage; ``region`` and ``profile`` are those of the command line.

    Raises what botocore raises.
    """
    chosen = region or of.region or os.environ.get("AWS_REGION")
    return Account(chosen, profile or of.profile)


def report(found: list[Finding], say: Callable[[str], None]) -> int:
    """Say what was found, and return the exit code."""
    for each in found:
        kind = "cannot deploy" if each.fatal else "warning"
        say(f"{kind}: {each.problem}\n    {each.advice}")
    return int(any(each.fatal for each in found))


def main() -> None:
    """Check the stage that the command line names."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("stage")
    parser.add_argument("architecture")
    parser.add_argument("--region")
    parser.add_argument("--profile")
    parser.add_argument("--stack-name")
    parser.add_argument("--parameter-overrides", nargs="+")
    parser.add_argument("--guided", "-g", action="store_true")
    given, _ = parser.parse_known_args()
    try:
        of = as_given(stage(given.stage), given.stack_name, given.parameter_overrides)
        account = account_of(of, given.region, given.profile)
    except (ConfigError, BotoCoreError) as error:
        sys.exit(f"cannot deploy: {error}\n    see docs/deploying.md")
    python = subprocess.run(
        [str(ROOT / "layers" / "python313")], capture_output=True, text=True, check=False
    )
    python_3_13 = python.stdout.strip()
    found = list(findings(of, account, given.architecture, python_3_13, given.guided))
    sys.exit(report(found, lambda line: print(line, file=sys.stderr)))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing has been built or deployed")

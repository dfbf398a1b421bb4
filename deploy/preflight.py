"""Check, before anything is built, that a deployment can succeed.

    python -m deploy.preflight STAGE ARCHITECTURE [SAM ARGUMENTS...]

ARCHITECTURE is that of the layers to build. Of the arguments for `sam deploy`, those that choose
the account, its region, the stack and its parameters count here, too. With --guided, which asks for
parameters later, none of their values makes the deployment impossible.

Each check that fails prints what to do. The exit code is 1 if one of them makes the deployment
impossible.
"""

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from deploy.account import Account, account_of, why_unusable
from deploy.architecture import ALLOWED
from deploy.findings import Finding, report
from deploy.parameters import check_parameters
from deploy.samconfig import DEFAULT_STAGE, ROOT, ConfigError, Stage, read_stage

STACK_NAME = re.compile("[A-Za-z][A-Za-z0-9-]*")

INTEGER = re.compile(r"-?[0-9]+")

OF_SAM_LOCAL = "local"
"""The name that `sam local` gives every stack, by which the template knows it."""

NAME_LENGTH = 100
"""Longest name of a budget, which is made of the stack's name and its region."""

EDGE_NAME_LENGTH = 64
EDGE_SUFFIX = "-collections"
"""Longest name of a CloudFront function or key value store, and what the longest of them adds to
the stack's name and its region.
"""

UNRESERVED = 100
"""Concurrent executions that Lambda does not let an account reserve."""

TO_DELETE = frozenset({"CREATE_FAILED", "DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"})
"""States of a stack that CloudFormation only deletes."""

NEVER_EXECUTED = "REVIEW_IN_PROGRESS"
"""The state of a stack whose first change set waits; the next one can still create it."""

NOT_CREATED = frozenset({"", NEVER_EXECUTED})
"""States of a stack without resources."""

RESERVED_BY_DEFAULT = 100
US_EAST_1_ONLY = {"Firewall": "no", "CdnLogBucketArn": ""}
"""Parameters that work in us-east-1 only, and their values that work everywhere."""


def findings(
    stage: Stage, account: Account, architecture: str, python_3_13: str, is_guided: bool = False
) -> Iterator[Finding]:
    """Everything that speaks against a deployment, what makes the others moot first."""
    yield from check_configuration(stage, architecture)
    yield from check_bytecode(python_3_13)
    unusable = why_unusable(account)
    if unusable:
        yield unusable
        return
    region = str(account.region)
    stack = account.stack(stage.stack_name)
    stage = replace(stage, deployed=stack.parameters)
    yield from check_stack_name(stage, region)
    yield from check_state(stage, stack.state)
    of_parameters = (
        *check_parameters(stage, region),
        *check_region(stage, region),
        *check_concurrency(stage, account),
    )
    for found in of_parameters:
        yield replace(found, fatal=found.fatal and not is_guided)


def check_configuration(stage: Stage, architecture: str) -> Iterator[Finding]:
    """The stage's architecture, and whether the stage is one that was meant."""
    if not stage.own and stage.name != DEFAULT_STAGE:
        yield Finding(
            f"samconfig.toml says nothing of the stage {stage.name!r}",
            f"its stack is {stage.stack_name}, with the parameters' defaults; "
            "--guided asks for them",
            fatal=False,
        )
    if stage.architecture not in ALLOWED:
        yield Finding(
            f"Architecture is {stage.architecture!r}",
            f"set it to one of {', '.join(ALLOWED)} in samconfig.toml",
        )
    elif stage.architecture != architecture:
        yield Finding(
            f"the layers would be for {architecture}, "
            f"and the functions run on {stage.architecture}",
            f"give ARCHITECTURE={stage.architecture} to make, or set the parameter "
            f"Architecture={architecture}",
        )


def check_stack_name(stage: Stage, region: str) -> Iterator[Finding]:
    """What CloudFormation allows, and whether names made of the stack's and the region's fit."""
    if not STACK_NAME.fullmatch(stage.stack_name):
        yield Finding(
            f"CloudFormation does not allow the stack name {stage.stack_name!r}",
            "choose letters, digits and hyphens, a letter first; a STAGE becomes part of the name",
        )
    if stage.stack_name == OF_SAM_LOCAL:
        yield Finding(
            f"a stack called {OF_SAM_LOCAL!r} passes for one of `sam local`",
            "choose another name: its functions would look for AWS at an address that is empty",
        )
    longest = NAME_LENGTH - len(f"-{region}")
    has_cdn = stage.effective.get("Cdn", "yes") == "yes"
    is_direct = stage.effective.get("CdnDirect", "yes") == "yes"
    if has_cdn and is_direct:
        longest = EDGE_NAME_LENGTH - len(f"-{region}{EDGE_SUFFIX}")
    if len(stage.stack_name) > longest:
        yield Finding(
            f"the stack's name has {len(stage.stack_name)} characters",
            f"choose one of at most {longest}: names of resources are made of it",
        )


def check_state(stage: Stage, state: str) -> Iterator[Finding]:
    """Whether CloudFormation can create the stack, or change it as it is now."""
    if state in NOT_CREATED and stage.effective.get("OriginSecretVersionId"):
        yield Finding(
            "OriginSecretVersionId names a version that a new stack's secret does not have",
            "leave it empty until that secret has been rotated",
            fatal=False,
        )
    if state in TO_DELETE:
        yield Finding(
            f"the stack {stage.stack_name} is {state}, and CloudFormation cannot update it",
            "run `make delete` with the same STAGE first; see docs/deploying.md",
        )
    elif state == "UPDATE_ROLLBACK_FAILED":
        yield Finding(
            f"the stack {stage.stack_name} is {state}, and CloudFormation cannot update it",
            f"run `aws cloudformation continue-update-rollback --stack-name {stage.stack_name}`",
        )
    elif state.endswith("_IN_PROGRESS") and state != NEVER_EXECUTED:
        yield Finding(
            f"the stack {stage.stack_name} is {state}",
            "wait until that has ended; the console of CloudFormation shows what it does",
        )


def check_bytecode(python_3_13: str) -> Iterator[Finding]:
    """Bytecode for the runtime needs its Python."""
    if not python_3_13:
        yield Finding(
            "there is no Python 3.13 on this machine, so the functions ship without bytecode",
            "install one, or set PYTHON313=/path/to/python3.13; a cold start is 80 ms slower",
            fatal=False,
        )


def check_region(stage: Stage, region: str) -> Iterator[Finding]:
    """Parameters that work in us-east-1 only."""
    for name, harmless in US_EAST_1_ONLY.items():
        if region != "us-east-1" and stage.effective.get(name, harmless) != harmless:
            yield Finding(
                f"{name} works in us-east-1 only, and the region is {region}",
                f"set {name}={harmless!r}, or deploy to us-east-1",
            )


def check_concurrency(stage: Stage, account: Account) -> Iterator[Finding]:
    """New accounts may reserve no concurrent executions at all."""
    given = stage.effective.get("ReservedConcurrency", str(RESERVED_BY_DEFAULT))
    if not INTEGER.fullmatch(given):  # check_parameters says so
        return
    wanted = int(given)
    try:
        free = account.unreserved_executions() + account.reserved_executions(stage.stack_name)
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


def as_given(stage: Stage, stack_name: str | None, overrides: Sequence[str] | None) -> Stage:
    """The stage with the stack's name and the parameters of the command line.

    Those replace the parameters of samconfig.toml, as they do for `sam`; ``Architecture`` stays,
    for the built template has that of its layers.
    """
    own = dict(stage.own)
    if stack_name:
        own["stack_name"] = stack_name
    if overrides:
        own["parameter_overrides"] = [f"Architecture={stage.architecture}", *overrides]
    return replace(stage, own=own)


def find_python_3_13() -> str:
    """The path of the Python that compiles bytecode for the runtime; empty if there is none."""
    program = str(ROOT / "layers" / "python313")
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    return done.stdout.strip()


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
    parser.add_argument("--config-env")
    parser.add_argument("--config-file")
    given, _ = parser.parse_known_args()
    if given.config_env or given.config_file:
        sys.exit(
            "cannot deploy: --config-env and --config-file would choose other settings than those "
            "that are checked\n    give STAGE=NAME, which reads [NAME.deploy.parameters] of "
            "samconfig.toml"
        )
    try:
        stage = as_given(read_stage(given.stage), given.stack_name, given.parameter_overrides)
        account = account_of(stage, given.region, given.profile)
    except (ConfigError, BotoCoreError) as error:
        sys.exit(f"cannot deploy: {error}\n    see docs/deploying.md")
    python_3_13 = find_python_3_13()
    found = list(findings(stage, account, given.architecture, python_3_13, given.guided))
    sys.exit(report(found, lambda line: print(line, file=sys.stderr)))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("interrupted; nothing has been built or deployed")

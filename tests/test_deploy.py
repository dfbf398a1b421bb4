"""The tools behind `make deploy`: what they check, and the command lines that they make."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    InvalidRegionError,
    NoCredentialsError,
)
from botocore.parsers import ResponseParserError

from admin.target import writer
from deploy import architecture, command, parameters, preflight, samconfig
from deploy.account import DeployedStack
from local.intrinsics import load
from tests.checkout import own_environment, run_module
from tests.conftest import ROOT

CONFIG = """
version = 0.1
[default.global.parameters]
stack_name = "pocketfiles"
parameter_overrides = "Architecture=arm64"
[default.deploy.parameters]
capabilities = "CAPABILITY_IAM"
confirm_changeset = true
resolve_s3 = true
region = "eu-west-1"
tags = "project=files"
[staging.deploy.parameters]
confirm_changeset = false
parameter_overrides = 'Architecture="x86_64" Cdn=no Words="two words"'
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "samconfig.toml"
    path.write_text(CONFIG)
    return path


class Account:
    """An account with a region, credentials and a quota."""

    region: str | None = "eu-west-1"

    def __init__(
        self,
        free: int = 1000,
        reserved: int = 0,
        error: Exception | None = None,
        stack: DeployedStack | None = None,
    ) -> None:
        self._stack = stack or DeployedStack()
        self._free = free
        self._reserved = reserved
        self._error = error

    def identity(self) -> str:
        if self._error:
            raise self._error
        return "arn:aws:iam::000000000000:user/ada"

    def unreserved_executions(self) -> int:
        return self._free

    def reserved_executions(self, stack: str) -> int:
        return self._reserved

    def stack(self, name: str) -> DeployedStack:
        return self._stack


def problems(stage: samconfig.Stage, account: Any, built_for: str = "arm64") -> list[str]:
    return [each.problem for each in preflight.findings(stage, account, built_for, "python3.13")]


def test_the_projects_own_configuration_is_read() -> None:
    stage = samconfig.read_stage("default")
    assert stage.stack_name == "pocketfiles"
    assert stage.architecture == "arm64"


def test_a_stage_has_parameters_and_a_stack_name_of_its_own(config: Path) -> None:
    stage = samconfig.read_stage("staging", config)
    assert stage.stack_name == "pocketfiles-staging"
    assert stage.parameters == {"Architecture": "x86_64", "Cdn": "no", "Words": "two words"}


def test_a_stage_inherits_what_it_does_not_say(config: Path) -> None:
    given = ["--region", "us-east-1"]
    arguments = command.arguments(samconfig.read_stage("staging", config), given)
    assert arguments == [
        *("deploy", "--config-env", "staging"),
        *("--capabilities", "CAPABILITY_IAM"),
        "--resolve-s3",
        *("--tags", "project=files"),
        *("--stack-name", "pocketfiles-staging"),
        *("--s3-prefix", "pocketfiles-staging"),
        *given,
    ]


def test_settings_of_any_kind_are_inherited(config: Path) -> None:
    """`sam deploy --guided` writes an empty list, and `sam` takes tables and numbers."""
    default = {
        "image_repositories": [],
        "tags": {"project": "files", "team": "web"},
        "max_wait_duration": 60,
        "force_upload": False,
        "confirm_changeset": False,
        "notification_arns": ["a", "b"],
    }
    stage = samconfig.Stage("staging", {"stack_name": "s", "s3_prefix": "s"}, default)
    assert command.arguments(stage, [])[3:] == [
        *("--tags", "project=files", "team=web"),
        *("--max-wait-duration", "60"),
        "--no-confirm-changeset",
        *("--notification-arns", "a", "b"),
    ]


def test_a_stage_is_deployed_to_the_region_that_was_checked(config: Path) -> None:
    stage = samconfig.read_stage("staging", config)
    assert stage.region == "eu-west-1"
    arguments = command.arguments(stage, [])
    assert arguments[arguments.index("--region") + 1] == "eu-west-1"


def test_logs_and_delete_find_a_stages_stack(config: Path) -> None:
    config.write_text(CONFIG.replace("[staging", 'profile = "files"\n[staging', 1))
    assert samconfig.stack_options(samconfig.read_stage("staging", config)) == [
        *("--stack-name", "pocketfiles-staging"),
        *("--region", "eu-west-1"),
        *("--profile", "files"),
    ]
    bare = samconfig.Stage("default", {}, {})
    assert samconfig.stack_options(bare) == ["--stack-name", "pocketfiles"]


def test_what_the_command_line_says_is_not_said_twice(config: Path) -> None:
    given = ["--stack-name=other", "--capabilities", "CAPABILITY_NAMED_IAM"]
    arguments = command.arguments(samconfig.read_stage("new", config), given)
    assert arguments.count("--stack-name") == 0
    assert arguments.count("--capabilities") == 1


def test_the_default_stage_is_left_to_sam(config: Path) -> None:
    arguments = command.arguments(samconfig.read_stage("default", config), ["--guided"])
    assert arguments == ["deploy", "--config-env", "default", "--guided"]


@pytest.fixture
def built_template() -> str:
    return (
        "Parameters:\n  ExistingBucket:\n    Type: String\n    Default: ''\n"
        "  Architecture:\n    Type: String\n    Default: arm64\n    AllowedValues:\n"
        "    - arm64\n    - x86_64\n    Description: Which\n  MemorySize:\n    Default: 1769\n"
    )


def test_a_built_template_allows_the_architecture_of_its_layers_alone(built_template: str) -> None:
    pinned = architecture.pinned(built_template, "x86_64")
    block = pinned.partition("  Architecture:\n")[2].partition("  MemorySize:")[0]
    assert block == (
        "    Type: String\n    Default: x86_64\n"
        "    AllowedValues: [x86_64]\n    Description: Which\n"
    )
    assert architecture.pinned(pinned, "x86_64") == pinned
    assert "Default: 1769" in pinned


def test_the_template_itself_can_be_pinned() -> None:
    pinned = architecture.pinned((ROOT / "template.yaml").read_text(), "x86_64")
    assert "    AllowedValues: [x86_64]\n" in pinned


@pytest.mark.parametrize("value", ["riscv64", ""])
def test_an_unknown_architecture_is_refused(built_template: str, value: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        architecture.pinned(built_template, value)


def test_nothing_speaks_against_a_deployment(config: Path) -> None:
    assert problems(samconfig.read_stage("default", config), Account()) == []


def test_layers_for_another_architecture_are_refused(config: Path) -> None:
    found = problems(samconfig.read_stage("default", config), Account(), "x86_64")
    assert found == ["the layers would be for x86_64, and the functions run on arm64"]


TEMPLATE = (ROOT / "template.yaml").read_text()
RESOURCES = load(TEMPLATE)["Resources"]
FAR = "ap-southeast-1"
"""One of the regions with the longest names."""


def added_by(name: dict[str, str]) -> int:
    """Characters that a resource's name has besides the stack's."""
    text = name["Fn::Sub"].replace("${AWS::StackName}", "").replace("${AWS::Region}", FAR)
    return len(text)


EDGE_NAMES = [
    RESOURCES["EdgeRequest"]["Properties"]["Name"],
    RESOURCES["EdgeResponse"]["Properties"]["Name"],
    RESOURCES["EdgeStore"]["Properties"]["Name"],
    RESOURCES["EdgeBucketAccess"]["Properties"]["OriginAccessControlConfig"]["Name"],
]
BUDGET_NAME = RESOURCES["Budget"]["Properties"]["Budget"]["BudgetName"]


@pytest.mark.parametrize(
    ("parameters", "longest"),
    [
        ("", 64 - max(map(added_by, EDGE_NAMES))),
        ("CdnDirect=no", 100 - added_by(BUDGET_NAME)),
        ("Cdn=no", 100 - added_by(BUDGET_NAME)),
    ],
)
def test_a_stacks_name_leaves_room_for_what_is_made_of_it(parameters: str, longest: int) -> None:
    """Names of CloudFront's functions and stores have up to 64 characters, those of budgets 100."""
    for length, expected in ((longest, 0), (longest + 1, 1)):
        own = {"stack_name": "s" * length, "parameter_overrides": parameters}
        stage = samconfig.Stage("default", own, own)
        assert len(list(preflight.check_stack_name(stage, FAR))) == expected, length


@pytest.mark.parametrize("name", ["my_stage", "two words", "a/b", "1st"])
def test_a_name_that_cloudformation_refuses_is_told(name: str) -> None:
    stage = samconfig.Stage(name, {"stack_name": name}, {})
    (found,) = preflight.check_stack_name(stage, FAR)
    assert found.problem == f"CloudFormation does not allow the stack name {name!r}"


def test_the_stacks_name_is_among_what_is_checked(config: Path) -> None:
    found = problems(samconfig.read_stage("two words", config), Account())
    assert "CloudFormation does not allow the stack name 'pocketfiles-two words'" in found


def test_a_stage_that_the_configuration_does_not_have_is_told(config: Path) -> None:
    stage = samconfig.read_stage("stagign", config)
    assert problems(stage, Account()) == ["samconfig.toml says nothing of the stage 'stagign'"]
    (found,) = preflight.findings(stage, cast(Any, Account()), "arm64", "python3.13")
    assert not found.fatal
    assert "its stack is pocketfiles-stagign" in found.advice


def stage_with(given: str) -> samconfig.Stage:
    own = {"stack_name": "files", "parameter_overrides": given}
    return samconfig.Stage("default", own, own)


def test_a_concurrency_that_is_no_number_is_told() -> None:
    (found,) = problems(stage_with("ReservedConcurrency=many"), Account())
    assert found.startswith("the parameter ReservedConcurrency cannot be 'many'")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("MemorySize=9", "MemorySize cannot be '9': it is a number from 512 to 10240"),
        ("ThrottleRate=1_000", "ThrottleRate cannot be '1_000'"),
        ("MemorySize=1769.5", "MemorySize cannot be '1769.5'"),
        ("Firewal=yes", "the template has no parameter Firewal (did you mean Firewall?)"),
        ("Cdn=no SnapStart=on", "SnapStart cannot be 'on': it is one of None, PublishedVersions"),
        ("Cdn='No'", "Cdn cannot be 'No'"),
        ("ParameterKey=Cdn,ParameterValue=No", "Cdn cannot be 'No'"),
        ("Cdn:no", "'Cdn:no' among the parameters is no NAME=VALUE"),
        ("CdnDomainName=a.example.com", "CdnDomainName needs CdnCertificateArn"),
        (
            "PocketBaseOrigin=a.example.com CdnDomainName=a.example.com "
            "CdnCertificateArn=arn:aws:acm:us-east-1:000000000000:certificate/c",
            "PocketBaseOrigin must be another name than CdnDomainName",
        ),
        (
            "CdnQueryParameters=thumb,token,download,a,b,c,d,e,f,g,h",
            "CdnQueryParameters has 11 names, and CloudFront allows 10",
        ),
        ("TrustedProxies=999.1.1.1 Cdn=no", "TrustedProxies has '999.1.1.1', which is neither"),
        (
            "AlarmTopicArn=arn:aws:sns:us-east-1:000000000000:t",
            "AlarmTopicArn is in us-east-1, and alarms in eu-west-1 cannot notify it",
        ),
    ],
)
def test_a_parameter_with_which_no_deployment_succeeds_is_refused(given: str, said: str) -> None:
    """`sam` leaves out unknown parameters without a word, and CloudFormation refuses too late."""
    (found,) = parameters.check_parameters(stage_with(given), "eu-west-1")
    assert said in found.problem
    assert found.fatal


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("CdnQueryParameters=tenant,token", "CdnQueryParameters lacks thumb, download"),
        ("file://parameters.yaml", "the parameters in file://parameters.yaml are not checked"),
        ("CdnShieldRegion=eu-north-1", "CloudFront may have no Origin Shield in eu-north-1"),
        ("ReservedConcurrency=0", "with ReservedConcurrency=0 Lambda never runs"),
        ("MaxSyncAgeSeconds=60", "MaxSyncAgeSeconds is 60, and a watch shows every 60 seconds"),
        ("SyncAlarmSeconds=600", "SyncAlarmSeconds has no effect while AlarmTopicArn is empty"),
        ("TrustedProxies=192.0.2.1", "TrustedProxies has no effect while Cdn is yes"),
        ("Firewall=yes Cdn=no", "Firewall has no effect while Cdn is no"),
        ("ExistingBucketRegion=eu-west-3", "ExistingBucketRegion has no effect while Existing"),
        (
            "ExistingBucket=files BucketKmsKeyArn=arn:aws:kms:eu-west-3:000000000000:key/1",
            "BucketKmsKeyArn is in eu-west-3, and no bucket in eu-west-1 uses it",
        ),
    ],
)
def test_a_parameter_that_is_hardly_meant_is_warned_about(given: str, said: str) -> None:
    (found,) = parameters.check_parameters(stage_with(given), "eu-west-1")
    assert said in found.problem
    assert not found.fatal


def test_no_value_of_the_template_itself_is_warned_about() -> None:
    for region in ("us-east-1", "eu-north-1"):
        assert list(parameters.check_parameters(samconfig.read_stage("default"), region)) == []


def test_a_watch_shows_that_it_lives_as_often_as_the_checks_say() -> None:
    assert parameters.HEARTBEAT_SECONDS == writer.HEARTBEAT_SECONDS


def test_parameters_are_read_from_a_table_too(tmp_path: Path) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text(
        '[default.deploy.parameters.parameter_overrides]\nCdn = "no"\nMemorySize = 512\n'
    )
    assert samconfig.read_stage("default", path).parameters == {"Cdn": "no", "MemorySize": "512"}


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        ("ROLLBACK_COMPLETE", "make delete"),
        ("DELETE_FAILED", "make delete"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
        ("UPDATE_IN_PROGRESS", "wait"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "wait"),
    ],
)
def test_a_stack_that_cannot_be_updated_is_told(config: Path, state: str, advice: str) -> None:
    stage = samconfig.read_stage("default", config)
    account = cast(Any, Account(stack=DeployedStack(state)))
    (found,) = preflight.findings(stage, account, "arm64", "python3.13")
    assert found.fatal
    assert f"the stack pocketfiles is {state}" in found.problem
    assert advice in found.advice


def test_a_stack_that_would_pass_for_one_of_sam_local_is_refused() -> None:
    (condition,) = re.findall(r"IsSamLocal: .*StackName, (.*?)\]", TEMPLATE)
    stage = samconfig.Stage("default", {"stack_name": condition}, {})
    (found,) = preflight.check_stack_name(stage, FAR)
    assert found.problem == "a stack called 'local' passes for one of `sam local`"


def test_a_version_of_an_earlier_stacks_secret_is_warned_about() -> None:
    stage = stage_with(f"OriginSecretVersionId={'a' * 36}")
    (found,) = preflight.check_state(stage, "")
    assert found.problem.startswith("OriginSecretVersionId names a version")
    assert not found.fatal
    assert list(preflight.check_state(stage, "UPDATE_COMPLETE")) == []


@pytest.mark.parametrize("state", ["", "CREATE_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_stack_that_can_be_deployed_is_not_told(config: Path, state: str) -> None:
    stage = samconfig.read_stage("default", config)
    assert problems(stage, Account(stack=DeployedStack(state))) == []


def test_parameters_that_a_stack_keeps_count(config: Path) -> None:
    """`sam` keeps the values that it is not given, so the template's defaults do not matter."""
    stage = samconfig.read_stage("default", config)
    kept = {"ReservedConcurrency": "-1", "CdnDirect": "no", "OfAnOlderVersion": "x"}
    stack = DeployedStack("UPDATE_COMPLETE", kept)
    assert problems(stage, Account(free=10, stack=stack)) == []


BROKEN = {
    "[default": "cannot be read",
    "default = 3": "is not a table of settings",
    "[default]\ndeploy = []": "is not a table of settings",
    "[default.deploy.parameters]\nparameter_overrides = 3": "is not a table of settings",
    "[default.deploy.parameters]\nparameter_overrides = [3]": "is not a table of settings",
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_broken_configuration_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "samconfig.toml"
    path.write_text(text)
    with pytest.raises(samconfig.ConfigError, match=BROKEN[text]):
        samconfig.read_stage("default", path)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            {"AWS_PROFILE": "nobody"},
            "cannot deploy: The config profile (nobody) could not be found",
        ),
        (
            {"AWS_REGION": "not a region"},
            "cannot deploy: 'not a region' is not the name of a region",
        ),
        ({"AWS_ENDPOINT_URL": "foo"}, "cannot deploy: AWS has no such address"),
    ],
)
def test_make_deploy_says_what_is_wrong_with_the_environment(
    given: dict[str, str], said: str
) -> None:
    done = checked(environment=given)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def checked(*arguments: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The checks before a deployment, as `make deploy` runs them."""
    own = own_environment(AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull)
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    variables = {**own, **keys, "AWS_REGION": "eu-west-1", **environment}
    return run_module("deploy.preflight", "default", "arm64", *arguments, environment=variables)


@pytest.mark.parametrize("program", ["no-such-program", "echo no-json", "false"])
def test_a_program_for_credentials_that_does_not_work_is_told(program: str, tmp_path: Path) -> None:
    settings = tmp_path / "config"
    settings.write_text(f"[profile own]\ncredential_process = {program}\n")
    environment = {"AWS_CONFIG_FILE": str(settings), "AWS_ACCESS_KEY_ID": ""}
    done = checked("--profile", "own", environment=environment)
    assert done.returncode == 1
    assert "cannot deploy: the credentials cannot be had from their source" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--region", "not a region"], "'not a region' is not the name of a region"),
        (["--guided", "--profile=nobody"], "The config profile (nobody) could not be found"),
        (["--parameter-overrides", "Cdn=no", "--region=1 2"], "'1 2' is not the name of a region"),
        (["--config-env", "staging"], "--config-env and --config-file would choose other"),
        (["--config-file=other.toml"], "--config-env and --config-file would choose other"),
    ],
)
def test_the_arguments_of_make_deploy_choose_the_account_that_is_checked(
    arguments: list[str], said: str
) -> None:
    done = checked(*arguments, environment={})
    assert done.returncode == 1
    assert f"cannot deploy: {said}" in done.stderr


def test_the_command_lines_stack_and_parameters_are_checked(config: Path) -> None:
    given = ["ReservedConcurrency=-1", "Cdn=no"]
    stage = preflight.as_given(samconfig.read_stage("staging", config), "my_stack", given)
    assert stage.stack_name == "my_stack"
    assert stage.parameters == {"Architecture": "x86_64", "ReservedConcurrency": "-1", "Cdn": "no"}
    assert problems(stage, Account(free=10), "x86_64") == [
        "CloudFormation does not allow the stack name 'my_stack'"
    ]


def test_guided_asks_before_a_parameter_is_refused(config: Path) -> None:
    stage = samconfig.read_stage("default", config)
    for is_guided in (False, True):
        (found,) = preflight.findings(
            stage, cast(Any, Account(free=10)), "arm64", "python3.13", is_guided
        )
        assert "cannot be reserved" in found.problem
        assert found.fatal is not is_guided


def test_a_missing_region_is_told(config: Path) -> None:
    account = Account()
    account.region = None
    assert problems(samconfig.read_stage("default", config), account) == ["no region is set"]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (NoCredentialsError(), "no AWS credentials are found"),
        (
            ClientError(
                {"Error": {"Code": "ExpiredToken", "Message": "late"}}, "GetCallerIdentity"
            ),
            "AWS does not accept the credentials: ",
        ),
        (EndpointConnectionError(endpoint_url="https://sts"), "AWS cannot be reached: "),
        (ConnectTimeoutError(endpoint_url="https://sts"), "AWS cannot be reached: "),
        (InvalidRegionError(region_name="b c"), "'eu-west-1' is not the name of a region"),
        (ResponseParserError("<html>"), "what answers is not AWS"),
        (ValueError("Invalid endpoint: foo"), "AWS has no such address: Invalid endpoint: foo"),
    ],
    ids=["none", "expired", "no such host", "no answer", "no region", "not AWS", "no address"],
)
def test_credentials_that_do_not_work_are_told(
    config: Path, error: Exception, problem: str
) -> None:
    (found,) = problems(samconfig.read_stage("default", config), Account(error=error))
    assert found.startswith(problem)

"""The AWS account of a deployment: what can be asked of it, and what a failed call means."""

import os
from dataclasses import dataclass, field
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

from deploy.findings import Finding
from deploy.samconfig import Stage

CHOOSE_REGION = "set AWS_REGION, or `region` in samconfig.toml, for example to eu-west-1"
LOG_IN = "run `aws configure sso` or `aws configure`, or set AWS_PROFILE; see docs/deploying.md"


@dataclass(frozen=True)
class DeployedStack:
    """A stack: its state, such as ``UPDATE_COMPLETE``, and the values of its parameters."""

    state: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


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
            resource = self._client("cloudformation").describe_stack_resource(
                StackName=stack, LogicalResourceId="FilesFunction"
            )
            name = resource["StackResourceDetail"]["PhysicalResourceId"]
            reserved = self._client("lambda").get_function_concurrency(FunctionName=name)
        except ClientError:
            return 0
        return int(reserved.get("ReservedConcurrentExecutions", 0))

    def stack(self, name: str) -> DeployedStack:
        """The stack of this name as it is; one without a state where none can be seen."""
        try:
            found = self._client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
        except (BotoCoreError, ClientError):
            return DeployedStack()
        parameters = {
            each["ParameterKey"]: each["ParameterValue"] for each in found.get("Parameters", [])
        }
        return DeployedStack(found["StackStatus"], parameters)

    def _client(self, service: str) -> Any:
        return self._session.client(service, config=self._config)  # type: ignore[call-overload]


def account_of(stage: Stage, region: str | None, profile: str | None) -> Account:
    """The account of a stage; ``region`` and ``profile`` are those of the command line.

    Raises what botocore raises.
    """
    chosen = region or stage.region or os.environ.get("AWS_REGION")
    return Account(chosen, profile or stage.profile)


def why_unusable(account: Account) -> Finding | None:
    """Why nothing can be asked of the account; ``None`` if it answers."""
    if not account.region:
        return Finding("no region is set", CHOOSE_REGION)
    try:
        account.identity()
    except Exception as error:
        found = meaning_of(error, str(account.region))
        if found is None:
            raise
        return found
    return None


def meaning_of(error: Exception, region: str) -> Finding | None:
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

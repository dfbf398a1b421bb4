"""Whoever has deploy/deployer-policy.json, and nothing else, deploys, updates and deletes a stack.

The emulator checks each call of `sam`. Unlike AWS, it does not check what CloudFormation then does
with each resource on the deployer's behalf (tests/test_deployer_policy.py lists that).
"""

import json

import pytest

from tests.stack.deployment import CommandError, Stack, deploy
from tests.stack.emulator import ACCOUNT, REGION, ROOT, Emulator

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def policy() -> str:
    """The policy as docs/deploying.md says to fill it in."""
    text = (ROOT / "deploy" / "deployer-policy.json").read_text()
    return text.replace("REGION", REGION).replace("ACCOUNT", ACCOUNT)


def credentials(emulator: Emulator, role: str, document: str) -> dict[str, str]:
    """Credentials of a new role with one inline policy, as environment variables."""
    iam = emulator.client("iam")
    trust = json.dumps(TRUST)
    arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=role, PolicyName="deployer", PolicyDocument=document)
    sts = emulator.client("sts")
    given = sts.assume_role(RoleArn=arn, RoleSessionName="deployer")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    }


def test_the_deployers_policy_is_enough(emulator: Emulator) -> None:
    deployer = credentials(emulator, "deployer", policy())
    name = "pocketfiles-by-policy"
    stack = deploy(emulator, name, {"Cdn": "no"}, environment=deployer)
    assert stack.description["StackStatus"] == "CREATE_COMPLETE"
    deploy(emulator, name, {"Cdn": "no", "LogLevel": "DEBUG"}, environment=deployer)
    assert stack.parameters["LogLevel"] == "DEBUG"
    stack.delete(environment=deployer)


def test_the_deployers_policy_is_for_stacks_of_this_name(emulator: Emulator) -> None:
    deployer = credentials(emulator, "deployer-of-another", policy())
    with pytest.raises(CommandError, match="AccessDenied"):
        deploy(emulator, "another", {"Cdn": "no"}, environment=deployer)
    assert not exists(Stack(emulator, "another"))


def exists(stack: Stack) -> bool:
    try:
        return stack.description["StackStatus"] != "REVIEW_IN_PROGRESS"
    except Exception:
        return False

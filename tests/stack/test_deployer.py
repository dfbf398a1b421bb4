"""Whoever has deploy/deployer-policy.json, and nothing else, deploys, updates and deletes a stack.

The emulator checks each call of `sam`. Unlike AWS, it does not check what CloudFormation then does
with each resource on the deployer's behalf (tests/test_deployer_policy.py lists that).
"""

import pytest

from tests.stack.deployment import CommandError, Stack, deploy
from tests.stack.emulator import ACCOUNT, REGION, ROOT, Emulator


def policy() -> str:
    """The policy as docs/deploying.md says to fill it in."""
    text = (ROOT / "deploy" / "deployer-policy.json").read_text()
    return text.replace("REGION", REGION).replace("ACCOUNT", ACCOUNT)


def test_the_deployers_policy_is_enough(emulator: Emulator) -> None:
    deployer = emulator.credentials("deployer", policy())
    name = "pocketfiles-by-policy"
    stack = deploy(emulator, name, {"Cdn": "no"}, environment=deployer)
    assert stack.description["StackStatus"] == "CREATE_COMPLETE"
    deploy(emulator, name, {"Cdn": "no", "LogLevel": "DEBUG"}, environment=deployer)
    assert stack.parameters["LogLevel"] == "DEBUG"
    stack.delete(environment=deployer)


def test_the_deployers_policy_is_for_stacks_of_this_name(emulator: Emulator) -> None:
    deployer = emulator.credentials("deployer-of-another", policy())
    with pytest.raises(CommandError, match="AccessDenied"):
        deploy(emulator, "another", {"Cdn": "no"}, environment=deployer)
    assert not exists(Stack(emulator, "another"))


def exists(stack: Stack) -> bool:
    try:
        return stack.description["StackStatus"] != "REVIEW_IN_PROGRESS"
    except Exception:
        return False

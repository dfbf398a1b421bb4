"""The permissions that docs/operations.md lists are enough for whoever imports and syncs."""

import json
import re

import pytest

from tests.stack.deployment import DEMO, CommandError, Stack
from tests.stack.emulator import ACCOUNT, REGION, ROOT
from tests.stack.probes import OWNER, a_public_file_is_served

ROW = re.compile(
    r"^\| the ([a-z' ]+?)(?:, with `--stack`)? \| (`[a-z0-9-]+:\w+`.*) \|$", re.MULTILINE
)


def policy(stack: Stack) -> str:
    """The table of docs/operations.md as a policy for one stack."""
    distributions = f"arn:aws:cloudfront::{ACCOUNT}:distribution"
    resources = {
        "table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{stack.table}",
        "bucket": f"arn:aws:s3:::{stack.bucket}",
        "bucket's objects": f"arn:aws:s3:::{stack.bucket}/*",
        "stack": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{stack.name}/*",
        "distribution": f"{distributions}/{stack.outputs['DistributionId']}",
        "key value store": "*",  # the emulator does not tell one store from another
    }
    page = (ROOT / "docs" / "operations.md").read_text()
    statements = []
    for on, text in ROW.findall(page):
        first, *others = re.findall(r"`([\w:-]+)`", text)
        service = first.partition(":")[0]
        actions = [first, *(each if ":" in each else f"{service}:{each}" for each in others)]
        statements.append({"Effect": "Allow", "Action": actions, "Resource": resources[on]})
    assert len(statements) == len(resources)
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_the_listed_permissions_are_enough(stack: Stack) -> None:
    operator = stack.emulator.credentials("operator", policy(stack))
    on = ("--stack", stack.name)
    stack.admin("import", "--pb-data", str(DEMO), *on, environment=operator)
    stack.admin("rm", "users", OWNER, "--yes", *on, environment=operator)
    stack.admin("sync", "--pb-data", str(DEMO), *on, environment=operator)
    stack.admin("purge", "photos", *on, environment=operator)
    a_public_file_is_served(stack)


def test_without_a_permission_the_command_says_which_is_missing(stack: Stack) -> None:
    without = policy(stack).replace('"dynamodb:Scan", ', "")
    operator = stack.emulator.credentials("operator-without-scan", without)
    with pytest.raises(CommandError, match=f"dynamodb:Scan.*{stack.table}"):
        stack.admin("sync", "--pb-data", str(DEMO), "--stack", stack.name, environment=operator)

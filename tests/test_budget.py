"""The budget is deployed where CloudFormation has budgets, and the stack everywhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from deploy import budget
from local.intrinsics import load
from tests.checkout import own_environment, run_module
from tests.conftest import ROOT

OTHER_PARTITIONS = ("cn-", "us-gov-", "us-iso", "eu-iso", "eusc-")
COMMERCIAL = [region for region in REGIONS if not region.startswith(OTHER_PARTITIONS)]
TEMPLATE = (ROOT / "template.yaml").read_text()


def test_the_regions_with_budgets_are_cfn_lints() -> None:
    found = {
        region
        for region in COMMERCIAL
        if "AWS::Budgets::Budget" in PROVIDER_SCHEMA_MANAGER.get_resource_types(region)
    }
    assert found == budget.REGIONS


def test_nothing_but_the_budget_is_taken_out() -> None:
    whole = load(TEMPLATE)
    del whole["Resources"]["Budget"]
    assert load(budget.without_budget(TEMPLATE)) == whole


@pytest.mark.parametrize("has_budget", [True, False])
def test_what_is_deployed_exists_in_each_region(has_budget: bool, tmp_path: Path) -> None:
    regions = [each for each in COMMERCIAL if (each in budget.REGIONS) == has_budget]
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE if has_budget else budget.without_budget(TEMPLATE))
    program = "import sys; from cfnlint.runner import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", program, "--ignore-checks", "W", "--regions", *regions, "--", path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout == done.stderr == ""
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("region", "said"), [("eu-west-1", ""), ("eu-north-1", "has no budgets in eu-north-1")]
)
def test_make_deploy_says_that_a_region_has_no_budgets(
    region: str, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    no_files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    arguments = ("default", path, "--region", region)
    done = run_module("deploy.budget", *arguments, environment=own_environment(**no_files))
    assert done.returncode == 0
    assert said in done.stderr
    assert bool(done.stderr) == bool(said)
    assert ("Budget" in load(path.read_text())["Resources"]) == (not said)

"""The template deploys the functions of edge/, character by character."""

import pytest

from local.intrinsics import load
from tests.edge.engine import ROOT


@pytest.mark.parametrize(
    ("resource", "name"), [("EdgeRequest", "request"), ("EdgeResponse", "response")]
)
def test_the_templates_text_is_the_file(resource: str, name: str) -> None:
    template = load((ROOT / "template.yaml").read_text())
    inline = template["Resources"][resource]["Properties"]["FunctionCode"]
    text = (ROOT / "edge" / f"{name}.js").read_text()
    assert inline == text, f"copy edge/{name}.js into {resource}, indented by ten spaces"

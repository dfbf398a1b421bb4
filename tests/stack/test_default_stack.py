"""The stack with every parameter's default, asked through its CloudFront distribution."""

import pytest

from tests.stack.deployment import Stack
from tests.stack.probes import BEHIND_CLOUDFRONT, Probe


@pytest.mark.parametrize("probe", BEHIND_CLOUDFRONT, ids=lambda probe: probe.__name__)
def test_the_default_stack(probe: Probe, stack: Stack) -> None:
    probe(stack)

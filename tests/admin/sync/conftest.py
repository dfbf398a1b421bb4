import pytest

from tests.admin.shaped import Shaped
from tests.admin.sync.edge_world import World
from tests.conftest import Cloud


@pytest.fixture
def world(cloud: Cloud, shaped: Shaped) -> World:
    """A sync that has run once, in front of which CloudFront stands."""
    made = World(cloud, shaped.directory)
    made.round()
    return made

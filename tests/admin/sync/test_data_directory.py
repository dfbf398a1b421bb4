"""Which data directories can be synced."""

import json
import shutil

import pytest

from admin.errors import SourceError
from tests.admin.conftest import items, run
from tests.admin.shaped import SETTINGS, Shaped
from tests.conftest import Cloud


def test_a_pocketbase_with_files_in_s3_is_synced_with_no_files(
    cloud: Cloud, shaped: Shaped
) -> None:
    settings = json.dumps({**SETTINGS, "s3": {"enabled": True}})
    shaped.execute("UPDATE _params SET value = ?", settings)
    shutil.rmtree(shaped.directory / "storage")
    with pytest.raises(SourceError, match="--no-files"):
        run(cloud, shaped.directory)
    assert items(cloud) == {}
    run(cloud, shaped.directory, files=False)

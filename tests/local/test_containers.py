import json
from pathlib import Path

import pytest

from local.containers import variables

NAMES = {"TABLE_NAME": "Records", "BUCKET_NAME": "store", "RULE_MAX_ROWS": "1000"}


def test_the_file_names_this_machine_and_is_deleted_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "env.json"
    with variables(path, 5555, NAMES):
        assert json.loads(path.read_text()) == {
            "Parameters": {
                "AWS_ENDPOINT_URL": "http://host.docker.internal:5555",
                "TABLE_NAME": "Records",
                "BUCKET_NAME": "store",
            }
        }
    assert not path.exists()


def test_the_file_is_deleted_after_a_failure_and_may_be_gone_already(tmp_path: Path) -> None:
    path = tmp_path / "env.json"
    with pytest.raises(KeyboardInterrupt), variables(path, 1, NAMES):
        raise KeyboardInterrupt
    assert not path.exists()
    with variables(path, 1, NAMES):
        path.unlink()


def test_an_existing_file_is_neither_replaced_nor_deleted(tmp_path: Path) -> None:
    path = tmp_path / "env.json"
    path.write_text("mine")
    with pytest.raises(FileExistsError), variables(path, 1, NAMES):
        pass
    assert path.read_text() == "mine"

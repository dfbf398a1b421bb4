"""The SDK in the layer: trimmed to what the functions call, and complete for that."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import botocore
import pytest

from tests.conftest import ROOT, Cloud

PACKAGES = Path(botocore.__file__).parent.parent
CALLS = """
import os, botocore.session
session = botocore.session.get_session()
s3, dynamodb = session.create_client("s3"), session.create_client("dynamodb")
bucket, table = os.environ["BUCKET_NAME"], os.environ["TABLE_NAME"]
s3.put_object(Bucket=bucket, Key="a", Body=b"bytes")
assert s3.get_object(Bucket=bucket, Key="a")["Body"].read() == b"bytes"
s3.put_object(Bucket=bucket, Key="b", Body=b"")
s3.delete_object(Bucket=bucket, Key="b")
assert s3.head_object(Bucket=bucket, Key="a")["ContentLength"] == 5
s3.head_bucket(Bucket=bucket)
assert "X-Amz-Signature" in session.create_client(
    "s3", config=__import__("botocore.config").config.Config(signature_version="s3v4")
).generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
key = {"pk": {"S": "1"}, "sk": {"S": "1"}}
assert "Item" not in dynamodb.get_item(TableName=table, Key=key)
dynamodb.batch_get_item(RequestItems={table: {"Keys": [key]}})
found = dynamodb.query(
    TableName=table,
    KeyConditionExpression="pk = :pk",
    ExpressionAttributeValues={":pk": {"S": "1"}},
)
assert found["Items"] == []
try:
    s3.get_object(Bucket=bucket, Key="missing")
except s3.exceptions.NoSuchKey:
    print("all calls answered")
"""


@pytest.fixture
def trim_sdk() -> ModuleType:
    path = ROOT / "layers" / "trim_sdk.py"
    specification = importlib.util.spec_from_file_location("trim_sdk", path)
    assert specification and specification.loader
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_trimmed_sdk_makes_every_call_of_the_functions(
    trim_sdk: ModuleType, cloud: Cloud, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "examples-1.json")
    for name in ("botocore", "jmespath", "dateutil", "urllib3"):
        shutil.copytree(PACKAGES / name, tmp_path / name, ignore=ignored)
    shutil.copy(PACKAGES / "six.py", tmp_path)
    trim_sdk.main(tmp_path)
    assert "botocore keeps of s3: DeleteObject, GetObject" in capsys.readouterr().out
    assert trim_sdk.size(tmp_path / "botocore") < 4_000_000
    environment = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "BUCKET_NAME": cloud.bucket,
        "TABLE_NAME": cloud.table,
        "PYTHONPATH": str(tmp_path),
        "PATH": os.environ["PATH"],
    }
    done = subprocess.run(
        [sys.executable, "-S", "-c", CALLS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "all calls answered\n", done.stderr


def test_operations_that_do_not_fit_the_code_are_refused(
    trim_sdk: ModuleType, tmp_path: Path
) -> None:
    module = tmp_path / "storage.py"
    module.write_text("client.get_object(); client.put_object()")
    known = {"GetObject", "PutObject", "CopyObject"}
    trim_sdk.check_calls(module, known, {"GetObject", "PutObject"})
    with pytest.raises(trim_sdk.TrimError, match="calls PutObject, which OPERATIONS lacks"):
        trim_sdk.check_calls(module, known, {"GetObject"})
    with pytest.raises(trim_sdk.TrimError, match=r"CopyObject, which .* does not call"):
        trim_sdk.check_calls(module, known, known)


def test_a_trimmed_model_keeps_the_shapes_of_its_operations(trim_sdk: ModuleType) -> None:
    model: dict[str, Any] = {
        "operations": {
            "Get": {"input": {"shape": "In"}, "documentation": "long"},
            "Put": {"input": {"shape": "Other"}},
        },
        "shapes": {
            "In": {"type": "structure", "members": {"documentation": {"shape": "Text"}}},
            "Text": {"type": "string", "documentation": "long"},
            "Other": {"type": "string"},
        },
    }
    trimmed = trim_sdk.trimmed_model(model, {"Get"})
    assert set(trimmed["operations"]) == {"Get"}
    assert set(trimmed["shapes"]) == {"In", "Text"}
    assert "long" not in json.dumps(trimmed)
    assert trimmed["shapes"]["In"]["members"] == {"documentation": {"shape": "Text"}}

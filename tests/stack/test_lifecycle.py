"""What happens to a stack over time: its data is synced, its parameters change, it is deleted."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.stack.deployment import DEMO, Stack, deploy
from tests.stack.emulator import Emulator
from tests.stack.probes import PHOTOS, PNG, a_public_file_is_served

GONE = f"{PHOTOS}/photo0000000002/data_mzqutpl072.json"


def sync(stack: Stack, data: Path) -> str:
    return stack.admin("sync", "--pb-data", str(data), "--stack", stack.name)


def test_a_sync_round_makes_the_stack_equal_to_pocketbase(stack: Stack, tmp_path: Path) -> None:
    data = shutil.copytree(DEMO, tmp_path / "pb_data")
    sync(stack, data)
    assert stack.get(f"/api/files/{GONE}").status == 200
    with sqlite3.connect(data / "data.db") as database:
        database.execute("DELETE FROM photos WHERE id = 'photo0000000002'")
    database.close()
    shutil.rmtree(data / "storage" / PHOTOS / "photo0000000002")
    sync(stack, data)
    assert stack.get(f"/api/files/{GONE}").status == 404
    assert stack.get(f"/api/files/{PNG}").status == 200
    sync(stack, DEMO)
    assert stack.get(f"/api/files/{GONE}").status == 200


def test_a_changed_parameter_publishes_a_version(emulator: Emulator) -> None:
    stack = deploy(emulator, "versions", {"Cdn": "no"})
    before = {name: stack.live_version(name) for name in ("FilesFunction", "TokensFunction")}
    deploy(emulator, "versions", {"Cdn": "no", "LogLevel": "DEBUG"})
    after = {name: stack.live_version(name) for name in before}
    assert all(int(after[name]) > int(before[name]) for name in before)
    deploy(emulator, "versions", {"Cdn": "no", "LogLevel": "DEBUG"})
    assert {name: stack.live_version(name) for name in before} == after
    stack.discard()


def test_deleting_the_stack_keeps_bucket_and_table(emulator: Emulator) -> None:
    stack = deploy(emulator, "deleted", {"Cdn": "no"})
    stack.import_demo()
    a_public_file_is_served(stack)
    bucket, table = stack.bucket, stack.table
    stack.delete()
    with pytest.raises(ClientError, match="does not exist"):
        _ = stack.description
    kept = emulator.client("s3").head_object(Bucket=bucket, Key=PNG)
    assert kept["ContentType"] == "image/png"
    assert emulator.client("dynamodb").scan(TableName=table, Limit=1)["Count"] == 1


def test_two_stacks_in_one_region_share_nothing(emulator: Emulator) -> None:
    one = deploy(emulator, "one", {"Cdn": "no"})
    other = deploy(emulator, "other", {"Cdn": "no"})
    shared = set(one.resources.values()) & set(other.resources.values())
    assert shared - {"$default"} == set()
    one.import_demo()
    assert one.get(f"/api/files/{PNG}").status == 200
    assert other.get(f"/api/files/{PNG}").status == 404
    one.discard()
    other.import_demo()
    a_public_file_is_served(other)
    other.discard()


# ------------------------------------------------------ restore drills (docs/deploying.md)


def test_a_file_deleted_by_mistake_is_restored_from_its_version(stack: Stack) -> None:
    s3 = stack.emulator.client("s3")
    s3.delete_object(Bucket=stack.bucket, Key=PNG)
    assert stack.get(f"/api/files/{PNG}").status == 404
    listed = s3.list_object_versions(Bucket=stack.bucket, Prefix=PNG)
    (marker,) = [each for each in listed["DeleteMarkers"] if each["IsLatest"]]
    s3.delete_object(Bucket=stack.bucket, Key=PNG, VersionId=marker["VersionId"])
    a_public_file_is_served(stack)


def test_a_table_that_lost_records_is_made_right_by_a_sync(stack: Stack) -> None:
    dynamodb = stack.emulator.client("dynamodb")
    table = stack.table
    items = dynamodb.scan(TableName=table)["Items"]
    lost = [item for item in items if item["sk"]["S"].startswith("photo")]
    assert lost
    for item in lost:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
    of_the_api = f"/api/files/{PNG}?download=1"  # CloudFront may read the file from the bucket
    assert stack.get(of_the_api).status == 404
    sync(stack, DEMO)
    assert stack.get(of_the_api).status == 200


def test_a_deleted_stack_comes_back_with_its_bucket(emulator: Emulator) -> None:
    before = deploy(emulator, "before", {"Cdn": "no"})
    before.import_demo()
    bucket = before.bucket
    before.discard()
    after = deploy(emulator, "after", {"Cdn": "no", "ExistingBucket": bucket})
    assert "uploaded" not in after.import_demo()
    a_public_file_is_served(after)
    after.discard()

"""The pointer of a table, as tests write and change it."""

from typing import Any

from pocketfiles import keys
from tests.conftest import Cloud


def put_pointer(cloud: Cloud, **attributes: Any) -> None:
    """Write every copy of the pointer of a table that no sync has filled, with these attributes."""
    for copy in range(keys.POINTER_COPIES):
        item: dict[str, Any] = {
            **keys.item_key(keys.pointer(copy), keys.POINTER),
            "table": {"S": cloud.table},
            "abandoned": {"L": []},
            "holding": {"BOOL": False},
            **attributes,
        }
        cloud.dynamodb.put_item(TableName=cloud.table, Item=item)


def set_in_pointer(cloud: Cloud, **attributes: Any) -> None:
    """Change attributes of every copy of the pointer."""
    for copy in range(keys.POINTER_COPIES):
        for name, value in attributes.items():
            cloud.dynamodb.update_item(
                TableName=cloud.table,
                Key=keys.item_key(keys.pointer(copy), keys.POINTER),
                UpdateExpression="SET #n = :v",
                ExpressionAttributeNames={"#n": name},
                ExpressionAttributeValues={":v": value},
            )

"""Files that no Lambda answer can hold, through the running service: whole, in parts, and sought in."""

import hashlib
import html
import io
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from PIL import Image

from pocketfiles.catalogue.model import Record
from pocketfiles.catalogue.table import Table, record_items
from tests.e2e.conftest import PATIENCE, ROOT, Runner
from tests.e2e.test_browser import CHROMIUM
from tests.e2e.webm import frame_of, video

MIB = 1024 * 1024
SIZE = 100 * MIB
NAME, GUARDED, FILM = "film_0123456789.bin", "paper_0123456789.bin", "clip_0123456789.webm"
PUBLIC, PROTECTED = "photos/large0000000000", "open_papers/large0000000000"


@dataclass(frozen=True)
class Bucket:
    """The bucket and the table behind the running service."""

    aws: str
    bucket: str
    table: str

    def put(self, folder: str, field: str, files: Mapping[str, tuple[bytes, str]]) -> None:
        """A record ``folder`` of a collection, with these bodies and types in one of its file fields."""
        name, record_id = folder.split("/")
        dynamodb = client("dynamodb", self.aws)
        collections, _ = Table(dynamodb, self.table).catalogue()
        collection = collections.find(name)
        assert collection is not None
        names = list(files) if field == "any" else next(iter(files))
        values = {"id": record_id, field: json.dumps(names) if isinstance(names, list) else names}
        for item in record_items(collection, Record(collection.id, record_id, values)):
            dynamodb.put_item(TableName=self.table, Item=item)
        for file, (body, content_type) in files.items():
            client("s3", self.aws).put_object(
                Bucket=self.bucket, Key=f"{collection.id}/{record_id}/{file}", Body=body, ContentType=content_type
            )


def client(service: str, endpoint: str) -> "boto3.client":
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )

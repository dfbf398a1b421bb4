"""Both functions behind the HTTP API of template.yaml: requests in, responses and log lines out."""

import hashlib
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from local.api import Api
from local.gateway import Request
from local.runtime import Runtime
from local.template import Template, parse
from tests.conftest import ROOT, Cloud

TIMING = re.compile(r"total;dur=[0-9.]+(, (s3|dynamodb|logs);dur=[0-9.]+)*")
GATEWAYS_OWN = "apigw-requestid"


@dataclass(frozen=True)
class Answer:
    """A response. ``headers`` have lower-case names and lack the gateway's request id and
    ``Server-Timing``, which differ each time. ``timed``: whether ``Server-Timing`` was there."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    timed: bool = False

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)

    @property
    def sha256(self) -> str:
        """The body's checksum."""
        return hashlib.sha256(self.body).hexdigest()


class Deployed:
    """The API over one bucket and one table."""

    def __init__(self, cloud: Cloud, api: Api, log: io.StringIO) -> None:
        self.cloud = cloud
        self.respond = api.respond
        self._log = log

    def ask(
        self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """The answer to one request; ``target`` as it stands on the wire."""
        sent = (("Host", "files.test"), *(headers or {}).items())
        found = self.respond(Request(method, target, sent, body, "192.0.2.7"))
        named: dict[str, str] = {}
        for name, value in found.headers:
            assert name.lower() not in named, f"{name} twice"
            named[name.lower()] = value
        named.pop(GATEWAYS_OWN)
        timing = named.pop("server-timing", None)
        assert timing is None or TIMING.fullmatch(timing), timing
        return Answer(found.status, named, found.body, timing is not None)

    def get(self, target: str, **headers: str) -> Answer:
        """A GET; header names with ``_`` for ``-``."""
        return self.ask(
            "GET", target, {name.replace("_", "-"): value for name, value in headers.items()}
        )

    def logged(self) -> str:
        """What the functions logged since the last call."""
        text = self._log.getvalue()
        self._log.seek(0)
        self._log.truncate()
        return text

    def lines(self) -> list[dict[str, Any]]:
        """The same, line by line."""
        return [json.loads(line) for line in self.logged().splitlines()]

    def stored(self) -> list[str]:
        """The keys of all objects in the bucket."""
        listed = self.cloud.s3.list_objects_v2(Bucket=self.cloud.bucket)
        return [found["Key"] for found in listed.get("Contents", [])]

    def put(self, key: str, body: bytes, content_type: str) -> None:
        """Put an object there."""
        self.cloud.s3.put_object(
            Bucket=self.cloud.bucket, Key=key, Body=body, ContentType=content_type
        )


@cache
def template() -> Template:
    """template.yaml, read once."""
    return parse((ROOT / "template.yaml").read_text())


@contextmanager
def deployed(cloud: Cloud, **environment: str) -> Iterator[Deployed]:
    """The API over that bucket and table; ``environment`` replaces the template's values."""
    found = template()
    with pytest.MonkeyPatch.context() as patch:
        names = {
            "TABLE_NAME": cloud.table,
            "BUCKET_NAME": cloud.bucket,
            "AWS_ENDPOINT_URL": cloud.endpoint,
        }
        for name, value in {**found.environment(), **names, **environment}.items():
            patch.setenv(name, value)
        log = io.StringIO()
        with started(log):
            yield Deployed(cloud, Api(found.routes, Runtime(found.functions)), log)


@contextmanager
def started(log: io.StringIO) -> Iterator[None]:
    """Functions that build new clients and log to ``log``."""
    apps = [import_module(f"{name}.app") for name in ("files", "tokens")]
    before = []
    for app in apps:
        forget_parts(app)
        before.append(app.log.registered_handler.setStream(log))
    yield
    for app, stream in zip(apps, before, strict=True):
        forget_parts(app)
        if stream is not None:
            app.log.registered_handler.setStream(stream)


def forget_parts(app: ModuleType) -> None:
    """Have every part that the app built, by the environment it had then, built again."""
    for part in vars(app).values():
        if hasattr(part, "cache_clear"):
            part.cache_clear()

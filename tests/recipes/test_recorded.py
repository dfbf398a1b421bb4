"""Every recorded GET and HEAD through nginx and Caddy, beside the API's own answer."""

import http.client
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest

from admin.sync.prepare import import_directory
from tests.conftest import DEMO, make_cloud
from tests.contract.deviations import Row
from tests.contract.test_http import FILES, recorded_rows
from tests.deployed import deployed
from tests.recipes.conftest import (
    COMMANDS,
    SECRET,
    SECRETS,
    Command,
    Proxy,
    Upstreams,
    running,
)
from tests.serving import serving

OF_THE_CONNECTION = {"connection", "date", "keep-alive", "server", "x-proxy-cache"}
DIFFERS_EACH_TIME = {"apigw-requestid", "server-timing"}
NGINX_ANSWERS = {
    "If-Unmodified-Since: ",
    "path /api/files/photos/photo0000000002/plain_xgkn137ee5.txt%00",
}
"""An empty date and a NUL byte are bad requests to nginx itself."""

BOUNDARY = re.compile(rb"boundary=([0-9a-f]+)")
ROWS = [
    row
    for file in FILES
    for row in recorded_rows(file)
    if row.method in {"GET", "HEAD"} and not row.body and row.path.startswith("/api/files/")
]

Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True)
class World:
    """A proxy, and the API behind it."""

    proxy: Proxy
    api_port: int


@pytest.fixture(scope="module", params=COMMANDS)
def world(
    request: pytest.FixtureRequest,
    endpoint: str,
    pocketbase_port: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    command: Command = request.param
    cloud = make_cloud(endpoint)
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    folder = tmp_path_factory.mktemp("proxy")
    with (
        deployed(cloud, ORIGIN_SECRET=SECRETS) as api,
        serving(api.respond) as api_port,
        running(command, folder, Upstreams(api_port, pocketbase_port)) as proxy,
    ):
        yield World(proxy, api_port)


def ask(port: int, row: Row, added: Mapping[str, str]) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.putrequest(row.method, row.path, skip_host=True, skip_accept_encoding=True)
    for name, value in ({"Host": "files.test"} | dict(row.headers) | dict(added)).items():
        connection.putheader(name, value.encode())
    connection.endheaders(row.body.encode())
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    dropped = OF_THE_CONNECTION | DIFFERS_EACH_TIME
    named = {name.lower(): value for name, value in answer.getheaders()}
    kept = {n: v for n, v in named.items() if n not in dropped}
    if boundary := BOUNDARY.search(kept.get("content-type", "").encode()):
        kept["content-type"] = "multipart/byteranges"
        body = body.replace(boundary[1], b"")  # random, and of one length
    return answer.status, kept, body


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_proxy_gives_what_the_api_gives(world: World, row: Row) -> None:
    direct = {"X-Origin-Secret": SECRET, "CloudFront-Viewer-Address": "127.0.0.1:1"}
    ask(world.api_port, row, direct)
    expected = ask(world.api_port, row, direct)
    for _ in ("cold", "warm"):
        answer = ask(world.proxy.port, row, {})
        if row.name in NGINX_ANSWERS and answer[1]["content-type"] == "text/html":
            assert answer[0] in {400, 412}
        else:
            assert answer == expected

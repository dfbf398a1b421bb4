"""What the recipes for nginx and Caddy promise: who gets what, what is kept, what is logged."""

import http.client
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from admin.target.edge_store import entries
from local.cdn import policy
from local.cdn.invalidations import Invalidations
from local.cdn.start import edge
from local.gateway import Answer, Request
from tests.conftest import ROOT as ROOT_FOLDER
from tests.conftest import Cloud, make_cloud
from tests.deployed import Deployed, deployed
from tests.functions.conftest import ADA, COLLECTIONS, ROOT, fill, make_token
from tests.recipes.conftest import (
    COMMANDS,
    SECRETS,
    Command,
    PocketBase,
    Proxy,
    Upstreams,
    free_port,
    in_nginx,
    nginx_command,
    running,
)
from tests.serving import serving

PLAIN = "/api/files/photos/photo1/plain.txt"
THUMB = "/api/files/photos/photo1/one.png?thumb=4x4"
SECRET = "/api/files/papers/paper1/secret.txt"
NOTHING: Mapping[str, str] = {}
LISTED, OTHER = "127.0.0.2", "127.0.0.3"
CLAIMS = {
    "CloudFront-Viewer-Address": f"{LISTED}:1",
    "X-Forwarded-For": LISTED,
    "X-Real-Ip": LISTED,
    "X-Origin-Secret": "guessed",
}
"""What a client may write to pass for another one."""

Found = tuple[int, Mapping[str, str], bytes]


@dataclass
class Api:
    """The API, and the requests that reached it."""

    deployed: Deployed
    asked: list[Request] = field(default_factory=list)
    is_broken: bool = False

    def respond(self, request: Request) -> Answer:
        self.asked.append(request)
        if self.is_broken:
            raise ConnectionError
        return self.deployed.respond(request)


@dataclass(frozen=True)
class World:
    """A proxy between clients and both upstreams."""

    proxy: Proxy
    api: Api
    pocketbase: PocketBase
    cloud: Cloud

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] = NOTHING,
        body: bytes | None = None,
        *,
        source: str = OTHER,
    ) -> Found:
        """The answer to a client at the address ``source``."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.proxy.port, timeout=60, source_address=(source, 0)
        )
        connection.request(method, target, body, dict(headers))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, {n.lower(): v for n, v in answer.getheaders()}, content

    def get(self, target: str, **headers: str) -> Found:
        """A GET; header names with ``_`` for ``-``."""
        return self.ask("GET", target, {n.replace("_", "-"): v for n, v in headers.items()})


@contextmanager
def world_of(
    command: Command, endpoint: str, folder: Path, kept_for: str = "10m"
) -> Iterator[World]:
    cloud = make_cloud(endpoint)
    fill(cloud, {"superuserIPs": [LISTED]})
    pocketbase = PocketBase()
    with deployed(cloud, ORIGIN_SECRET=SECRETS) as found:
        api = Api(found)
        with (
            serving(api.respond) as api_port,
            serving(pocketbase.respond) as pocketbase_port,
            running(command, folder, Upstreams(api_port, pocketbase_port, kept_for)) as proxy,
        ):
            yield World(proxy, api, pocketbase, cloud)


@pytest.fixture(params=COMMANDS)
def world(request: pytest.FixtureRequest, endpoint: str, tmp_path: Path) -> Iterator[World]:
    with world_of(request.param, endpoint, tmp_path / "proxy") as found:
        yield found


@pytest.fixture
def nginx(endpoint: str, tmp_path: Path) -> Iterator[World]:
    with world_of(nginx_command, endpoint, tmp_path / "proxy") as found:
        yield found


@pytest.mark.parametrize("path", ["/", "/api/collections/users/records?page=2", "/_/", "/a%2Fb//c"])
def test_all_other_paths_reach_pocketbase_as_they_are(world: World, path: str) -> None:
    status, _, body = world.ask("POST", path, {"Authorization": "t"}, b"{}")
    assert (status, body) == (200, b"PocketBase")
    [asked] = world.pocketbase.asked
    assert (asked.method, asked.target, asked.body) == ("POST", path, b"{}")
    headers = {name.lower(): value for name, value in asked.headers}
    assert headers["authorization"] == "t"
    assert headers["x-forwarded-for"] == OTHER
    assert world.api.asked == []


def test_an_upload_of_two_megabytes_reaches_pocketbase(world: World) -> None:
    body = bytes(2_000_000)
    assert world.ask("POST", "/api/collections/photos/records", body=body)[0] == 200
    assert world.pocketbase.asked[0].body == body


def test_the_raw_path_and_query_reach_the_functions(world: World) -> None:
    target = "/api/files/photos/photo1/pl%61in.txt?thumb=&b=%2F&a=1;2&a"
    assert world.get(target)[0] == 200
    assert world.api.asked[0].target == target
    assert world.pocketbase.asked == []


def test_a_file_token_is_issued_through_the_proxy(world: World) -> None:
    token = make_token(ADA, "auth")
    status, headers, body = world.ask("POST", "/api/files/token", {"Authorization": token})
    assert (status, headers["cache-control"]) == (200, "no-store")
    assert b"token" in body


def test_superusers_come_from_the_address_that_the_proxy_saw(world: World) -> None:
    def status(source: str, claims: Mapping[str, str]) -> int:
        headers = {"Authorization": make_token(ROOT, "auth"), **claims}
        return world.ask("POST", "/api/files/token", headers, source=source)[0]

    assert status(LISTED, NOTHING) == 200
    assert status(OTHER, NOTHING) == 403
    assert status(OTHER, CLAIMS) == 403
    assert status(LISTED, {"X-Forwarded-For": OTHER}) == 200


def test_around_the_proxy_nobody_is_served(world: World) -> None:
    answer = world.api.deployed.ask("GET", PLAIN, CLAIMS)
    assert answer.status == 403


def test_a_protected_file_is_never_kept(world: World) -> None:
    token = make_token(ADA)
    for _ in range(2):
        assert world.get(f"{SECRET}?token={token}")[0] == 200
    assert len(world.api.asked) == 2
    assert world.get(SECRET)[0] == 404
    assert world.get(f"{SECRET}?token={make_token(ADA, exp=1)}")[0] == 404


def test_no_log_contains_a_token(world: World) -> None:
    token = make_token(ADA)
    target = f"{SECRET}?token={token}"
    assert world.get(target, referer=f"http://your.host{target}")[0] == 200
    world.api.is_broken = True
    assert world.get(target, referer=f"http://your.host{target}")[0] in {500, 502}
    assert token not in world.proxy.logged()


@pytest.mark.parametrize("command", COMMANDS)
def test_no_log_contains_a_token_where_the_api_cannot_be_reached(
    command: Command, tmp_path: Path
) -> None:
    token = make_token(ADA)
    with running(command, tmp_path / "proxy", Upstreams(free_port(), free_port())) as proxy:
        unreachable = World(proxy, None, PocketBase(), None)  # type: ignore[arg-type]
        target = f"{SECRET}?token={token}"
        assert unreachable.get(target, referer=f"http://your.host{target}")[0] == 502
    assert token not in proxy.logged()


def test_a_head_has_the_length_of_the_file(world: World) -> None:
    for _ in range(2):
        status, headers, body = world.ask("HEAD", PLAIN)
        assert (status, headers["content-length"], body) == (200, "256", b"")


def test_a_preflight_is_answered_by_the_functions(world: World) -> None:
    asked = {"Origin": "https://app.test", "Access-Control-Request-Method": "GET"}
    status, headers, _ = world.ask("OPTIONS", PLAIN, asked)
    assert (status, headers["access-control-allow-origin"]) == (204, "*")


@in_nginx
@pytest.mark.parametrize("target", [PLAIN, THUMB])
def test_nginx_asks_once_for_a_public_file(nginx: World, target: str) -> None:
    first, second = nginx.get(target), nginx.get(target)
    assert (first[0], first[2]) == (second[0], second[2])
    assert (first[1]["x-proxy-cache"], second[1]["x-proxy-cache"]) == ("MISS", "HIT")
    assert len(nginx.api.asked) == 1


@in_nginx
def test_nginx_keeps_three_formats_of_a_thumb_and_none_twice(nginx: World) -> None:
    target = "/api/files/photos/photo1/one.png?thumb=100x100"
    accepts = {
        "image/avif,image/webp,image/apng,*/*;q=0.8": "image/avif,image/webp",
        "text/html, IMAGE/AVIF ;q=0.5": "image/avif,image/webp",
        "image/webp,*/*": "image/webp",
        "image/avif;q=0,image/webp;q=1": "image/webp",
        "*/*": "*/*",
        "image/avif;q=0.0, image/webpx": "*/*",
    }
    for accept in accepts:
        assert nginx.get(target, accept=accept)[1]["vary"] == "Accept, Origin"
    sent = [dict(asked.headers)["Accept"] for asked in nginx.api.asked]
    assert sent == ["image/avif,image/webp", "image/webp", "*/*"]


@in_nginx
def test_nginx_keeps_one_copy_of_an_original_whatever_is_accepted(nginx: World) -> None:
    for accept in ("image/avif", "image/webp", "*/*"):
        assert nginx.get(PLAIN, accept=accept)[0] == 200
    assert len(nginx.api.asked) == 1


@in_nginx
def test_nginx_keeps_answers_with_and_without_cors_apart(nginx: World) -> None:
    for _ in range(2):
        assert nginx.get(PLAIN, origin="https://a.test")[1]["access-control-allow-origin"] == "*"
        assert "access-control-allow-origin" not in nginx.get(PLAIN)[1]
    assert len(nginx.api.asked) == 2


@in_nginx
@pytest.mark.parametrize("header", ["X-Path-Is-Key", "X-Media"])
def test_a_header_of_the_edge_does_not_poison_a_copy(nginx: World, header: str) -> None:
    poisoned = nginx.ask("GET", THUMB, {header: "yes", "Range": "bytes=0-"})
    whole = nginx.ask("GET", THUMB, {header: "yes"})
    assert whole[2] == poisoned[2] == nginx.get(THUMB)[2]
    assert nginx.get(THUMB)[1]["content-disposition"] == "inline; filename=4x4_one.png"
    assert all(header not in dict(asked.headers) for asked in nginx.api.asked)


@in_nginx
def test_nginx_keeps_no_error_and_no_failed_thumb(nginx: World) -> None:
    for target in ("/api/files/photos/photo1/no.txt", "/api/files/photos/photo1/cut.png?thumb=4x4"):
        statuses = {nginx.get(target)[1]["x-proxy-cache"] for _ in range(2)}
        assert statuses == {"MISS"}


@in_nginx
def test_a_public_file_asked_for_with_a_token_is_not_written_to_the_cache(nginx: World) -> None:
    token = make_token(ADA)
    assert nginx.get(f"{PLAIN}?token={token}")[0] == 200
    kept = [path for path in (nginx.proxy.folder / "cache").rglob("*") if path.is_file()]
    assert kept == []


@in_nginx
def test_a_deleted_file_leaves_nginx_after_its_time(endpoint: str, tmp_path: Path) -> None:
    with world_of(nginx_command, endpoint, tmp_path / "proxy", kept_for="1s") as world:
        assert world.get(PLAIN)[0] == 200
        world.cloud.s3.delete_object(Bucket=world.cloud.bucket, Key="pbc_photos/photo1/plain.txt")
        wait_until(lambda: world.get(PLAIN)[0] == 404)


@in_nginx
def test_an_expired_copy_is_revalidated_without_its_bytes(endpoint: str, tmp_path: Path) -> None:
    with world_of(nginx_command, endpoint, tmp_path / "proxy", kept_for="1s") as world:
        assert world.get(PLAIN)[0] == 200
        wait_until(lambda: world.get(PLAIN)[1]["x-proxy-cache"] == "REVALIDATED")
        assert "If-None-Match" in dict(world.api.asked[-1].headers)


@in_nginx
def test_nginx_is_purged_by_deleting_its_folder(nginx: World) -> None:
    nginx.get(PLAIN)
    for path in (nginx.proxy.folder / "cache").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert nginx.get(PLAIN)[1]["x-proxy-cache"] != "HIT"


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_proxy_may_stand_in_front_of_the_stacks_distribution(
    command: Command, endpoint: str, tmp_path: Path
) -> None:
    cloud = make_cloud(endpoint)
    fill(cloud, {})
    rules = policy.read((ROOT_FOLDER / "template.yaml").read_text())
    pocketbase = PocketBase()
    with deployed(cloud) as found:
        api = Api(found)
        files = (cloud.s3, cloud.bucket)
        published = lambda: entries(COLLECTIONS.values())  # noqa: E731
        with (
            edge(
                ROOT_FOLDER / "edge", rules, files, published, api.respond, Invalidations()
            ) as front,
            serving(front) as port,
            running(command, tmp_path / "proxy", Upstreams(port, port)) as proxy,
        ):
            world = World(proxy, api, pocketbase, cloud)
            assert world.get(PLAIN)[1]["x-cache"] == "Miss from cloudfront"
            status, headers, body = world.get(PLAIN, range="bytes=0-9")
            assert (status, len(body), headers["x-cache"]) == (206, 10, "Hit from cloudfront")
            assert api.asked == []

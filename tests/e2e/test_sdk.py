"""The official clients against the running service: what they build, send and show."""

import hashlib
import importlib.util
import io
import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from PIL import Image

from tests.e2e.browser import CHROMIUM, reported_by
from tests.e2e.bucket import Bucket
from tests.e2e.conftest import PATIENCE, Runner

SDK = "pocketbase@0.28.1"
SCRIPTS = Path(__file__).parent / "sdk"
THUMBS = ("100x300", "300x100t", "300x100b", "200x200f", "0x300", "300x0", "100x100")
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "download": {"download": True},
    "no download": {"download": False},
    "both": {"thumb": "100x300", "download": True},
    **{thumb: {"thumb": thumb} for thumb in THUMBS},
}
ODD = "späße & 1+1=2 (100%) #3.txt"


def record_of(path: str, collections: Mapping[str, str]) -> dict[str, str]:
    """The record of a file's path, with what the clients read of one, and the file's name."""
    _, _, _, collection, record_id, name = urlsplit(path).path.split("/")
    return {
        "id": record_id,
        "collectionId": collections[collection],
        "collectionName": collection,
        "file": unquote(name),
    }


@pytest.fixture(scope="module")
def given(runner: Runner) -> dict[str, Any]:
    """What the clients are given: where to ask, and for what."""
    bucket = Bucket.of(runner.aws)
    bucket.put("photos", "odd000000000000", "any", {ODD: (b"odd", "text/plain; charset=utf-8")})
    token = runner.lines["auth token"]
    ids = {"photos": "pbc_1063624087", "documents": "pbc_3332084752"}
    photo = record_of(runner.path("picture"), ids)
    return {
        "base": runner.base,
        "options": OPTIONS,
        "photo": photo,
        "odd": photo | {"id": "odd000000000000", "file": ODD},
        "secret": record_of(runner.path("protected"), ids),
        "identity": "ada@files.test",
        "auth": {"token": token, "record": {"id": "someone", "collectionName": "users"}},
    }


@pytest.fixture(scope="module")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the JavaScript SDK is installed, the scripts beside it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no Node and npm on the PATH: the JavaScript SDK is not tried")
    folder = tmp_path_factory.mktemp("sdk")
    quiet = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--no-update-notifier")
    command = ["npm", "install", "--prefix", str(folder), *quiet, SDK]
    try:
        subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
    except subprocess.SubprocessError:  # without a network, npm fails, or waits for ever
        pytest.skip(f"npm cannot install {SDK}: the JavaScript SDK is not tried")
    for script in SCRIPTS.glob("*.mjs"):
        shutil.copy(script, folder)
    return folder


@pytest.fixture(scope="module")
def on_node(sdk: Path, given: dict[str, Any]) -> dict[str, Any]:
    """What the JavaScript SDK found on Node."""
    command = ["node", "files.mjs", json.dumps(given)]
    ended = subprocess.run(
        command, cwd=sdk, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert ended.returncode == 0, ended.stderr
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def direct(url: str) -> tuple[int, bytes]:
    """What the service answers without any SDK."""
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("options", OPTIONS)
def test_javascript_gets_a_public_file_with_every_option(
    on_node: dict[str, Any], runner: Runner, given: dict[str, Any], options: str
) -> None:
    found = on_node["public"][options]
    assert (found["status"], found["type"]) == (200, "image/jpeg")
    expected = direct(found["url"])[1]
    assert found["sha256"] == hashlib.sha256(expected).hexdigest()
    asked = OPTIONS[options]
    name = (
        f"{asked['thumb']}_{given['photo']['file']}" if "thumb" in asked else given["photo"]["file"]
    )
    kind = "attachment" if asked.get("download") else "inline"
    assert found["disposition"] == f"{kind}; filename={name}"
    if "thumb" in asked:
        assert (
            Image.open(io.BytesIO(expected)).size != Image.open(io.BytesIO(original(runner))).size
        )


def original(runner: Runner) -> bytes:
    return direct(runner.lines["picture"])[1]


def test_javascript_names_a_collection_by_id_or_name(
    on_node: dict[str, Any], given: dict[str, Any]
) -> None:
    plain, by_name = on_node["public"]["plain"], on_node["byName"]
    assert f"/{given['photo']['collectionId']}/" in plain["url"]
    assert f"/{given['photo']['collectionName']}/" in by_name["url"]
    assert plain["sha256"] == by_name["sha256"]
    assert on_node["missing"]["status"] == 404


def test_javascript_gets_a_file_whose_name_must_be_escaped(on_node: dict[str, Any]) -> None:
    assert on_node["odd"]["status"] == 200
    assert on_node["odd"]["sha256"] == hashlib.sha256(b"odd").hexdigest()


def test_javascript_opens_a_protected_file_with_a_token_it_fetched(
    on_node: dict[str, Any], runner: Runner
) -> None:
    expected = hashlib.sha256(direct(runner.protected())[1]).hexdigest()
    assert (on_node["withToken"]["status"], on_node["withToken"]["sha256"]) == (200, expected)
    assert on_node["withTokenAsDownload"]["disposition"].startswith("attachment; ")
    assert on_node["withoutToken"]["status"] == 404
    assert on_node["withAuthToken"]["status"] == 404
    assert on_node["fields"] == {}


def test_javascript_logs_in_with_a_password_and_opens_files(
    on_node: dict[str, Any], runner: Runner
) -> None:
    expected = hashlib.sha256(direct(runner.protected())[1]).hexdigest()
    login = on_node["login"]
    assert login["valid"] is True
    assert (login["avatar"]["status"], login["avatar"]["type"]) == (200, "image/png")
    assert (login["secret"]["status"], login["secret"]["sha256"]) == (200, expected)
    assert on_node["stranger"]["response"]["message"] == "Failed to authenticate."


@pytest.mark.parametrize("who", ["guest", "forged"])
def test_javascript_gets_a_401_without_a_valid_auth_token(
    on_node: dict[str, Any], who: str
) -> None:
    assert on_node[who] == {
        "status": 401,
        "response": {
            "data": {},
            "message": "The request requires valid record authorization token.",
            "status": 401,
        },
    }


PAGE = """<script>%s</script><script>
(async () => {
  const given = %s;
  const pb = new PocketBase(given.base);
  pb.authStore.save(given.auth.token, given.auth.record);
  const token = await pb.files.getToken();
  const secret = await fetch(pb.files.getURL(given.secret, given.secret.file, {token}));
  const shown = {};
  for (const [name, options] of Object.entries(given.options)) {
    const image = new Image();
    image.src = pb.files.getURL(given.photo, given.photo.file, options);
    document.body.append(image);
    await image.decode();
    shown[name] = [image.naturalWidth, image.naturalHeight];
  }
  tell({shown, secret: [secret.status, (await secret.text()).length]});
})();
</script>"""


@pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium on the PATH: the SDK is not tried in a browser"
)
def test_javascript_in_a_browser_shows_every_thumb_and_reads_a_protected_file(
    sdk: Path, given: dict[str, Any], runner: Runner, tmp_path: Path
) -> None:
    library = (sdk / "node_modules" / "pocketbase" / "dist" / "pocketbase.umd.js").read_text()
    reported = reported_by(f"<body>{PAGE % (library, json.dumps(given))}", tmp_path)
    assert "error" not in reported, reported
    assert reported["secret"] == [200, len(direct(runner.protected())[1])]
    whole = Image.open(io.BytesIO(original(runner))).size
    sizes = {name: tuple(size) for name, size in reported["shown"].items()}
    assert sizes["plain"] == sizes["download"] == whole
    assert sizes["both"] == sizes["100x300"] == sizes["300x100t"][::-1] == (100, 300)
    assert sizes["100x100"] == (100, 100)
    assert (sizes["0x300"][1], sizes["300x0"][0]) == (300, 300)
    assert max(sizes["200x200f"]) == 200


@pytest.mark.skipif(
    importlib.util.find_spec("pocketbase") is None,
    reason="the Python SDK is not installed: it is not tried",
)
def test_the_python_client_gets_files_thumbs_and_a_token(
    given: dict[str, Any], runner: Runner
) -> None:
    import pocketbase  # noqa: PLC0415 - optional, see above
    from pocketbase.errors import ClientResponseError  # noqa: PLC0415
    from pocketbase.models.record import Record  # noqa: PLC0415

    client = pocketbase.PocketBase(given["base"])
    photo, secret = Record(given["photo"]), Record(given["secret"])
    name, secret_name = given["photo"]["file"], given["secret"]["file"]
    url = client.files.get_url(photo, name)
    assert direct(url) == (200, original(runner))
    for thumb in THUMBS:
        status, body = direct(client.files.get_url(photo, name, {"thumb": thumb}))
        assert status == 200
        assert Image.open(io.BytesIO(body)).size != Image.open(io.BytesIO(original(runner))).size
    assert direct(client.files.get_url(Record(given["odd"]), ODD)) == (200, b"odd")
    with pytest.raises(ClientResponseError) as caught:
        client.files.get_token()
    assert caught.value.status == 401
    logged_in = client.collection("users").auth_with_password(given["identity"], "demo")
    assert logged_in.is_valid
    token = client.files.get_token()
    assert direct(client.files.get_url(secret, secret_name, {"token": token})) == direct(
        runner.protected()
    )
    assert direct(client.files.get_url(secret, secret_name))[0] == 404
    client.http_client.close()

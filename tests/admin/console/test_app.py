"""The page and its data, over a table and a bucket with the demo data."""

import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from admin.cli import main
from admin.console.app import DATA, ConsoleApp
from admin.console.gallery import FILES_A_PAGE, RECORDS_A_PAGE
from admin.console.objects import BucketObjects
from admin.console.origins import is_local, is_own_page
from admin.console.server import ConsoleServer
from admin.console.views import Views
from admin.sync.prepare import import_directory
from local.console import Console
from pocketfiles.catalogue.table import Table
from tests.admin.shaped import Shaped
from tests.conftest import DEMO, Cloud, make_cloud

ADA = "users/userada00000000"
SECRET = {
    "collection": "documents",
    "record": "doc000000000000",
    "name": "file_0_jr7qyn9hd0.txt",
}
PICTURE = {
    "collection": "photos",
    "record": "photo0000000002",
    "name": "hero_1m1al7dkg1.jpg",
}
HERE = {"host": "127.0.0.1:9"}


def app_of(cloud: Cloud) -> ConsoleApp:
    objects = BucketObjects(cloud.s3, cloud.bucket)
    views = Views(Table(cloud.dynamodb, cloud.table), objects, "stack", "https://files.test")
    return ConsoleApp(views, is_own_page, ("https://files.test",))


@pytest.fixture(scope="module")
def demo(endpoint: str) -> Cloud:
    cloud = make_cloud(endpoint)
    import_directory(DEMO, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    return cloud


@pytest.fixture(scope="module")
def app(demo: Cloud) -> ConsoleApp:
    return app_of(demo)


def ask(app: ConsoleApp, view: str, **query: str) -> tuple[int, Any]:
    target = "/?" + urllib.parse.urlencode({"view": view, **query})
    answer = app.answer("GET", target, {**HERE, "accept": DATA})
    assert answer is not None
    return answer.status, json.loads(answer.body)


def test_the_overview_names_collections_users_and_findings(app: ConsoleApp) -> None:
    status, found = ask(app, "overview")
    assert (status, found["title"], found["base"]) == (200, "stack", "https://files.test")
    photos = next(each for each in found["collections"] if each["name"] == "photos")
    assert {each["name"] for each in photos["fields"]} == {"image", "gallery", "any"}
    assert {"user": ADA, "label": "Ada"} in found["users"]
    assert found["users"][-1]["user"].startswith("_superusers/")
    assert {each["collection"]: each["locked"] for each in found["undecided"]} == {
        "open_papers": False,
        "locked_papers": True,
    }
    assert found["broken"] == []


def test_no_secret_is_in_any_view(app: ConsoleApp) -> None:
    views = [("overview", {}), ("files", {"collection": "users"}), ("file", SECRET)]
    text = json.dumps([ask(app, view, **query) for view, query in views])
    assert "$2a$" not in text
    assert "IVyABMIOrPp3YjobilxOkUvyzw0HJiQKMyRfvmEFw6xU2joHf2" not in text  # Ada's token key


def test_a_file_has_its_object_its_sizes_and_the_thumbs_that_are_stored(
    app: ConsoleApp, demo: Cloud
) -> None:
    key = "pbc_1063624087/photo0000000002/hero_1m1al7dkg1.jpg"
    thumb = "pbc_1063624087/photo0000000002/thumbs_hero_1m1al7dkg1.jpg/100x100_hero_1m1al7dkg1.jpg"
    demo.s3.put_object(Bucket=demo.bucket, Key=thumb, Body=b"thumb")
    status, found = ask(app, "file", **PICTURE)
    assert (status, found["key"], found["protected"]) == (200, key, False)
    assert found["original"]["type"] == "image/jpeg"
    assert [(each["name"], each["bytes"]) for each in found["stored"]] == [
        ("100x100_hero_1m1al7dkg1.jpg", 5)
    ]
    assert found["sizes"][:2] == ["100x100", "100x300"]


def test_a_missing_object_is_none(app: ConsoleApp, demo: Cloud) -> None:
    key = "pbc_1063624087/photo0000000002/hero_1m1al7dkg1.jpg"
    body = demo.s3.get_object(Bucket=demo.bucket, Key=key)["Body"].read()
    demo.s3.delete_object(Bucket=demo.bucket, Key=key)
    assert ask(app, "file", **PICTURE)[1]["original"] is None
    demo.s3.put_object(Bucket=demo.bucket, Key=key, Body=body, ContentType="image/jpeg")


def test_a_token_is_a_users_and_opens_what_the_rule_allows(app: ConsoleApp) -> None:
    status, found = ask(app, "token", user=ADA)
    assert (status, found["seconds"]) == (200, 180)
    url = "/api/files/documents/doc000000000000/file_0_jr7qyn9hd0.txt"
    assert ask(app, "explain", url=f"{url}?token={found['token']}")[1]["status"] == 200
    assert ask(app, "explain", url=url, user=ADA)[1]["status"] == 200
    status, refused = ask(app, "explain", url=url)
    assert (status, refused["status"], refused["reason"]) == (200, 404, "the view rule says no")
    rule = next(step for step in refused["steps"] if step["label"] == "view rule")
    assert {"outcome": "false", "text": "@request.auth.id != ''"} in [
        {**each, "text": each["text"].replace('"', "'")} for each in rule["comparisons"]
    ]


@pytest.mark.parametrize(
    ("view", "query", "words"),
    [
        ("nothing", {}, "there is no view nothing"),
        ("files", {"collection": "x"}, "there is no collection x"),
        ("file", {"collection": "photos", "record": "x"}, "there is no such record"),
        ("file", {**PICTURE, "name": "x"}, "no field holds this file"),
        ("token", {"user": "photos/photo0000000002"}, "there is no auth record"),
        ("token", {"user": "users/x"}, "there is no auth record users/x"),
        ("explain", {"url": "http://[x"}, "this is no URL"),
        ("requests", {}, "make logs"),
    ],
)
def test_what_is_not_there_is_a_404_that_names_it(
    app: ConsoleApp, view: str, query: Mapping[str, str], words: str
) -> None:
    status, found = ask(app, view, **query)
    assert status == 404
    assert words in found["error"]


def test_many_files_are_read_by_the_page(cloud: Cloud, shaped: Shaped) -> None:
    for number in range(FILES_A_PAGE + 10):
        shaped.put("docs", f"page{number:04}", attachment=f"{number}.txt")
    import_directory(shaped.directory, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    app = app_of(cloud)
    seen: list[str] = []
    after = ""
    pages = 0
    while pages == 0 or after:
        _, page = ask(app, "files", collection="docs", after=after)
        seen += [each["record"] for each in page["files"]]
        after = page["next"]
        pages += 1
    assert pages == 2
    assert [each for each in seen if each.startswith("page")] == sorted(
        f"page{number:04}" for number in range(FILES_A_PAGE + 10)
    )
    _, page = ask(app, "files", collection="docs", after="page0065")
    assert [each["record"] for each in page["files"]][:1] == ["page0066"]


def found(app: ConsoleApp, text: str, collection: str = "docs") -> list[str]:
    """The names of the files that a search finds, over all pages."""
    names: list[str] = []
    after = ""
    while True:
        _, page = ask(app, "files", collection=collection, find=text, after=after)
        names += [each["name"] for each in page["files"]]
        after = page["next"]
        if not after:
            return names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("INVOICE", ["invoice_a.pdf", "invoice_b.pdf"]),
        (" two ", ["invoice_b.pdf"]),
        ("nothing", []),
        ("x" * 2000, []),
    ],
)
def test_files_are_found_by_a_part_of_their_name_or_of_their_records_id(
    cloud: Cloud, shaped: Shaped, text: str, names: list[str]
) -> None:
    shaped.put("docs", "one", attachment="invoice_a.pdf")
    shaped.put("docs", "two", attachment="invoice_b.pdf")
    shaped.put("docs", "zwei", attachment="letter.pdf")
    import_directory(shaped.directory, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    assert found(app_of(cloud), text) == names


def test_a_record_is_found_by_its_id_before_all_others(cloud: Cloud, shaped: Shaped) -> None:
    for number in range(RECORDS_A_PAGE + 1):
        shaped.put("docs", f"id{number:04}", attachment=f"{number}.txt")
    shaped.put("docs", "zz", attachment="last.txt")
    shaped.put("docs", "aa", attachment="zz.txt")
    import_directory(shaped.directory, cloud.s3, cloud.bucket, cloud.dynamodb, cloud.table)
    app = app_of(cloud)
    _, first = ask(app, "files", collection="docs", find="zz")
    assert [each["name"] for each in first["files"]] == ["last.txt", "zz.txt"]
    assert first["next"]
    assert found(app, "zz") == ["last.txt", "zz.txt"]


@pytest.mark.parametrize(
    ("method", "target", "accept"),
    [
        ("GET", "/", "*/*"),
        ("GET", "/", "application/json"),
        ("GET", "/", ""),
        ("POST", "/", "text/html"),
        ("GET", "/index.html", "text/html"),
        ("GET", "//", "text/html"),
        ("GET", "//[", "text/html"),
        ("GET", "http://[/", DATA),
        ("GET", "/api/files/a/b/c", f"text/html,{DATA}"),
    ],
)
def test_all_other_requests_are_left_alone(
    app: ConsoleApp, method: str, target: str, accept: str
) -> None:
    assert app.answer(method, target, {**HERE, "accept": accept}) is None


def test_the_page_needs_nothing_from_elsewhere_and_its_policy_allows_nothing(
    app: ConsoleApp,
) -> None:
    answer = app.answer("GET", "/?x", {**HERE, "accept": "text/html,*/*"})
    assert answer is not None
    headers = dict(answer.headers)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'; script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self' https://files.test;" in policy
    text = answer.body.decode()
    assert "/* script */" not in text
    assert 'src="http' not in text
    assert 'href="http' not in text


FOREIGN = [
    {"host": "evil.test"},
    {"host": "127.0.0.1.evil.test"},
    {"host": "["},
    {**HERE, "origin": "http://["},
    {},
    {**HERE, "origin": "https://evil.test"},
    {**HERE, "origin": "null"},
    {**HERE, "origin": "http://127.0.0.1:10"},
    {**HERE, "sec-fetch-site": "cross-site"},
    {**HERE, "sec-fetch-site": "same-site"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("accept", [DATA, "text/html"])
def test_pages_elsewhere_and_foreign_names_are_refused(
    app: ConsoleApp, headers: Mapping[str, str], accept: str
) -> None:
    answer = app.answer("GET", "/?view=overview", {**headers, "accept": accept})
    assert answer is not None
    assert answer.status == 403
    assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    "headers",
    [
        HERE,
        {"host": "localhost:9"},
        {"host": "[::1]:9"},
        {"host": "192.168.0.7:9"},
        {**HERE, "origin": "http://127.0.0.1:9"},
        {**HERE, "sec-fetch-site": "same-origin"},
        {**HERE, "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
    ],
)
def test_this_machines_own_page_and_links_to_it_are_answered(headers: Mapping[str, str]) -> None:
    assert is_own_page(headers)


@pytest.mark.parametrize("origin", ["http://[", "[", "http://[::1", "http://evil.test"])
def test_an_origin_that_is_no_url_is_foreign(origin: str) -> None:
    assert not is_local({**HERE, "origin": origin})


@pytest.mark.parametrize("after", ["²", "9" * 5000, "x", "1.5"])
def test_requests_are_listed_after_a_number(demo: Cloud, after: str) -> None:
    table = Table(demo.dynamodb, demo.table)
    views = Views(table, BucketObjects(demo.s3, demo.bucket), "local", "", Console(io.StringIO()))
    status, found = ask(ConsoleApp(views, is_own_page), "requests", after=after)
    assert status == 404
    assert found == {"error": "after is the number of a request"}


def test_another_port_of_this_machine_is_local_but_not_the_page_itself() -> None:
    headers = {**HERE, "origin": "http://localhost:5173"}
    assert is_local(headers)
    assert not is_own_page(headers)


@pytest.fixture
def server(app: ConsoleApp) -> Iterator[ConsoleServer]:
    with ConsoleServer(app, 0) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("accept", "status"), [("text/html", 200), (f"{DATA}", 200), ("image/png", 404)]
)
def test_the_server_of_a_stacks_page_answers_on_this_machine(
    server: ConsoleServer, accept: str, status: int
) -> None:
    request = urllib.request.Request(f"{server.url}?view=overview", headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == status
    except urllib.error.HTTPError as error:
        with error:
            assert error.code == status


def test_the_command_needs_to_know_where_files_are_served(
    demo: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["console", "--table", demo.table, "--bucket", demo.bucket]) == 1
    assert "give --url" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["65536", "-1", "http"])
def test_the_command_takes_a_port_that_exists(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["console", "--local", f"--port={port}"])
    assert "a port is a number from 0 to 65535" in capsys.readouterr().err


def test_a_browser_that_went_away_is_no_error_of_the_pages(
    server: ConsoleServer, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise BrokenPipeError
    except BrokenPipeError:
        server.handle_error(None, HERE)
    assert capsys.readouterr().err == ""

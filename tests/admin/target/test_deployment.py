"""Naming a deployment: by bucket and table, by its stack, or as the runner on this machine."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import NoCredentialsError

from admin.cli import main
from admin.target import deployment, local_runner
from admin.target.deployment import Deployment
from local.gateway import Answer, Request
from tests.admin.conftest import announce_runner, run
from tests.admin.shaped import Shaped
from tests.conftest import Cloud
from tests.serving import serving_origin

OUTPUTS = {
    "TableName": "acme-CatalogueTable",
    "BucketName": "acme-files",
    "Url": "https://files.test/api/files/",
}


def stacks(outputs: dict[str, str]) -> bytes:
    """CloudFormation's answer to DescribeStacks."""
    members = "".join(
        f"<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>"
        for name, value in outputs.items()
    )
    return (
        '<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
        "<DescribeStacksResult><Stacks><member><StackName>acme</StackName>"
        "<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus>"
        f"<Outputs>{members}</Outputs></member></Stacks></DescribeStacksResult>"
        "</DescribeStacksResponse>"
    ).encode()


def missing() -> bytes:
    return (
        b'<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>'
        b"<Type>Sender</Type><Code>ValidationError</Code>"
        b"<Message>Stack with id acme does not exist</Message></Error></ErrorResponse>"
    )


@pytest.fixture
def cloudformation(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Answer]]:
    """The answers that CloudFormation will give."""
    answers: list[Answer] = []

    def application(_: Request) -> Answer:
        answer = answers.pop(0)
        return Answer(answer.status, (("Content-Length", str(len(answer.body))),), answer.body)

    with serving_origin(application) as origin:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", origin)
        yield answers


def test_a_stack_is_found_by_its_name(cloudformation: list[Answer]) -> None:
    cloudformation.append(Answer(200, (), stacks(OUTPUTS)))
    found = deployment.of_stack("acme")
    assert (found.bucket, found.table) == ("acme-files", "acme-CatalogueTable")
    assert found.url == "https://files.test"


@pytest.mark.parametrize(
    ("output", "formats"),
    [
        ({"EdgeThumbFormats": "webp"}, ("webp",)),
        ({"EdgeThumbFormats": "none"}, ()),
        ({}, ("avif", "webp")),
    ],
    ids=["webp", "none", "a stack that does not tell"],
)
def test_a_stack_tells_the_formats_that_its_store_is_to_offer(
    cloudformation: list[Answer], output: dict[str, str], formats: tuple[str, ...]
) -> None:
    cloudformation.append(Answer(200, (), stacks(OUTPUTS | output)))
    assert deployment.of_stack("acme").edge().formats == formats


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, missing(), "there is no stack acme in the region eu-west-1"),
        (200, stacks({}), "the stack acme is none of PocketFiles: it has no output BucketName"),
    ],
)
def test_a_stack_that_is_none_of_ours_is_an_error(
    status: int,
    body: bytes,
    reason: str,
    cloudformation: list[Answer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    cloudformation.append(Answer(status, (), body))
    assert main(["check-rules", "--stack", "acme"]) == 1
    assert capsys.readouterr().err == f"error: {reason}\n"


def test_a_command_says_which_of_several_local_services_it_means(
    cloud: Cloud,
    shaped: Shaped,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    run(cloud, shaped.directory)
    announce_runner(cloud)
    assert main(["ls", "--local"]) == 0
    assert capsys.readouterr().err == ""
    found = local_runner.find(os.environ)
    os.utime(local_runner.write(replace(found, base="http://127.0.0.1:1"), os.environ), (1, 1))
    assert main(["ls", "--local"]) == 0
    said = f"2 local services run; this is the last started: {found.base}\n"
    assert capsys.readouterr().err == said


def test_commands_reach_the_runner_on_this_machine(
    cloud: Cloud,
    shaped: Shaped,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert main(["check-rules", "--local"]) == 1
    assert "no local service is running" in capsys.readouterr().err
    shaped.execute("UPDATE users SET tokenKey = tokenKey || tokenKey || tokenKey || tokenKey")
    run(cloud, shaped.directory)
    announce_runner(cloud)
    for name in ("AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name)
    assert main(["check-rules", "--local"]) == 0
    assert main(["token", "users", "ann", "--local"]) == 0
    assert main(["import", "--pb-data", str(shaped.directory), "--local"]) == 0
    assert "nothing to change" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "names"),
    [
        (["rm", "docs", "doc0"], "--bucket and --table"),
        (["rm", "docs", "doc0", "--table", "t"], "--bucket and --table"),
        (["token", "users", "ann"], "--table"),
    ],
)
def test_a_command_without_a_deployment_says_how_to_name_one(
    command: list[str], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command) == 1
    expected = f"error: name a deployment: --stack NAME, or --local, or {names}\n"
    assert capsys.readouterr().err == expected


def test_an_endpoint_that_does_not_answer_is_named(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    assert main(["check-rules", "--table", "t"]) == 1
    expected = f"nothing answers at the AWS endpoint http://127.0.0.1:{port}: Connection refused"
    assert capsys.readouterr().err == f"error: {expected}\n"


def test_the_region_is_that_of_aws_region(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    _, dynamodb = deployment.of_environment("", "t").clients()
    assert dynamodb.meta.region_name == "ap-south-1"
    assert main(["check-rules", "--table", "nowhere"]) == 1
    where = f"table nowhere, region ap-south-1, endpoint {endpoint}"
    assert capsys.readouterr().err == f"error: there is no table nowhere ({where})\n"


def test_a_missing_region_is_said_with_what_to_do(
    endpoint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    assert main(["check-rules", "--table", "t"]) == 1
    assert capsys.readouterr().err.startswith("error: no AWS region is set: set AWS_REGION")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "the AWS credentials have expired: log in again"),
        ("InvalidClientTokenId", "AWS does not accept the credentials: the reason"),
        ("AccessDenied", "AWS does not permit DescribeStacks: the reason"),
    ],
)
def test_an_error_of_aws_names_its_cause_and_where_it_was_asked(
    code: str,
    said: str,
    cloudformation: list[Answer],
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>the reason</Message></Error>"
    body = f"<ErrorResponse>{error}</ErrorResponse>".encode()
    cloudformation.append(Answer(403, (), body))
    assert main(["check-rules", "--stack", "acme"]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith(f"error: {said} (region eu-west-1, endpoint http://127.0.0.1:")


def test_an_endpoint_that_is_not_aws_is_named(
    cloudformation: list[Answer], capsys: pytest.CaptureFixture[str]
) -> None:
    cloudformation.append(Answer(404, (), b"<html>Not Found</html>"))
    assert main(["check-rules", "--stack", "acme"]) == 1
    assert "endpoint http://127.0.0.1:" in capsys.readouterr().err


PAGE = Answer(200, (("Content-Type", "text/html"), ("Content-Length", "6")), b"<html>")


@pytest.mark.parametrize("named", [("--stack", "acme"), ("--table", "t")])
def test_a_page_in_place_of_aws_is_told(
    named: tuple[str, str],
    endpoint: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving_origin(lambda _: PAGE) as origin:
        monkeypatch.setenv("AWS_ENDPOINT_URL", origin)
        assert main(["check-rules", *named]) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("error: what answers is not AWS: check AWS_ENDPOINT_URL")
    assert origin in printed


def test_an_endpoint_that_is_no_address_is_told(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "localhost:4566")
    assert main(["check-rules", "--table", "t"]) == 1
    assert capsys.readouterr().err.startswith("error: AWS_ENDPOINT_URL is localhost:4566, which")


def test_missing_credentials_are_said_with_what_was_asked_for() -> None:
    asked = Deployment(table="t", session={"region_name": "eu-west-1", "endpoint_url": "http://x"})
    said = deployment.in_words(NoCredentialsError(), asked)
    assert said.endswith("or log in (table t, region eu-west-1, endpoint http://x)")

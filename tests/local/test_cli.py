import pytest

from local.cli import main
from local.service import DEMO, Options
from pocketfiles import __version__


@pytest.mark.parametrize("port", ["-1", "65536", "http", "", "8o"])
def test_a_port_is_a_number(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--port={port}"])
    assert "a port is a number from 0 to 65535" in capsys.readouterr().err


def printed(option: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main([option])
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "option",
    [
        "--port N",
        "--host HOST",
        "--data PB_DATA_DIR",
        "--sam-env FILE",
        "--watch",
        "--login",
        "--json",
        "--cdn",
        "--parameter NAME=VALUE",
        "--version",
    ],
)
def test_help_explains_every_option(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    (_, explanation) = printed("--help", capsys).split(f"\n  {option}")
    assert explanation.split("\n  --")[0].strip()


@pytest.mark.parametrize("text", ["RedirectSeconds", "=60", ""])
def test_a_parameter_has_a_name_and_a_value(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--parameter={text}"])
    assert "a parameter is NAME=VALUE" in capsys.readouterr().err


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert printed("--version", capsys) == f"PocketFiles {__version__}\n"


@pytest.mark.parametrize(
    ("host", "is_for_others"),
    [
        ("127.0.0.1", False),
        ("127.0.0.9", False),
        ("localhost", False),
        ("::1", False),
        ("127.0.0.1.example.com", True),
        ("0.0.0.0", True),
        ("", True),
    ],
)
def test_a_service_that_others_may_reach_is_known(host: str, is_for_others: bool) -> None:
    assert Options(DEMO, host, 0).is_for_others is is_for_others

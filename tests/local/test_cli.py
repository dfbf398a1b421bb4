import pytest

from local.cli import main


@pytest.mark.parametrize("port", ["-1", "65536", "http", "", "8o"])
def test_a_port_is_a_number(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([f"--port={port}"])
    assert "a port is a number from 0 to 65535" in capsys.readouterr().err


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert all(
        option in printed
        for option in ("--port N", "--host HOST", "--data PB_DATA_DIR", "--sam-env FILE")
    )

import errno
import os
import tempfile

import pytest

from admin.wording import cannot_listen, os_error


@pytest.mark.parametrize(
    ("number", "name", "words"),
    [
        (errno.ENOENT, "a.json", "a.json: No such file or directory"),
        (errno.ENOSPC, None, "No space left on device"),
        (
            errno.ENOSPC,
            f"{tempfile.gettempdir()}/x",
            f"the temporary folder {tempfile.gettempdir()}/x cannot be written "
            "(No space left on device): set TMPDIR to another",
        ),
    ],
)
def test_an_error_of_the_system_is_said_without_its_number(
    number: int, name: str | None, words: str
) -> None:
    assert os_error(OSError(number, os.strerror(number), name)) == words


def test_another_port_is_proposed_where_that_helps() -> None:
    taken = OSError(errno.EADDRINUSE, "Address already in use")
    elsewhere = OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
    assert "--port 0" in cannot_listen("127.0.0.1", 80, taken)
    assert cannot_listen("192.0.2.1", 80, elsewhere) == (
        "cannot listen on 192.0.2.1 port 80: Cannot assign requested address"
    )

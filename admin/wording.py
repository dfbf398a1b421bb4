"""How texts are printed: numbers with their nouns, errors of the operating system, and nothing that
a terminal would obey.
"""

import errno
import tempfile


def counted(count: int, what: str) -> str:
    """A number with its noun in the right form: ``1 file``, ``2 files``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def printable(text: str) -> str:
    """Escape what is no printable character, such as newlines and a terminal's control sequences.

    Names of files and texts of records are their uploaders'. Printed as they are, they could forge
    a line or reprogram the terminal.
    """
    return "".join(map(_printable_letter, text))


def _printable_letter(letter: str) -> str:
    if letter.isprintable():
        return letter
    return letter.encode("unicode_escape", "replace").decode()


def os_error(error: OSError) -> str:
    """What the operating system refused, and what to do about a temporary folder."""
    name = str(error.filename or "")
    reason = error.strerror or str(error)
    if isinstance(error.errno, int) and name.startswith(tempfile.gettempdir()):
        return f"the temporary folder {name} cannot be written ({reason}): set TMPDIR to another"
    return f"{name}: {reason}" if name else reason


def cannot_listen(host: str, port: int, error: OSError) -> str:
    """That a port cannot be opened, and what helps if it is only this port."""
    is_this_port = error.errno in {errno.EADDRINUSE, errno.EACCES}
    hint = "; another port will do: --port 0 takes any free one" if is_this_port else ""
    return f"cannot listen on {host} port {port}: {error.strerror}{hint}"

"""How texts are printed: numbers with their nouns, and nothing that a terminal would obey."""


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

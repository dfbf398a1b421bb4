"""Numbers with their nouns."""


def counted(count: int, what: str) -> str:
    """A number with its noun in the right form: ``1 file``, ``2 files``."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"

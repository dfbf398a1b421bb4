"""What an administrator can be told when a command cannot be carried out."""


class AdminError(Exception):
    """A failure with one clear line for the terminal; the command ends with exit code 1."""


class Declined(AdminError):
    """The user was asked and did not agree; nothing is changed."""


class SourceError(AdminError):
    """The data directory cannot be read: it is missing, not PocketBase's, locked or damaged."""


class SourceBusy(SourceError):
    """The database was locked, or changed while it was read; reading it again may succeed."""


class TargetError(AdminError):
    """AWS refused or did not answer."""


class EdgeError(TargetError):
    """CloudFront refused or did not answer. ``is_passing``: trying again may help."""

    def __init__(self, message: str, *, is_passing: bool = False) -> None:
        super().__init__(message)
        self.is_passing = is_passing


class MassDeletion(AdminError):
    """A sync would delete so much that the data directory is probably the wrong one."""


class WrongSource(MassDeletion):
    """The data directory is not the one that the table was filled from."""


class LeaseHeld(TargetError):
    """Another sync writes to the table."""


class LeaseLost(TargetError):
    """Another sync has taken over the table; nothing more is written."""

"""What an administrator can be told when a command cannot be carried out."""


class AdminError(Exception):
    """A failure with one clear line for the terminal; the command ends with exit code 1."""


class SourceError(AdminError):
    """The data directory cannot be read as it is: not there, not PocketBase's, locked, damaged."""


class SourceBusy(SourceError):
    """The database changed or was locked while it was read; reading it again may succeed."""


class TargetError(AdminError):
    """The bucket or the table refused or did not answer."""


class MassDeletion(AdminError):
    """A sync would delete so much that a wrong or empty data directory is likelier than intent."""

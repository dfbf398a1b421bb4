"""A log that writes only a share of the lines about successful requests.

CloudWatch charges by the byte. Metrics count every request, and refusals, failures, failed thumbs
and openings of protected files are always logged.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from pocketfiles.config import ConfigError, Settings
from pocketfiles.handle import OPENED, Log

ALL_PERCENT = 100


class SampledLog:
    """Passes on to ``log`` what must be logged, and ``percent`` of the rest at random.

    ``draw`` returns a number from 0 to less than 1.
    """

    def __init__(self, log: Log, percent: int, draw: Callable[[], float]) -> None:
        self._log = log
        self._percent = percent
        self._draw = draw

    def info(self, msg: object, /, *, extra: Mapping[str, object]) -> None:
        """Log an expected outcome, or leave it out."""
        is_audit = msg == OPENED
        is_drawn = self._draw() * ALL_PERCENT < self._percent
        if is_audit or has_reason(extra) or is_drawn:
            self._log.info(msg, extra=extra)

    def exception(self, msg: object, /) -> None:
        """Log a bug, with its stack trace."""
        self._log.exception(msg)


def by_settings(log: Log, env: Mapping[str, str], draw: Callable[[], float]) -> Log:
    """The log that leaves out as many lines as ``LOG_PERCENT`` says.

    ``log`` itself where the settings are wrong: then every request fails, and its line says why.
    """
    try:
        settings = Settings.from_env(env, files=False)
    except ConfigError:
        return log
    return SampledLog(log, settings.log_percent, draw)


def has_reason(line: Mapping[str, object]) -> bool:
    """Whether a line is about a refusal, a failure, a failed thumb or an audit line that failed."""
    status = line.get("status")
    is_refusal = isinstance(status, int) and status >= HTTPStatus.BAD_REQUEST
    return is_refusal or "reason" in line or "audit_failed" in line

"""``Cache-Control``: who may cache a response, and for how long."""

from dataclasses import dataclass

PUBLIC_SECONDS = 2_592_000
"""30 days, PocketBase's lifetime of every file."""

BY_NAME_SECONDS = 60
"""How long a CDN may keep what was asked for by a collection's name: its copies are invalidated by
the id alone."""

NO_STORE = "no-store"


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How a file may be cached.

    ``private``: the file is protected, so no shared cache may keep it. ``seconds_left``: remaining
    lifetime of the token that opened it; ``None`` without a token. ``is_fallback``: the original is
    sent in place of a thumb that failed. ``is_by_name``: a CDN that is to know collections by their
    ids asked by a name.
    """

    private: bool = False
    seconds_left: float | None = None
    is_fallback: bool = False
    is_by_name: bool = False

    def cache_control(self) -> str:
        """The header for the file itself.

        * A fallback is never stored, so that a later attempt at the thumb is seen.
        * A protected file is cached by the client alone, until its token expires. Without a token
          the client must revalidate every time, because the view rule may change.
        * Any other file is cached for PocketBase's 30 days; by a CDN that asks by name, shortly.
        """
        if self.is_fallback:
            return f"private, {NO_STORE}" if self.private else NO_STORE
        if not self.private and self.is_by_name:
            return f"max-age={PUBLIC_SECONDS}, s-maxage={BY_NAME_SECONDS}"
        if not self.private:
            return f"max-age={PUBLIC_SECONDS}, stale-while-revalidate=86400"
        if self.seconds_left is None:
            return "private, no-cache"
        return f"private, max-age={max(0, min(int(self.seconds_left), PUBLIC_SECONDS))}"

    def redirect_cache_control(self, url_seconds: int) -> str:
        """The header for a redirect to a URL that expires after ``url_seconds``.

        The redirect is cached for half the URL's lifetime, so a cached redirect never points to an
        expired URL.
        """
        if self.private or self.is_fallback:
            return f"private, {NO_STORE}"
        seconds = url_seconds // 2
        return f"public, max-age={min(seconds, BY_NAME_SECONDS) if self.is_by_name else seconds}"

    def redirect_seconds(self, longest: int) -> int:
        """Lifetime of the redirect's URL: ``longest``, but not beyond the token's."""
        if self.seconds_left is None:
            return longest
        return max(1, min(longest, int(self.seconds_left)))

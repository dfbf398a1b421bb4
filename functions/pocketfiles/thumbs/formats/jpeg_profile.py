"""The ICC profile of a JPEG, which lies in pieces in APP2 segments (ICC.1:2022 §B.4)."""

from pocketfiles.thumbs.formats.header import MAX_PROFILE

_PREFIX = b"ICC_PROFILE\0"
_NUMBER = len(_PREFIX)
_COUNT = _NUMBER + 1
_HEADER_LENGTH = _COUNT + 1


class ProfilePieces:
    """The pieces found so far. Like Chromium: what follows a whole profile is ignored, and pieces
    that contradict each other are no profile."""

    def __init__(self) -> None:
        self._pieces: dict[int, bytes] = {}
        self._count = 0
        self._is_broken = False

    def add(self, contents: bytes) -> None:
        """Note the contents of an APP2 segment, if it is a piece of a profile."""
        is_piece = contents.startswith(_PREFIX) and len(contents) >= _HEADER_LENGTH
        if not is_piece or self._is_whole:
            return
        number = contents[_NUMBER]
        count = contents[_COUNT]
        self._count = self._count or count
        is_new = number not in self._pieces
        is_possible = is_new and count == self._count and 1 <= number <= count
        self._is_broken = self._is_broken or not is_possible
        self._pieces[number] = contents[_HEADER_LENGTH:]

    def joined(self) -> bytes:
        """The profile; empty if there is none, it is not whole, or longer than MAX_PROFILE."""
        if self._is_broken or not self._is_whole:
            return b""
        numbers = range(1, self._count + 1)
        profile = b"".join(self._pieces[number] for number in numbers)
        return profile if len(profile) <= MAX_PROFILE else b""

    @property
    def _is_whole(self) -> bool:
        return 0 < self._count <= len(self._pieces) and not self._is_broken

import pytest

from pocketfiles.thumbs.libvips import Decoder as Libvips
from pocketfiles.thumbs.libwebp import Decoder as Libwebp
from pocketfiles.thumbs.shared_library import opened


@pytest.mark.parametrize("package", ["no_such_package", "_struct"])
@pytest.mark.parametrize("decoder", [Libvips, Libwebp])
def test_without_its_library_there_is_no_decoder(decoder: type[object], package: str) -> None:
    assert opened(package, decoder) is None


def test_a_library_is_opened_by_its_path() -> None:
    path = opened("_struct", str)
    assert path
    assert "_struct" in path

"""Photographs for the benchmark of formats, out of two packages of npm whose licence is MIT.

They are downloaded once, by npm, into a folder that Git ignores.
"""

import subprocess
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "photographs"
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}

PACKAGES = {
    "material-kit@2.0.4": ("bg2", "bg3", "bg7", "city-profile", "profile_city"),
    "soft-ui-design-system@1.0.4": (
        "annie-spratt",
        "blog7-1",
        "blog7-2",
        "blog7-3",
        "brooke",
        "card-2",
        "card-3",
        "charles",
        "ivana",
        "ivancik",
        "jordan",
        "kal-visuals",
        "meeting",
        "nastuh",
        "office-dark",
        "toa-heftiba",
    ),
}
"""Names of JPEGs in ``assets/img``: photographs of 1 to 4 megapixels, each of another scene."""


def photographs(folder: Path | None = None) -> list[Path]:
    """The pictures in ``folder``, or else those of the packages, which are downloaded if they are
    missing."""
    if folder is not None:
        return sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    for package, names in PACKAGES.items():
        if not all((FOLDER / f"{name}.jpg").exists() for name in names):
            _download(package, names)
    return sorted(FOLDER.glob("*.jpg"))


def _download(package: str, names: tuple[str, ...]) -> None:
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        command = ["npm", "pack", "--silent", "--pack-destination", temporary, package]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        [archive] = Path(temporary).glob("*.tgz")
        with tarfile.open(archive) as files:
            for name in names:
                member = files.extractfile(f"package/assets/img/{name}.jpg")
                if member is None:
                    raise FileNotFoundError(f"{name}.jpg is not in {package}")
                (FOLDER / f"{name}.jpg").write_bytes(member.read())

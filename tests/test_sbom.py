"""The bill of materials names what the layers contain."""

from pathlib import Path

import pytest

from deploy import sbom


@pytest.fixture
def build(tmp_path: Path) -> Path:
    dependencies = tmp_path / "DependenciesLayer" / "python" / "PyJWT-2.15.1.dist-info"
    pillow = tmp_path / "PillowLayer" / "python"
    dependencies.mkdir(parents=True)
    (dependencies / "METADATA").write_text(
        "Metadata-Version: 2.4\nName: PyJWT\nVersion: 2.15.1\nLicense-Expression: MIT\n\nText\n"
    )
    (pillow / "pillow.libs").mkdir(parents=True)
    (pillow / "pillow.libs" / "libjpeg-9f8e7d6c.so.62.4.0").write_text("")
    return tmp_path


def test_packages_and_the_libraries_in_them_are_listed(build: Path) -> None:
    document = sbom.document(build)
    assert document["bomFormat"] == "CycloneDX"
    assert document["components"] == [
        {
            "type": "library",
            "name": "PyJWT",
            "version": "2.15.1",
            "purl": "pkg:pypi/pyjwt@2.15.1",
            "licenses": [{"license": {"name": "MIT"}}],
        },
        {"type": "library", "name": "libjpeg"},
    ]


def test_a_layer_that_is_not_built_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="make build"):
        sbom.document(tmp_path)

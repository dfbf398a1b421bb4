"""The software bill of materials of built layers, as CycloneDX 1.5.

    python -m deploy.sbom [BUILD_FOLDER] > sbom.json

Lists the Python packages in the layers, with version and licence, as their own metadata says.
Libraries that a wheel contains, such as libvips or libjpeg, are named by their files.
"""

import json
import re
import sys
from collections.abc import Iterator
from email.parser import Parser
from pathlib import Path
from typing import Any

from deploy.samconfig import ROOT

LAYERS = ("DependenciesLayer", "PillowLayer")
LIBRARY = re.compile(r"(lib[A-Za-z0-9_+-]+?)(?:-[0-9a-f]{8})?\.so")


def packages(layer: Path) -> Iterator[dict[str, Any]]:
    """The Python packages of a layer."""
    for path in sorted(layer.rglob("*.dist-info/METADATA")):
        metadata = Parser().parsestr(path.read_text(errors="replace"), headersonly=True)
        name, version = metadata["Name"], metadata["Version"]
        licence = metadata["License-Expression"] or metadata["License"] or ""
        component = {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:pypi/{name.lower()}@{version}",
        }
        if licence:
            component["licenses"] = [{"license": {"name": licence.splitlines()[0]}}]
        yield component


def libraries(layer: Path) -> Iterator[dict[str, Any]]:
    """The shared libraries that the layer's wheels contain."""
    names = {
        found[1] for path in layer.rglob("*.libs/*.so*") if (found := LIBRARY.match(path.name))
    }
    for name in sorted(names):
        yield {"type": "library", "name": name}


def document(build: Path) -> dict[str, Any]:
    """The bill of all layers in a build folder. Raises ``FileNotFoundError``."""
    components = []
    for name in LAYERS:
        layer = build / name
        if not layer.is_dir():
            raise FileNotFoundError(f"{layer} is not built: run `make build`")
        components += [*packages(layer), *libraries(layer)]
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


def main() -> None:
    """Print the bill of the build folder that the command line names."""
    build = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".aws-sam" / "build"
    try:
        print(json.dumps(document(build), indent=1))
    except FileNotFoundError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()

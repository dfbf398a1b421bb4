"""Measurements, side by side in one run. ``python -m benchmarks`` runs all of them; each also runs
alone. Figures go to ``results/``.

``coldstart``      importing the files function, against boto3 alone
``warm``           our own time for a request, without AWS
``throughput``     requests per second of the local server
``thumbs``         thumbs against sharp, pyvips and plain Pillow
``thumbs_python``  the Python side of ``thumbs``, in a process of its own
``formats``        thumbs as AVIF and WebP: bytes, SSIMULACRA2 and time
``photographs``    the photographs of ``formats``
``corpus``         a folder of pictures: outcome, time, memory and likeness to Chromium
``damage``         small pictures and damaged copies of them, for ``corpus``
``hostile``        pictures made to hurt: time beside three JPEGs, and memory
``drawings``       the drawings of ``thumbs`` and ``formats``
``browser``        what Chromium and Firefox show of pictures
``rules``          view rules, against the same query in plain SQLite
``sync``           the importer and the sync
``cost``           what requests and a month cost
``cost_example``   AWS's own example for its image service, beside ``cost``
``prices``         list prices, for ``cost``
``load``           a deployed stack under a steady load
"""

import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent / "functions")
)  # where Lambda has it too

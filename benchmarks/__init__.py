"""Measurements, side by side in one run: ``python -m benchmarks`` runs them all, each also stands alone.

``coldstart`` (against boto3 alone), ``warm`` (our own time per request), ``throughput`` (the local server),
``thumbs`` (against sharp, pyvips and plain Pillow), ``sync`` (the importer). Figures go to ``results/``.
"""

import sys
from pathlib import Path

sys.path.insert(
    0, str(Path(__file__).resolve().parent.parent / "functions")
)  # where Lambda has it too

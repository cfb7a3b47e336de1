"""Percentiles of many values: by an HdrHistogram if `scripts/setup.sh bench` has installed it, else of the sorted values."""
from __future__ import annotations

import sys

from processes import BUILD

sys.path.append(str(BUILD / "bench-python"))
try:
    from hdrh.histogram import HdrHistogram
except ImportError:
    HdrHistogram = None


def percentiles(values: list[int], shares: tuple[float, ...]) -> list[int]:
    """The last share may be 100: the greatest. Values from 1 to 1,000,000,000, to three digits."""
    if HdrHistogram is None:
        inorder = sorted(values)
        return [inorder[min(int(len(inorder) * share / 100), len(inorder) - 1)] for share in shares]
    histogram = HdrHistogram(1, 1_000_000_000, 3)
    for value in values:
        histogram.record_value(max(1, value))
    return [histogram.get_value_at_percentile(share) for share in shares]

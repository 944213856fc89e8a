"""Say how sure a measured share is.

>>> wilson(70, 100)
(0.604..., 0.781...)
"""

import math

Z = 1.959964
"""Quantile of the normal distribution for 95 % two-sided confidence."""


def wilson(correct: float, n: int, z: float = Z) -> tuple[float, float]:
    """Return the Wilson score interval of a share; (0, 1) for n = 0. Source: Wilson 1927, JASA 22:209-212."""
    if n == 0:
        return 0.0, 1.0
    share, spread = correct / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * math.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)

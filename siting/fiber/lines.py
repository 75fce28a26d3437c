"""Line systems: what lights a route, and how many fiber pairs a bandwidth takes."""

from __future__ import annotations

import math


def amplifier_sites(km: float, *, every_km: float) -> int:
    """Sites between the ends of a route where its light is amplified.

    Parameters
    ----------
    km
        Length of the route [km].
    every_km
        Longest fiber between two amplifiers, or an amplifier and an end [km].

    Examples
    --------
    >>> [amplifier_sites(km, every_km=80.0) for km in (0.0, 80.0, 80.1, 500.0)]
    [0, 0, 1, 6]
    """
    # A length that is a whole multiple but for rounding needs no site more.
    return max(0, math.ceil(km / every_km - 1e-9) - 1)


def pairs_needed(bandwidth_tbps: float, *, pair_tbps: float) -> int:
    """Fiber pairs that carry a bandwidth [Tbit/s], each with a capacity [Tbit/s].

    >>> [pairs_needed(tbps, pair_tbps=121.6) for tbps in (1000.0, 5000.0, 6000.0)]
    [9, 42, 50]
    """
    return math.ceil(bandwidth_tbps / pair_tbps - 1e-9)

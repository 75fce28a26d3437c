"""Tiers: what kind of optics and of training a route of some length allows."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Tier:
    """One tier.

    Parameters
    ----------
    name
        Its name in every output.
    max_km
        Its longest route, that length included [km].
    meaning
        What a route of this tier is, for readers.
    """

    name: str
    max_km: float
    meaning: str


TIERS = (
    Tier("ethernet", 40.0, "unamplified Ethernet optics: the campuses train as one site"),
    Tier("zr", 80.0, "one amplified span of pluggable coherent optics (400ZR)"),
    Tier("long_haul", 500.0, "amplified line systems: synchronous training over a region"),
    Tier("async", math.inf, "too long to wait for: asynchronous or rarely synchronised training"),
)
"""All tiers, shortest first."""


def tier_of(km: float) -> str:
    """Name of the tier of a route [km].

    >>> tier_of(40.0), tier_of(40.1), tier_of(900.0)
    ('ethernet', 'zr', 'async')
    """
    if not km >= 0:
        raise ValueError(f"a route is {km} km long, but a length is 0 km or more")
    return next(tier.name for tier in TIERS if km <= tier.max_km)

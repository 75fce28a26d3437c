"""Lengths and areas on the sphere, from WGS 84 degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from siting.units import EARTH_RADIUS_KM

FloatArray = NDArray[np.float64]


def great_circle_km(
    lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike
) -> FloatArray:
    """Great-circle distance [km] between points in degrees, element by element (haversine).

    >>> great_circle_km(0.0, 0.0, 0.0, 90.0).round(3).item()
    10007.557
    """
    lambda1, phi1, lambda2, phi2 = np.radians(
        [np.asarray(x, np.float64) for x in np.broadcast_arrays(lon1, lat1, lon2, lat2)]
    )
    half_chord_squared = (
        np.sin((phi2 - phi1) / 2) ** 2
        + np.cos(phi1) * np.cos(phi2) * np.sin((lambda2 - lambda1) / 2) ** 2
    )
    # Rounding can lift antipodes above 1, where arcsin ends.
    angle = 2 * np.arcsin(np.sqrt(np.minimum(half_chord_squared, 1.0)))
    return np.asarray(EARTH_RADIUS_KM * angle, np.float64)


def equal_area_km(degrees: FloatArray) -> FloatArray:
    """Project ``(n, 2)`` positions [degrees] to the cylinder on which areas are true [km]."""
    lon, lat = np.radians(degrees).T
    return EARTH_RADIUS_KM * np.column_stack((lon, np.sin(lat)))


def on_sphere_km(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """``(n, 3)`` positions in space [km], whose straight distances are chords."""
    lam, phi = np.radians(lon), np.radians(lat)
    unit = np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))
    return EARTH_RADIUS_KM * unit

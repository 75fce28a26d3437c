"""Lengths and areas on the sphere, from WGS 84 degrees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siting.units import EARTH_RADIUS_KM

FloatArray = NDArray[np.float64]


def great_circle_km(
    lon_1: FloatArray, lat_1: FloatArray, lon_2: FloatArray, lat_2: FloatArray
) -> FloatArray:
    """Great-circle distance [km] between positions [degrees]; arrays of one shape.

    Source: the haversine formula, which stays exact for short distances.
    """
    phi_1, phi_2 = np.radians(lat_1), np.radians(lat_2)
    half_phi, half_lambda = (phi_2 - phi_1) / 2, np.radians(lon_2 - lon_1) / 2
    haversine = np.sin(half_phi) ** 2 + np.cos(phi_1) * np.cos(phi_2) * np.sin(half_lambda) ** 2
    km: FloatArray = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(haversine, 0, 1)))
    return km


def equal_area_km(degrees: FloatArray) -> FloatArray:
    """Project ``(n, 2)`` positions [degrees] to the cylinder on which areas are true [km]."""
    lon, lat = np.radians(degrees).T
    return EARTH_RADIUS_KM * np.column_stack((lon, np.sin(lat)))


def on_sphere_km(lon: FloatArray, lat: FloatArray) -> FloatArray:
    """``(n, 3)`` positions in space [km], whose straight distances are chords."""
    lam, phi = np.radians(lon), np.radians(lat)
    unit = np.column_stack((np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)))
    return EARTH_RADIUS_KM * unit

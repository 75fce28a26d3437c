"""How far places are from outlines, and which is nearest, on the sphere."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.sphere import FloatArray, on_sphere_km
from siting.units import EARTH_RADIUS_KM

IntArray = NDArray[np.int64]
ObjectArray = NDArray[np.object_]

PIECE_KM = 2.0
"""Outlines are measured in pieces of at most this length [km].

As a straight chord such a piece leaves its great circle, and its straight line in degrees, by
less than half a metre up to 80 degrees of latitude.
"""

_KM_PER_DEGREE = 111.195


class Outlines:
    """Outlines of polygons, to find which is nearest to a place and how far it is.

    Parameters
    ----------
    shapes
        Polygons in degrees. Where two are equally near, the first is nearest.
    """

    def __init__(self, shapes: ObjectArray) -> None:
        from scipy.spatial import KDTree

        there = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
        rings = shapely.boundary(shapes[there])
        lines, owner = shapely.get_parts(rings, return_index=True)
        lines, inner = shapely.get_parts(lines, return_index=True)
        places, line = shapely.get_coordinates(lines, return_index=True)
        edge = np.flatnonzero(line[:-1] == line[1:])
        start, end = places[edge], places[edge + 1]
        cuts = np.maximum(1, np.ceil(_longest_km(start, end) / PIECE_KM)).astype(np.int64)
        number = np.repeat(np.arange(len(edge)), cuts)
        step = np.arange(len(number)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
        way = (end - start)[number] / cuts[number, None]
        first = start[number] + way * step[:, None]
        self._start = on_sphere_km(*first.T)
        self._end = on_sphere_km(*(first + way).T)
        self._owner = there[owner[inner[line[edge]]]][number]
        self._tree = KDTree((self._start + self._end) / 2) if len(number) else None

    def nearest(self, lon: FloatArray, lat: FloatArray) -> tuple[IntArray, FloatArray]:
        """For each place the position of the polygon with the nearest outline, and how far [km].

        -1 and infinity where there is no outline at all.
        """
        count = len(lon)
        nearest, km = np.full(count, -1, np.int64), np.full(count, np.inf)
        if self._tree is None or not count:
            return nearest, km
        places = on_sphere_km(lon, lat)
        # No piece whose middle is further than the nearest middle by a piece can be nearer.
        middle_km, _ = self._tree.query(places)
        around = self._tree.query_ball_point(places, middle_km + PIECE_KM)
        counts = np.array([len(pieces) for pieces in around])
        place = np.repeat(np.arange(count), counts)
        piece = np.concatenate([np.asarray(pieces, np.int64) for pieces in around])
        chord_km = _to_segment_km(places[place], self._start[piece], self._end[piece])
        # Common borders are equally far but for rounding: a tenth of a millimetre decides nothing.
        order = np.lexsort((self._owner[piece], np.round(chord_km, 7), place))
        first = order[np.searchsorted(place[order], np.arange(count))]
        nearest = self._owner[piece[first]]
        km = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord_km[first] / 2 / EARTH_RADIUS_KM, 1))
        return nearest, km


def apart_km(lon: FloatArray, lat: FloatArray, shapes: ObjectArray) -> FloatArray:
    """How far each place is from its own polygon [km]; 0 inside, infinite where there is none."""
    km = np.full(len(lon), np.inf)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    km[there] = 0.0
    outside = np.flatnonzero(there & ~shapely.intersects_xy(shapes, lon, lat))
    different: dict[int, list[int]] = {}
    for k in outside.tolist():
        different.setdefault(id(shapes[k]), []).append(k)
    for rows in different.values():
        km[rows] = Outlines(shapes[rows[:1]]).nearest(lon[rows], lat[rows])[1]
    return km


def _longest_km(start: FloatArray, end: FloatArray) -> FloatArray:
    """No less than the length of edges [km]: as if they were at the equator."""
    lengths: FloatArray = _KM_PER_DEGREE * np.hypot(*(end - start).T)
    return lengths


def _to_segment_km(place: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Straight distances [km] from places to segments, in space."""
    way = end - start
    length = (way**2).sum(axis=1)
    along = ((place - start) * way).sum(axis=1) / np.where(length > 0, length, 1.0)
    at = start + np.clip(along, 0.0, 1.0)[:, None] * way
    apart: FloatArray = np.sqrt(((place - at) ** 2).sum(axis=1))
    return apart

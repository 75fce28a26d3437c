"""Longitudes beyond 180 degrees: taken around, and polygons cut there (RFC 7946, 3.1.9)."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.sphere import FloatArray

ObjectArray = NDArray[np.object_]


def turn_positions(shapes: ObjectArray) -> ObjectArray:
    """Points and lines with their longitudes from -180 to 180 degrees.

    A line stays in one part: each of its steps is the short way round.
    """
    turned: ObjectArray = shapely.transform(shapes, _within_180)
    return turned


def _within_180(places: FloatArray) -> FloatArray:
    lon, lat = places.T
    # What lies there already keeps its last bit, and its vertices in common with others.
    return np.column_stack((np.where(np.abs(lon) > 180, (lon + 180) % 360 - 180, lon), lat))


def cut_polygons(shapes: ObjectArray) -> ObjectArray:
    """Polygons from -360 to 360 degrees, cut at 180 and -180, with all parts between them."""
    parts = []
    for turn in (-360.0, 0.0, 360.0):
        inside = shapely.intersection(shapes, shapely.box(turn - 180, -90, turn + 180, 90))
        parts.append(shapely.transform(inside, lambda places, by=turn: places - [by, 0.0]))  # type: ignore[misc]
    cut: ObjectArray = np.empty(len(shapes), dtype=object)
    for k, pieces in enumerate(zip(*parts, strict=True)):
        polygons = [
            polygon
            for piece in pieces
            for polygon in shapely.get_parts(piece)
            if polygon.geom_type == "Polygon" and not polygon.is_empty
        ]
        cut[k] = polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)
    return cut


def doubles_back(shapes: ObjectArray) -> NDArray[np.bool_]:
    """Whether polygons have an edge of more than 180 degrees of longitude.

    Such an edge is drawn from one side of the map to the other, where the short way across 180
    degrees was meant. An edge from -180 to 180 is the frame of the map.
    """
    west, _, east, _ = shapely.bounds(shapes).T
    found = np.zeros(len(shapes), dtype=bool)
    wide = np.flatnonzero(east - west > 180)
    parts, shape_of = shapely.get_parts(shapes[wide], return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    places, ring = shapely.get_coordinates(rings, return_index=True)
    way = np.abs(np.diff(places[:, 0]))
    long = (ring[:-1] == ring[1:]) & (way > 180) & (way < 360)
    found[wide[shape_of[part_of[ring[:-1][long]]]]] = True
    return found

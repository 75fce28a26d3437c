"""Outlines of the states, for maps."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely import MultiPolygon, Polygon

from us_world.geometry import canonical
from us_world.packages import Archives

TOLERANCE_DEG = 0.05
NOT_SHOWN = {"02", "15", "60", "66", "69", "72", "78"}
"""FIPS codes of Alaska, Hawaii and the territories, which have no zone."""


def build_states(archives: Archives) -> gpd.GeoDataFrame:
    """The 48 states with zones and the District of Columbia: ``fips``, ``name``, outline."""
    topology = json.load(archives.open("us-atlas", "states-10m.json"))
    arcs = read_arcs(topology)
    rows = [
        {"fips": row["id"], "name": row["properties"]["name"], "geometry": _shape(row, arcs)}
        for row in topology["objects"]["states"]["geometries"]
        if row["id"] not in NOT_SHOWN
    ]
    states = gpd.GeoDataFrame(rows, crs=4326).sort_values("fips", ignore_index=True)
    simple = shapely.coverage_simplify(states.geometry.to_numpy(), TOLERANCE_DEG)
    simple = [_without_specks(shape) for shape in simple]
    return states.set_geometry(gpd.GeoSeries(canonical(np.array(simple)), crs=4326))


def read_arcs(topology: dict[str, Any]) -> list[np.ndarray[Any, Any]]:
    """Arcs of a TopoJSON file: differences on its grid, as coordinates with 4 decimals."""
    scale, shift = (np.array(topology["transform"][k]) for k in ("scale", "translate"))
    return [np.round(np.cumsum(arc, axis=0) * scale + shift, 4) for arc in topology["arcs"]]


def _ring(indices: list[int], arcs: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    # A negative index ~n is arc n backwards; arcs of a ring share their end points.
    parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in indices]
    return np.vstack([parts[0], *(part[1:] for part in parts[1:])])


def _shape(row: dict[str, Any], arcs: list[np.ndarray[Any, Any]]) -> MultiPolygon:
    groups = row["arcs"] if row["type"] == "MultiPolygon" else [row["arcs"]]
    rings = [[_ring(indices, arcs) for indices in group] for group in groups]
    return MultiPolygon([Polygon(ring[0], ring[1:]) for ring in rings if len(ring[0]) > 3])


def _without_specks(shape: MultiPolygon | Polygon) -> MultiPolygon | Polygon:
    """Drop islands that no map of the country shows, under 0.01 square degrees (100 km2)."""
    parts = list(shapely.get_parts(shape))
    large = [p for p in parts if p.area >= 0.01] or [max(parts, key=lambda p: p.area)]
    return MultiPolygon(large) if len(large) > 1 else large[0]

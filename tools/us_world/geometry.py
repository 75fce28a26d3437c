"""Distances on the sphere and a clean tiling of polygons."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from shapely import MultiPolygon, Polygon

EARTH_KM = 6371.0088
"""Mean radius of the earth [km]."""

GRID_DEG = 1e-4
"""Coordinates of polygons are multiples of this [degrees], about 10 m."""

GRID_DECIMALS = 4

Floats = npt.NDArray[np.float64]


def great_circle_km(lon1: Floats, lat1: Floats, lon2: Floats, lat2: Floats) -> Floats:
    """Length of the great circle between points [km], by the haversine formula.

    Parameters
    ----------
    lon1, lat1, lon2, lat2
        WGS 84 [degrees]; arrays that broadcast.
    """
    lon1, lat1, lon2, lat2 = (np.radians(v) for v in (lon1, lat1, lon2, lat2))
    half = np.sin((lat2 - lat1) / 2) ** 2
    half = half + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(half)), dtype=np.float64)


def tile(shapes: Mapping[str, Polygon | MultiPolygon], tolerance_deg: float) -> gpd.GeoSeries:
    """Turn polygons that nearly tile an area into ones that do.

    All borders are noded together on a grid, the faces between them are given to the shape that
    holds them, and faces that no shape holds (bays that the source cuts out) go to the neighbour
    with the longest common border. ``coverage_simplify`` then drops vertices of common borders
    together; it moves none, so that coordinates stay on the grid.

    Parameters
    ----------
    shapes
        Polygons by id, WGS 84.
    tolerance_deg
        Of the simplification [degrees].
    """
    ids = list(shapes)
    whole = [shapely.make_valid(shapes[i]) for i in ids]
    rings = shapely.union_all([shapely.boundary(s) for s in whole], grid_size=GRID_DEG)
    faces = list(shapely.get_parts(shapely.polygonize([rings])))
    owner: list[int | None] = []
    for face in faces:
        inside = face.representative_point()
        owner.append(next((n for n, s in enumerate(whole) if s.contains(inside)), None))
    for n, face in enumerate(faces):
        if owner[n] is None:
            shared: dict[int, float] = {}
            for m, other in enumerate(faces):
                who = owner[m]
                if who is not None and face.touches(other):
                    length = face.intersection(other).length
                    shared[who] = shared.get(who, 0.0) + length
            owner[n] = max(shared, key=lambda who: (shared[who], -who))
    parts: list[list[Polygon]] = [[] for _ in ids]
    for face, who in zip(faces, owner, strict=True):
        assert who is not None
        parts[who].append(face)
    pieces = np.array([shapely.coverage_union_all(p) for p in parts])
    simple = shapely.coverage_simplify(pieces, tolerance_deg)
    # The grid's multiples as the files will hold them, so that both place points alike.
    simple = shapely.transform(simple, lambda xy: np.round(xy, GRID_DECIMALS))
    return gpd.GeoSeries(canonical(simple), index=ids, crs=4326)


def union(shapes: npt.NDArray[np.object_]) -> Polygon | MultiPolygon:
    """Union of shapes of one tiling, along their common borders."""
    whole = np.array([shapely.coverage_union_all(shapes)])
    fixed: Polygon | MultiPolygon = canonical(whole)[0]
    return fixed


def canonical(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Fix start points and order of rings, so that files can be compared byte for byte.

    Exterior rings run counter-clockwise, as RFC 7946 asks.
    """
    return np.asarray(shapely.orient_polygons(shapely.normalize(shapes)))


def locate(points: pd.DataFrame, shapes: gpd.GeoSeries) -> tuple[pd.Series, pd.Series]:
    """Find the shape that holds each point, or else the nearest one.

    Parameters
    ----------
    points
        With columns ``lon`` and ``lat``, WGS 84 [degrees].
    shapes
        A tiling by id. A point on a common border belongs to the first.

    Returns
    -------
    tuple of Series
        Id of the shape, and distance to it [km], 0 inside and at least 0.001 outside.
    """
    where = gpd.GeoSeries(gpd.points_from_xy(points["lon"], points["lat"]), points.index, crs=4326)
    found = pd.Series(index=points.index, dtype=object)
    km = pd.Series(0.0, index=points.index)
    tree = shapely.STRtree(shapes.to_numpy())
    n, m = tree.query(where.to_numpy(), predicate="intersects")
    hits = pd.Series(m).groupby(n).min()
    found.iloc[hits.index] = shapes.index[hits.to_numpy()]
    outside = found.isna()
    if outside.any():
        # Distances are compared in an equal-area projection of the lower 48.
        flat = shapes.to_crs(5070)
        gap = where[outside].to_crs(5070).apply(flat.distance)
        found[outside] = gap.idxmin(axis=1)
        # A long border bends when projected: a point just outside may touch it there.
        km[outside] = (gap.min(axis=1) / 1000).clip(lower=0.001)
    return found, km

"""From any coordinate system to WGS 84 degrees, with edges that stay where they were drawn.

A straight edge of a projection is another line in degrees: the middle of an edge of 800 km in
EPSG:5070 moves by 9 km if its ends alone are transformed. Edges are cut before, so finely that no
piece moves by more than a metre. The cut of an edge depends on its two ends only, whichever comes
first, so what two zones share they share afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import ProjError

from siting.sphere import FloatArray

WGS84 = "EPSG:4326"

BEND_M = 1.0
"""So far may a piece of an edge lie from where it was drawn [m]."""

MOST_HALVINGS = 14
"""An edge is cut into at most 2 ** 14 pieces: where a system tears, no number is enough."""

SHORT_M = 1000.0
FAR_NORTH = 85.0
"""Shorter edges are not cut [m], but near the poles [degrees of latitude]."""

_M_PER_DEGREE = 111_195.0

_LINES, _POLYGONS, _COLLECTION = (1, 2, 5), (3, 6), 7
_MULTI_LINE, _MULTI_POLYGON = 5, 6

IntArray = NDArray[np.int64]
ObjectArray = NDArray[np.object_]
Transform = Callable[[FloatArray], FloatArray]


class CannotTransformError(ValueError):
    """There is no way from a coordinate system to WGS 84; says why, and what to do."""


def in_degrees(
    frame: gpd.GeoDataFrame, tell: Callable[[str], object] = lambda _: None
) -> gpd.GeoDataFrame:
    """The rows of a frame in WGS 84 degrees, flat, with their geometry in ``geometry``.

    Parameters
    ----------
    frame
        Rows in any coordinate system; without one they are in WGS 84.
    tell
        Is told what was done to other columns that hold geometry or are called so.

    Raises
    ------
    CannotTransformError
        If the coordinate system has no way to WGS 84, or a polygon holds a pole.
    """
    flat = _only_geometry(_flat(frame), tell)
    if flat.crs is None or flat.crs == WGS84:
        return flat.set_crs(WGS84, allow_override=True)
    to_degrees = _transform_from(flat.crs)
    shapes = flat.geometry.to_numpy()
    # Between geographic systems a straight edge stays one, but where the poles are others.
    straight = flat.crs.is_geographic and not flat.crs.is_derived
    if not straight:
        shapes = cut_edges(shapes, to_degrees)
    shapes = shapely.transform(shapes, to_degrees)
    if not straight:
        shapes = _unwrap(shapes)
    return flat.set_geometry(gpd.GeoSeries(shapes, index=flat.index, crs=WGS84))


def _flat(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The frame without heights and measures."""
    shapes = frame.geometry.to_numpy()
    if (shapely.get_coordinate_dimension(shapes) <= 2).all():
        return frame
    return frame.set_geometry(shapely.force_2d(shapes), crs=frame.crs)


def _only_geometry(frame: gpd.GeoDataFrame, tell: Callable[[str], object]) -> gpd.GeoDataFrame:
    """The frame with its active geometry in ``geometry``, and any other as text (WKT)."""
    active = frame.geometry.name
    others = [
        name
        for name in frame.columns
        if name != active and isinstance(frame[name].dtype, gpd.array.GeometryDtype)
    ]
    if others:
        frame = frame.assign(**{name: frame[name].to_wkt() for name in others})
        names = ", ".join(f"'{name}'" for name in others)
        tell(f"the geometry is that of column '{active}'; {names} is kept as text (WKT)")
    if active == "geometry":
        return frame
    if "geometry" in frame.columns:
        free = "geometry_1"
        while free in frame.columns:
            free += "_1"
        frame = frame.rename(columns={"geometry": free})
        tell(
            f"the geometry is that of column '{active}'; the other column 'geometry' is kept as "
            f"'{free}'"
        )
    return frame.rename_geometry("geometry")


def _transform_from(crs: pyproj.CRS) -> Transform:
    # GDAL writes "Undefined Cartesian SRS" where no system is known (a GeoPackage must name one;
    # GDAL issue 9580, pyogrio issue 367), and drawings have a local one (LOCAL_CS, ENGCRS): PROJ 9
    # has no way from either. From an "Undefined geographic SRS" it has one, but on a datum that
    # nobody knows, so it is refused here.
    if crs.name.casefold().startswith("undefined"):
        raise CannotTransformError(_say_no_way(crs))
    try:
        transformer = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)
    except ProjError as error:
        raise CannotTransformError(_say_no_way(crs)) from error

    def to_degrees(places: FloatArray) -> FloatArray:
        return np.column_stack(transformer.transform(*places.T))

    return to_degrees


def _say_no_way(crs: pyproj.CRS) -> str:
    return (
        f"its coordinate system '{crs.name}' cannot be turned into WGS 84, so its positions "
        "mean nothing; set it where the file was made, such as EPSG:4326 for degrees"
    )


# --- Cutting edges --------------------------------------------------------------------------


def cut_edges(shapes: ObjectArray, to_degrees: Transform) -> ObjectArray:
    """Lines and polygons whose edges are cut until they are straight in degrees, within a metre.

    Parameters
    ----------
    shapes
        In the coordinate system that they were drawn in; other kinds are returned as they are.
    to_degrees
        From ``(n, 2)`` positions of that system to lon and lat [degrees].
    """
    cut: ObjectArray = np.array(shapes, dtype=object)
    kind = shapely.get_type_id(cut)
    there = ~(shapely.is_missing(cut) | shapely.is_empty(cut))
    for k in np.flatnonzero(there & (kind == _COLLECTION)):
        parts = cut_edges(shapely.get_parts(cut[[k]]), to_degrees)
        cut[k] = shapely.GeometryCollection(list(parts))
    of_lines = np.flatnonzero(there & np.isin(kind, _LINES))
    of_polygons = np.flatnonzero(there & np.isin(kind, _POLYGONS))
    lines, line_of = shapely.get_parts(cut[of_lines], return_index=True)
    polygons, polygon_of = shapely.get_parts(cut[of_polygons], return_index=True)
    filled = ~shapely.is_empty(polygons)
    polygons, polygon_of = polygons[filled], polygon_of[filled]
    rings, ring_of = shapely.get_rings(polygons, return_index=True)

    places, path = _with_cuts(np.concatenate((lines, rings)), to_degrees)
    of_ring = path >= len(lines)
    if of_ring.any():
        number = path[of_ring] - len(lines)
        whole = np.asarray(shapely.linearrings(places[of_ring], indices=number), object)
        drawn = np.asarray(shapely.polygons(whole, indices=ring_of), object)
        _put_back(cut, of_polygons, drawn, polygon_of, kind == _MULTI_POLYGON)
    if not of_ring.all():
        drawn = np.asarray(shapely.linestrings(places[~of_ring], indices=path[~of_ring]), object)
        _put_back(cut, of_lines, drawn, line_of, kind == _MULTI_LINE)
    return cut


def _put_back(
    shapes: ObjectArray,
    rows: IntArray,
    parts: ObjectArray,
    part_of: IntArray,
    several: NDArray[np.bool_],
) -> None:
    """Put parts back as single shapes, and as several where they were several."""
    first = np.searchsorted(part_of, np.arange(len(rows) + 1))
    for k, row in enumerate(rows):
        own = list(parts[first[k] : first[k + 1]])
        if not several[row]:
            shapes[row] = own[0]
            continue
        many = shapely.multipolygons if own[0].geom_type == "Polygon" else shapely.multilinestrings
        shapes[row] = many(own)


def _with_cuts(paths: ObjectArray, to_degrees: Transform) -> tuple[FloatArray, IntArray]:
    """All positions of paths with those where edges are cut, and the path of each."""
    places, path = shapely.get_coordinates(paths, return_index=True)
    start = np.flatnonzero(path[:-1] == path[1:])
    edge, along, cuts = _cuts(places[start], places[start + 1], to_degrees)
    if not len(edge):
        return places, path
    after = start[edge]
    position = np.concatenate((np.arange(len(places), dtype=float), after + along))
    order = np.argsort(position, kind="stable")
    return (
        np.concatenate((places, cuts))[order],
        np.concatenate((path, path[after]))[order],
    )


def _cuts(
    start: FloatArray, end: FloatArray, to_degrees: Transform
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Where edges are cut: number of the edge, the part of it before [0-1], and the position.

    An edge is tried at its quarters too: where it bends one way and then the other, as across the
    equator of a Mercator projection, its middle stays.
    """
    from_degrees, until_degrees = to_degrees(start), to_degrees(end)
    edge = np.flatnonzero(~_too_short(from_degrees, until_degrees))
    start, end = start[edge], end[edge]
    from_degrees, until_degrees = from_degrees[edge], until_degrees[edge]
    before, share = np.zeros(len(edge)), 1.0
    found: list[tuple[IntArray, FloatArray, FloatArray]] = []
    for _ in range(MOST_HALVINGS):
        middle = (start + end) / 2
        middle_degrees = to_degrees(middle)
        chord = _Chord(from_degrees, until_degrees)
        bent = chord.misses(middle_degrees, chord.middle)
        bent |= chord.misses(to_degrees((start + middle) / 2), (chord.start + chord.middle) / 2)
        bent |= chord.misses(to_degrees((middle + end) / 2), (chord.middle + chord.end) / 2)
        if not bent.any():
            break
        edge, before, middle = edge[bent], before[bent], middle[bent]
        found.append((edge, before + share / 2, middle))
        edge, before = np.concatenate((edge, edge)), np.concatenate((before, before + share / 2))
        start, end = np.concatenate((start[bent], middle)), np.concatenate((middle, end[bent]))
        from_degrees, until_degrees = (
            np.concatenate((from_degrees[bent], middle_degrees[bent])),
            np.concatenate((middle_degrees[bent], until_degrees[bent])),
        )
        share /= 2
    if not found:
        return np.empty(0, np.int64), np.empty(0), np.empty((0, 2))
    edges, parts, cuts = zip(*found, strict=True)
    return np.concatenate(edges), np.concatenate(parts), np.concatenate(cuts)


def _too_short(start: FloatArray, end: FloatArray) -> NDArray[np.bool_]:
    """Edges that cannot bend by so much: they need not be tried.

    A line that is straight in degrees turns with a radius of at least 550 km up to 85 degrees of
    latitude, and 1 km of such a circle leaves its chord by a quarter of a metre.
    """
    with np.errstate(invalid="ignore"):
        lon, lat = (end - start).T
        lon *= np.cos(np.radians(start[:, 1]))
        short: NDArray[np.bool_] = _M_PER_DEGREE * np.hypot(lon, lat) < SHORT_M
        short &= np.abs(start[:, 1]) < FAR_NORTH
    return short


class _Chord:
    """Straight edges in degrees, without a jump where they cross 180 degrees."""

    def __init__(self, start: FloatArray, end: FloatArray) -> None:
        with np.errstate(invalid="ignore"):
            jumps = np.abs(end[:, 0] - start[:, 0]) > 180
        self.start, self.end = _east_of_0(start, jumps), _east_of_0(end, jumps)
        with np.errstate(invalid="ignore"):
            self.middle = (self.start + self.end) / 2

    def misses(self, place: FloatArray, on_chord: FloatArray) -> NDArray[np.bool_]:
        """Whether places lie further from those on the chord than an edge may bend."""
        with np.errstate(invalid="ignore"):
            lon, lat = (place - on_chord).T
            lon = (lon + 180) % 360 - 180
            apart_m = _M_PER_DEGREE * np.hypot(lon * np.cos(np.radians(place[:, 1])), lat)
        bent: NDArray[np.bool_] = np.isfinite(apart_m) & (apart_m > BEND_M)
        return bent


def _east_of_0(places: FloatArray, rows: NDArray[np.bool_]) -> FloatArray:
    turned = places.copy()
    turned[rows & (places[:, 0] < 0), 0] += 360
    return turned


# --- Across 180 degrees ---------------------------------------------------------------------


def _unwrap(shapes: ObjectArray) -> ObjectArray:
    """Polygons without jumps from 180 to -180 degrees: beyond 180 they go on counting."""
    whole: ObjectArray = np.array(shapes, dtype=object)
    bounds = shapely.bounds(whole)
    with np.errstate(invalid="ignore"):
        wide = bounds[:, 2] - bounds[:, 0] > 180
    for k in np.flatnonzero(wide & np.isin(shapely.get_type_id(whole), _POLYGONS)):
        parts = [_unwrap_polygon(part, int(k)) for part in shapely.get_parts(whole[k])]
        whole[k] = parts[0] if len(parts) == 1 else shapely.multipolygons(parts)
    return whole


def _unwrap_polygon(polygon: shapely.Polygon, row: int) -> shapely.Polygon:
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    turned: list[FloatArray] = []
    for ring in rings:
        lon = np.unwrap(ring[:, 0], period=360)
        if abs(lon[0] - lon[-1]) > 180:
            raise CannotTransformError(
                f"feature {row + 1}: its polygon goes around a pole, and has no outline in "
                "degrees; cut it along a meridian"
            )
        if turned:
            # A hole lies within the ring around it, which may have begun on the other side.
            middle = (turned[0][:, 0].min() + turned[0][:, 0].max()) / 2
            lon += 360 * np.round((middle - lon.mean()) / 360)
        turned.append(np.column_stack((lon, ring[:, 1])))
    return shapely.Polygon(turned[0], turned[1:])

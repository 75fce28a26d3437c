"""Checks of geometry: each shape by itself, and zones against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.validation import explain_validity

from siting.sphere import equal_area_km
from siting.wording import number
from siting.world.columns import Geometry
from siting.world.files import JSON
from siting.world.sheet import LISTED, BoolArray, ObjectArray, Sheet

SLIVER_FRACTION = 0.01
"""Leaf zones may overlap by this share of the smaller one [0-1].

Borders that were drawn or simplified twice differ: by up to 0.7 % among the public polygons of the
ReEDS balancing areas. A zone drawn inside another overlaps by all of the smaller one.
"""

_POINT, _LINE, _POLYGON = 0, 1, 3
_MULTI_POINT, _MULTI_LINE, _MULTI_POLYGON = 4, 5, 6
_TYPES: dict[Geometry, tuple[int, ...]] = {
    "point": (_POINT,),
    "line": (_LINE, _MULTI_LINE),
    "polygon": (_POLYGON, _MULTI_POLYGON),
}


def read_shapes(sheet: Sheet) -> None:
    """Fill the shapes of a sheet with those that can be used; say what is wrong with the others."""
    if sheet.raw.form == "plain":
        sheet.shapes = np.full(len(sheet), None, dtype=object)
        return
    shapes = _given(sheet)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    if sheet.raw.form == "drawn":
        sheet.complain_of(
            np.flatnonzero(~there),
            f"has no geometry, but every {sheet.table.a_row} is a {sheet.table.geometry}; draw "
            "it, or take the row out",
        )
    shapes[~there] = None
    shapes = _simplify(shapes, sheet.table.geometry)
    right = _check_type(sheet, shapes) & there
    right = _check_range(sheet, shapes, right)
    right = _check_valid(sheet, shapes, right)
    shapes[~right] = None
    sheet.shapes = shapes


def _given(sheet: Sheet) -> ObjectArray:
    if sheet.raw.form == "drawn":
        return np.array(sheet.raw.frame.geometry.to_numpy(), dtype=object)
    lon, lat = sheet.numbers("lon"), sheet.numbers("lat")
    shapes: ObjectArray = np.full(len(sheet), None, dtype=object)
    known = ~(np.isnan(lon) | np.isnan(lat))
    shapes[known] = shapely.points(lon[known], lat[known])
    return shapes


def _simplify(shapes: ObjectArray, wanted: Geometry) -> ObjectArray:
    """A point or a line that is wrapped as several of them, but is one."""
    kind = shapely.get_type_id(shapes)
    if wanted == "point":
        one = (kind == _MULTI_POINT) & (shapely.get_num_geometries(shapes) == 1)
        shapes[one] = shapely.get_geometry(shapes[one], 0)
    if wanted == "line":
        several = kind == _MULTI_LINE
        shapes[several] = shapely.line_merge(shapes[several])
        one = several & (shapely.get_num_geometries(shapes) == 1)
        shapes[one] = shapely.get_geometry(shapes[one], 0)
    return shapes


def _check_type(sheet: Sheet, shapes: ObjectArray) -> BoolArray:
    wanted = sheet.table.geometry
    right: BoolArray = np.isin(shapely.get_type_id(shapes), _TYPES[wanted])

    def say(row: int) -> str:
        shape = shapes[row]
        return f"is a {shape.geom_type}, but every {sheet.table.a_row} is a {wanted}"

    there = ~shapely.is_missing(shapes)
    sheet.complain_of(np.flatnonzero(there & ~right), say)
    return right


def _check_range(sheet: Sheet, shapes: ObjectArray, right: BoolArray) -> BoolArray:
    """Refuse what is not on Earth: degrees that are none, or lon and lat the wrong way round."""
    west, south, east, north = shapely.bounds(shapes).T
    lon = np.where(np.abs(west) > np.abs(east), west, east)
    lat = np.where(np.abs(south) > np.abs(north), south, north)
    with np.errstate(invalid="ignore"):
        on_earth = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        swapped = (np.abs(lat) > 90) & (np.abs(lat) <= 180) & (np.abs(lon) <= 90)

    def say(row: int) -> str:
        if not (np.isfinite(lon[row]) and np.isfinite(lat[row])):
            return "has a position that is not a number; draw it again"
        at = f"lies at lon {number(lon[row])}, lat {number(lat[row])}"
        if swapped[row]:
            return f"{at}, but lat is at most 90: lon and lat are perhaps swapped"
        of_json = sheet.raw.source.path.suffix.lower() in JSON
        todo = "GeoJSON is in WGS 84 degrees: reproject it" if of_json else "reproject it"
        return f"{at}, which is not on Earth: the coordinates are perhaps projected; {todo}"

    sheet.complain_of(np.flatnonzero(right & ~on_earth), say)
    right_on_earth: BoolArray = right & on_earth
    return right_on_earth


def _check_valid(sheet: Sheet, shapes: ObjectArray, right: BoolArray) -> BoolArray:
    if sheet.table.geometry == "line":
        return right  # the only lines that are not valid have no length: they are left out later
    valid = np.ones(len(shapes), dtype=bool)
    valid[right] = shapely.is_valid(shapes[right])
    sheet.complain_of(
        np.flatnonzero(right & ~valid),
        lambda row: (
            f"its {sheet.table.geometry} is broken: {explain_validity(shapes[row])}; repair it, "
            'for one with shapely.make_valid(method="structure", keep_collapsed=False) or with '
            "QGIS's Fix geometries"
        ),
    )
    return right & valid


def check_overlaps(zones: Sheet, leaves: Sequence[int] | NDArray[Any]) -> None:
    """Say which leaf zones overlap by more than a sliver, and by how much [km2]."""
    rows = np.array([row for row in leaves if zones.shapes[row] is not None], dtype=int)
    shapes = zones.shapes[rows]
    pairs = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    a, b = np.unique(pairs[:, pairs[0] < pairs[1]], axis=1)
    common = shapely.intersection(shapes[a], shapes[b])
    common_km2, zone_km2 = area_km2(common), area_km2(shapes)
    smaller_km2 = np.minimum(zone_km2[a], zone_km2[b])
    found = np.flatnonzero(common_km2 > SLIVER_FRACTION * smaller_km2)
    for k in found[:LISTED]:
        other = zones.text("id")[rows[b[k]]]
        share = common_km2[k] / smaller_km2[k]
        zones.complain(
            f"{zones.place(int(rows[a[k]]))}: overlaps zone '{other}' by "
            f"{_round_km2(common_km2[k])} km2, {100 * share:.1f} % of the smaller one, so a site "
            "there would be in both; cut one of them, or make one the parent of the other"
        )
    if len(found) > LISTED:
        zones.complain(f"and {len(found) - LISTED:,} more pairs of zones overlap")


def _round_km2(area_km2: float) -> str:
    return number(round(area_km2)) if area_km2 >= 10 else f"{area_km2:.2g}"


def area_km2(shapes: ObjectArray) -> NDArray[np.float64]:
    """Areas [km2] of shapes in degrees, on the sphere of mean radius."""
    areas: NDArray[np.float64] = shapely.area(shapely.transform(shapes, equal_area_km))
    return areas


def find_zone(
    points: ObjectArray, shapes: ObjectArray, order: NDArray[np.int64]
) -> NDArray[np.int64]:
    """For each point the position of the zone that it lies in, -1 for none.

    A point on a border is in the zone that comes first by ``order``.
    """
    found = np.full(len(points), len(shapes), dtype=np.int64)
    rank = np.argsort(order)
    tree = shapely.STRtree(shapes)
    point, zone = tree.query(points, predicate="intersects")
    np.minimum.at(found, point, rank[zone])
    inside = found < len(shapes)
    result = np.full(len(points), -1, dtype=np.int64)
    result[inside] = order[found[inside]]
    return result

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
from siting.world.antimeridian import cut_polygons, doubles_back, turn_positions
from siting.world.columns import Geometry
from siting.world.files import JSON
from siting.world.repair import names_of, put_points_inside, repair_polygons
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
    if sheet.table.geometry == "point":
        shapes = put_points_inside(sheet, shapes)
    right = _check_type(sheet, shapes) & there
    right = _check_range(sheet, shapes, right)
    shapes, right = _make_valid(sheet, shapes, right)
    shapes[~right] = None
    sheet.shapes = _turn_beyond_180(sheet, shapes)


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
        if wanted == "point" and shapely.get_type_id(shape) == _MULTI_POINT:
            parts = shapely.get_num_geometries(shape)
            return (
                f"is a MultiPoint of {parts} points, but every {sheet.table.a_row} is one; make "
                "each point a row with an id of its own"
            )
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
        # What crosses 180 degrees may go on counting.
        on_earth = (np.abs(lon) <= 360) & (np.abs(lat) <= 90)
        on_earth &= ~_some_not_finite(shapes)
        swapped = (np.abs(lat) > 90) & (np.abs(lat) <= 180) & (np.abs(lon) <= 90)

    def say(row: int) -> str:
        if not np.isfinite(shapely.get_coordinates(shapes[row])).all():
            return "has a position that is not a number; draw it again"
        at = f"lies at lon {number(lon[row])}, lat {number(lat[row])}"
        if swapped[row]:
            return f"{at}, but lat is at most 90: lon and lat are perhaps swapped"
        of_json = sheet.raw.source.path.suffix.lower() in JSON
        todo = "GeoJSON is in WGS 84 degrees: reproject it" if of_json else "reproject it"
        return f"{at}, which is not on Earth: the coordinates are perhaps projected; {todo}"

    sheet.complain_of(np.flatnonzero(right & ~on_earth), say)
    right_on_earth: BoolArray = right & on_earth
    return _check_short_way(sheet, shapes, right_on_earth)


def _some_not_finite(shapes: ObjectArray) -> BoolArray:
    """Shapes with a position that is no number: bounds are those of their other positions."""
    places, row = shapely.get_coordinates(shapes, return_index=True)
    found = np.zeros(len(shapes), dtype=np.bool_)
    found[row[~np.isfinite(places).all(axis=1)]] = True
    return found


def _check_short_way(sheet: Sheet, shapes: ObjectArray, right: BoolArray) -> BoolArray:
    """Refuse polygons with an edge from one side of the map to the other."""
    if sheet.table.geometry != "polygon":
        return right
    rows = np.flatnonzero(right)
    wrong = rows[doubles_back(shapes[rows])]
    sheet.complain_of(
        wrong,
        "an edge of its polygon runs over more than 180 degrees of longitude: where it crosses "
        "180 degrees, cut it there into two polygons, or count on beyond 180 (RFC 7946, 3.1.9)",
    )
    short = right.copy()
    short[wrong] = False
    return short


def _make_valid(
    sheet: Sheet, shapes: ObjectArray, right: BoolArray
) -> tuple[ObjectArray, BoolArray]:
    """Repair polygons that are broken a little; refuse what is broken otherwise."""
    if sheet.table.geometry == "line":
        # The only lines that are not valid have no length: they are left out later.
        return shapes, right
    valid = np.ones(len(shapes), dtype=bool)
    valid[right] = shapely.is_valid(shapes[right])
    broken = np.flatnonzero(right & ~valid)
    if not len(broken):
        return shapes, right
    if sheet.table.geometry == "polygon":
        shapes = repair_polygons(sheet, shapes, broken)
        return shapes, right & ~shapely.is_missing(shapes)
    sheet.complain_of(
        broken,
        lambda row: (
            f"its {sheet.table.geometry} is broken: {explain_validity(shapes[row])}; draw it "
            "again, or repair it with QGIS's Fix geometries"
        ),
    )
    return shapes, right & valid


def _turn_beyond_180(sheet: Sheet, shapes: ObjectArray) -> ObjectArray:
    """Bring longitudes beyond 180 degrees back: polygons are cut there, all else goes around."""
    west, _, east, _ = shapely.bounds(shapes).T
    with np.errstate(invalid="ignore"):
        beyond = np.flatnonzero((west < -180) | (east > 180))
    if not len(beyond):
        return shapes
    polygons = sheet.table.geometry == "polygon"
    shapes[beyond] = cut_polygons(shapes[beyond]) if polygons else turn_positions(shapes[beyond])
    count, thing = len(beyond), sheet.table.a_row
    lie = f"1 {thing} lies" if count == 1 else f"{count:,} {thing}s lie"
    done = "cut there" if polygons else "taken around, so that 181 is -179"
    sheet.tell(
        f"{lie} at longitudes beyond 180 degrees, {done} (RFC 7946, 3.1.9): "
        f"{names_of(sheet, beyond)}"
    )
    return shapes


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
        row, over = int(rows[a[k]]), int(rows[b[k]])
        inner, outer = (row, over) if zone_km2[a[k]] <= zone_km2[b[k]] else (over, row)
        share = common_km2[k] / smaller_km2[k]
        ids = zones.text("id")
        todo = f"cut one out of the other, such as '{ids[inner]}' out of '{ids[outer]}'"
        if share > 1 - SLIVER_FRACTION:
            todo = (
                f"cut '{ids[inner]}' out of '{ids[outer]}', or write '{ids[outer]}' as the parent "
                f"of '{ids[inner]}': what lies outside of '{ids[inner]}' then stays with "
                f"'{ids[outer]}', and its headroom bounds both"
            )
        zones.complain(
            f"{zones.place(row)}: overlaps zone '{ids[over]}' by {round_km2(common_km2[k])} km2, "
            f"{100 * share:.1f} % of the smaller one, so a site there would be in both; {todo}"
        )
    if len(found) > LISTED:
        zones.complain(f"and {len(found) - LISTED:,} more pairs of zones overlap")


def round_km2(area_km2: float) -> str:
    """An area for people [km2]."""
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

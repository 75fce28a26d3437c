"""Where the rows of a table without shapes are: columns of lon and lat, or of shapes as text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siting.sphere import great_circle_km
from siting.wording import listing, shown
from siting.world.columns import POSITION
from siting.world.raw import Form, Source, UnreadableError, fold
from siting.world.reproject import WGS84

LON_NAMES = frozenset(
    (
        *("lon", "long", "lng", "longitude", "x", "lond", "londd", "longdd", "londeg", "longdeg"),
        *("londegrees", "longitudedeg", "longitudedegrees", "decimallongitude", "decimallong"),
        *("xcoord", "xcoordinate", "pointx", "coordx", "lonwgs84", "longitudewgs84", "gpslon"),
        *("gpslongitude", "sitelongitude", "buslon", "buslongitude", "decimallon", "geolon"),
    )
)
LAT_NAMES = frozenset(
    (
        *("lat", "latitude", "y", "latd", "latdd", "latdeg", "latdegrees", "latitudedeg"),
        *("latitudedegrees", "decimallatitude", "decimallat", "ycoord", "ycoordinate", "pointy"),
        *("coordy", "latwgs84", "latitudewgs84", "gpslat", "gpslatitude", "sitelatitude"),
        *("buslat", "buslatitude", "geolat"),
    )
)
"""Folded names that columns of positions have elsewhere."""

SHAPE_NAMES = frozenset(
    (
        *("wkt", "geometry", "geom", "thegeom", "wktgeom", "geomwkt", "geometrywkt"),
        *("wktgeometry", "shape", "shapewkt", "wkb", "geojson"),
    )
)
"""Folded names of columns that hold shapes as text."""

SAME_PLACE_KM = 0.1
"""A point that is given twice, by lon and lat and as a shape, is one within this distance [km]."""

_WKT = re.compile(
    r"\s*(SRID\s*=\s*\d+\s*;\s*)?(MULTI)?(POINT|LINESTRING|POLYGON|GEOMETRYCOLLECTION|LINEARRING)"
    r"\s*(Z|M|ZM)?\s*(\(|EMPTY)",
    re.IGNORECASE,
)
_SRID = re.compile(r"\s*SRID\s*=\s*(\d+)\s*;\s*", re.IGNORECASE)
_HEX = re.compile(r"\s*0[01][0-9a-fA-F]{16,}\s*")

Tell = Callable[[str], object]


def place_rows(
    columns: pd.DataFrame, source: Source, place: Callable[[int], str], tell: Tell
) -> tuple[gpd.GeoDataFrame, Form]:
    """Find where rows are, and give them their shapes if they have them as text.

    Raises
    ------
    UnreadableError
        If two columns could be meant, or points have no place.
    """
    shapes = _shape_column(columns, source)
    columns, lonlat = _find_lonlat(columns, source, tell, lenient=shapes is not None)
    if "geometry" in columns and shapes != "geometry":
        raise UnreadableError(
            "column geometry holds no shapes, but no other column can have that name; rename or "
            "drop it"
        )
    if shapes is not None:
        frame = _draw(columns, shapes, place, tell)
        if lonlat and source.table.geometry == "point":
            _check_same_place(frame, columns, source, shapes, place)
        return frame, "drawn"
    if source.table.geometry == "point":
        if not lonlat:
            raise UnreadableError(_say_missing(columns, source))
        return _plain(columns), "lonlat"
    return _plain(columns), "plain"


def _plain(columns: pd.DataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=[None] * len(columns), crs=WGS84)


# --- Longitude and latitude -----------------------------------------------------------------


def _find_lonlat(
    columns: pd.DataFrame, source: Source, tell: Tell, *, lenient: bool
) -> tuple[pd.DataFrame, bool]:
    """Find the columns of positions, and call them lon and lat.

    Those that the model names keep their names, as all columns that it names do.
    """
    found, renamed = [], {}
    for name, synonyms in (("lon", LON_NAMES), ("lat", LAT_NAMES)):
        if any(read_from in columns for read_from in source.read_from(name)):
            found.append(name)
            continue
        near = [name] if name in columns else _called(columns, (name,))
        near = near or _called(columns, synonyms)
        if source.read_from(name) or not near:
            continue
        if len(near) > 1:
            near = _on_earth(columns, near, name) or near
        if len(near) > 1 and not _all_alike(columns, near):
            if lenient:
                continue
            raise UnreadableError(
                f"columns {listing(near)} may each be {name}, and differ; say which in the model: "
                f'[columns.{source.table.name}] {name} = "{near[0]}"'
            )
        found.append(name)
        if near[0] != name:
            renamed[near[0]] = name
    both = len(found) == len(POSITION)
    if not both or source.table.geometry != "point":
        return columns, both
    if renamed:
        tell(listing(f"column '{theirs}' is read as {ours}" for theirs, ours in renamed.items()))
    return columns.rename(columns=renamed) if renamed else columns, True


def _called(columns: pd.DataFrame, names: Sequence[str] | frozenset[str]) -> list[str]:
    return [str(column) for column in columns if fold(str(column)) in names]


def _on_earth(columns: pd.DataFrame, names: list[str], ours: str) -> list[str]:
    """Columns whose numbers can be degrees: X and Y beside them are often projected."""
    most = {"lon": 360.0, "lat": 90.0}[ours]
    largest = {name: pd.to_numeric(columns[name], errors="coerce").abs().max() for name in names}
    return [name for name in names if not largest[name] > most]


def _all_alike(columns: pd.DataFrame, names: list[str]) -> bool:
    numbers = [pd.to_numeric(columns[name], errors="coerce").to_numpy(float) for name in names]
    return all(np.allclose(numbers[0], other, atol=1e-6, equal_nan=True) for other in numbers)


def _say_missing(columns: pd.DataFrame, source: Source) -> str:
    synonyms = {"lon": LON_NAMES, "lat": LAT_NAMES}
    missing = [name for name, names in synonyms.items() if not _called(columns, names)]
    missing = missing or [name for name in synonyms if name not in columns]
    are = "is" if len(missing) == 1 else "are"
    wrong = [
        f"column '{source.read_from(name)[-1]}', which is to be {name}, is not there"
        for name in missing
        if source.read_from(name)
    ]
    has = [str(name) for name in columns][:10]
    keys = " and ".join(f'{name} = "..."' for name in missing)
    return (
        f"{listing(missing)} {are} missing{''.join(f' ({why})' for why in wrong)}, and a table of "
        "points without shapes needs lon and lat; add them, in WGS 84 degrees, or say in the "
        f"model which columns they are, by [columns.{source.table.name}] {keys}: the table has "
        f"{listing(has)}"
    )


# --- Shapes as text -------------------------------------------------------------------------


def _shape_column(columns: pd.DataFrame, source: Source) -> str | None:
    """The column that holds shapes: the one that the model names, or one that reads as such."""
    told = [name for key in ("geometry", "wkt") for name in source.read_from(key)]
    named = [name for name in told if name in columns]
    if named:
        return named[0]
    if told:
        raise UnreadableError(f"column '{told[0]}', which is to be the geometry, is not there")
    found = [name for name in _called(columns, SHAPE_NAMES) if _holds_shapes(columns[name])]
    if len(found) > 1:
        raise UnreadableError(
            f"columns {listing(found)} hold shapes, but one is the geometry; say which in the "
            f'model: [columns.{source.table.name}] geometry = "{found[0]}"'
        )
    return found[0] if found else None


def _holds_shapes(values: pd.Series[Any]) -> bool:
    first = next((value for value in values if value is not None and value == value), None)  # noqa: PLR0124 - NaN
    if isinstance(first, bytes):
        return True
    return isinstance(first, str) and bool(
        _WKT.match(first) or _HEX.fullmatch(first) or first.lstrip().startswith('{"')
    )


def _draw(
    columns: pd.DataFrame, name: str, place: Callable[[int], str], tell: Tell
) -> gpd.GeoDataFrame:
    shapes = np.full(len(columns), None, dtype=object)
    systems: dict[int, int] = {}
    wrong = []
    for row, value in enumerate(columns[name]):
        if value is None or value != value or (isinstance(value, str) and not value.strip()):  # noqa: PLR0124 - NaN
            continue
        try:
            shapes[row], system = _shape_of(value)
            systems.setdefault(system, row)
        except (shapely.errors.ShapelyError, ValueError, TypeError):
            wrong.append(row)
    if wrong:
        more = f"; so it is in {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
        raise UnreadableError(
            f"{place(wrong[0])}: {name} is {shown(columns[name].iloc[wrong[0]])}, which is no WKT"
            f"{more}; write such as POINT (-96.5 41.2), with all brackets"
        )
    if len(systems) > 1:
        several = [f"{system or 'none'} ({place(row)})" for system, row in systems.items()]
        raise UnreadableError(
            f"shapes in {name} have several coordinate systems, SRID {listing(several)}; bring "
            "them into one"
        )
    system = next(iter(systems), 0)
    crs = f"EPSG:{system}" if system else WGS84
    said = f"in EPSG:{system}, as their SRID says" if system else "in WGS 84 degrees"
    tell(f"shapes are read from column '{name}', {said}")
    try:
        return gpd.GeoDataFrame(columns.drop(columns=name), geometry=shapes, crs=crs)
    except Exception as error:  # noqa: BLE001 - pyproj's error is not geopandas' to promise
        raise UnreadableError(
            f"shapes in {name} have SRID {system}, which is no coordinate system that is known: "
            f"{str(error).splitlines()[0]}; write SRID=4326 for degrees"
        ) from None


def _shape_of(value: object) -> tuple[shapely.Geometry, int]:
    """A shape, and the number of its coordinate system in the EPSG registry; 0 for none."""
    if isinstance(value, bytes):
        shape = shapely.from_wkb(value)
    elif not isinstance(value, str):
        raise TypeError
    elif _HEX.fullmatch(value):
        shape = shapely.from_wkb(value.strip())
    elif value.lstrip().startswith("{"):
        shape = shapely.from_geojson(value)
    else:
        said = _SRID.match(value)
        shape = shapely.from_wkt(value[said.end() :] if said else value)
        return shape, int(said[1]) if said else 0
    return shape, int(shapely.get_srid(shape))


def _check_same_place(
    frame: gpd.GeoDataFrame,
    columns: pd.DataFrame,
    source: Source,
    shapes: str,
    place: Callable[[int], str],
) -> None:
    """Refuse points that have two places: one by lon and lat, another one as a shape."""
    if not all(name in columns for name in ("lon", "lat")):
        return
    drawn = frame.to_crs(WGS84).geometry
    points = drawn.geom_type.to_numpy() == "Point"
    lon, lat = (pd.to_numeric(columns[c], errors="coerce").to_numpy(float) for c in ("lon", "lat"))
    both: NDArray[np.bool_] = points & ~np.isnan(lon) & ~np.isnan(lat)
    held = drawn[both]
    apart_km = great_circle_km(lon[both], lat[both], held.x.to_numpy(float), held.y.to_numpy(float))
    wrong = np.flatnonzero(both)[apart_km > SAME_PLACE_KM]
    if len(wrong):
        row = int(wrong[0])
        far = float(apart_km[apart_km > SAME_PLACE_KM][0])
        raise UnreadableError(
            f"{place(row)}: lon and lat are {far:,.1f} km from the shape in {shapes}"
            f"{f' ({len(wrong)} such rows)' if len(wrong) > 1 else ''}, so which of them is the "
            f"{source.table.a_row} cannot be told; drop one of them"
        )

"""What GDAL makes of a KML file, and what was meant.

GDAL reads KML by its driver LIBKML, which has columns of its own beside those of the data: an id,
a Name, times and how to draw. A column of the data that has such a name is called otherwise.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from siting.wording import listing
from siting.world.columns import Table

KML = (".kml",)

_OWN = ("timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility")
_MORE_OWN = ("drawOrder", "icon", "description", "Name")
_NUMBERED = re.compile(r"(.*)\.(\d+)", re.DOTALL)
_PLACEMARK = re.compile(rb"<(?:\w+:)?Placemark[\s>/]")
_LINK = re.compile(rb"<(?:\w+:)?NetworkLink[\s>/]")

_MULTI: dict[str, Callable[[Any], shapely.Geometry]] = {
    "point": shapely.MultiPoint,
    "line": shapely.MultiLineString,
    "polygon": shapely.MultiPolygon,
}

Tell = Callable[[str], object]


def name_kml_columns(frame: gpd.GeoDataFrame, layer: str, tell: Tell) -> gpd.GeoDataFrame:
    """Give columns of the data back the names that the driver has taken.

    The driver KML of GDAL (3.12; the one of geopandas' ``to_file(driver="KML")`` and of ``ogr2ogr
    -f KML``) numbers placemarks as ``layer.1`` and so on, and keeps a column id among the data.
    LIBKML then reads the number as ``id`` and the column as ``id2``.
    """
    if "id2" in frame:
        frame = _choose_id(frame, layer, tell)
    if "id" in frame and len(frame) and frame["id"].isna().all():
        # The driver's own, which no placemark has: the file has no such column.
        frame = frame.drop(columns="id")
    for name in (*_OWN, *_MORE_OWN):
        second = f"{name}2"
        if second in frame and name in frame and _is_unset(frame[name]):
            frame = frame.drop(columns=name).rename(columns={second: name})
    return frame


def _choose_id(frame: gpd.GeoDataFrame, layer: str, tell: Tell) -> gpd.GeoDataFrame:
    if frame["id2"].isna().all():
        return frame.drop(columns="id2")
    if frame["id"].isna().all() or _is_numbered(frame["id"]):
        tell(
            f"ids are those of the data of layer '{layer}', not the numbers of its placemarks, "
            f"such as {frame['id'].iloc[0]}"
            if frame["id"].notna().any()
            else f"ids are those of the data of layer '{layer}'"
        )
        return frame.drop(columns="id").rename(columns={"id2": "id"})
    if not frame["id"].astype(str).equals(frame["id2"].astype(str)):
        tell(
            f"layer '{layer}' has ids of placemarks, such as {frame['id'].iloc[0]}, and others in "
            f"its data, such as {frame['id2'].iloc[0]}: those of placemarks are read; id2 is the "
            "name of the others, for [columns] of the model"
        )
    return frame


def _is_numbered(ids: pd.Series) -> bool:
    """Whether all ids are one name with the number of the row."""
    found = [_NUMBERED.fullmatch(str(value)) for value in ids]
    names = {match[1] if match else None for match in found}
    return (
        len(names) == 1
        and None not in names
        and [int(match[2]) for match in found if match] == list(range(1, len(ids) + 1))
    )


def _is_unset(values: pd.Series) -> bool:
    """Whether a column of the driver says nothing: blank, or what it writes where there is none."""
    return bool((values.isna() | values.isin([-1, 0])).all())


def count_placemarks(path: Path) -> int:
    """How many placemarks a KML file has, whatever a reader makes of them."""
    return len(_PLACEMARK.findall(path.read_bytes()))


def tell_links(path: Path, tell: Tell) -> None:
    """Say that a KML file points to others, which are not fetched."""
    links = len(_LINK.findall(path.read_bytes()))
    if links:
        many = links > 1
        tell(
            f"{links} network link{'s' * many} to other files {'are' if many else 'is'} not "
            "followed; save what is there in the file"
        )


def keep_geometry(
    frame: gpd.GeoDataFrame, table: Table, layer: str, tell: Tell
) -> tuple[gpd.GeoDataFrame, NDArray[np.int64]]:
    """Keep the rows of a layer that have the geometry of a table, and say which they are.

    A folder of a KML is no table: names of huts lie beside the cables between them, and a cable is
    drawn with a point for its name. In any other file a row of another geometry is an error.
    """
    wanted = table.geometry.replace("line", "linestring")
    frame = _keep_parts(frame, table, layer, tell)
    types = frame.geom_type.fillna("").str.casefold().to_numpy(str)
    right = np.array([wanted in name or not name for name in types], dtype=bool)
    if right.all() or not (right & (types != "")).any():
        return frame, np.arange(len(frame))
    are = "are" if (~right).sum() > 1 else "is"
    tell(
        f"{_say_kinds(types[~right])} in layer '{layer}' {are} left out, as {table.name} are "
        f"{table.geometry}s{_such_as(frame.loc[~right, 'Name'])}"
    )
    return frame[right].reset_index(drop=True), np.flatnonzero(right)


def _keep_parts(frame: gpd.GeoDataFrame, table: Table, layer: str, tell: Tell) -> gpd.GeoDataFrame:
    """Of a placemark of several geometries the parts that a table is made of."""
    types = frame.geom_type.to_numpy()
    shapes = np.array(frame.geometry.to_numpy(), dtype=object)
    changed = []
    for row in np.flatnonzero(types == "GeometryCollection"):
        parts = shapely.get_parts(shapes[row])
        fits = [p for p in parts if table.geometry in p.geom_type.casefold()]
        if fits:
            shapes[row] = fits[0] if len(fits) == 1 else _MULTI[table.geometry](fits)
            changed.append(row)
    if not changed:
        return frame
    many = len(changed) > 1
    tell(
        f"{len(changed)} placemark{'s' * many} in layer '{layer}' {'have' if many else 'has'} "
        f"several geometries, of which the {table.geometry}s are read"
        f"{_such_as(frame['Name'].iloc[changed])}"
    )
    return frame.set_geometry(shapes, crs=frame.crs)


def _say_kinds(types: Iterable[str]) -> str:
    """Types of geometry as their number of each kind: ``3 points and 1 polygon``."""
    short = {"linestring": "line", "geometrycollection": "collection"}
    kinds = Counter(
        short.get(name, name) for name in (name.removeprefix("multi") for name in types)
    )
    return listing(f"{n:,} {kind}{'s' * (n != 1)}" for kind, n in sorted(kinds.items()))


def _such_as(titles: pd.Series) -> str:
    some = [f"'{title}'" for title in titles.dropna()[:3]]
    return f" ({listing(some)}{' ...' if len(titles) > len(some) else ''})" if some else ""

"""The layers of a file: which of them hold a table, and their rows."""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from siting.wording import did_you_mean, listing, shown
from siting.world.archives import Member
from siting.world.columns import TABLES, Table
from siting.world.exact import make_exact, read_whole_parquet
from siting.world.kml import KML, count_placemarks, name_kml_columns, tell_links
from siting.world.raw import JSON, PARQUET, Source, UnreadableError, fold, suffix_of

OVERLAP_FRACTION = 0.01
"""Zones of two layers that share more of the smaller one are two versions of one area [0-1]."""

_ONE_LAYER = (".shp", ".fgb", ".geojsonl", ".geojsons", ".ndjson", *PARQUET)
# The format has no blank number, and GDAL (3.12, driver MapInfo File) writes and reads 0.
_WITHOUT_BLANKS = (".tab", ".mif")
_COLLECTION = re.compile(rb'\s*\{\s*"type"\s*:\s*"FeatureCollection"')
# In a GPX they are the vertices of tracks and routes, which are layers of their own.
_VERTICES = ("track_points", "route_points")

_PLURAL = {"point": "points", "line": "lines", "polygon": "polygons", "": "no geometry"}

Tell = Callable[[str], object]


@dataclass(eq=False)
class Layer:
    """A layer of a file.

    Parameters
    ----------
    name
        What to call it.
    member
        The file that holds it.
    inner
        Its number inside of the file, as names may differ by case alone; None where there is no
        other.
    declared
        The type of its geometry as the file says it; empty where it has none.
    tell
        Says what was done to it.
    """

    name: str
    member: Member
    inner: int | None
    declared: str
    tell: Tell

    @property
    def suffix(self) -> str:
        """Suffix of the file that holds it."""
        return suffix_of(self.member.path)

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Its rows, as they are in the file; without shapes it is a plain frame."""
        return _read(self)

    @cached_property
    def rows(self) -> int:
        """How many rows it has."""
        if "frame" in self.__dict__ or self.inner is None:
            return len(self.frame)
        about, wrong = attempt(
            lambda: pyogrio.read_info(self.member.path, layer=self.inner, force_feature_count=True)
        )
        return len(self.frame) if wrong is not None else int(about["features"])

    @cached_property
    def kinds(self) -> Counter[str]:
        """Kinds of geometry, with the number of rows of each as far as they were looked at."""
        kind = _kind_of(self.declared)
        if kind is not None:
            return Counter({kind: 1})
        if not isinstance(self.frame, gpd.GeoDataFrame):
            return Counter({"": len(self.frame)})
        types = self.frame.geom_type.dropna()
        return Counter(_kind_of(name) or "collection" for name in types)

    def describe(self) -> str:
        """The layer with its kinds and rows."""
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        kinds = [_PLURAL.get(kind, f"{kind}s") for kind in sorted(self.kinds)]
        return f"'{self.name}' ({rows}, {' and '.join(kinds) or 'no geometry'})"


def _kind_of(geometry_type: str) -> str | None:
    """Point, line or polygon; empty for none, and None where it cannot be told by the type."""
    name = geometry_type.casefold()
    if name in ("", "none"):
        return ""
    if "point" in name:
        return "point"
    if any(word in name for word in ("polygon", "surface", "tin", "triangle")):
        return "polygon"
    if any(word in name for word in ("line", "curve", "circularstring")):
        return "line"
    return None


# --- Which layers there are -----------------------------------------------------------------


def find_layers(members: list[Member], tell: Tell) -> list[Layer]:
    """Find the layers of files.

    Raises
    ------
    UnreadableError
        If a file cannot be read.
    """
    found: list[Layer] = []
    for member in members:
        found += _layers_of(member, tell)
    names = Counter(layer.name for layer in found)
    for layer in found:
        if names[layer.name] > 1 and len(members) > 1:
            # Files of one name in several folders.
            held = PurePosixPath(layer.member.name).with_suffix("").as_posix()
            only = held.endswith(layer.name)
            layer.name = held if only else f"{held}/{layer.name}"
    return found


def _layers_of(member: Member, tell: Tell) -> list[Layer]:
    path = member.path
    suffix = suffix_of(path)
    if suffix in _ONE_LAYER or (suffix in JSON and _is_collection(path)):
        return [Layer(path.stem, member, None, "Unknown", tell)]
    found, wrong = attempt(lambda: pyogrio.list_layers(path))
    if wrong is not None:
        raise UnreadableError(say_unreadable(path, wrong))
    if len(found) == 0:
        raise UnreadableError("holds no layer; save the table as GeoPackage")
    layers = [
        Layer(str(name), member, number, "" if kind is None else str(kind), tell)
        for number, (name, kind) in enumerate(found)
    ]
    if suffix in KML:
        tell_links(path, tell)
        _check_placemarks(layers, path)
    return layers


def _is_collection(path: Path) -> bool:
    with path.open("rb") as file:
        return _COLLECTION.match(file.read(512).removeprefix(b"\xef\xbb\xbf")) is not None


def _check_placemarks(layers: list[Layer], path: Path) -> None:
    """Refuse a KML file of which the reader leaves out placemarks."""
    there, read = count_placemarks(path), sum(layer.rows for layer in layers)
    if read < there:
        raise UnreadableError(
            f"has {there:,} placemarks, but only {read:,} can be read; save it as GeoPackage"
        )


# --- Which of them are read -----------------------------------------------------------------


def choose_layers(source: Source, layers: list[Layer]) -> list[Layer]:
    """Choose the layers that hold a table, and say which were passed over.

    Raises
    ------
    UnreadableError
        If which of them hold it cannot be told.
    """
    if source.layers:
        return [_named(source, name, layers) for name in source.layers]
    if len(layers) == 1:
        return layers
    own = [layer for layer in layers if layer.name == source.table.name]
    own = own or [layer for layer in layers if fold(layer.name) == source.table.name]
    tell = layers[0].tell
    if len(own) == 1:
        left = [layer for layer in layers if layer is not own[0] and fold(layer.name) not in TABLES]
        if left:
            tell(
                f"layer '{own[0].name}' is read alone, as it has the name of the table; left: "
                f"{listing(layer.describe() for layer in left)}"
            )
        return own
    return _choose_by_content(source, layers, tell)


def _named(source: Source, name: str, layers: list[Layer]) -> Layer:
    same = [layer for layer in layers if layer.name == name]
    same = same or [layer for layer in layers if fold(layer.name) == fold(name)]
    if len(same) == 1:
        return same[0]
    there = [layer.name for layer in layers]
    close = did_you_mean(name, there)
    hint = f"did you mean '{close}'?" if close else "name one of them"
    raise UnreadableError(
        f"layers.{source.table.name} has '{name}', but the layers are {listing(there)}; {hint}"
    )


def _choose_by_content(source: Source, layers: list[Layer], tell: Tell) -> list[Layer]:
    table = source.table
    wanted, passed = _sort_by_kind(table, layers)
    if not wanted:
        raise UnreadableError(
            f"holds {len(layers)} layers, none with {_PLURAL[table.geometry]}: "
            f"{listing(layer.describe() for layer in layers)}; say which holds {table.name} in "
            f'the model: [layers] {table.name} = ["{layers[0].name}"]'
        )
    if len(wanted) > 1:
        wanted, lacking = _sort_by_columns(source, wanted)
        passed |= lacking
    if len(wanted) > 1:
        doubt = _doubt(source, wanted)
        if doubt is not None:
            named = [layer for layer in wanted if find_column(source, "id", layer.frame)] or wanted
            raise UnreadableError(
                f"holds {len(wanted)} layers that could be {table.name}, "
                f"{listing(layer.describe() for layer in wanted)}, but {doubt}; say which in the "
                f"model, such as [layers] {table.name} = {_as_toml([named[-1].name])}"
            )
    names = listing(layer.describe() for layer in wanted)
    reads = f"layers {names} are read as one table" if len(wanted) > 1 else f"layer {names} is read"
    left = [f"'{layer.name}' ({why})" for layer, why in zip(passed, passed.values(), strict=True)]
    tell(f"{reads}{f'; passed over: {listing(left)}' if left else ''}")
    return wanted


def _as_toml(names: list[str]) -> str:
    return json.dumps(names, ensure_ascii=False)


def _sort_by_kind(table: Table, layers: list[Layer]) -> tuple[list[Layer], dict[Layer, str]]:
    """Layers that hold the geometry of a table, and why each of the others is passed over."""
    passed: dict[Layer, str] = {}
    there = []
    for layer in layers:
        if layer.suffix == ".gpx" and layer.name in _VERTICES:
            if layer.rows:
                passed[layer] = f"vertices of the {layer.name.split('_')[0]}s"
        elif layer.rows == 0:
            passed[layer] = "no rows"
        else:
            there.append(layer)
    # Sites may be drawn as footprints, but a layer of points beside them is what is meant.
    kinds = (table.geometry, "polygon") if table.name == "sites" else (table.geometry,)
    wanted: list[Layer] = []
    for kind in kinds:
        wanted = wanted or [layer for layer in there if kind in layer.kinds]
    passed |= {
        layer: " and ".join(_PLURAL.get(kind, f"{kind}s") for kind in sorted(layer.kinds))
        or "no geometry"
        for layer in there
        if layer not in wanted
    }
    return wanted, passed


def _sort_by_columns(source: Source, layers: list[Layer]) -> tuple[list[Layer], dict[Layer, str]]:
    """Layers that have the columns that every row needs, and which column each other one lacks."""
    lacking: dict[Layer, str] = {}
    for column in source.table.columns:
        if not column.required or column.kind == "id":
            continue
        without = [
            layer for layer in layers if find_column(source, column.name, layer.frame) is None
        ]
        if len(without) < len(layers):
            lacking |= dict.fromkeys(without, f"no column {column.name}")
    having = [layer for layer in layers if layer not in lacking]
    return (having, lacking) if having else (layers, {})


def find_column(source: Source, name: str, frame: pd.DataFrame) -> str | None:
    """What a column is called in a file: as the model says, or by its own name."""
    for called in source.read_from(name):
        if called in frame:
            return called
    if name in frame:
        return name
    return next((str(held) for held in frame if fold(str(held)) == fold(name)), None)


def _doubt(source: Source, layers: list[Layer]) -> str | None:
    """Why it is doubtful that layers are parts of one table."""
    ids = {layer: find_column(source, "id", layer.frame) for layer in layers}
    without = [f"'{layer.name}'" for layer, name in ids.items() if name is None]
    if without and len(without) < len(layers):
        return f"{listing(without)} has no column id"
    first: dict[str, Layer] = {}
    again: list[tuple[str, Layer]] = []
    for layer, name in ids.items():
        held = {str(value) for value in layer.frame[name].dropna()} if name is not None else set()
        again += [(value, layer) for value in sorted(held) if value in first]
        first |= {value: layer for value in held if value not in first}
    if again:
        value, layer = again[0]
        more = f", and so are {len(again) - 1:,} others" if len(again) > 1 else ""
        return f"id {shown(value)} is in '{first[value].name}' and in '{layer.name}'{more}"
    return _doubt_areas(layers) if source.table.geometry == "polygon" else None


def _doubt_areas(layers: list[Layer]) -> str | None:
    """Whether areas of two layers overlap: then they may be two versions of the same."""
    shapes = []
    for layer in layers:
        drawn = layer.frame
        if not isinstance(drawn, gpd.GeoDataFrame) or drawn.crs != layers[0].frame.crs:
            return f"'{layer.name}' has another coordinate system"
        given = np.asarray(drawn.geometry.to_numpy(), dtype=object)
        shapes.append(shapely.make_valid(given[~shapely.is_missing(given)]))
    for n, (layer, own) in enumerate(zip(layers, shapes, strict=True)):
        tree = shapely.STRtree(own)
        for other, theirs in zip(layers[:n], shapes[:n], strict=True):
            a, b = tree.query(theirs, predicate="intersects")
            common = shapely.area(shapely.intersection(theirs[a], own[b]))
            smaller = np.minimum(shapely.area(theirs)[a], shapely.area(own)[b])
            if (common > OVERLAP_FRACTION * smaller).any():
                return (
                    f"areas of '{other.name}' and '{layer.name}' overlap, which would count twice"
                )
    return None


# --- Rows -----------------------------------------------------------------------------------


def _read(layer: Layer) -> pd.DataFrame:
    path = layer.member.path
    if layer.suffix in PARQUET:
        return _read_parquet(path)
    # A shape that cannot be made is no reason not to read the others: it becomes a row without.
    options: dict[str, Any] = {"on_invalid": "ignore"}
    if layer.inner is not None:
        options["layer"] = layer.inner
    if layer.suffix in JSON:
        # An id such as 2024-01-01 stays what it is.
        options["DATE_AS_STRING"] = "YES"
    frame, wrong = attempt(lambda: pyogrio.read_dataframe(path, **options))
    if wrong is not None:
        raise UnreadableError(say_unreadable(path, wrong))
    if layer.suffix in _WITHOUT_BLANKS:
        _tell_zeros(frame, layer.tell)
    exact: pd.DataFrame = make_exact(frame, path, layer.inner)
    return name_kml_columns(exact, layer.name, layer.tell) if layer.suffix in KML else exact


def _tell_zeros(frame: pd.DataFrame, tell: Tell) -> None:
    """Say where a format that has no blank numbers has zeros."""
    zeros = {
        name: int((frame[name] == 0).sum())
        for name in frame.columns
        if pd.api.types.is_numeric_dtype(frame[name].dtype)
    }
    some = [f"{name} ({n:,} row{'s' * (n != 1)})" for name, n in zeros.items() if n]
    if some:
        tell(
            f"MapInfo has no blank numbers: 0 in {listing(some)} may be one, and is read as 0; "
            "where it is to be blank, save the table as GeoPackage"
        )


def _read_parquet(path: Path) -> pd.DataFrame:
    frame, wrong = attempt(lambda: gpd.read_parquet(path))
    if wrong is not None and "pyarrow" in wrong:
        raise UnreadableError(
            "GeoParquet is read by pyarrow, which is missing; pip install pyarrow"
        )
    if wrong is not None and "geo metadata" in wrong.casefold():
        # A table without shapes, which may have columns of positions.
        frame, wrong = attempt(lambda: pd.read_parquet(path))
    if wrong is not None:
        raise UnreadableError(f"is no GeoParquet: {wrong}")
    return read_whole_parquet(frame, path)


def attempt(read: Callable[[], Any]) -> tuple[Any, str | None]:
    """What a reader returns, or the first line of what it complains about."""
    try:
        # GDAL warns of what the checks say better, such as a column of numbers and text.
        with warnings.catch_warnings(action="ignore"):
            return read(), None
    except Exception as error:  # noqa: BLE001 - whatever a reader raises is about the file
        return None, (str(error).strip().splitlines() or [type(error).__name__])[0]


def say_unreadable(path: Path, complaint: str) -> str:
    """Why a file cannot be read, in better words than its reader's."""
    if suffix_of(path) in JSON:
        try:
            held = json.loads(path.read_text("utf-8-sig"))
        except UnicodeDecodeError:
            return "is not UTF-8 text, and GeoJSON must be; save it as UTF-8"
        except RecursionError:
            return "is nested too deep to be read"
        except ValueError as error:
            place = f"line {getattr(error, 'lineno', '?')}, column {getattr(error, 'colno', '?')}"
            what = getattr(error, "msg", str(error))
            return f"{place}: is not JSON: {what}; the file is perhaps cut short"
        kind = held.get("type") if isinstance(held, dict) else None
        given = f"its type is {json.dumps(kind)}" if kind is not None else "it has no type"
        return f'is JSON, but not GeoJSON: {given}; GeoJSON is a "FeatureCollection"'
    # Readers name the file by its full path, which says nothing here and differs by machine.
    said = complaint.replace(str(path), path.name).rstrip(".")
    return f"cannot be read: {said}; save it as GeoJSON or GeoPackage"

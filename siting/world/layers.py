"""The layers of a file, and their rows."""

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
import pandas as pd
import pyogrio
import shapely

from siting.wording import listing
from siting.world.archives import Member
from siting.world.exact import make_exact, read_whole_parquet
from siting.world.kml import KML, count_placemarks, name_kml_columns, tell_links
from siting.world.raw import JSON, PARQUET, UnreadableError, suffix_of

_ONE_LAYER = (".shp", ".fgb", ".geojsonl", ".geojsons", ".ndjson", *PARQUET)
# The format has no blank number, and GDAL (3.12, driver MapInfo File) writes and reads 0.
_WITHOUT_BLANKS = (".tab", ".mif")
_COLLECTION = re.compile(rb'\s*\{\s*"type"\s*:\s*"FeatureCollection"')
PLURAL = {"point": "points", "line": "lines", "polygon": "polygons", "": "no geometry"}
"""Words for kinds of geometry."""

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
        """Kinds of geometry, with the number of each as far as they were looked at."""
        kind = _kind_of(self.declared)
        if kind is not None:
            return Counter({kind: 1})
        if not isinstance(self.frame, gpd.GeoDataFrame):
            return Counter({"": len(self.frame)})
        # Parts, as a collection may hold what is wanted beside other things.
        shapes = self.frame.geometry.dropna().to_numpy()
        types = self.frame.geom_type.dropna().to_numpy()
        parts = shapely.get_parts(shapes[types == "GeometryCollection"])
        names = [*types[types != "GeometryCollection"], *(part.geom_type for part in parts)]
        return Counter(_kind_of(name) or "collection" for name in names)

    def describe(self) -> str:
        """The layer with its kinds and rows."""
        rows = f"{self.rows:,} row{'s' * (self.rows != 1)}"
        kinds = [PLURAL.get(kind, f"{kind}s") for kind in sorted(self.kinds)]
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
    if suffix == ".gml":
        # Else GDAL (3.12, driver GML) asks the server that a file came from for its schema, and
        # makes the number 7 of 007 where there is none.
        pyogrio.set_gdal_config_options(
            {"GML_DOWNLOAD_SCHEMA": "NO", "GML_FIELDTYPES": "ALWAYS_STRING"}
        )
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
        if kind == "FeatureCollection":
            return (
                f"cannot be read: {complaint.replace(str(path), path.name).rstrip('.')}; a number "
                "in it is perhaps too large to be one"
            )
        given = f"its type is {json.dumps(kind)}" if kind is not None else "it has no type"
        return f'is JSON, but not GeoJSON: {given}; GeoJSON is a "FeatureCollection"'
    # Readers name the file by its full path, which says nothing here and differs by machine.
    said = complaint.replace(str(path), path.name).rstrip(".")
    return f"cannot be read: {said}; save it as GeoJSON or GeoPackage"

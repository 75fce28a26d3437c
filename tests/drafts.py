"""A small good model with its tables, as a draft that a test can break before it is written."""

from __future__ import annotations

import csv
import json
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import shapely

Shape = shapely.Geometry


def box(west: float, south: float, east: float, north: float) -> Shape:
    return shapely.box(west, south, east, north)


def _model() -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "draft",
        "world": {
            "sites": "sites.csv",
            "zones": "zones.geojson",
            "fiber": "fiber.geojson",
            "supply": "supply.csv",
        },
        "cluster": {"target_mw": 500},
    }


def _zones() -> list[dict[str, Any]]:
    north = {"utility": "North Power", "region": "plains", "state": "NE", "interconnect": "East"}
    south = {"utility": "South Electric", "region": "hills", "state": "KS", "interconnect": "East"}
    return [
        {"id": "north", **north, "headroom_mw": 900, "parent": None, "geometry": box(0, 2, 4, 4)},
        {"id": "n_west", **north, "headroom_mw": 600, "parent": "north"}
        | {"geometry": box(0, 2, 2, 4)},
        {"id": "n_east", **north, "headroom_mw": 600, "parent": "north"}
        | {"geometry": box(2, 2, 4, 4)},
        {"id": "south", **south, "headroom_mw": 700, "parent": None, "geometry": box(0, 0, 4, 2)},
    ]


def _sites() -> list[dict[str, Any]]:
    return [
        {"id": "a", "lon": 1.0, "lat": 3.0, "max_mw": 400, "kv": 345},
        {"id": "b", "lon": 3.0, "lat": 3.0, "max_mw": 400, "kv": 230},
        {"id": "c", "lon": 1.0, "lat": 1.0, "max_mw": 400, "kv": 500},
        {"id": "d", "lon": 3.0, "lat": 1.0, "max_mw": 400, "kv": None},
    ]


def _fiber() -> list[dict[str, Any]]:
    line = shapely.LineString
    return [
        {"id": "s1", "km": 250, "from": "n1", "to": "n2", "geometry": line([(1, 3), (3, 3)])},
        {"id": "s2", "km": 250, "from": "n2", "to": "n3", "geometry": line([(3, 3), (3, 1)])},
        {"id": "s3", "km": None, "from": "n3", "to": "n4", "geometry": line([(3, 1), (1, 1)])},
    ]


def _supply() -> list[dict[str, Any]]:
    return [
        {"id": "dam", "lon": 1.5, "lat": 3.5, "kind": "hydro", "mw": 800},
        {"id": "farm", "lon": 3.5, "lat": 0.5, "kind": "wind", "mw": 300},
        {"id": "mine", "lon": 3.5, "lat": 0.7, "kind": "coal", "mw": 500},
    ]


@dataclass
class Draft:
    """A good model and its tables. Files in ``extra`` are written last, over any other."""

    model: dict[str, Any] = field(default_factory=_model)
    zones: list[dict[str, Any]] = field(default_factory=_zones)
    sites: list[dict[str, Any]] = field(default_factory=_sites)
    fiber: list[dict[str, Any]] = field(default_factory=_fiber)
    supply: list[dict[str, Any]] = field(default_factory=_supply)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    extra: dict[str, bytes | str | Callable[[Path], object]] = field(default_factory=dict)

    def ask(self, table: str, **keys: Any) -> None:
        self.model.setdefault(table, {}).update(keys)

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.toml").write_text(as_toml(self.model), encoding="utf-8")
        for name in ("zones", "fiber"):
            (folder / f"{name}.geojson").write_text(as_geojson(getattr(self, name)), "utf-8")
        for name in ("sites", "supply"):
            write_csv(folder / f"{name}.csv", getattr(self, name))
        if self.nodes:
            write_csv(folder / "nodes.csv", self.nodes)
        for name, content in self.extra.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if callable(content):
                content(path)
            elif isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(content, encoding="utf-8")
        return folder


def as_toml(values: dict[str, Any]) -> str:
    """TOML of plain values and one level of tables: JSON's values are TOML's."""
    plain = {key: value for key, value in values.items() if not isinstance(value, dict)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
    for name, table in values.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in table.items())]
    return "\n".join(lines) + "\n"


def as_geojson(rows: list[dict[str, Any]], **members: Any) -> str:
    features = [
        {
            "type": "Feature",
            "properties": {k: v for k, v in row.items() if k != "geometry"},
            "geometry": None
            if row["geometry"] is None
            else json.loads(shapely.to_geojson(row["geometry"])),
        }
        for row in rows
    ]
    return json.dumps({"type": "FeatureCollection", **members, "features": features})


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names or ["id", "lon", "lat", "max_mw"])
        writer.writeheader()
        writer.writerows(rows)


def as_frame(rows: list[dict[str, Any]], crs: Any = 4326) -> gpd.GeoDataFrame:
    """Rows with a geometry, or with lon and lat, as a GeoDataFrame."""
    if rows and "lon" in rows[0]:
        rows = [
            {k: v for k, v in row.items() if k not in ("lon", "lat")}
            | {"geometry": shapely.Point(row["lon"], row["lat"])}
            for row in rows
        ]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=crs)


def write_without_crs(path: Path, rows: list[dict[str, Any]]) -> None:
    with warnings.catch_warnings(action="ignore"):  # geopandas warns of what is wanted here
        as_frame(rows, crs=None).to_file(path)


def write_layers(path: Path, layers: dict[str, list[dict[str, Any]]]) -> None:
    """Rows as the layers of one file."""
    driver = {".gdb": "OpenFileGDB", ".sqlite": "SQLite"}.get(path.suffix, "GPKG")
    for name, rows in layers.items():
        with warnings.catch_warnings(action="ignore"):  # of whole numbers of 64 bits in a .gdb
            as_frame(rows).to_file(path, layer=name, driver=driver)


def write_zip(path: Path, files: dict[str, bytes | Path]) -> None:
    """Files by their path in the archive: what they hold, or the file to copy."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content if isinstance(content, bytes) else content.read_bytes())


def write_sheets(path: Path, sheets: dict[str, list[list[Any]]], merged: str = "") -> None:
    """Rows of cells as the sheets of a spreadsheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if merged:
            sheet.merge_cells(merged)
    book.save(path)

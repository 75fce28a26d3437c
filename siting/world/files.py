"""Reading the file of a table: any format, any coordinate system, to WGS 84 degrees."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pandas as pd
import pyogrio

from siting.errors import Problems
from siting.notices import Notices
from siting.wording import did_you_mean, listing
from siting.world.columns import POSITION, Table
from siting.world.matching import Origin
from siting.world.reproject import WGS84, in_degrees

CSV = ".csv"
JSON = (".geojson", ".json")
PARQUET = (".parquet", ".geoparquet")
LAYERED = (".gpkg", ".gdb", ".sqlite", ".kml", ".gml")
SUFFIXES = (*JSON, ".gpkg", *PARQUET, ".shp", CSV, ".fgb", *LAYERED[1:], ".zip")
"""Suffixes of files that are looked for in a folder of tables."""

SIDECARS = (".dbf", ".prj", ".shx", ".cpg")
"""Suffixes of the files that lie beside a Shapefile and belong to it."""


# Digits that a number keeps: 007 is text.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")

# What the columns of positions are called elsewhere.
_POSITION_NAMES = {
    **dict.fromkeys(("lon", "long", "lng", "longitude", "x"), "lon"),
    **dict.fromkeys(("lat", "latitude", "y"), "lat"),
}

_WEB_PAGE = "a web page"
_POINTER = "a pointer of git-lfs"
_SIGNATURES = {
    "a GeoPackage or SQLite file": (b"SQLite format 3\x00",),
    "a Parquet file": (b"PAR1",),
    "a Shapefile": (b"\x00\x00\x27\x0a",),
    "a ZIP file": (b"PK\x03\x04",),
    "a FlatGeobuf file": (b"fgb\x03",),
    _WEB_PAGE: (b"<!doctype html", b"<html"),
    _POINTER: (b"version https://git-lfs",),
    "JSON": (b"{",),
}
_SIGNATURE_OF = {
    ".gpkg": "a GeoPackage or SQLite file",
    ".sqlite": "a GeoPackage or SQLite file",
    ".parquet": "a Parquet file",
    ".geoparquet": "a Parquet file",
    ".shp": "a Shapefile",
    ".zip": "a ZIP file",
    ".fgb": "a FlatGeobuf file",
    ".geojson": "JSON",
    ".json": "JSON",
}


Form = Literal["drawn", "lonlat", "plain"]


@dataclass(frozen=True)
class Source:
    """The file of a table.

    Parameters
    ----------
    table
        The table that it holds.
    path, where
        Where it is, and what to call it in messages.
    own
        Whether the model names it; else it is its base's.
    bundled
        Whether it is a table of a world that comes with siting, whose rows are known.
    layers, header_row, columns
        How it is read, as ``[layers]``, ``[header_rows]`` and ``[columns]`` of the model say.
    """

    table: Table
    path: Path
    where: str
    own: bool = False
    layers: tuple[str, ...] = ()
    header_row: int | None = None
    columns: tuple[tuple[str, str], ...] = ()
    bundled: bool = False


@dataclass
class Raw:
    """A table as its file holds it, before any check of its values.

    Parameters
    ----------
    source
        The file it was read from.
    frame
        Its rows; geometry in WGS 84 degrees.
    form
        Where its geometry is: ``drawn`` in the frame's, in the columns ``lonlat``, or nowhere: it
        is ``plain``.
    lines
        For a text table or a spreadsheet the line of each row, else None: rows are numbered
        features.
    origins, asked
        Once its columns have the registry's names: the column of the file that each is read from,
        and those that a problem asks about already.
    word
        What a row is called in the file, where ``lines`` number them.
    """

    source: Source
    frame: gpd.GeoDataFrame
    form: Form = "drawn"
    lines: list[int] | None = None
    origins: Mapping[str, Origin] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    word: str = field(default="line", kw_only=True)

    @property
    def where(self) -> str:
        """What to call the file in messages."""
        return self.source.where

    @property
    def table(self) -> Table:
        """The table that it holds."""
        return self.source.table

    def place(self, row: int) -> str:
        """What to call a row in messages."""
        if self.lines is None:
            return f"feature {row + 1}"
        return f"{self.word} {self.lines[row]}"


def read_table(source: Source, problems: Problems, notices: Notices) -> Raw | None:
    """Read the file of a table; what is wrong with the file is added to ``problems``."""
    wrong = _look_at(source.path, source.table)
    if wrong is not None:
        problems.add(source.where, wrong)
        return None
    suffix = source.path.suffix.lower()
    if suffix == CSV:
        return _read_csv(source, problems)
    frame, wrong = _read_parquet(source.path) if suffix in PARQUET else _read_ogr(source)
    if frame is None:
        problems.add(source.where, wrong or "cannot be read")
        return None
    if frame.crs is None and suffix not in JSON:
        problems.add(source.where, _say_no_crs(suffix))
        return None
    frame = in_degrees(frame, lambda what: notices.add(source.where, what))
    if len(frame) == 0:
        problems.add(source.where, _say_empty(source.table))
        return None
    return Raw(source, frame)


def read_outlines(path: Path | None, problems: Problems) -> gpd.GeoDataFrame | None:
    """Read the outlines of a map: any shapes, of which nothing is asked but to be drawn."""
    if path is None:
        return None
    frame, wrong = _try(lambda: in_degrees(gpd.read_file(path)))
    if frame is None:
        problems.add(path.name, _say_unreadable(path, wrong or ""))
    return frame


def fingerprint(sources: Iterable[Source]) -> str:
    """SHA-256 of what the files hold, whatever they are called and wherever they are."""
    digest = hashlib.sha256(b"siting world 1")
    for source in sorted(sources, key=lambda source: source.table.name):
        for path in _files_of(source.path):
            content = path.read_bytes()
            suffix = path.suffix.lower()
            digest.update(f"\n{source.table.name}{suffix} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.rglob("*") if file.is_file())
    beside = (path.with_suffix(suffix) for suffix in SIDECARS)
    sidecars = [file for file in beside if file.is_file()] if path.suffix.lower() == ".shp" else []
    return [path, *sidecars]


# --- Before reading -------------------------------------------------------------------------


def _look_at(path: Path, table: Table) -> str | None:
    """What is wrong with a file at first sight: missing, a folder, empty, not what it says."""
    try:
        if path.is_dir():
            return None if path.suffix.lower() == ".gdb" else _say_folder(table)
        if not path.exists():
            return _say_missing(path)
        with path.open("rb") as file:
            start = file.read(512)
    except (OSError, ValueError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if not start:
        return "the file is empty (0 bytes); write the table again"
    return _say_disguised(start, path.suffix.lower(), table)


def _say_folder(table: Table) -> str:
    return (
        f"is a folder, but {table.name} is one file; name the file, or use the folder as "
        "world.base to read all its tables"
    )


def _say_missing(path: Path) -> str:
    if not path.parent.is_dir():
        return f"there is no such file, nor a folder '{path.parent.name}'; check the path"
    near = sorted(entry.name for entry in path.parent.iterdir())
    same_stem = [name for name in near if Path(name).stem == path.stem]
    close = same_stem[0] if same_stem else did_you_mean(path.name, near)
    return f"there is no such file; {f'did you mean {close}?' if close else 'check the path'}"


def _say_disguised(start: bytes, suffix: str, table: Table) -> str | None:
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    found = next(
        (
            kind
            for kind, marks in _SIGNATURES.items()
            if any(start.startswith(mark) or text.startswith(mark) for mark in marks)
        ),
        None,
    )
    expected = _SIGNATURE_OF.get(suffix)
    if found == expected or (expected is None and suffix != CSV):
        return None
    if found in (_WEB_PAGE, _POINTER):
        again = "download it again" if found == _WEB_PAGE else "fetch it with git lfs pull"
        return f"is {found} instead of {table.name}; {again}"
    if found is not None:
        return (
            f"the name ends in {suffix}, but the file is {found}; give it the suffix of what it "
            f"is, or save {table.name} again"
        )
    if suffix == CSV:
        return None
    first = start.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    is_text = first.isprintable() and "\ufffd" not in first
    held = f"begins with '{first[:40]}'" if is_text else "holds other bytes"
    return (
        f"the name ends in {suffix}, but the file is not {expected}: it {held}; give it the "
        f"suffix of what it is, or save {table.name} again"
    )


def _say_empty(table: Table) -> str:
    what = f"the table is empty, but needs one {table.a_row} or more"
    return what if table.required else f"{what}; leave {table.name} out of the model if it is none"


# --- CSV ------------------------------------------------------------------------------------


def _read_csv(source: Source, problems: Problems) -> Raw | None:
    table = source.table
    if table.geometry == "polygon":
        problems.add(
            source.where,
            f"a CSV holds points, but {table.name} needs polygons; save it as GeoJSON or "
            "GeoPackage",
        )
        return None
    try:
        text = source.path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        problems.add(
            source.where,
            f"line {line}: byte 0x{byte:02x} is not UTF-8, so the file is perhaps Latin-1 or "
            "Windows-1252; save it as CSV UTF-8",
        )
        return None
    return _parse_csv(source, text, problems)


def _parse_csv(source: Source, text: str, problems: Problems) -> Raw | None:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[list[str]] = []
    lines: list[int] = []
    before = 0
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                rows.append(row)
                lines.append(before + 1)
            before = reader.line_num
    except csv.Error as error:
        problems.add(source.where, f"line {reader.line_num}: is not CSV: {error}; check the quotes")
        return None
    if not rows:
        problems.add(source.where, "the file has no line of column names; write the table again")
        return None
    names = [name.strip() or f"column_{n}" for n, name in enumerate(rows[0], start=1)]
    positions = source.table.geometry == "point"
    wrong = _say_header(names, rows[0], positions=positions) or _say_ragged(rows, lines)
    if wrong is None and len(rows) == 1:
        wrong = _say_empty(source.table)
    if wrong is not None:
        problems.add(source.where, wrong)
        return None
    known = {column.name for column in (*source.table.columns, *POSITION)}
    columns = {
        name: _column_of(values, keep_text=name in known)
        for name, values in zip(names, zip(*rows[1:], strict=True), strict=True)
    }
    frame = gpd.GeoDataFrame(columns, geometry=[None] * (len(rows) - 1), crs=WGS84)
    return Raw(source, frame, "lonlat" if positions else "plain", lines[1:])


def _column_of(fields: tuple[str, ...], *, keep_text: bool) -> pd.Series[Any]:
    """A column as the file has it; one that is only passed on is numbers if all of it is."""
    given = [field if field.strip() else None for field in fields]
    if not keep_text and all(field is None or _NUMBER.fullmatch(field) for field in given):
        if all(field is not None and "." not in field for field in given):
            return pd.Series([int(field) for field in fields])
        return pd.Series([None if field is None else float(field) for field in given], dtype=float)
    return pd.Series(given, dtype=object)


def _say_header(names: list[str], header: list[str], *, positions: bool) -> str | None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        again = "is there twice" if len(twice) == 1 else "are there twice"
        return f"column {listing(twice)} {again}; keep one of each"
    for mark, word in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and mark in header[0]:
            return f"columns are apart by {word}, but a CSV needs commas; save it with commas"
    if "geometry" in names:
        return "column geometry cannot be, as lon and lat are the geometry; rename or drop it"
    missing = [column.name for column in POSITION if column.name not in names]
    if not missing or not positions:
        return None
    meant = [(name, _POSITION_NAMES.get(name.casefold())) for name in names]
    hints = [f"rename '{name}' to {column}" for name, column in meant if column in missing]
    are = "is" if len(missing) == 1 else "are"
    todo = " and ".join(hints) if hints else "add them, in WGS 84 degrees"
    return f"{listing(missing)} {are} missing, and a CSV of points needs lon and lat; {todo}"


def _say_ragged(rows: list[list[str]], lines: list[int]) -> str | None:
    for row, line in zip(rows[1:], lines[1:], strict=True):
        if len(row) != len(rows[0]):
            return (
                f"line {line}: has {len(row)} fields, but there are {len(rows[0])} columns; put "
                "text that holds a comma in quotes"
            )
    return None


# --- Formats with geometry ------------------------------------------------------------------

_Read = tuple[gpd.GeoDataFrame | None, str | None]


def _read_ogr(source: Source) -> _Read:
    path = source.path
    layer, wrong = _layer_of(source) if path.suffix.lower() in LAYERED else (None, None)
    if wrong is not None:
        return None, wrong
    # A line of one position is no reason not to read the others: it becomes a row without shape.
    options: dict[str, Any] = {"on_invalid": "ignore"} | ({} if layer is None else {"layer": layer})
    if path.suffix.lower() in JSON:
        # An id such as 2024-01-01 stays what it is.
        options["DATE_AS_STRING"] = "YES"
    frame, wrong = _try(lambda: pyogrio.read_dataframe(path, **options))
    if frame is None:
        return None, _say_unreadable(path, wrong or "")
    if not isinstance(frame, gpd.GeoDataFrame):
        return None, f"holds no geometry, but {source.table.name} need {source.table.geometry}s"
    return frame, None


def _layer_of(source: Source) -> tuple[str | None, str | None]:
    found, wrong = _try(lambda: [str(name) for name in pyogrio.list_layers(source.path)[:, 0]])
    if found is None:
        return None, _say_unreadable(source.path, wrong or "")
    if source.table.name in found:
        return source.table.name, None
    if len(found) == 1:
        return found[0], None
    held = f"{len(found)} layers, {listing(found)}" if found else "no layer"
    return None, f"holds {held}; call the one to read '{source.table.name}'"


def _read_parquet(path: Path) -> _Read:
    frame, wrong = _try(lambda: gpd.read_parquet(path))
    if frame is None and wrong is not None and "pyarrow" in wrong:
        return None, "GeoParquet is read by pyarrow, which is missing; pip install pyarrow"
    return frame, f"is no GeoParquet: {wrong}" if wrong else None


def _try(read: Callable[[], Any]) -> tuple[Any, str | None]:
    """What a reader returns, or the first line of what it complains about."""
    try:
        # GDAL warns of what the checks say better, such as a column of numbers and text.
        with warnings.catch_warnings(action="ignore"):
            return read(), None
    except Exception as error:  # noqa: BLE001 - whatever a reader raises is about the file
        return None, (str(error).strip().splitlines() or [type(error).__name__])[0]


def _say_unreadable(path: Path, complaint: str) -> str:
    if path.suffix.lower() in JSON:
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


def _say_no_crs(suffix: str) -> str:
    beside = " (a .prj file)" if suffix == ".shp" else ""
    return (
        f"has no coordinate system{beside}, so its positions mean nothing; set it where the file "
        "was made, such as EPSG:4326 for degrees"
    )

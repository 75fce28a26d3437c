"""What is read: the file of a table, and the table as that file holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from siting.model.sections import IGNORE
from siting.world.columns import Table
from siting.world.matching import Origin

if TYPE_CHECKING:
    import geopandas as gpd

JSON = (".geojson", ".json", ".topojson", ".geojsonl", ".geojsons", ".ndjson")
"""Suffixes of files that are in WGS 84 degrees where they do not say otherwise."""

PARQUET = (".parquet", ".geoparquet")
TEXT = (".csv", ".tsv", ".txt", ".psv")
SPREADSHEETS = (".xlsx", ".xlsm")
ARCHIVES = (".zip", ".kmz", ".gz")

DRAWN = (
    *(".geojson", ".json", ".topojson", ".geojsonl", ".gpkg", ".shp", ".fgb", ".gdb"),
    *(".sqlite", ".kml", ".kmz", ".gml", ".gpx", ".tab", ".mif", ".zip", ".gdb.zip"),
    *(".geojson.gz", *PARQUET),
)
"""Suffixes of files that hold shapes, and are looked for in a folder of tables."""

SUFFIXES = (*DRAWN, ".csv", ".tsv", ".csv.gz", ".tsv.gz", *SPREADSHEETS)
"""Suffixes of files that are looked for in a folder of tables."""

SIDECARS = {
    ".shp": (".dbf", ".prj", ".shx", ".cpg"),
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".mif": (".mid",),
}
"""Suffixes of the files that lie beside a file and belong to it."""

GROUPS = {"row": "sheet", "feature": "layer", "line": "file"}
"""What holds rows of a table that was read from several, by what a row is called."""

Form = Literal["drawn", "lonlat", "plain"]

_NUMBER = r"[-+]?[\d._]+(?:[eE][-+]?\d+)?"
_FACTOR = re.compile(rf"\s*[*/]\s*{_NUMBER}\s*$|^\s*{_NUMBER}\s*\*\s*")


class UnreadableError(ValueError):
    """A file cannot be read as the table that it should hold; says why, and what to do."""


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
    layers, header_row, columns
        How it is read, as ``[layers]``, ``[header_rows]`` and ``[columns]`` of the model say.
    bundled
        Whether it is a table of a world that comes with siting, whose rows are known.
    fetched
        Whether it was fetched from an address.
    """

    table: Table
    path: Path
    where: str
    own: bool = False
    layers: tuple[str, ...] = ()
    header_row: int | None = None
    columns: tuple[tuple[str, str], ...] = ()
    bundled: bool = False
    fetched: bool = False

    def read_from(self, name: str) -> tuple[str, ...]:
        """What the model says that a column is read from, as written and without its factor."""
        given = dict(self.columns).get(name)
        if given is None:
            return ()
        plain = _FACTOR.sub("", given)
        return tuple(dict.fromkeys((given, plain, plain.strip().strip("\"'`"))))

    def told(self) -> frozenset[str]:
        """All names that the model says columns are read from."""
        ours = (ours for ours, _ in self.columns if ours != IGNORE)
        return frozenset(name for column in ours for name in self.read_from(column))


@dataclass(frozen=True)
class Part:
    """A layer, sheet or file, of several that are one table.

    Parameters
    ----------
    name
        What to call it.
    rows
        How many rows of the table are its own; they follow those of the part before.
    columns
        The columns that it has, as it names them.
    suffix
        Suffix of the file that it is in.
    """

    name: str
    rows: int
    columns: tuple[str, ...]
    suffix: str


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
        For a text table or a spreadsheet the line of each row, and for a layer of which rows were
        left out the number of each; else None: rows are numbered features.
    layer_of
        The layer or sheet of each row, where several were read; ``lines`` then number the rows of
        each.
    word
        What a row is called in the file: a line, a row or a feature.
    suffix
        Suffix of the file that was read, which may lie inside of an archive: ``.shp`` for a zipped
        Shapefile.
    parts
        What was joined, where several layers, sheets or files were read; none once its columns
        have the registry's names.
    origins, asked
        Once its columns have the registry's names: the column of the file that each is read from,
        and those that a problem asks about already.
    """

    source: Source
    frame: gpd.GeoDataFrame
    form: Form = "drawn"
    lines: list[int] | None = None
    layer_of: list[str] | None = field(default=None, kw_only=True)
    word: str = field(default="line", kw_only=True)
    suffix: str = field(default="", kw_only=True)
    parts: tuple[Part, ...] = field(default=(), kw_only=True)
    origins: Mapping[str, Origin] = field(default_factory=dict, kw_only=True)
    asked: frozenset[str] = field(default=frozenset(), kw_only=True)

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
        place = f"{self.word} {self.lines[row]}"
        if self.layer_of is None:
            return place
        return f"{place} of {GROUPS[self.word]} '{self.layer_of[row]}'"


def suffix_of(path: Path) -> str:
    """The suffix that says what a file is, in small letters: ``.csv`` of ``SITES.CSV``."""
    return path.suffix.lower()


def fold(name: str) -> str:
    """A name without what does not count when names are compared: case, spaces, hyphens."""
    return "".join(c for c in name.casefold() if c.isalnum())

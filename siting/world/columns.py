"""The column registry: every table and column that siting reads, with unit, bounds and meaning.

It drives the checks and the documentation: ``python -m siting.world.columns`` prints
``docs/tables.md``.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Literal

from siting.world.facts import KINDS

Kind = Literal["id", "text", "number", "integer", "flag"]
Geometry = Literal["polygon", "point", "line"]


@dataclass(frozen=True)
class Column:
    """A column that siting reads.

    Parameters
    ----------
    name, kind
        Its name in a table, and what its values are. An ``id`` is text that is unique in its
        table; a ``flag`` is true or false.
    meaning
        What it says, and what holds where it is blank.
    unit
        Unit of a number; empty for a ratio or a count.
    lower, upper
        Bounds of a number, both allowed.
    too_low
        Why a number cannot be below its lower bound and what to write instead.
    required
        Whether every row must have it.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    lower: float | None = None
    upper: float | None = None
    too_low: str = ""
    required: bool = False


@dataclass(frozen=True)
class Table:
    """A table that siting reads.

    Parameters
    ----------
    name, geometry
        Its name in a model file, and the kind of its geometry.
    a_row
        What one row is.
    meaning
        What the table says.
    columns
        The columns that are read; any other is kept and passed through to the outputs.
    any_of
        Columns of which every row must have enough, though none is required by itself.
    required
        Whether there is no world without it.
    """

    name: str
    geometry: Geometry
    a_row: str
    meaning: str
    columns: tuple[Column, ...]
    any_of: tuple[str, ...] = ()
    required: bool = True

    def column(self, name: str) -> Column:
        """The column of a name."""
        return next(column for column in self.columns if column.name == name)


HEADROOM_CURTAILMENT = {
    "headroom_mw_0p25": 0.0025,
    "headroom_mw_0p5": 0.005,
    "headroom_mw_1p0": 0.01,
}
"""Columns of headroom under a contract, with the mean fraction of energy curtailed [0-1]."""

_NO_LESS = "a zone cannot have less than none left; use 0 to close it"
_ID = Column("id", "id", "Unique in the table; kept as written in every output.", required=True)


def _price(meaning: str) -> Column:
    return Column("price_usd_per_mwh", "number", meaning, unit="USD/MWh", lower=0)


ZONES = Table(
    name="zones",
    geometry="polygon",
    a_row="zone",
    meaning="Areas in which a utility has so much left to sell. Zones nest: only those with no "
    "zone inside, the leaves, hold sites, and leaves do not overlap.",
    any_of=("headroom_mw", *HEADROOM_CURTAILMENT),
    columns=(
        _ID,
        Column("utility", "text", "Who sells power here.", required=True),
        Column(
            "headroom_mw",
            "number",
            "What all sites in the zone, and in the zones inside it, may draw together. Wins over "
            "the columns by curtailment.",
            unit="MW",
            lower=0,
            too_low=_NO_LESS,
        ),
        *(
            Column(
                name,
                "number",
                f"Headroom when {100 * curtailment:g} % of the energy may be curtailed. Between "
                "two of these columns headroom is interpolated.",
                unit="MW",
                lower=0,
                too_low=_NO_LESS,
            )
            for name, curtailment in HEADROOM_CURTAILMENT.items()
        ),
        Column("region", "text", "Region, such as a market; chosen by `world.regions`."),
        Column("interconnect", "text", "Synchronous area."),
        Column("state", "text", "State; chosen by `world.states`."),
        Column("name", "text", "Name for people."),
        Column("parent", "text", "Id of the zone that this zone lies in."),
        _price("Price of energy; blank: `cost.grid_usd_per_mwh`."),
        Column(
            "grid_clean_fraction",
            "number",
            "Clean share of the zone's own mix; blank: none.",
            unit="0-1",
            lower=0,
            upper=1,
        ),
        Column(
            "co2_kg_per_mwh", "number", "Emissions of the zone's own mix.", unit="kg/MWh", lower=0
        ),
    ),
)

SITES = Table(
    name="sites",
    geometry="point",
    a_row="site",
    meaning="Where a campus could stand.",
    columns=(
        _ID,
        Column(
            "max_mw",
            "number",
            "Largest draw that the site's own connection carries.",
            unit="MW",
            lower=0,
            too_low="a connection cannot carry less than nothing; use 0 for a site without one",
            required=True,
        ),
        Column("zone", "text", "Id of its leaf zone; blank: the leaf zone that it lies in."),
        Column("name", "text", "Name for people."),
        Column(
            "kv",
            "number",
            "Voltage of the connection. A site below `world.min_kv` is dropped; a blank is kept.",
            unit="kV",
            lower=0,
        ),
        Column("utility", "text", "Who sells power here; blank: the zone's utility."),
        Column(
            "pue",
            "number",
            "Draw over IT load; blank: `campus.pue`.",
            lower=1,
            too_low="the IT load is part of the draw",
        ),
        _price("Price of energy; blank: the zone's."),
        Column(
            "campus_musd_per_mw",
            "number",
            "Building and grid connection, for each MW; blank: `cost.campus_musd_per_mw`.",
            unit="MUSD/MW",
            lower=0,
        ),
        Column(
            "campus_fixed_musd",
            "number",
            "Cost of a campus of any size; blank: `cost.campus_fixed_musd`.",
            unit="MUSD",
            lower=0,
        ),
        Column(
            "existing_mw",
            "number",
            "Draw of datacenters that stand here or near already; for reports.",
            unit="MW",
            lower=0,
        ),
        Column(
            "energised_year",
            "integer",
            "Year from which the site can draw; for reports.",
            lower=1900,
            upper=2200,
        ),
    ),
)

FIBER = Table(
    name="fiber",
    geometry="line",
    a_row="span",
    meaning="Spans of the fiber graph. Spans meet at nodes: where their node ids are the same or, "
    "without ids, where their ends are within 1 m of each other.",
    columns=(
        _ID,
        Column(
            "km",
            "number",
            "Length along the cable, at least the great circle between its ends; blank: length "
            "of the line times `world.route_factor`.",
            unit="km",
            lower=0,
        ),
        Column("kind", "text", "Kind of the cable; for reports."),
        Column("from", "text", "Id of the node where the line starts; given with `to`."),
        Column("to", "text", "Id of the node where the line ends; given with `from`."),
    ),
)

SUPPLY = Table(
    name="supply",
    geometry="point",
    a_row="plant",
    meaning="Power plants; the clean ones can be contracted.",
    required=False,
    columns=(
        _ID,
        Column(
            "kind",
            "text",
            "What it runs on; the kinds below bring their own `clean` and `capacity_factor`.",
            required=True,
        ),
        Column(
            "mw",
            "number",
            "Capacity.",
            unit="MW",
            lower=0,
            too_low="a plant cannot have less than no capacity",
            required=True,
        ),
        Column(
            "capacity_factor",
            "number",
            "Mean output over capacity; blank: by kind.",
            unit="0-1",
            lower=0,
            upper=1,
        ),
        Column(
            "premium_usd_per_mwh",
            "number",
            "What a contract costs on top of the price of energy; blank: 0.",
            unit="USD/MWh",
            lower=0,
        ),
        Column(
            "zone",
            "text",
            "Id of its leaf zone; blank: the leaf zone that it lies in. A plant in no zone can "
            "only be contracted when `clean.deliver_within` is anywhere.",
        ),
        Column("clean", "flag", "Whether its energy is clean; blank: by kind."),
    ),
)

NODES = Table(
    name="nodes",
    geometry="point",
    a_row="node",
    meaning="Where fiber spans meet, for spans that are a table of `from`, `to` and `km` and have "
    "no lines.",
    required=False,
    columns=(_ID,),
)

TABLES: dict[str, Table] = {table.name: table for table in (ZONES, SITES, FIBER, SUPPLY, NODES)}
"""All tables, in the order in which they are checked."""

POSITION = (
    Column("lon", "number", "Longitude, WGS 84.", unit="degrees", required=True),
    Column("lat", "number", "Latitude, WGS 84.", unit="degrees", required=True),
)
"""The columns that stand for the geometry of points in a table without shapes."""

_KIND_WORDS = {
    "id": "text, unique",
    "text": "text",
    "number": "number",
    "integer": "whole number",
    "flag": "true or false",
}


_INTRODUCTION = """\
# Tables
Made from the column registry by `python -m siting.world.columns > docs/tables.md`; a test holds it
equal.

## Files
A table is read from whatever GDAL reads as shapes (GeoJSON, GeoPackage, Shapefile, FlatGeobuf, File
Geodatabase, KML, KMZ, GML, GPX, TopoJSON, SQLite, MapInfo), from GeoParquet, from text (`.csv`,
`.tsv`, `.txt`, UTF-8, with or without `.gz`) and from spreadsheets (`.xlsx`). Any of them may lie
in a `.zip`. Shapes may be in any coordinate system; a missing one is an error, except for GeoJSON,
which is WGS 84. What is read otherwise than it stands in the file is said, with its number of rows.

- **Layers.** `[layers]` of the model says which are read. Without it: the layer that has the
  table's name, alone; else all that have the table's geometry, as one table, unless it is doubtful
  that they belong together (ids that come back, areas that overlap): then the model has to say it.
  The files of a `.zip`, the folders of a KMZ and the sheets of a spreadsheet are layers. Of several
  sheets the one is read that has the columns.
- **Text and spreadsheets.** The row of the names of columns is found among the first 20, or is
  given by `[header_rows]`. Fields are apart by commas, tabs, semicolons or bars; numbers have a
  point before decimals. Cells that are merged, formulas without a value, and sums below the rows
  are refused. `.xls` and `.ods` are not read.
- **Places.** Points in text and spreadsheets have columns `lon` and `lat` in degrees, or names that
  mean the same (`Longitude`, `x`), or those that `[columns]` names. Any table may have its shapes
  in a column `wkt`, `geometry`, `geom` or `the_geom`, as WKT, hexadecimal WKB or GeoJSON; an SRID
  is followed.
- **Ids** are what the column `id` holds, or the ids of features of a GeoJSON or of placemarks of a
  KML. The number of a row is never made an id; `[columns]` names the column that is one.

Shapefiles cut names to 10 characters: a cut name that fits one column stands for it, so headroom
needs another format. A line of several parts must join into one. Leaf zones may overlap by 1 % of
the smaller one, as borders that were simplified twice do; a site there is in the zone that comes
first by id.

A blank in an optional column means that it is not given. Columns that are not listed are kept and
passed through to the outputs. Ids are text: `007` in a CSV stays `007`, a number in GeoJSON becomes
its digits. `region` and `interconnect` of a site are its zone's. All problems of all tables are
reported at once."""

_KINDS = """
## Kinds of supply
A plant of another kind needs its own `clean`, and its own `capacity_factor` if it is clean.
Capacity factors are means of 2016-2020 in the US, from EIA Electric Power Annual, table 4.08.B;
plants that are not clean need none, as nothing is contracted from them.

| kind | clean | capacity_factor |
|---|---|---|"""


def describe_tables() -> str:
    """Write the reference of all tables as Markdown: the text of ``docs/tables.md``."""
    lines = [_INTRODUCTION]
    for table in TABLES.values():
        needed = "" if table.required else " (optional)"
        lines += [
            "",
            f"## {table.name}{needed}",
            f"{table.meaning} One {table.geometry} for each {table.a_row}.",
            "",
            "| column | | unit | bounds | meaning |",
            "|---|---|---|---|---|",
        ]
        lines += [_describe(column, table) for column in table.columns]
        if table.any_of:
            *most, last = (f"`{name}`" for name in table.any_of)
            lines += [
                "",
                (
                    f"At least one of {', '.join(most)} and {last} is needed, and those that are "
                    "given must span `power.curtailment` unless `headroom_mw` is given."
                ),
            ]
    lines += [_KINDS]
    lines += [
        f"| {kind} | {'yes' if fact.clean else 'no'} | "
        f"{'' if fact.capacity_factor is None else fact.capacity_factor} |"
        for kind, fact in KINDS.items()
    ]
    return "\n".join(lines) + "\n"


def _describe(column: Column, table: Table) -> str:
    need = "required" if column.required else "any of" if column.name in table.any_of else ""
    low, high = column.lower, column.upper
    if low is not None and high is not None:
        bounds = f"{low:g} to {high:g}"
    else:
        bounds = f"at least {low:g}" if low is not None else ""
    kind = _KIND_WORDS[column.kind]
    unit = column.unit if column.kind == "number" else kind
    return f"| `{column.name}` | {need} | {unit} | {bounds} | {column.meaning} |"


if __name__ == "__main__":
    sys.stdout.write(describe_tables())

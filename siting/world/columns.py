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
    meaning="Spans of the fiber graph. A site joins the nearest place of a span, at its ends or "
    "between them. Spans with `from` and `to` meet where their node ids are the same, and nowhere "
    "else. Spans without meet where they have a vertex in common, where an end is within "
    "`world.fiber_snap_m` of another such span, and at a node with an id within that distance; "
    "lines that cross without a vertex in common do not meet. Between two positions a line runs "
    "along the great circle, and a span has no direction.",
    columns=(
        _ID,
        Column(
            "km",
            "number",
            "Length along the cable, at least the great circle between its ends; blank: length "
            "of the line times `world.line_route_factor`. A span that is joined between its ends "
            "shares it by the length of its line, and so do the parts of a line of several.",
            unit="km",
            lower=0,
        ),
        Column("kind", "text", "Kind of the cable; for reports."),
        Column("from", "text", "Id of the node at one end; given with `to`."),
        Column(
            "to",
            "text",
            "Id of the node at the other end; given with `from`. Needed without lines.",
        ),
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
    "no lines: each is drawn straight between its nodes. Lines of spans that name a node of this "
    "table begin or end there, within 0.1 km.",
    required=False,
    columns=(_ID,),
)

TABLES: dict[str, Table] = {table.name: table for table in (ZONES, SITES, FIBER, SUPPLY, NODES)}
"""All tables, in the order in which they are checked."""

POSITION = (
    Column("lon", "number", "Longitude, WGS 84.", unit="degrees", required=True),
    Column("lat", "number", "Latitude, WGS 84.", unit="degrees", required=True),
)
"""The columns that stand for the geometry of points in a CSV."""

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

Any format that geopandas reads (GeoJSON, GeoPackage, GeoParquet, Shapefile), in any coordinate
system; a missing coordinate system is an error, except for GeoJSON, which is WGS 84. Points can be
a CSV (UTF-8, commas) with `lon` and `lat` in degrees. A file with several layers is read at the
layer that has the table's name. Shapefiles cut names to 10 characters: a cut name that fits one
column stands for it, so headroom needs another format. Parts of a line that join into one are one
span; others are spans of their own, called `id:1`, `id:2` and so on. A span that is joined between
its ends is in several parts in a plan, called `id (part 1 of 2)`.
Leaf zones may overlap by 1 % of the smaller one, as borders that were simplified twice do; a site
there is in the zone that comes first by id.

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

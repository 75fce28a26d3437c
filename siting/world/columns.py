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
class Doubt:
    """Numbers that are perhaps in another unit: no real value, or hardly one, lies there.

    Parameters
    ----------
    says
        Why, and what they perhaps are.
    above, below
        Where they lie, bounds left out. Nothing is below at 0, which is always meant.
    factor
        What makes our unit of the one that is meant.
    certain
        Whether no real value lies there, so that it is a problem, and no notice.
    everywhere
        Whether one row says nothing: all that are not 0 must lie there.
    """

    says: str
    above: float | None = None
    below: float | None = None
    factor: float | None = None
    certain: bool = True
    everywhere: bool = False


@dataclass(frozen=True)
class OtherNames:
    """What a column is called elsewhere: never taken for it, and said where it is missing.

    Case, spaces, hyphens and underscores do not count, nor do units behind a name, nor what stands
    in brackets, nor the word for a row before it: ``Length (mi)`` is ``length``.

    Parameters
    ----------
    asked
        Names that can hardly be anything else: a problem, until the model says what they are. For
        a column that every row needs they are what is proposed.
    told
        Names that are often something else: a notice, and proposed after all others.
    """

    asked: tuple[str, ...] = ()
    told: tuple[str, ...] = ()


_NO_OTHERS = OtherNames()


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
    doubts
        Numbers within the bounds that are perhaps in another unit.
    others
        What it is called elsewhere.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    lower: float | None = None
    upper: float | None = None
    too_low: str = ""
    required: bool = False
    doubts: tuple[Doubt, ...] = ()
    others: OtherNames = _NO_OTHERS


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
    row_words
        What else a row is called in names of columns, such as ``bus_kv``.
    """

    name: str
    geometry: Geometry
    a_row: str
    meaning: str
    columns: tuple[Column, ...]
    any_of: tuple[str, ...] = ()
    required: bool = True
    row_words: tuple[str, ...] = ()

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
_ID = Column(
    "id",
    "id",
    "Unique in the table; kept as written in every output.",
    required=True,
    others=OtherNames(
        asked=("id_no", "id_code", "identifier", "unique_id", "uid", "uuid"),
        told=("code", "number", "no", "num", "key", "ref", "fid", "oid", "objectid", "globalid"),
    ),
)
_ZONE_NAMES = OtherNames(
    asked=(
        *("zone_id", "zone_name", "zone_code", "zone_key", "zone_no", "zone_num", "zone_nr"),
        *("zone_number", "zone_ref", "in_zone", "zones"),
    ),
    told=("load_zone", "area_id", "area_name", "area_code", "area_no", "area_num"),
)
_HEADROOM_NAMES = OtherNames(
    asked=(
        *("headroom", "available", "avail", "available_capacity", "spare"),
        *("avail_capacity", "spare_capacity", "remaining", "remaining_capacity", "free_capacity"),
        *("hosting_capacity", "capacity_available"),
    ),
    told=("capacity", "cap", "limit", "mw"),
)

_DEAR = Doubt("no energy costs so much for a year; is it in another unit?", above=10_000)


def _price(meaning: str) -> Column:
    return Column(
        "price_usd_per_mwh",
        "number",
        meaning,
        unit="USD/MWh",
        lower=0,
        doubts=(
            _DEAR,
            Doubt("no energy is so cheap for a year; are these USD/kWh?", below=1, factor=1000),
            Doubt(
                "hardly any energy is so cheap for a year; are these cents/kWh?",
                below=20,
                factor=10,
                certain=False,
                everywhere=True,
            ),
        ),
        others=OtherNames(
            asked=(
                *("price", "usd_per_mwh", "usd_mwh", "usd_per_kwh", "usd_kwh", "cents_per_kwh"),
                *("cents_kwh", "mills_per_kwh", "eur_per_mwh", "eur_mwh"),
                *("energy_price", "power_price", "electricity_price", "price_of_energy"),
                *("price_per_mwh", "price_mwh", "mean_price", "average_price", "avg_price"),
            ),
            told=("lmp", "mean_lmp", "avg_lmp", "tariff", "energy_cost", "electricity_cost"),
        ),
    )


def _power(largest_mw: float, large_mw: float, why: str) -> tuple[Doubt, ...]:
    """Doubts of a power [MW] that is perhaps in W or kW: above the largest, and above a large one.

    ``why`` says of the largest that there is none, and begins with "no".
    """
    hardly = f"hardly any {why.removeprefix('no ')}; are these kW?"
    return (
        Doubt(f"{why}; are these W?", above=1000 * large_mw, factor=1e-6),
        Doubt(f"{why}; are these kW?", above=largest_mw, factor=1e-3),
        Doubt(hardly, above=large_mw, factor=1e-3, certain=False),
    )


_IN_GW = Doubt(
    "all are small beside a campus; are these GW?",
    below=10,
    factor=1000,
    certain=False,
    everywhere=True,
)
_HEADROOM = (
    *_power(1e6, 100_000, "no zone has so much left"),
    _IN_GW,
)


ZONES = Table(
    name="zones",
    geometry="polygon",
    a_row="zone",
    row_words=("zone", "area", "territory", "polygon"),
    meaning="Areas in which a utility has so much left to sell. Zones nest, and those with no "
    "zone inside, the leaves, do not overlap. A site is in the leaf that it lies in; in the "
    "territory of a parent outside of all its leaves it is the parent's own.",
    any_of=("headroom_mw", *HEADROOM_CURTAILMENT),
    columns=(
        _ID,
        Column(
            "utility",
            "text",
            "Who sells power here.",
            required=True,
            others=OtherNames(
                asked=(
                    *("utility_name", "util_name", "util", "utility_company", "electric_utility"),
                    *("power_company", "name_of_utility"),
                ),
                told=(
                    *("company", "company_name", "operator", "owner", "provider", "supplier"),
                    *("holding_company", "balancing_authority", "ba_name", "ba_code", "ba"),
                    *("utility_id", "utility_code", "util_code", "name"),
                ),
            ),
        ),
        Column(
            "headroom_mw",
            "number",
            "What all sites in the zone, and in the zones inside it, may draw together. Wins over "
            "the columns by curtailment.",
            unit="MW",
            lower=0,
            too_low=_NO_LESS,
            doubts=_HEADROOM,
            others=_HEADROOM_NAMES,
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
                doubts=_HEADROOM,
            )
            for name, curtailment in HEADROOM_CURTAILMENT.items()
        ),
        Column(
            "region",
            "text",
            "Region, such as a market; chosen by `world.regions`.",
            others=OtherNames(
                told=(
                    *("region_name", "region_id", "region_code", "market", "market_region", "iso"),
                    *("rto", "iso_rto", "rto_iso", "nerc_region"),
                ),
            ),
        ),
        Column(
            "interconnect",
            "text",
            "Synchronous area.",
            others=OtherNames(
                asked=("interconnect_name", "interconnection_name", "interconnect_id"),
                told=("synchronous_area", "synchronous_zone", "sync_area"),
            ),
        ),
        Column("state", "text", "State; chosen by `world.states`."),
        Column("name", "text", "Name for people."),
        Column(
            "parent",
            "text",
            "Id of the zone that this zone lies in; its headroom bounds both.",
            others=OtherNames(
                asked=(
                    *("parent_id", "parent_zone", "parent_zone_id", "parent_code", "parent_name"),
                    *("id_parent", "parent_key", "parent_ref"),
                ),
                told=("within", "part_of", "belongs_to", "inside"),
            ),
        ),
        _price("Price of energy; blank: `cost.grid_usd_per_mwh`."),
        Column(
            "grid_clean_fraction",
            "number",
            "Clean share of the zone's own mix; blank: none.",
            unit="0-1",
            lower=0,
            upper=1,
            others=OtherNames(
                asked=("clean", "clean_mix", "mix_clean", "clean_grid", "carbon_free", "cfe"),
                told=("renewable", "renewables", "low_carbon"),
            ),
        ),
        Column(
            "co2_kg_per_mwh",
            "number",
            "Emissions of the zone's own mix.",
            unit="kg/MWh",
            lower=0,
            others=OtherNames(
                asked=(
                    *("co2", "co2_intensity", "co2_rate", "co2_emissions", "carbon_intensity"),
                    *("emissions_co2", "kg_co2_per_mwh", "kg_co2_mwh", "lb_co2_per_mwh"),
                    *("lbs_co2_per_mwh", "g_co2_per_kwh", "t_co2_per_mwh"),
                ),
                told=("emissions", "emission_rate", "ghg", "ghg_intensity", "carbon"),
            ),
            doubts=(
                Doubt("no fuel emits so much; are these g/MWh?", above=10_000, factor=1e-3),
                Doubt(
                    "hardly any mix of fuels emits so much; are these lb/MWh?",
                    above=1200,
                    factor=0.45359237,
                    certain=False,
                ),
                Doubt(
                    "hardly any mix of fuels emits so little; are these t/MWh?",
                    below=2,
                    factor=1000,
                    certain=False,
                    everywhere=True,
                ),
            ),
        ),
    ),
)

SITES = Table(
    name="sites",
    geometry="point",
    a_row="site",
    row_words=(
        *("site", "substation", "sub", "station", "bus", "campus", "location", "poi"),
        "candidate",
    ),
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
            doubts=(*_power(100_000, 50_000, "no connection carries so much"), _IN_GW),
            others=OtherNames(
                asked=(
                    *("mw", "mw_max", "max", "capacity", "cap", "limit", "max_load", "max_draw"),
                    *("max_capacity", "max_power", "available", "available_capacity", "avail"),
                    *("avail_capacity", "hosting_capacity", "load_limit", "max_mva", "limit_mva"),
                ),
                told=("headroom", "load", "power", "rating", "nameplate", "rated_mva", "mva"),
            ),
        ),
        Column(
            "zone",
            "text",
            "Id of its zone; blank: the leaf that it lies in, else the parent, else the nearest "
            "zone within `world.snap_km`.",
            others=_ZONE_NAMES,
        ),
        Column("name", "text", "Name for people."),
        Column(
            "kv",
            "number",
            "Voltage of the connection. A site below `world.min_kv` is dropped; a blank is kept.",
            unit="kV",
            lower=0,
            others=OtherNames(
                asked=(
                    *("max_kv", "kv_max", "nominal_kv", "kv_nominal", "nom_kv", "kv_nom"),
                    *("rated_kv", "base_kv", "kv_base", "high_kv", "hv_kv", "kv_high", "kv_level"),
                    *("min_kv", "kv_min"),
                ),
                told=(
                    *("voltage", "volt", "volts", "max_volt", "max_voltage", "nominal_voltage"),
                    *("voltage_level", "base_voltage", "rated_voltage", "grid_voltage", "v_nom"),
                    *("min_volt", "min_voltage", "kv_class", "voltage_class", "volt_class"),
                ),
            ),
            doubts=(
                Doubt("no line has so much; are these volts?", above=1500, factor=1e-3),
                Doubt(
                    "no campus is fed at so little; are these MV?",
                    below=1.2,
                    factor=1000,
                    everywhere=True,
                ),
            ),
        ),
        Column(
            "utility",
            "text",
            "Who sells power here; blank: the zone's utility.",
            others=OtherNames(
                asked=(
                    *("utility_name", "util_name", "utility_company", "electric_utility"),
                    *("serving_utility", "utility_serving", "name_of_utility"),
                ),
                told=("util", "utility_id", "utility_code", "util_code", "power_company"),
            ),
        ),
        Column(
            "pue",
            "number",
            "Draw over IT load; blank: `campus.pue`.",
            lower=1,
            too_low="the IT load is part of the draw",
            others=OtherNames(
                asked=(
                    *("design_pue", "pue_design", "annual_pue", "pue_annual", "mean_pue"),
                    *("average_pue", "avg_pue", "pue_avg", "peak_pue", "target_pue"),
                    "power_usage_effectiveness",
                ),
            ),
            doubts=(
                Doubt("no site is so wasteful; are these percent?", above=10, factor=0.01),
                Doubt("hardly any site is so wasteful", above=3, certain=False),
            ),
        ),
        _price("Price of energy; blank: the zone's."),
        Column(
            "campus_musd_per_mw",
            "number",
            "Building and grid connection, for each MW; blank: `cost.campus_musd_per_mw`.",
            unit="MUSD/MW",
            lower=0,
            others=OtherNames(
                asked=("musd_per_mw", "usd_per_mw", "usd_per_kw", "usd_mw", "usd_kw"),
                told=("capex", "cost_per_mw", "cost_per_kw", "build_cost", "construction_cost"),
            ),
            doubts=(
                Doubt("no campus costs so much; are these USD/MW?", above=100_000, factor=1e-6),
                Doubt("no campus costs so much; are these USD/kW?", above=1000, factor=1e-3),
                Doubt("hardly any campus costs so much", above=100, certain=False),
            ),
        ),
        Column(
            "campus_fixed_musd",
            "number",
            "Cost of a campus of any size; blank: `cost.campus_fixed_musd`.",
            unit="MUSD",
            lower=0,
            others=OtherNames(
                asked=("fixed_musd", "fixed_usd", "fixed_cost", "campus_fixed_cost"),
                told=("connection_cost", "interconnection_cost", "land_cost"),
            ),
            doubts=(Doubt("no campus costs so much; are these USD?", above=100_000, factor=1e-6),),
        ),
        Column(
            "existing_mw",
            "number",
            "Draw of datacenters that stand here or near already; for reports.",
            unit="MW",
            lower=0,
            doubts=_power(100_000, 50_000, "no place has so many datacenters"),
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
    row_words=("fiber", "fibre", "span", "link", "cable", "line", "route", "segment", "edge"),
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
            others=OtherNames(
                asked=(
                    *("kms", "kilometers", "kilometres", "length_km", "km_length", "distance_km"),
                    *("dist_km", "km_distance", "km_total", "total_km", "sheath_km", "optical_km"),
                ),
                told=(
                    *("length", "distance", "dist", "len", "miles", "mi", "mileage", "metres"),
                    *("meters", "feet", "sheath", "total_length", "optical_length"),
                ),
            ),
        ),
        Column("kind", "text", "Kind of the cable; for reports."),
        Column(
            "from",
            "text",
            "Id of the node at one end; given with `to`.",
            others=OtherNames(
                told=(
                    *("from_node", "node_from", "from_id", "from_bus", "from_name", "from_site"),
                    *("from_pop", "bus0", "node0", "a_end", "end_a", "a_node", "node_a", "a_site"),
                    *("site_a", "a_location", "a_loc", "pop_a", "endpoint_a", "start_node"),
                    *("node_start", "source_node", "source_id", "src_node", "origin"),
                ),
            ),
        ),
        Column(
            "to",
            "text",
            "Id of the node at the other end; given with `from`. Needed without lines.",
            others=OtherNames(
                told=(
                    *("to_node", "node_to", "to_id", "to_bus", "to_name", "to_site", "to_pop"),
                    *("bus1", "node1", "z_end", "end_z", "b_end", "end_b", "z_node", "node_z"),
                    *("b_node", "node_b", "z_site", "site_z", "site_b", "z_location", "z_loc"),
                    *("pop_b", "pop_z", "endpoint_b", "endpoint_z", "end_node", "node_end"),
                    *("target_node", "target_id", "dst_node", "target", "destination"),
                ),
            ),
        ),
    ),
)

SUPPLY = Table(
    name="supply",
    geometry="point",
    a_row="plant",
    row_words=("plant", "generator", "gen", "unit", "project", "facility"),
    meaning="Power plants; the clean ones can be contracted.",
    required=False,
    columns=(
        _ID,
        Column(
            "kind",
            "text",
            "What it runs on; the kinds below bring their own `clean` and `capacity_factor`.",
            required=True,
            others=OtherNames(
                asked=(
                    *("fuel", "fuel_type", "fuel_code", "primary_fuel", "primary_fuel_type"),
                    *("main_fuel", "energy_source", "energy_source_code", "energy_source_1"),
                    *("technology", "tech", "technology_type", "resource_type"),
                ),
                told=("type", "carrier", "resource", "prime_mover", "source", "category"),
            ),
        ),
        Column(
            "mw",
            "number",
            "Capacity.",
            unit="MW",
            lower=0,
            too_low="a plant cannot have less than no capacity",
            required=True,
            doubts=_power(30_000, 25_000, "no plant is so large"),
            others=OtherNames(
                asked=(
                    *("nameplate", "nameplate_capacity", "capacity", "cap", "installed_capacity"),
                    *("installed", "net_capacity", "summer_capacity", "net_summer_capacity"),
                    *("rated_capacity", "max_capacity", "net_mw", "p_nom", "p_max"),
                ),
                told=("winter_capacity", "net_winter_capacity", "size", "power", "rating"),
            ),
        ),
        Column(
            "capacity_factor",
            "number",
            "Mean output over capacity; blank: by kind.",
            unit="0-1",
            lower=0,
            upper=1,
            others=OtherNames(
                asked=("cap_factor", "net_capacity_factor", "mean_capacity_factor"),
                told=("cf", "ncf", "cap_fac", "plant_factor", "load_factor", "utilization"),
            ),
        ),
        Column(
            "premium_usd_per_mwh",
            "number",
            "What a contract costs on top of the price of energy; blank: 0.",
            unit="USD/MWh",
            lower=0,
            others=OtherNames(
                asked=("ppa_premium", "contract_premium", "green_premium", "price_premium"),
                told=("adder", "ppa_adder", "surcharge", "usd_per_mwh", "usd_mwh"),
            ),
            doubts=(
                _DEAR,
                Doubt(
                    "hardly any contract costs so little; are these USD/kWh?",
                    below=0.1,
                    factor=1000,
                    certain=False,
                    everywhere=True,
                ),
            ),
        ),
        Column(
            "zone",
            "text",
            "Id of its zone; blank: as for sites. A plant in no zone can only be contracted when "
            "`clean.deliver_within` is anywhere.",
            others=_ZONE_NAMES,
        ),
        Column(
            "clean",
            "flag",
            "Whether its energy is clean; blank: by kind.",
            others=OtherNames(
                asked=("is_clean", "clean_energy", "clean_flag", "clean_yn"),
                told=("renewable", "is_renewable", "carbon_free", "zero_carbon", "low_carbon"),
            ),
        ),
    ),
)

NODES = Table(
    name="nodes",
    geometry="point",
    a_row="node",
    row_words=("node", "pop", "vertex", "site", "location", "bus"),
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
  sheets the one is read that has the columns; a hidden one only where the model names it. Layers
  may spell a column differently: names are matched in each by itself, and a layer that lacks a
  column is said.
- **Text and spreadsheets.** The row of the names of columns is found among the first 20 of each
  sheet, or is given by `[header_rows]` for all of them. Fields are apart by commas, tabs,
  semicolons or bars; numbers have a point before decimals. Cells that are merged, formulas without
  a value, errors, sums between or below the rows, a second table below or beside, and numbers that
  are shown in another unit than ours are refused. Notes below the rows, names that come again, a
  row of our units and blank fields at the end of a line are left out. Hidden rows and columns are
  read. `.xls` and `.ods` are not read.
- **Places.** Points in text and spreadsheets have columns `lon` and `lat` in degrees, or names that
  mean the same (`Longitude`, `x`), or those that `[columns]` names. Any table may have its shapes
  in a column `wkt`, `geometry`, `geom` or `the_geom`, as WKT, hexadecimal WKB or GeoJSON; an SRID
  is followed.
- **Ids** are what the column `id` holds, or the ids of features of a GeoJSON or of placemarks of a
  KML. The number of a row is made one only if the model says so: `id = "#"`.

Parts of a line that join into one are one span; others are spans of their own, called `id:1`,
`id:2` and so on. A span that is joined between its ends is in several parts in a plan, called
`id (part 1 of 2)`.

Leaf zones may overlap by 1 % of the smaller one, as borders that were simplified twice do; a site
there is in the zone that comes first by id. A row is in the zone that it names wherever it lies;
one that lies inside another and more than 1 km from the one it names is told, as borders are
simplified.

Edges are straight in the coordinate system that they were drawn in: they are cut before they are
turned into degrees. Longitudes may count on beyond 180: polygons are cut there (RFC 7946, 3.1.9),
and lines and points taken around. Footprints may stand for sites and plants: a point inside is
taken. Broken rings are repaired where that changes the area by at most 1 %. Rows of zones with one
id that say the same are united to one zone. Sites at one position stay campuses of their own, or
are made one site by `world.same_place`. All of it is told with a count.

A table that stands beside another (`world.add_sites`, `add_zones`, `add_fiber`, `add_supply`) has
ids of its own. An added zone is cut out of the zones under it, but for its parents; their headroom
stays. Rows of the base that lie in it are put there, whatever zone they name. Where all zones are
the model's and sites or plants the base's, the base's rows are placed by where they lie, unless
all zones that they name are there; what lies in none is left out.

## Names
A column is found in this order, and all but exact names are told of:

1. what the model says: `[columns.sites]` with `id = "BUS_ID"`, and with one factor that makes our
   unit of theirs, `kv = "VOLTAGE / 1000"`;
2. exact names;
3. names that differ by case, spaces, hyphens, underscores and points alone: `KV`,
   `capacity factor`;
4. in a Shapefile, which cuts names to 10 letters, the beginning of one column's name:
   `price_usd_`. What may be several (`headroom_m`), or is one of two names that were cut to the
   same (`price_usd_` beside `price_us_1`), is asked about.

Where a column is missing, names that are nearly its own, such as `capacity_facter` or `headroom`,
are asked about, and so are names by which it is known elsewhere, such as `zone_id` or `max_kv`:
`[columns.supply]` with `ignore = ["capacity_facter"]` says that it is something else. Other words
for it that often mean something else, such as `VOLTAGE`, are told. These names are listed below
each table; case, spaces, hyphens, units behind them (`length_mi`), what stands in brackets and the
word for a row before them (`bus_kv`) do not count. Which unit a name has in it is in what is
proposed: `km = "length_mi * 1.609344"`. All other columns are kept and passed through to the
outputs.

## Values
A blank in an optional column means that it is not given; so do words such as `NA`, `null`, `-` and
`unknown` in columns of numbers and flags, in `utility`, `region`, `interconnect` and `state`, and
in `zone` and `parent` where no zone is called so; and so do numbers that stand for none where none
is below 0, such as -9999 and the least number of a grid. In a column that every row needs they are
an error. Spaces around text are taken off. Names that differ by case, spaces or the form of letters
alone count as several. Each of these is told of.

Ids are text: `007` in a CSV stays `007`, a number in GeoJSON becomes its digits, and a cell of a
spreadsheet is what it shows where its format is text and zeros: `SUB-007`. Cells in percent are the
share that they hold: 95 % is 0.95. `region` and `interconnect` of a site are its zone's. Flags are
`true`, `yes`, `y`, `t` or 1, or what is their contrary. Numbers have no unit, a point before
decimals, and nothing between thousands. Those that no real value reaches are asked about, as they
are perhaps in another unit. All problems of all tables are reported at once."""

_KINDS = """
## Kinds of supply
Case does not count. A plant of another kind needs its own `clean`, and its own `capacity_factor`
if it is clean; what others call these kinds (`NG`, `Water`) is asked about, and never taken.
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
        lines += _describe_others(table)
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
    bounds = "; ".join([bounds, *_describe_doubts(column)]).removeprefix("; ")
    kind = _KIND_WORDS[column.kind]
    unit = column.unit if column.kind == "number" else kind
    return f"| `{column.name}` | {need} | {unit} | {bounds} | {column.meaning} |"


def _describe_others(table: Table) -> list[str]:
    """What columns are called elsewhere, and is asked about or told where they are missing."""
    lines = [
        f"- `{column.name}`: "
        + "; ".join(
            f"{what} {', '.join(f'`{name}`' for name in names)}"
            for what, names in (("asked", column.others.asked), ("told", column.others.told))
            if names
        )
        for column in table.columns
        if column.others != _NO_OTHERS
    ]
    return ["", "Other names, where the column is missing:", "", *lines] if lines else []


def _describe_doubts(column: Column) -> list[str]:
    """From where on numbers are asked about, whatever the other rows hold."""
    certain = [doubt for doubt in column.doubts if doubt.certain and not doubt.everywhere]
    above = min((d.above for d in certain if d.above is not None), default=None)
    below = max((d.below for d in certain if d.below is not None), default=None)
    words = [] if above is None else [f"above {above:,.0f}"]
    words += [] if below is None else [f"between 0 and {below:g}"]
    return [f"asked about {' and '.join(words)}"] if words else []


if __name__ == "__main__":
    sys.stdout.write(describe_tables())

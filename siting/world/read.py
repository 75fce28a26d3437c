"""Reading a world: find the tables, read them, check everything at once, keep what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siting.errors import InputError, Problem, Problems
from siting.model import Model
from siting.notices import Notices
from siting.wording import did_you_mean, listing, number, shown
from siting.world.check import (
    assign_zones,
    check_against_zones,
    check_headroom,
    check_kinds,
    check_zones,
)
from siting.world.columns import SUPPLY, TABLES
from siting.world.facts import KINDS
from siting.world.fiber import check_fiber, draw_plain, split_lines
from siting.world.files import fingerprint, read_outlines, read_table
from siting.world.misses import tell_joins
from siting.world.naming import name_columns
from siting.world.places import Places, find_tables
from siting.world.reproject import WGS84
from siting.world.shapes import read_shapes
from siting.world.sheet import LISTED, BoolArray, ObjectArray, Sheet, read_columns
from siting.world.world import World

IntArray = NDArray[np.int64]


def read_world(model: Model) -> World:
    """Read the world of a model.

    Parameters
    ----------
    model
        What is asked: which tables, and which part of them is kept.

    Returns
    -------
    The tables, checked against the column registry and each other, as far as the model keeps
    them.

    Raises
    ------
    InputError
        With every problem of every table, or of what the model asks of them.
    """
    problems, notices = Problems(), Notices()
    places = find_tables(model, problems)
    sheets = _read_sheets(places, problems, notices)
    found = _check_sheets(sheets, model, problems)
    order = [places.sources[name].where for name in TABLES if name in places.sources]
    problems.found.sort(key=lambda problem: (*order, problem.where).index(problem.where))
    problems.raise_if_any()
    kept = _keep(sheets, found, model, problems)
    problems.raise_if_any()
    outlines = read_outlines(places.outlines, problems)
    problems.raise_if_any()
    world = _make_world(sheets, found, kept, model, places, outlines, notices)
    check_question(model, world)
    return world


@dataclass
class _Found:
    """What the checks found out: rows of leaf zones, and the zone of each site and plant."""

    leaves: IntArray
    zone_of: dict[str, IntArray]


@dataclass
class _Kept:
    """Which rows the model keeps, and how many sites each of its filters leaves out."""

    zones: BoolArray
    sites: BoolArray
    supply: BoolArray
    dropped: dict[str, int]


def _read_sheets(places: Places, problems: Problems, notices: Notices) -> dict[str, Sheet]:
    sheets = {}
    for name in TABLES:
        source = places.sources.get(name)
        raw = read_table(source, problems, notices) if source is not None else None
        if raw is not None:
            named = name_columns(raw, problems, notices)
            sheets[name] = read_columns(named, problems, notices)
            read_shapes(sheets[name])
            if name == "fiber":
                sheets[name] = split_lines(sheets[name])
    return sheets


def _check_sheets(sheets: dict[str, Sheet], model: Model, problems: Problems) -> _Found:
    """Check rows and tables against each other, as far as they could be read."""
    found = _Found(np.empty(0, np.int64), {})
    zones = sheets.get("zones")
    if zones is not None:
        found.leaves = check_zones(zones)
        check_headroom(zones, model)
    if "fiber" in sheets:
        draw_plain(
            sheets["fiber"],
            sheets.get("nodes"),
            model.world.route_factor,
            nodes_named=model.world.nodes is not None,
        )
        check_fiber(sheets["fiber"], sheets.get("nodes"))
    if "supply" in sheets:
        check_kinds(sheets["supply"])
    if zones is None or any(problem.where == zones.raw.where for problem in problems.found):
        return found  # what lies in which zone says nothing while zones are wrong
    for name in ("sites", "supply"):
        if name in sheets:
            zone = assign_zones(sheets[name], zones, found.leaves, required=name == "sites")
            for column in ("region", "interconnect"):
                check_against_zones(sheets[name], zones, zone, column)
            found.zone_of[name] = zone
    return found


# --- What the model keeps -------------------------------------------------------------------


def _keep(sheets: dict[str, Sheet], found: _Found, model: Model, problems: Problems) -> _Kept:
    asked, where = model.world, f"model '{model.name}'"
    zones, sites = sheets["zones"], sheets["sites"]
    leaf_kept = np.zeros(len(zones), dtype=bool)
    leaf_kept[found.leaves] = True
    in_area: dict[str, BoolArray] = {}
    for key, column in (("regions", "region"), ("states", "state")):
        wanted = getattr(asked, key)
        if wanted:
            held = zones.text(column)
            _check_known(f"world.{key}", wanted, held, f"no zone has as {column}", where, problems)
            in_area[f"world.{key}"] = np.isin(held.astype(str), wanted)
            leaf_kept &= in_area[f"world.{key}"]
    ids = sites.text("id")
    for key in ("exclude_sites", "require_sites"):
        _check_known(f"world.{key}", getattr(asked, key), ids, "is no site", where, problems)

    zone = found.zone_of["sites"]
    removed = {"world.exclude_sites": np.isin(ids.astype(str), asked.exclude_sites)}
    removed["world.min_kv"] = sites.numbers("kv") < asked.min_kv
    removed |= {key: ~inside[zone] for key, inside in in_area.items()}
    kept = ~np.logical_or.reduce(list(removed.values()))
    _check_required(sites, removed, model, where, problems)
    if not kept.any() and not problems.found:
        problems.add(where, _say_none_left(sites, removed, model))

    supply = sheets.get("supply")
    supply_kept = np.ones(0 if supply is None else len(supply), dtype=bool)
    if supply is not None and in_area:
        zone = found.zone_of["supply"]
        supply_kept = (zone >= 0) & leaf_kept[zone]
    return _Kept(
        zones=_with_parents(zones, leaf_kept),
        sites=kept,
        supply=supply_kept,
        dropped={key: int(rows.sum()) for key, rows in removed.items() if rows.any()},
    )


def _check_known(
    key: str,
    wanted: tuple[str, ...],
    held: ObjectArray,
    what: str,
    where: str,
    problems: Problems,
) -> None:
    known = sorted({name for name in held if name is not None})
    for name in wanted:
        if name in known:
            continue
        close = did_you_mean(name, known)
        if close:
            todo = f"did you mean '{close}'?"
        elif len(known) <= 2 * LISTED:
            todo = f"there are {listing(known)}" if known else "the table has no such column"
        else:
            todo = f"there are {len(known):,}, such as {listing(known[:3])}"
        problems.add(where, f"{key} has '{name}', which {what}; {todo}")


def _check_required(
    sites: Sheet, removed: dict[str, BoolArray], model: Model, where: str, problems: Problems
) -> None:
    row_of = {name: row for row, name in enumerate(sites.text("id"))}
    kv = sites.numbers("kv")
    for name in model.world.require_sites:
        row = row_of.get(name)
        if row is None:
            continue
        by = [key for key, rows in removed.items() if rows[row] and key != "world.exclude_sites"]
        if by:
            why = ""
            if "world.min_kv" in by:
                why = (
                    f" (the site has {number(kv[row])} kV, {number(model.world.min_kv)} kV are "
                    "asked)"
                )
            problems.add(
                where,
                f"world.require_sites has '{name}', but {listing(by)} leave{'s' * (len(by) == 1)} "
                f"it out{why}; widen {'it' if len(by) == 1 else 'them'}, or do not require the "
                "site",
            )


def _say_none_left(sites: Sheet, removed: dict[str, BoolArray], model: Model) -> str:
    values = {"world.min_kv": f" = {number(model.world.min_kv)}"}
    parts = [
        f"{key}{values.get(key, '')} leaves out {int(rows.sum()):,}"
        for key, rows in removed.items()
        if rows.any()
    ]
    return f"no site is left of {len(sites):,}: {listing(parts)}; widen what is kept"


def _with_parents(zones: Sheet, kept: BoolArray) -> BoolArray:
    row_of = {name: row for row, name in enumerate(zones.text("id"))}
    parents = zones.text("parent")
    wide = kept.copy()
    for leaf in np.flatnonzero(kept):
        above = parents[leaf]
        while above is not None and not wide[row_of[above]]:
            wide[row_of[above]] = True
            above = parents[row_of[above]]
    return wide


# --- The world as a value -------------------------------------------------------------------


def _make_world(
    sheets: dict[str, Sheet],
    found: _Found,
    kept: _Kept,
    model: Model,
    places: Places,
    outlines: gpd.GeoDataFrame | None,
    notices: Notices,
) -> World:
    zones = sheets["zones"]
    of_zone = {
        "sites": ("utility", "region", "interconnect"),
        "supply": ("region", "interconnect"),
    }
    tables = {"zones": _table(zones, kept.zones), "fiber": _table(sheets["fiber"])}
    for name, rows in (("sites", kept.sites), ("supply", kept.supply)):
        if name not in sheets:
            continue
        sheet, zone = sheets[name], found.zone_of[name]
        filled = {"zone": _taken(zones.text("id"), zone)}
        for column in of_zone[name]:
            value = _taken(zones.text(column), zone)
            own = sheet.text(column)
            filled[column] = np.where(own == None, value, own)  # noqa: E711 - element by element
        if name == "supply":
            filled |= _facts(sheet)
        tables[name] = _table(sheet, rows, filled)
    world = World(
        name=places.name,
        title=places.title,
        caveat=places.caveat,
        sha256=fingerprint(places.sources.values()),
        sources=places.data_sources,
        sites=tables["sites"],
        zones=tables["zones"],
        fiber=tables["fiber"],
        supply=tables.get("supply", _no_supply()),
        outlines=outlines,
        route_factor=model.world.route_factor,
        line_route_factor=model.world.line_route_factor,
        fiber_snap_m=model.world.fiber_snap_m,
        files={name: source.where for name, source in places.sources.items()},
        dropped=kept.dropped,
        asked=model.world,
    )
    tell_joins(
        world.spans(),
        world.joins(),
        world.free_spans,
        world.fiber_snap_m,
        lambda what: notices.add(sheets["fiber"].raw.where, what),
    )
    return world.with_notices(dict.fromkeys(notices.found))


def _table(
    sheet: Sheet, rows: BoolArray | None = None, filled: dict[str, NDArray[Any]] | None = None
) -> gpd.GeoDataFrame:
    """Columns of a sheet as the registry wants them, some rows, sorted by id."""
    frame = sheet.raw.frame.drop(columns=[c for c in ("lon", "lat") if sheet.raw.form == "lonlat"])
    for name, values in ({**sheet.columns} | (filled or {})).items():
        if name in ("lon", "lat"):
            continue
        dtype = object if values.dtype == object else None
        frame[name] = pd.Series(values, index=frame.index, dtype=dtype)
    frame = frame.set_geometry(gpd.GeoSeries(sheet.shapes, index=frame.index, crs=WGS84))
    if rows is not None:
        frame = frame[rows]
    order = np.argsort(frame["id"].to_numpy().astype(str), kind="stable")
    return frame.iloc[order].reset_index(drop=True)


def _taken(values: ObjectArray, rows: IntArray) -> ObjectArray:
    """Values of some rows; None for row -1."""
    taken: ObjectArray = np.append(values, np.array([None], dtype=object))[rows]
    return taken


def _facts(supply: Sheet) -> dict[str, NDArray[Any]]:
    """What is not given of plants, by their kind."""
    kinds = [KINDS.get(kind) for kind in supply.text("kind")]
    clean = np.array(
        [
            own if own is not None else fact is not None and fact.clean
            for own, fact in zip(supply.text("clean"), kinds, strict=True)
        ],
        dtype=bool,
    )
    by_kind = np.array(
        [
            np.nan if fact is None or fact.capacity_factor is None else fact.capacity_factor
            for fact in kinds
        ]
    )
    own = supply.numbers("capacity_factor")
    premium = supply.numbers("premium_usd_per_mwh")
    return {
        "clean": clean,
        "capacity_factor": np.where(np.isnan(own), by_kind, own),
        "premium_usd_per_mwh": np.where(np.isnan(premium), 0.0, premium),
    }


def _no_supply() -> gpd.GeoDataFrame:
    columns: dict[str, list[Any]] = {c.name: [] for c in SUPPLY.columns} | {
        "region": [],
        "interconnect": [],
    }
    return gpd.GeoDataFrame(columns, geometry=[], crs=WGS84)


# --- What the model asks of the world -------------------------------------------------------


def check_question(model: Model, world: World) -> None:
    """Check that a model can be asked on a world: enough sites, and regions where they matter.

    Raises
    ------
    InputError
        With every problem.
    """
    where = f"model '{model.name}'"
    found = [*_asks_for_sites(model, world), *_asks_for_areas(model, world)]
    if found:
        raise InputError(Problem(where, what) for what in found)


def _asks_for_sites(model: Model, world: World) -> list[str]:
    cluster, sites = model.cluster, len(world.sites)
    fewest = 1 if cluster.count == "most" else cluster.count
    asked = fewest * cluster.min_campuses
    if asked <= sites:
        return []
    left = ", ".join(f"{key} leaves out {n:,}" for key, n in world.dropped.items())
    have = "is 1 site" if sites == 1 else f"are {sites:,} sites"
    what = (
        f"cluster.count = {shown(cluster.count)} and cluster.min_campuses = {cluster.min_campuses} "
        f"ask for {asked:,} campuses, but there {have}{f' ({left})' if left else ''}; ask for "
        "fewer campuses, or give more sites"
    )
    return [what]


def _asks_for_areas(model: Model, world: World) -> list[str]:
    reasons: dict[str, list[str]] = {}
    within = model.clean.deliver_within
    if model.clean.min_fraction > 0 and within in ("region", "interconnect"):
        reasons[within] = [f'clean.deliver_within is "{within}"']
    if model.cluster.min_regions > 1:
        reasons.setdefault("region", []).append(
            f"cluster.min_regions is {model.cluster.min_regions}"
        )
    wrong = []
    for column, reason in reasons.items():
        blank = world.sites.loc[world.sites[column].isna(), "zone"]
        zones = sorted(set(blank))
        if not zones:
            continue
        shown = ", ".join(f"'{name}'" for name in zones[:LISTED])
        more = f" and {len(zones) - LISTED:,} more" if len(zones) > LISTED else ""
        who, have = ("zone", "has") if len(zones) == 1 else ("zones", "have")
        wrong.append(
            f"{' and '.join(reason)}, but {who} {shown}{more} {have} no "
            f"{column} in {world.files.get('zones', 'zones')}; fill in the column {column}, or "
            + (
                "lower min_regions"
                if "min_regions" in reason[-1]
                else "ask for delivery within a zone"
            )
        )
    return wrong

"""Reading a world: find the tables, read them, check everything at once, keep what is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siting.errors import InputError, Problems
from siting.model import Model
from siting.notices import Notices
from siting.world.added import United, cut_out_added, forget, unite
from siting.world.check import (
    check_against_zones,
    check_headroom,
    check_zones,
)
from siting.world.columns import SUPPLY, TABLES
from siting.world.facts import KINDS
from siting.world.fiber import check_fiber, draw_plain, split_lines
from siting.world.files import Source, read_outlines, read_table
from siting.world.fingerprint import fingerprint
from siting.world.keep import Kept, keep_rows, taken_out_first
from siting.world.kinds import check_kinds, name_kinds
from siting.world.misses import tell_joins
from siting.world.naming import name_columns
from siting.world.nodes import tell_nodes_at_one_place
from siting.world.places import OUTLINES, Places, find_tables
from siting.world.placing import Placed, place_rows
from siting.world.plausible import check_lengths
from siting.world.question import check_question
from siting.world.repair import unite_rows
from siting.world.reproject import WGS84, CannotTransformError
from siting.world.shapes import read_shapes
from siting.world.sheet import BoolArray, ObjectArray, Sheet, forget_words, read_columns
from siting.world.spelling import compare_names
from siting.world.world import World

IntArray = NDArray[np.int64]


def read_files(model: Model) -> World:
    """Read the files of the world of a model, as `siting.world.read_world` does without a cache."""
    problems, notices = Problems(), Notices()
    places = find_tables(model, problems)
    sheets = _read_sheets(places, problems, notices)
    found = _check_sheets(sheets, model, problems)
    order = [source.where for name in TABLES for source in places.of_table(name)]
    problems.found.sort(key=lambda problem: (*order, problem.where).index(problem.where))
    _raise_if_any(problems, notices)
    kept = keep_rows(sheets, found.leaves, found.placed, model, problems)
    problems.raise_if_any()
    outlines = _read_outlines(places, problems)
    problems.raise_if_any()
    world = _make_world(sheets, found, kept, model, places, outlines, notices)
    check_question(model, world)
    return world


def _raise_if_any(problems: Problems, notices: Notices) -> None:
    """Raise what is wrong, and beside it how files were read, which often says why."""
    wrong = {problem.where for problem in problems.found}
    try:
        problems.raise_if_any()
    except InputError as error:
        for notice in dict.fromkeys(notices.found):
            if notice.where in wrong:
                error.add_note(f"{notice.where} was read so: {notice.what}")
        raise


@dataclass
class _Found:
    """What the checks found out: rows of leaf zones, and where sites and plants are."""

    leaves: IntArray
    placed: dict[str, Placed]


def _read_sheets(places: Places, problems: Problems, notices: Notices) -> dict[str, Sheet]:
    sheets: dict[str, Sheet] = {}
    for name in TABLES:
        parts = [_read_sheet(source, problems, notices) for source in places.of_table(name)]
        whole = [sheet for sheet in parts if sheet is not None]
        if whole and len(whole) == len(parts):  # a half would be blamed for what the other holds
            sheets[name] = whole[0] if len(whole) == 1 else unite(*whole)
    return sheets


def _read_sheet(source: Source, problems: Problems, notices: Notices) -> Sheet | None:
    try:
        raw = read_table(source, problems, notices)
    except CannotTransformError as error:
        problems.add(source.where, str(error))
        return None
    if raw is None:
        return None
    raw = unite_rows(name_columns(raw, problems, notices), notices)
    sheet = read_columns(raw, problems, notices)
    read_shapes(sheet)
    return split_lines(sheet) if sheet.table.name == "fiber" else sheet


def _read_outlines(places: Places, problems: Problems) -> gpd.GeoDataFrame | None:
    try:
        return read_outlines(places.outlines, problems)
    except CannotTransformError as error:
        problems.add(OUTLINES, str(error))
        return None


def _check_sheets(sheets: dict[str, Sheet], model: Model, problems: Problems) -> _Found:
    """Check rows and tables against each other, as far as they could be read."""
    found = _Found(np.empty(0, np.int64), {})
    _forget_words(sheets)
    zones = sheets.get("zones")
    if zones is not None:
        if isinstance(zones, United):
            cut_out_added(zones, model.power.curtailment)
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
        tell_nodes_at_one_place(sheets["fiber"])
        check_lengths(sheets["fiber"])
    if "supply" in sheets:
        name_kinds(sheets["supply"], model.columns.kinds)
        check_kinds(sheets["supply"])
    compare_names(sheets)
    if zones is None or any(problem.where in zones.files for problem in problems.found):
        return found  # what lies in which zone says nothing while zones are wrong
    for name in ("sites", "supply"):
        if name not in sheets:
            continue
        sheet = sheets[name]
        taking_part = np.ones(len(sheet), dtype=bool)
        if name == "sites":
            taking_part = ~np.logical_or.reduce(list(taken_out_first(sheet, model).values()))
        placed = place_rows(
            sheet,
            zones,
            found.leaves,
            taking_part,
            snap_km=model.world.snap_km,
            deliver_within=model.clean.deliver_within,
        )
        forget(sheet, placed.moved, ("utility",))
        for column in ("region", "interconnect"):
            check_against_zones(sheet, zones, placed.zone, column, ~placed.moved)
        found.placed[name] = placed
    return found


def _forget_words(sheets: dict[str, Sheet]) -> None:
    """Take words such as NA for no zone, where no zone is called so."""
    if "zones" not in sheets:
        return
    ids = sheets["zones"].text("id")
    for name, column in (("zones", "parent"), ("sites", "zone"), ("supply", "zone")):
        if name in sheets:
            forget_words(sheets[name], column, ids)


# --- The world as a value -------------------------------------------------------------------


def _make_world(
    sheets: dict[str, Sheet],
    found: _Found,
    kept: Kept,
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
        sheet, zone = sheets[name], found.placed[name].zone
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
        sha256=fingerprint(places.all()),
        sources=places.data_sources,
        sites=tables["sites"],
        zones=tables["zones"],
        fiber=tables["fiber"],
        supply=tables.get("supply", _no_supply()),
        outlines=outlines,
        route_factor=model.world.route_factor,
        line_route_factor=model.world.line_route_factor,
        fiber_snap_m=model.world.fiber_snap_m,
        nodes=_table(sheets["nodes"]) if "nodes" in sheets else None,
        files={
            **{name: source.where for name, source in places.sources.items()},
            **{f"add_{name}": source.where for name, source in places.added.items()},
        },
        dropped=kept.dropped,
        left_out=kept.left_out,
        asked=model.world,
    )
    tell_joins(
        world.spans(),
        world.joins(),
        world.free_spans,
        world.fiber_snap_m,
        sheets["fiber"].tell,
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

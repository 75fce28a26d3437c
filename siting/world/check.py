"""Checks between rows and between tables: parents, zones, kinds of supply."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.model import Model
from siting.wording import did_you_mean, listing, number
from siting.world.columns import HEADROOM_CURTAILMENT
from siting.world.facts import KINDS
from siting.world.shapes import check_overlaps, find_zone
from siting.world.sheet import LISTED, Sheet

IntArray = NDArray[np.int64]

# --- Zones ----------------------------------------------------------------------------------


def check_zones(zones: Sheet) -> IntArray:
    """Check how zones nest and that leaves do not overlap; return the rows of the leaves."""
    ids, parents = zones.text("id"), zones.text("parent")
    row_of = {name: row for row, name in enumerate(ids) if name is not None}
    unknown = [r for r, name in enumerate(parents) if name is not None and name not in row_of]
    zones.complain_of(
        unknown,
        lambda row: (
            f"parent '{parents[row]}' is no zone of this table; "
            + _meant(parents[row], row_of, "leave it blank for a zone that lies in none")
        ),
    )
    _check_cycles(zones, row_of)
    with_children = {row_of[name] for name in parents if name in row_of}
    leaves = np.array([row for row in range(len(zones)) if row not in with_children], np.int64)
    check_overlaps(zones, leaves)
    _check_headroom_order(zones)
    return leaves


def _check_cycles(zones: Sheet, row_of: dict[str, int]) -> None:
    ids, parents = zones.text("id"), zones.text("parent")
    seen: set[int] = set()
    for start in range(len(zones)):
        path: list[int] = []
        row: int | None = start
        while row is not None and row not in seen:
            seen.add(row)
            path.append(row)
            row = row_of.get(parents[row])
        if row in path:
            circle = [str(ids[r]) for r in path[path.index(row) :]]
            around = " > ".join([*circle, circle[0]])
            zones.complain(
                f"{zones.place(row)}: lies in itself, parent by parent: {around}; clear the parent "
                "of the outermost"
            )


def _check_headroom_order(zones: Sheet) -> None:
    """More energy curtailed never leaves less headroom."""
    names = list(HEADROOM_CURTAILMENT)
    for low, high in ((names[0], names[1]), (names[1], names[2]), (names[0], names[2])):
        if names.index(high) - names.index(low) == 2 and names[1] in zones.columns:
            continue
        less, more = zones.numbers(low), zones.numbers(high)
        zones.complain_of(
            np.flatnonzero(less > more),
            lambda row, low=low, high=high, less=less, more=more: (  # type: ignore[misc]
                f"{low} is {number(less[row])} MW but {high} is {number(more[row])} MW, and more "
                "curtailment cannot leave less; are the columns swapped?"
            ),
        )


def check_headroom(zones: Sheet, model: Model) -> None:
    """Check that every zone states its headroom at the model's curtailment."""
    curtailment = model.power.curtailment
    at = np.array(list(HEADROOM_CURTAILMENT.values()))
    stated = ~np.isnan([zones.numbers(name) for name in HEADROOM_CURTAILMENT])
    plain = ~np.isnan(zones.numbers("headroom_mw"))
    below = np.where(stated, at[:, None], np.inf).min(axis=0)
    above = np.where(stated, at[:, None], -np.inf).max(axis=0)
    given = [name for name in zones.table.any_of if name in zones.columns]
    refused = np.logical_or.reduce([zones.refused[name] for name in given] or [~plain])
    none = ~plain & ~stated.any(axis=0) & ~refused
    zones.complain_of(
        np.flatnonzero(none),
        "headroom_mw is blank, and so is every column of headroom by curtailment; write what is "
        "left [MW], 0 to close the zone",
    )
    outside = np.flatnonzero(
        ~plain & ~none & ~refused & ((curtailment < below) | (curtailment > above))
    )

    def say(row: int) -> str:
        spans = (
            f"at {100 * below[row]:g} %"
            if below[row] == above[row]
            else f"from {100 * below[row]:g} to {100 * above[row]:g} %"
        )
        return (
            f"states its headroom {spans} curtailment, but power.curtailment is "
            f"{curtailment:g}, {100 * curtailment:g} %; give it headroom_mw, or ask for a "
            "curtailment that it states"
        )

    zones.complain_of(outside, say)


# --- Sites and supply -----------------------------------------------------------------------


def assign_zones(sheet: Sheet, zones: Sheet, leaves: IntArray, *, required: bool) -> IntArray:
    """Find the zone of each row: the one it names, else the leaf that it lies in.

    Parameters
    ----------
    sheet
        Sites or supply.
    zones, leaves
        The zones, and the rows of the leaves.
    required
        Whether a row in no zone is a problem.

    Returns
    -------
    ``(rows,)`` row of the zone of each; -1 for none.
    """
    ids, named = zones.text("id"), sheet.text("zone")
    row_of = {name: row for row, name in enumerate(ids) if name is not None}
    zone = np.array([row_of.get(name, -1) for name in named], np.int64)
    sheet.complain_of(
        [row for row, name in enumerate(named) if name is not None and zone[row] < 0],
        lambda row: (
            f"zone '{named[row]}' is no zone of {zones.raw.where}; "
            + _meant(named[row], row_of, "leave it blank to have the zone that it lies in")
        ),
    )
    is_leaf = np.zeros(len(zones), dtype=bool)
    is_leaf[leaves] = True
    sheet.complain_of(
        np.flatnonzero((zone >= 0) & ~is_leaf[zone]),
        lambda row: (
            f"zone '{named[row]}' has zones inside, and a {sheet.table.a_row} is in one of those; "
            "name that one, or leave it blank to have the zone that it lies in"
        ),
    )
    by_place = np.flatnonzero([name is None for name in named])
    by_place = by_place[~shapely.is_missing(sheet.shapes[by_place])]
    drawn = leaves[~shapely.is_missing(zones.shapes[leaves])]
    order = np.argsort(ids[drawn].astype(str), kind="stable").astype(np.int64)
    found = find_zone(sheet.shapes[by_place], zones.shapes[drawn], order)
    zone[by_place] = np.where(found >= 0, drawn[found], -1)
    if required and len(drawn) == len(leaves):
        _check_inside(sheet, zones, by_place[found < 0], drawn)
    return zone


def _check_inside(sheet: Sheet, zones: Sheet, outside: IntArray, leaves: IntArray) -> None:
    if not len(outside):
        return
    names = [sheet.text("id")[row] or sheet.raw.place(int(row)) for row in outside]
    shown = ", ".join(f"'{name}'" for name in names[:LISTED])
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    points = sheet.shapes[outside]
    swapped = np.array(shapely.points(shapely.get_y(points), shapely.get_x(points)), dtype=object)
    shapes = zones.shapes[leaves]
    order = np.arange(len(shapes), dtype=np.int64)
    if len(shapes) and (find_zone(swapped, shapes, order) >= 0).all():
        todo = "with lon and lat swapped they would: swap the columns"
    else:
        todo = "name their zone in a column, move them, or take them out"
    lie = "1 site lies" if len(names) == 1 else f"{len(names):,} sites lie"
    sheet.complain(f"{lie} in no zone of {zones.raw.where}: {shown}{more}; {todo}")


def check_against_zones(sheet: Sheet, zones: Sheet, zone: IntArray, name: str) -> None:
    """Refuse a column of a zone's name that says otherwise than the zone does."""
    if name not in sheet.raw.frame.columns:
        return
    own = sheet.raw.frame[name].to_numpy(dtype=object)
    of_zone = zones.text(name)
    ids = zones.text("id")

    def differs(row: int) -> bool:
        value = own[row]
        blank = value is None or value != value  # noqa: PLR0124 - NaN differs from itself
        return not blank and str(value) != of_zone[zone[row]]

    def say(row: int) -> str:
        held = of_zone[zone[row]]
        other = f"in {name} '{held}'" if held is not None else f"in no {name}"
        return (
            f"{name} is '{own[row]}', but its zone '{ids[zone[row]]}' is {other}, and a "
            f"{sheet.table.a_row} is where its zone is; rename the column, or correct one of them"
        )

    sheet.complain_of([row for row in range(len(sheet)) if zone[row] >= 0 and differs(row)], say)


def check_kinds(supply: Sheet) -> None:
    """Check that each plant is known to be clean or not, and a clean one its capacity factor."""
    kinds = supply.text("kind")
    clean = supply.text("clean")
    unknown = np.array([kind is not None and kind not in KINDS for kind in kinds], dtype=bool)
    blank = np.array([flag is None for flag in clean], dtype=bool)
    undecided = unknown & blank
    known = listing(f"'{kind}'" for kind in KINDS)

    supply.complain_of(
        np.flatnonzero(undecided),
        lambda row: (
            f"kind '{kinds[row]}' is not one of {known}; "
            + _meant(kinds[row], KINDS, "say in a column `clean` whether it is")
        ),
    )
    is_clean = np.array([flag is True for flag in clean], dtype=bool)
    supply.complain_of(
        np.flatnonzero(unknown & is_clean & np.isnan(supply.numbers("capacity_factor"))),
        lambda row: (
            f"kind '{kinds[row]}' is not one of {known}, so its capacity_factor [0-1] is not "
            "known; give it in a column"
        ),
    )
    by_fact = np.array([kind in KINDS and not KINDS[kind].clean for kind in kinds], dtype=bool)
    supply.complain_of(
        np.flatnonzero(by_fact & is_clean & np.isnan(supply.numbers("capacity_factor"))),
        lambda row: (
            f"kind '{kinds[row]}' is said to be clean, but no capacity_factor [0-1] is known for "
            "it; give it in a column"
        ),
    )


def _meant(name: str, known: Iterable[str], todo: str) -> str:
    """What to do about a name that is not known: use a similar one, or else."""
    close = did_you_mean(name, known)
    return f"did you mean '{close}'? Or {todo}" if close else todo

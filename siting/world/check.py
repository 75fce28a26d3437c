"""Checks between rows and between tables: parents, zones, kinds of supply."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.model import Model
from siting.wording import did_you_mean, number
from siting.world.added import is_known
from siting.world.columns import HEADROOM_CURTAILMENT
from siting.world.shapes import area_km2, check_overlaps, round_km2
from siting.world.sheet import LISTED, BoolArray, Sheet
from siting.world.values import text_of, tidied

IntArray = NDArray[np.int64]

MOST_OUTSIDE = 0.1
"""So much of a zone may lie outside of its parent, unsaid [0-1]: borders are simplified."""

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
    _tell_outside_parents(zones, row_of)
    _check_headroom_order(zones)
    return leaves


def _tell_outside_parents(zones: Sheet, row_of: dict[str, int]) -> None:
    """Name zones of which much lies outside of their parent: the wrong one may be named."""
    known = is_known(zones)
    if known.all():
        return
    ids, parents = zones.text("id"), zones.text("parent")
    pairs = [
        (row, row_of[name])
        for row, name in enumerate(parents)
        if name in row_of
        and zones.shapes[row] is not None
        and zones.shapes[row_of[name]] is not None
        and not (known[row] and known[row_of[name]])
    ]
    if not pairs:
        return
    inner, outer = np.array(pairs, np.int64).T
    covered = shapely.covers(zones.shapes[outer], zones.shapes[inner])
    inner, outer = inner[~covered], outer[~covered]
    outside_km2 = area_km2(shapely.difference(zones.shapes[inner], zones.shapes[outer]))
    share = outside_km2 / area_km2(zones.shapes[inner])
    said = [
        f"'{ids[inner[k]]}' {100 * share[k]:.0f} % outside of '{ids[outer[k]]}' "
        f"({round_km2(outside_km2[k])} km2)"
        for k in np.flatnonzero(share > MOST_OUTSIDE)
    ]
    if not said:
        return
    lie = "1 zone lies" if len(said) == 1 else f"{len(said):,} zones lie"
    its = "its parent, which bounds it" if len(said) == 1 else "their parents, which bound them"
    more = f"; and {len(said) - LISTED:,} more" if len(said) > LISTED else ""
    zones.tell(
        f"{lie} partly or wholly outside of {its} with all its ground: "
        f"{'; '.join(said[:LISTED])}{more}. Correct the column parent where it is another"
    )


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


def check_against_zones(
    sheet: Sheet, zones: Sheet, zone: IntArray, name: str, asked: BoolArray
) -> None:
    """Refuse a column of a zone's name that says otherwise than the zone does, in rows asked."""
    if name not in sheet.raw.frame.columns:
        return
    own = sheet.raw.frame[name].to_numpy(dtype=object)
    of_zone = zones.text(name)
    ids = zones.text("id")

    def differs(row: int) -> bool:
        value = own[row]
        blank = value is None or value != value  # noqa: PLR0124 - NaN differs from itself
        return not blank and tidied(text_of(value) or "") != of_zone[zone[row]]

    def say(row: int) -> str:
        held = of_zone[zone[row]]
        other = f"in {name} '{held}'" if held is not None else f"in no {name}"
        return (
            f"{name} is '{own[row]}', but its zone '{ids[zone[row]]}' is {other}, and a "
            f"{sheet.table.a_row} is where its zone is; rename the column, or correct one of them"
        )

    sheet.complain_of(
        [row for row in np.flatnonzero(asked & (zone >= 0)).tolist() if differs(row)], say
    )


def _meant(name: str, known: Iterable[str], todo: str) -> str:
    """What to do about a name that is not known: use a similar one, or else."""
    close = did_you_mean(name, known)
    return f"did you mean '{close}'? Or {todo}" if close else todo

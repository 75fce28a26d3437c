"""What a model keeps of a world, and what its filters leave out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from siting.errors import Problems
from siting.model import Model
from siting.notices import IN_NO_ZONE, LeftOut
from siting.wording import did_you_mean, listing, number
from siting.world.added import is_known
from siting.world.placing import Placed, can_be_contracted
from siting.world.same_place import unite_same_place
from siting.world.sheet import LISTED, BoolArray, ObjectArray, Sheet

IntArray = NDArray[np.int64]

MOST_SHOWN = 3
"""So many values of a key are shown of what it leaves out."""


AREAS = {
    "regions": "region",
    "states": "state",
    "supply_regions": "region",
    "supply_states": "state",
}
"""Keys of the model that keep a part of the zones, and the column that each asks."""


@dataclass
class Kept:
    """Which rows the model keeps, how many sites each of its filters leaves out, and what."""

    zones: BoolArray
    sites: BoolArray
    supply: BoolArray
    dropped: dict[str, int]
    left_out: tuple[LeftOut, ...] = ()


def taken_out_first(sites: Sheet, model: Model) -> dict[str, BoolArray]:
    """Sites that filters leave out which ask for no zone, by the key of the filter."""
    ids = sites.text("id").astype(str)
    return {
        "world.exclude_sites": np.isin(ids, model.world.exclude_sites),
        "world.min_kv": sites.numbers("kv") < model.world.min_kv,
    }


def keep_rows(
    sheets: dict[str, Sheet],
    leaves: IntArray,
    placed: dict[str, Placed],
    model: Model,
    problems: Problems,
) -> Kept:
    """Apply the filters of a model.

    Parameters
    ----------
    sheets, leaves, placed
        The tables, the rows of the leaf zones, and where sites and plants are.
    model, problems
        What is asked, and where it is added if that is not there.
    """
    asked, where = model.world, f"model '{model.name}'"
    zones, sites = sheets["zones"], sheets["sites"]
    in_area = {
        key: _in_area(zones, f"world.{key}", column, getattr(asked, key), where, problems)
        for key, column in AREAS.items()
        if getattr(asked, key)
    }
    ids = sites.text("id")
    for key in ("exclude_sites", "require_sites"):
        _check_known(f"world.{key}", getattr(asked, key), ids, "is no site", where, problems)

    at = placed["sites"]
    removed = taken_out_first(sites, model)
    removed["world.zones"] = at.left_out
    removed |= {
        f"world.{key}": (at.zone >= 0) & ~in_area[key][at.zone]
        for key in ("regions", "states")
        if key in in_area
    }
    kept = ~np.logical_or.reduce(list(removed.values()))
    _check_required(sites, removed, model, where, problems)
    _tell_blank_areas(sheets, placed, [key for key in AREAS if key in in_area])
    if not kept.any() and not problems.found:
        problems.add(where, _say_none_left(sites, removed, model))
    max_mw = sites.numbers("max_mw")
    united = unite_same_place(sites, kept, at, asked.same_place, asked.require_sites)
    if united.any():
        removed["world.same_place"] = united
        kept &= ~united
        if asked.same_place == "sum":
            max_mw = np.where(united, 0.0, max_mw)

    area = np.ones(len(zones), dtype=bool)
    for key in ("regions", "states"):
        area &= in_area.get(key, True)
    zone_kept = np.zeros(len(zones), dtype=bool)
    zone_kept[leaves] = area[leaves]
    zone_kept[at.zone[kept & (at.zone >= 0)]] = True
    names = {
        "world.zones": _say_outside(zones),
        "world.same_place": f'world.same_place = "{asked.same_place}", at the position of another',
    }
    left_out = _left_out("sites", removed, max_mw, model, names)

    supply_kept = np.ones(0, dtype=bool)
    if "supply" in sheets:
        supply_kept, of_supply = _keep_supply(
            sheets["supply"], placed["supply"], in_area, model, names
        )
        left_out += of_supply
    return Kept(
        zones=_with_parents(zones, zone_kept),
        sites=kept,
        supply=supply_kept,
        dropped={key: int(rows.sum()) for key, rows in removed.items() if rows.any()},
        left_out=tuple(left_out),
    )


def _keep_supply(
    supply: Sheet,
    at: Placed,
    in_area: dict[str, BoolArray],
    model: Model,
    names: dict[str, str],
) -> tuple[BoolArray, list[LeftOut]]:
    """Plants that are kept; those in no zone stay, but can be delivered anywhere only."""
    removed = {"world.zones": at.left_out}
    removed |= {
        f"world.{key}": ~((at.zone >= 0) & in_area[key][at.zone])
        for key in ("supply_regions", "supply_states")
        if key in in_area
    }
    kept = ~np.logical_or.reduce(list(removed.values()))
    if model.clean.deliver_within != "anywhere":
        removed[IN_NO_ZONE] = at.nowhere & can_be_contracted(supply)
    return kept, _left_out("supply", removed, supply.numbers("mw"), model, names)


def _say_outside(zones: Sheet) -> str:
    """What leaves out rows of the base that lie in none of the model's own zones."""
    return f"{IN_NO_ZONE} of {zones.where}, which takes the place of the base's"


def _left_out(
    table: str,
    removed: dict[str, BoolArray],
    mw: NDArray[np.float64],
    model: Model,
    names: dict[str, str],
) -> list[LeftOut]:
    """What each filter leaves out that none before it did, so that the lines add up."""
    found = []
    before = np.zeros(len(mw), dtype=bool)
    for key, rows in removed.items():
        first = rows & ~before
        before |= rows
        if first.any():
            by = names.get(key) or _by(key, model)
            found.append(LeftOut(by, table, int(first.sum()), float(np.nansum(mw[first]))))
    return found


def _by(key: str, model: Model) -> str:
    """A key with its value, shortened; what is no filter by its own words."""
    if not key.startswith("world."):
        return key
    value = getattr(model.world, key.removeprefix("world."))
    if isinstance(value, float):
        return f"{key} = {number(value)}"
    shown = [json.dumps(name, ensure_ascii=False) for name in value[:MOST_SHOWN]]
    more = ", ..." if len(value) > MOST_SHOWN else ""
    return f"{key} = [{', '.join(shown)}{more}]"


def _tell_blank_areas(
    sheets: dict[str, Sheet], placed: dict[str, Placed], keys: Sequence[str]
) -> None:
    """Name zones that a filter leaves out because they say nothing of what it asks.

    An added zone is easily one of those, and what stands in it is then left out with it.
    """
    zones = sheets["zones"]
    ids, own = zones.text("id"), ~is_known(zones)
    for key in keys:
        table = "supply" if key.startswith("supply_") else "sites"
        if table not in sheets:
            continue
        blank = own & np.array([name is None for name in zones.text(AREAS[key])], bool)
        at = placed[table]
        inside = at.zone[(at.zone >= 0) & ~at.left_out]
        count = np.bincount(inside, minlength=len(zones))
        found = np.flatnonzero(blank & (count > 0))
        if not len(found):
            continue
        names = [f"'{ids[row]}'" for row in found[:LISTED]]
        names += [f"{len(found) - LISTED:,} more"] if len(found) > LISTED else []
        one = len(found) == 1
        have, them = ("1 zone has", "it") if one else (f"{len(found):,} zones have", "them")
        rows, a_row = int(count[found].sum()), sheets[table].table.a_row
        held = f"1 {a_row}" if rows == 1 else f"{rows:,} {a_row}s"
        zones.tell(
            f"{have} no {AREAS[key]}, so that world.{key} leaves {held} in {them} out: "
            f"{listing(names)}; fill in the column {AREAS[key]} to keep {them}"
        )


def _in_area(
    zones: Sheet, key: str, column: str, wanted: Sequence[str], where: str, problems: Problems
) -> BoolArray:
    held = zones.text(column)
    _check_known(key, wanted, held, f"no zone has as {column}", where, problems)
    return np.isin(held.astype(str), wanted)


def _check_known(
    key: str,
    wanted: Sequence[str],
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

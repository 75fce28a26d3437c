"""Rows of sites at one position: campuses each, or one site, as the model says."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.model.sections import SamePlace
from siting.sphere import on_sphere_km
from siting.wording import listing, number
from siting.world.added import is_known
from siting.world.placing import Placed
from siting.world.sheet import LISTED, BoolArray, Sheet

IntArray = NDArray[np.int64]

ONE_PLACE_KM = 0.001
"""Rows that are so close are at one position [km]."""

OF_A_CAMPUS = ("price_usd_per_mwh", "pue", "campus_musd_per_mw", "campus_fixed_musd")
"""Columns that are one number for a campus, so that rows which differ in them are not one site."""


def unite_same_place(
    sites: Sheet, kept: BoolArray, at: Placed, as_what: SamePlace, required: Sequence[str]
) -> BoolArray:
    """Make one site of the rows at one position, or name them where each is a site.

    The row of a site that is required stays, else that of the largest connection.

    Parameters
    ----------
    sites
        The table; where rows become one site, the one that stays takes what it is to hold.
    kept
        ``(rows,)`` rows that no filter leaves out.
    at
        Where they are.
    as_what
        What rows at one position are.
    required
        Ids of sites that must be used.

    Returns
    -------
    ``(rows,)`` rows that another one stands for.
    """
    gone = np.zeros(len(sites), dtype=bool)
    rows = np.flatnonzero(kept)
    rows = rows[~shapely.is_missing(sites.shapes[rows])]
    if as_what == "apart":
        if not is_known(sites)[rows].all():
            _tell_apart(sites, _with_own_rows(sites, at_one_place(sites, rows)))
        return gone
    groups = [
        _stays_first(sites, group, required)
        for group in at_one_place(sites, rows)
        if not _differ(sites, group, at, as_what, required)
    ]
    for stays, *others in groups:
        gone[others] = True
        _fill_blanks(sites, stays, others)
    max_mw = sites.numbers("max_mw").copy()
    for group in groups:
        max_mw[group[0]] = max_mw[group].sum() if as_what == "sum" else max_mw[group].max()
    sites.columns["max_mw"] = max_mw
    _tell_united(sites, groups, as_what)
    return gone


def at_one_place(sheet: Sheet, rows: IntArray) -> list[list[int]]:
    """Rows at one position, in groups of two or more, in the order of the table."""
    if len(rows) < 2:
        return []
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    places = shapely.get_coordinates(sheet.shapes[rows])
    # Rows at the very same position are one before pairs are sought: they may be many.
    places, at = np.unique(places, axis=0, return_inverse=True)
    pairs = KDTree(on_sphere_km(*places.T)).query_pairs(ONE_PLACE_KM, output_type="ndarray")
    near = coo_array((np.ones(len(pairs)), pairs.T), shape=(len(places), len(places)))
    _, group = connected_components(near, directed=False)
    members: dict[int, list[int]] = {}
    for row, g in zip(rows.tolist(), group[at.ravel()].tolist(), strict=True):
        members.setdefault(g, []).append(row)
    return sorted(group for group in members.values() if len(group) > 1)


def _with_own_rows(sites: Sheet, groups: Sequence[list[int]]) -> list[list[int]]:
    """Groups that are not of a bundled world alone, whose README tells what its rows are."""
    own = ~is_known(sites)
    return [group for group in groups if own[group].any()]


# --- Each a site --------------------------------------------------------------------------------


def _tell_apart(sites: Sheet, groups: Sequence[list[int]]) -> None:
    if not groups:
        return
    again = _same_but_for_id(sites, groups)
    twice = ""
    if again:
        are = "1 is" if again == 1 else f"{again:,} are"
        twice = f" {are} the same as another but for its id: is it there twice?"
    sites.tell(
        f"{_at_positions(sites, groups)}. Each counts as a campus of its own, and links between "
        f"them are no longer than their ways to the fiber and back.{twice} Where they are one, set "
        'world.same_place to "sum" or "largest" to have one site of their max_mw together or of '
        "the largest, or list the others in world.exclude_sites"
    )


def _at_positions(sites: Sheet, groups: Sequence[list[int]]) -> str:
    total = sum(len(group) for group in groups)
    places = "one position" if len(groups) == 1 else f"{len(groups):,} positions"
    shown = "; ".join(_together(sites, group) for group in groups[:LISTED])
    more = f"; and {len(groups) - LISTED:,} places more" if len(groups) > LISTED else ""
    return f"{total:,} sites stand at {places}: {shown}{more}"


def _together(sites: Sheet, group: Sequence[int]) -> str:
    more = f" and {len(group) - LISTED:,} more" if len(group) > LISTED else ""
    return " and ".join(f"'{name}'" for name in sites.text("id")[group[:LISTED]]) + more


def _same_but_for_id(sites: Sheet, groups: Sequence[Sequence[int]]) -> int:
    """How many rows say nothing else than an earlier one at their position."""
    again = 0
    columns = [values for name, values in sorted(sites.columns.items()) if name != "id"]
    for group in groups:
        said = {tuple(str(values[row]) for values in columns) for row in group}
        again += len(group) - len(said)
    return again


# --- One site -----------------------------------------------------------------------------------


def _stays_first(sites: Sheet, group: list[int], required: Sequence[str]) -> list[int]:
    """The rows of a group, the one that stays before the others."""
    ids, max_mw = sites.text("id"), sites.numbers("max_mw")
    return sorted(group, key=lambda row: (ids[row] not in required, -max_mw[row], row))


def _differ(
    sites: Sheet, group: list[int], at: Placed, as_what: SamePlace, required: Sequence[str]
) -> bool:
    """Whether rows cannot be one site, which is said."""
    ids = sites.text("id")
    why = [
        f"differ in {name} ({listing([number(value) for value in values])})"
        for name in OF_A_CAMPUS
        if len(values := np.unique(_stated(sites, name, group))) > 1
    ]
    if len(set(at.zone[group])) > 1:
        why.append("are in different zones")
    utilities = {name for name in sites.text("utility")[group] if name is not None}
    if len(utilities) > 1:
        why.append(f"differ in utility ({listing(sorted(utilities))})")
    if sum(ids[row] in required for row in group) > 1:
        why.append("are required each, in world.require_sites")
    if why:
        sites.complain(
            f"sites {_together(sites, group)} stand at one position and {listing(why)}, so that "
            f'world.same_place = "{as_what}" cannot make one site of them; correct one of them, '
            "list the others in world.exclude_sites, or set world.same_place to "
            '"apart"'
        )
    return bool(why)


def _stated(sites: Sheet, name: str, rows: Sequence[int]) -> NDArray[np.float64]:
    values = sites.numbers(name)[rows]
    return values[~np.isnan(values)]


def _fill_blanks(sites: Sheet, stays: int, others: Sequence[int]) -> None:
    """Give the row that stays what only others of its site state, and the highest voltage."""
    group = [stays, *others]
    for name in (*OF_A_CAMPUS, "kv", "existing_mw"):
        stated = _stated(sites, name, group)
        if name in sites.columns and len(stated):
            values = sites.columns[name].copy()
            values[stays] = stated.max()
            sites.columns[name] = values
    if "utility" in sites.columns:
        names = sites.columns["utility"].copy()
        names[stays] = next((names[row] for row in group if names[row] is not None), None)
        sites.columns["utility"] = names


def _tell_united(sites: Sheet, groups: Sequence[list[int]], as_what: SamePlace) -> None:
    if not groups:
        return
    max_mw = sites.numbers("max_mw")
    held = "their max_mw together" if as_what == "sum" else "the largest max_mw"
    shown = [f"'{sites.text('id')[group[0]]}' {number(max_mw[group[0]])} MW" for group in groups]
    more = f" and {len(groups) - LISTED:,} more" if len(groups) > LISTED else ""
    count = "1 site, of" if len(groups) == 1 else f"{len(groups):,} sites, each of"
    sites.tell(
        f"{_at_positions(sites, groups)}. They are made {count} {held} (world.same_place = "
        f'"{as_what}"): {", ".join(shown[:LISTED])}{more}'
    )

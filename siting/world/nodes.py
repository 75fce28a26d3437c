"""Nodes of the fiber that stand at one position and do not join."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from siting.sphere import FloatArray, on_sphere_km
from siting.world.added import is_known
from siting.world.joining import chain, number_names
from siting.world.sheet import LISTED, Sheet
from siting.world.world import lines_of

IntArray = NDArray[np.int64]

ONE_PLACE_KM = 0.001
"""Nodes that are so close are at one position [km]."""


def tell_nodes_at_one_place(fiber: Sheet) -> None:
    """Name nodes with ids of their own at one position, with no span from one to the other.

    Spans that name their nodes join where these are the same, so that a node with two names, one in
    each carrier's table say, joins nothing.
    """
    # Nodes of a bundled world are as they are.
    known = is_known(fiber)
    if known.all():
        return
    start, end = fiber.text("from"), fiber.text("to")
    named = np.array(
        [
            row
            for row in range(len(fiber))
            if start[row] is not None and end[row] is not None and fiber.shapes[row] is not None
        ],
        np.int64,
    )
    is_own = ~known[named]
    if not is_own.any():
        return
    ends = lines_of(fiber.shapes[named]).ends
    node, ids, first = number_names(np.concatenate((start[named], end[named])))
    places = np.concatenate((ends[:, :2], ends[:, 2:]))[first]
    groups = _apart_at_one_place(places, node[: len(named)], node[len(named) :])
    own = np.isin(np.arange(len(ids)), node[np.tile(is_own, 2)])
    told = [group for group in groups if own[group].any()]
    if not told:
        return
    count = sum(len(group) for group in told)
    where = "one position" if len(told) == 1 else f"{len(told):,} positions"
    shown = "; ".join(_together([ids[n] for n in group]) for group in told[:LISTED])
    more = f"; and {len(told) - LISTED:,} positions more" if len(told) > LISTED else ""
    fiber.tell(
        f"{count:,} nodes stand at {where}: {shown}{more}. They are not joined there, as spans "
        "that name their nodes join where these are the same; give them one id, or add a span from "
        "one to the other, where light passes"
    )


def _apart_at_one_place(places: FloatArray, start: IntArray, end: IntArray) -> list[IntArray]:
    """Nodes at one position that spans there do not link, a group for each position."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    group = chain(on_sphere_km(*places.T), ONE_PLACE_KM)
    here = group[start] == group[end]
    shape = (len(places), len(places))
    links = coo_array((np.ones(here.sum()), (start[here], end[here])), shape=shape)
    _, linked = connected_components(links, directed=False)
    _, heads = np.unique(linked, return_index=True)
    parts = np.bincount(group[heads], minlength=int(group.max()) + 1)
    order = np.argsort(group, kind="stable")
    order = order[parts[group[order]] > 1]
    _, begins = np.unique(group[order], return_index=True)
    found = [np.asarray(members, np.int64) for members in np.split(order, begins[1:])]
    return sorted((members for members in found if len(members)), key=lambda members: members[0])


def _together(names: list[str]) -> str:
    more = f" and {len(names) - LISTED:,} more" if len(names) > LISTED else ""
    return " and ".join(f"'{name}'" for name in names[:LISTED]) + more

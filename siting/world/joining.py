"""How spans join each other: by the nodes that they name, else by where their lines meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from siting.arcs import TIE_KM, Lines, places_within
from siting.sphere import FloatArray, on_sphere_km
from siting.world.spans import Cuts, Spans

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
ObjectArray = NDArray[np.object_]

SAME_DEGREES = 8
"""Positions that are equal to so many decimals are one [degrees]: 1 mm."""

FEW = 64
"""Up to so many pairs of two crowds are measured one by one."""


@dataclass(frozen=True)
class Joins:
    """How the spans without node ids were joined.

    Parameters
    ----------
    moved, furthest_km
        Ends that are joined to others that lie a little apart, and how far at the most [km].
    at_vertices
        Places where spans cross at a vertex of each.
    on_lines
        Ends that are joined to another span between its ends.
    sought
        Whether ends on the lines of other spans were looked for: not where spans are too dense.
    """

    moved: int = 0
    furthest_km: float = 0.0
    at_vertices: int = 0
    on_lines: int = 0
    sought: bool = True


def join_spans(
    row_ids: tuple[str, ...],
    lines: Lines,
    km: FloatArray,
    names: tuple[ObjectArray, ObjectArray],
    snap_km: float,
) -> tuple[Spans, Joins]:
    """Make spans of the rows of a table of fiber.

    Spans that name their nodes join at these alone. Of the others, ends that lie within
    ``snap_km`` of each other, or are linked by such steps, are one node, and so are they and a
    named node within that distance. Spans that have a vertex in common, and an end that lies
    within ``snap_km`` of another span, are joined there, and the span is cut. Lines that cross
    without a vertex in common are not joined: one may pass over the other.

    Parameters
    ----------
    row_ids
        ``(S,)`` ids of the rows, sorted.
    lines, km
        Their lines and lengths [km].
    names
        ``(S,)`` ids of the nodes where each starts and ends, both None where they are not given.
    snap_km
        Distance within which ends are joined [km].
    """
    # A mistake of rounding is no gap.
    snap_km = max(snap_km, TIE_KM)
    places = np.concatenate((lines.ends[:, :2], lines.ends[:, 2:]))
    labels = np.concatenate(names)
    blank = np.flatnonzero(labels == None)  # noqa: E711 - element by element
    joins = Joins()
    if len(blank):
        labels, joins = _label_ends(labels, blank, places, snap_km)
    node, node_ids, first = number_names(labels)
    # A node that has an id is where the first of its spans begins or ends.
    seats = places[first]
    rows = np.arange(len(lines), dtype=np.int64)
    spans = Spans(
        ids=row_ids,
        start=node[: len(rows)],
        end=node[len(rows) :],
        km=km,
        node_ids=node_ids,
        node_lon=seats[:, 0],
        node_lat=seats[:, 1],
        row=rows,
        row_ids=row_ids,
        lines=lines,
    )
    free = np.unique(blank % max(len(rows), 1))
    return _join_between_ends(spans, free, snap_km, joins) if len(free) else (spans, joins)


def number_names(names: ObjectArray) -> tuple[IntArray, tuple[str, ...], IntArray]:
    """Number names in the order of the sorted ones.

    Returns
    -------
    number
        ``(names,)`` of each name.
    different
        The different names, sorted.
    first
        Where each of these is first.
    """
    import pandas as pd

    code, found = pd.factorize(names)
    different = [str(name) for name in found]
    order = np.array(sorted(range(len(different)), key=different.__getitem__), np.int64)
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order))
    first = np.empty(len(order), np.int64)
    first[code[::-1]] = np.arange(len(code))[::-1]
    return rank[code], tuple(different[k] for k in order.tolist()), first[order]


# --- Ends ---------------------------------------------------------------------------------------


def _label_ends(
    names: ObjectArray, blank: IntArray, places: FloatArray, snap_km: float
) -> tuple[ObjectArray, Joins]:
    """A label for each end: the id of its node, or of the place where it meets others."""
    from scipy.spatial import KDTree

    labels = names.copy()
    at = on_sphere_km(*places.T)
    group = chain(at[blank], snap_km)
    order = np.lexsort((places[blank, 1], places[blank, 0], group))
    _, first = np.unique(group[order], return_index=True)
    seat = blank[order[first]]
    label = _unique_labels(places[seat])
    apart_km = np.linalg.norm(at[blank] - at[seat][group], axis=1)
    named = np.flatnonzero(labels != None)  # noqa: E711 - element by element
    if len(named):
        named = named[np.argsort(labels[named].astype(str), kind="stable")]
        away_km, nearest = KDTree(at[named]).query(at[blank], distance_upper_bound=2 * snap_km)
        by_distance = np.lexsort((away_km, group))
        _, first = np.unique(group[by_distance], return_index=True)
        best = by_distance[first]
        close = np.flatnonzero(away_km[best] <= snap_km)
        label[close] = labels[named[nearest[best[close]]]]
        joined = np.isin(group, close)
        apart_km = np.where(joined, np.minimum(away_km, snap_km), apart_km)
    labels[blank] = label[group]
    moved = apart_km > TIE_KM
    return labels, Joins(moved=int(moved.sum()), furthest_km=float(apart_km.max(initial=0.0)))


def _unique_labels(places: FloatArray) -> ObjectArray:
    label = np.array([f"@{lon:.7f},{lat:.7f}" for lon, lat in places.tolist()], dtype=object)
    _, first, which = np.unique(label.astype(str), return_index=True, return_inverse=True)
    for again in np.flatnonzero(first[which] != np.arange(len(label))):
        label[again] += f"#{again}"
    return label


def chain(at: FloatArray, within_km: float) -> IntArray:
    """Number the groups of places that are linked by steps of at most some length.

    Parameters
    ----------
    at
        ``(n, 3)`` places in space [km].
    within_km
        The longest step [km], itself included.

    Returns
    -------
    ``(n,)`` number of the group of each.

    Notes
    -----
    Linear in places, however many lie together: those of a cell whose diagonal is a step are one
    crowd, and only crowds near each other are compared, by their closest members.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    spot, which = _same_places(at)
    cell = np.floor(spot / (within_km / np.sqrt(3.0))).astype(np.int64)
    _, first, crowd = np.unique(cell, axis=0, return_index=True, return_inverse=True)
    crowd = crowd.ravel()
    pairs = near_crowds(spot[first], within_km)
    order = np.argsort(crowd, kind="stable")
    size = np.bincount(crowd)
    begin = np.cumsum(size) - size
    meets = np.zeros(len(pairs), np.bool_)
    product = size[pairs[:, 0]] * size[pairs[:, 1]]
    few = np.flatnonzero(product <= FEW)
    pair = np.repeat(few, product[few])
    number = np.arange(len(pair)) - np.repeat(np.cumsum(product[few]) - product[few], product[few])
    width = size[pairs[pair, 1]]
    one = order[begin[pairs[pair, 0]] + number // width]
    other = order[begin[pairs[pair, 1]] + number % width]
    close = np.linalg.norm(spot[one] - spot[other], axis=1) <= within_km
    meets[pair[close]] = True
    for k in np.flatnonzero(product > FEW):
        members = [spot[order[begin[c] : begin[c] + size[c]]] for c in pairs[k]]
        small, large = sorted(members, key=len)
        meets[k] = KDTree(large).query(small)[0].min() <= within_km
    joined = pairs[meets]
    shape = (len(size), len(size))
    graph = coo_array((np.ones(len(joined)), (joined[:, 0], joined[:, 1])), shape=shape)
    _, group = connected_components(graph, directed=False)
    return np.asarray(group[crowd][which], np.int64)


def _same_places(at: FloatArray) -> tuple[FloatArray, IntArray]:
    """The different places, and which of them each place is."""
    order = np.lexsort(at.T)
    new = np.ones(len(at), np.bool_)
    new[1:] = (at[order[1:]] != at[order[:-1]]).any(axis=1)
    which = np.empty(len(at), np.int64)
    which[order] = np.cumsum(new) - 1
    return at[order[new]], which


def near_crowds(member: FloatArray, within_km: float) -> IntArray:
    """Pairs of cells of which some members can be within a step, by one member of each."""
    from scipy.spatial import KDTree

    # Two members of a cell are a step apart at the most.
    pairs = KDTree(member).query_pairs(3 * within_km, output_type="ndarray")
    return np.asarray(pairs, np.int64).reshape(-1, 2)


# --- Between ends -------------------------------------------------------------------------------


def _join_between_ends(
    spans: Spans, free: IntArray, snap_km: float, joins: Joins
) -> tuple[Spans, Joins]:
    """Cut the spans without node ids where others of them join them between their ends."""
    lines = spans.lines.take(free)
    spans, cuts, crossings = _cuts_at_vertices(spans, free, lines)
    ends = np.unique(np.concatenate((spans.start[free], spans.end[free])))
    found = places_within(lines, spans.node_lon[ends], spans.node_lat[ends], snap_km)
    on_lines = 0
    if found is not None:
        span, node = free[found.line], ends[found.point]
        pair = span * len(spans.node_ids) + node
        known = cuts.span * len(spans.node_ids) + cuts.node
        new = (node != spans.start[span]) & (node != spans.end[span]) & ~np.isin(pair, known)
        found, span, node = found.take(new), span[new], node[new]
        on_lines = len(span)
        cuts = cuts.followed_by(Cuts(span, found.along_km, found.lon, found.lat, node))
    joins = Joins(joins.moved, joins.furthest_km, crossings, on_lines, found is not None)
    return spans.cut(cuts), joins


def _cuts_at_vertices(spans: Spans, free: IntArray, lines: Lines) -> tuple[Spans, Cuts, int]:
    """Cuts where spans have a vertex in common, and in how many places."""
    vertex = np.round(lines.positions, SAME_DEGREES)
    vertex[vertex[:, 0] == -180.0, 0] = 180.0
    _, at, place = np.unique(
        vertex[:, 0] + 1j * vertex[:, 1], return_index=True, return_inverse=True
    )
    is_end = np.zeros(len(vertex), np.bool_)
    is_end[lines.first[:-1]] = is_end[lines.first[1:] - 1] = True
    node_of_end = np.where(
        np.isin(np.arange(len(vertex)), lines.first[:-1]),
        spans.start[free][lines.line],
        spans.end[free][lines.line],
    )
    node = np.full(len(at), -1)
    node[place[is_end]] = node_of_end[is_end]
    joined = _are_joined(lines, place, is_end)
    here = np.flatnonzero(~is_end & joined[place])
    places = np.unique(place[here])
    fresh = places[node[places] < 0]
    seats = lines.positions[at[fresh]]
    node[fresh] = len(spans.node_ids) + np.arange(len(fresh))
    spans = spans.with_nodes(list(_unique_labels(seats)), seats[:, 0], seats[:, 1])
    cuts = Cuts(
        free[lines.line[here]],
        lines.along_km[here],
        lines.positions[here, 0],
        lines.positions[here, 1],
        node[place[here]],
    )
    return spans, cuts, len(places)


def _are_joined(lines: Lines, place: IntArray, is_end: BoolArray) -> BoolArray:
    """Which places of vertices are nodes.

    Those that two lines have, and where a line ends on a vertex of its own. Where lines run
    together over several vertices, the first and the last of these say all.
    """
    count = int(place.max()) + 1
    pair = np.unique(place * len(lines) + lines.line)
    visitors = np.bincount(pair // len(lines), minlength=count)
    # The same lines at two places have the same sum, and others, but for one chance in 2**64.
    mark = np.random.default_rng(0).integers(0, 2**63, len(lines), dtype=np.uint64)
    who = np.zeros(count, np.uint64)
    np.add.at(who, pair // len(lines), mark[pair % len(lines)])
    inside = np.flatnonzero(~is_end)
    along = np.zeros(len(place), np.bool_)
    along[inside] = (who[place[inside - 1]] == who[place[inside]]) & (
        who[place[inside + 1]] == who[place[inside]]
    )
    runs = np.ones(count, np.bool_)
    runs[place[~along]] = False
    ended = np.zeros(count, np.bool_)
    ended[place[is_end]] = True
    return ended | ((visitors > 1) & ~runs)

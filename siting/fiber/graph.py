"""The fiber graph: nodes where cables meet, spans between them, and how a site joins it.

Everything is numbers: positions on the sphere and kilometres, no geometry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from siting.arcs import TIE_KM, Lines
from siting.errors import InputError, Problem
from siting.fiber.reach import FloatArray, IntArray
from siting.sphere import great_circle_km, on_sphere_km

if TYPE_CHECKING:
    from scipy.sparse import csr_array


NEAR_POLE = 89.0
"""Up to this latitude a millionth of a degree of longitude is more than 1 mm [degrees]."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """How the spans that a graph is made from are drawn.

    Parameters
    ----------
    lines
        Their lines.
    row_ids
        For each the id of the row of the table that it is, or is a part of.
    free
        ``(S,)`` whether each joins others where they meet, and not only at nodes that it names.
    snap_m
        Distance within which ends are joined [m].
    """

    lines: Lines
    row_ids: Sequence[str]
    free: NDArray[np.bool_]
    snap_m: float


@dataclass(frozen=True, eq=False)
class FiberGraph:
    """An undirected graph of fiber spans, without parallel spans and loops.

    Made by `from_spans`. Compressed rows, symmetric, columns ascending in each row. A span may
    be 0 km long: it joins its ends as any other does.

    Parameters
    ----------
    node_ids, lon, lat
        ``(N,)`` ids of the nodes and their WGS 84 positions [degrees].
    span_ids
        ``(S,)`` ids of the spans that are kept.
    indptr, indices
        Row ``n`` is the slice ``indptr[n]:indptr[n + 1]`` of ``indices``, the neighbours of ``n``.
    km, span
        Length of each entry [km], and the position of its span in ``span_ids``.
    given
        ``(S,)`` position of each span among those that the graph was made from.
    line_start
        ``(S,)`` the node at which the line of each span begins.
    drawn
        How those that the graph was made from are drawn, where it is known.
    """

    node_ids: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    span_ids: tuple[str, ...]
    indptr: IntArray
    indices: IntArray
    km: FloatArray
    span: IntArray
    given: IntArray
    line_start: IntArray
    drawn: Drawn | None = None

    def __len__(self) -> int:
        return len(self.node_ids)

    @classmethod
    def from_spans(
        cls,
        *,
        ids: Sequence[str],
        start: ArrayLike,
        end: ArrayLike,
        km: ArrayLike,
        node_ids: Sequence[str],
        node_lon: ArrayLike,
        node_lat: ArrayLike,
        drawn: Drawn | None = None,
    ) -> FiberGraph:
        """Build the graph from spans.

        Of several spans between the same two nodes the shortest is kept, and of equally short
        ones that with the lowest id. A span from a node to itself leads nowhere and is dropped.

        Parameters
        ----------
        ids
            ``(S,)`` ids of the spans.
        start, end
            ``(S,)`` positions of their end nodes.
        km
            ``(S,)`` their lengths [km], 0 or more.
        node_ids
            ``(N,)`` ids of the nodes.
        node_lon, node_lat
            ``(N,)`` their positions [degrees].
        drawn
            How they are drawn.
        """
        n = len(node_ids)
        start_node, end_node = np.asarray(start, np.int64), np.asarray(end, np.int64)
        span_km = np.asarray(km, np.float64)
        low, high = np.minimum(start_node, end_node), np.maximum(start_node, end_node)

        best_first = np.lexsort((rank_ids(ids), span_km, high, low))
        low, high, span_km = low[best_first], high[best_first], span_km[best_first]
        kept = np.ones(len(low), np.bool_)
        kept[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
        kept &= low != high
        low, high, span_km = low[kept], high[kept], span_km[kept]
        kept_ids = tuple(str(ids[s]) for s in best_first[kept])

        rows, columns = np.concatenate((low, high)), np.concatenate((high, low))
        by_row = np.lexsort((columns, rows))
        span = np.tile(np.arange(len(low)), 2)[by_row]
        return cls(
            node_ids=tuple(str(node) for node in node_ids),
            lon=np.asarray(node_lon, np.float64),
            lat=np.asarray(node_lat, np.float64),
            span_ids=kept_ids,
            indptr=np.searchsorted(rows[by_row], np.arange(n + 1)).astype(np.int64),
            indices=columns[by_row],
            km=span_km[span],
            span=span,
            given=best_first[kept],
            line_start=start_node[best_first[kept]],
            drawn=drawn,
        )

    def lines_of(self, spans: IntArray) -> Lines:
        """Lines of some spans."""
        if self.drawn is None:
            raise ValueError("the graph was made without lines")
        return self.drawn.lines.take(self.given[spans])

    def line_from(self, span: int, node: int) -> FloatArray:
        """Positions of the line of a span, from one of its nodes to the other [degrees]."""
        line = self.lines_of(np.array([span])).positions
        return line if self.line_start[span] == node else line[::-1]

    def row_id(self, span: int) -> str:
        """What the table calls a span: the id of the row that it is, or is a part of."""
        if self.drawn is None:
            return self.span_ids[span]
        return self.drawn.row_ids[int(self.given[span])]

    @cached_property
    def csr(self) -> csr_array:
        """``(N, N)`` lengths [km] for ``scipy.sparse.csgraph``, which walks explicit zeros too."""
        from scipy.sparse import csr_array

        n = len(self)
        # 32-bit positions, as scipy's own routines use them: no copy at each call.
        positions = (self.indices.astype(np.int32), self.indptr.astype(np.int32))
        return csr_array((self.km, *positions), shape=(n, n))

    @cached_property
    def ends_of_span(self) -> dict[str, tuple[int, int, float]]:
        """For each span id the positions of its two nodes, and its length [km]."""
        starts = np.repeat(np.arange(len(self)), np.diff(self.indptr))
        names = [self.span_ids[s] for s in self.span]
        entries = zip(starts.tolist(), self.indices.tolist(), self.km.tolist(), strict=True)
        return dict(zip(names, entries, strict=True))

    @cached_property
    def component(self) -> IntArray:
        """``(N,)`` number of the connected component of each node; 0 is the largest.

        Equally large components are numbered by their first node.
        """
        from scipy.sparse.csgraph import connected_components

        if not len(self):
            return np.empty(0, np.int64)
        _, label = connected_components(self.csr, directed=False)
        _, first, sizes = np.unique(label, return_index=True, return_counts=True)
        number = np.empty(len(sizes), np.int64)
        number[np.lexsort((first, -sizes))] = np.arange(len(sizes))
        return np.asarray(number[label], np.int64)

    @cached_property
    def block(self) -> IntArray:
        """``(N,)`` number of the part of each node that the loss of no one span disconnects.

        The connected components of the graph without its bridges (Tarjan 1974, "A note on finding
        the bridges of a graph").
        """
        from scipy.sparse import csr_array
        from scipy.sparse.csgraph import connected_components

        n = len(self)
        order = np.full(n, -1, np.int64)
        low = np.zeros(n, np.int64)
        bridge = np.zeros(len(self.span_ids), np.bool_)
        entered = 0
        for root in range(n):
            if order[root] >= 0:
                continue
            order[root] = low[root] = entered
            entered += 1
            # Node, the span it was entered by, and the next of its entries to look at.
            stack = [[root, -1, int(self.indptr[root])]]
            while stack:
                node, by, entry = stack[-1]
                if entry < self.indptr[node + 1]:
                    stack[-1][2] += 1
                    other, span = int(self.indices[entry]), int(self.span[entry])
                    if order[other] < 0:
                        order[other] = low[other] = entered
                        entered += 1
                        stack.append([other, span, int(self.indptr[other])])
                    elif span != by:
                        low[node] = min(low[node], order[other])
                    continue
                stack.pop()
                if stack:
                    before = stack[-1][0]
                    low[before] = min(low[before], low[node])
                    bridge[by] |= low[node] > order[before]
        kept = ~bridge[self.span]
        rows = np.repeat(np.arange(n), np.diff(self.indptr))[kept]
        joined = csr_array((np.ones(kept.sum()), (rows, self.indices[kept])), shape=(n, n))
        return np.asarray(connected_components(joined, directed=False)[1], np.int64)

    @cached_property
    def node_rank(self) -> IntArray:
        """``(N,)`` rank of each node when they are sorted by id."""
        return rank_ids(self.node_ids)


@dataclass(frozen=True, eq=False)
class Access:
    """Where sites join the fiber, and over how many kilometres.

    Parameters
    ----------
    node
        ``(I,)`` position of the node that the site joins.
    km
        ``(I,)`` fiber from the site to that node [km].
    """

    node: IntArray
    km: FloatArray

    def __len__(self) -> int:
        return len(self.node)

    def take(self, sites: IntArray) -> Access:
        """The accesses of some of the sites, in the order given."""
        return Access(self.node[sites], self.km[sites])


def access_of(
    graph: FiberGraph, lon: FloatArray, lat: FloatArray, *, route_factor: float
) -> Access:
    """Join each site to its nearest fiber node.

    Parameters
    ----------
    graph
        The fiber graph.
    lon, lat
        ``(I,)`` positions of the sites [degrees].
    route_factor
        Fiber kilometres for each great-circle kilometre [1].

    Returns
    -------
    Access
        The nearest node by great circle, and of equally near ones (within 1 mm) that with the
        lowest id; kilometres are the great circle times ``route_factor``.

    Raises
    ------
    InputError
        When there are sites, and the graph has no node that they could join.
    """
    if not len(lon):
        return Access(np.empty(0, np.int64), np.empty(0, np.float64))
    if not len(graph):
        what = "has no nodes, so no site can join it; give at least one span"
        raise InputError([Problem("fiber", what)])
    node, _ = nearest_nodes(lon, lat, graph.lon, graph.lat, graph.node_rank)
    away_km = great_circle_km(lon, lat, graph.lon[node], graph.lat[node])
    return Access(node, away_km * route_factor)


def nearest_nodes(
    lon: FloatArray,
    lat: FloatArray,
    node_lon: FloatArray,
    node_lat: FloatArray,
    node_rank: IntArray,
) -> tuple[IntArray, FloatArray]:
    """Find the nearest of one node or more for each point, and how far it is, through space [km].

    Of equally near ones (within 1 mm) that with the lowest rank.
    """
    # Nodes at one position are one leaf of the tree, represented by the lowest id.
    by_rank = np.argsort(node_rank)
    places = np.column_stack((node_lon, node_lat))[by_rank]
    distinct = np.sort(by_rank[np.unique(places, axis=0, return_index=True)[1]])
    at = _at_nodes(lon, lat, node_lon[distinct], node_lat[distinct])
    if at is not None:
        return distinct[at], np.zeros(len(lon))
    from scipy.spatial import KDTree

    tree = KDTree(on_sphere_km(node_lon[distinct], node_lat[distinct]))
    points = on_sphere_km(lon, lat)
    chords_km, found = tree.query(points, k=[1, 2])
    node = distinct[found[:, 0]]

    for i in np.flatnonzero(chords_km[:, 1] - chords_km[:, 0] <= TIE_KM):
        near = distinct[tree.query_ball_point(points[i], chords_km[i, 0] + TIE_KM)]
        node[i] = near[np.argmin(node_rank[near])]
    return node, chords_km[:, 0]


def _at_nodes(
    lon: FloatArray, lat: FloatArray, node_lon: FloatArray, node_lat: FloatArray
) -> IntArray | None:
    """The node at the very position of each point, where all are at one; else None.

    Only if positions have six decimals: then no other node is within 1 mm of one.
    """
    numbers = np.concatenate((node_lon, node_lat))
    if not np.array_equal(np.round(numbers, 6), numbers) or (np.abs(node_lat) > NEAR_POLE).any():
        return None
    nodes = zip(node_lon.tolist(), node_lat.tolist(), strict=True)
    number = {position: n for n, position in enumerate(nodes)}
    found = [number.get(point, -1) for point in zip(lon.tolist(), lat.tolist(), strict=True)]
    return None if -1 in found else np.array(found, np.int64)


def rank_ids(ids: Sequence[str]) -> IntArray:
    """Rank of each id when they are sorted as text."""
    rank = np.empty(len(ids), np.int64)
    rank[sorted(range(len(ids)), key=lambda n: str(ids[n]))] = np.arange(len(ids))
    return rank

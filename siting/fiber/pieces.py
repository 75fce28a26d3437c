"""Pieces of the fiber that do not meet: how many sites each has, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from siting.arcs import TIE_KM, Places, nearest_places
from siting.fiber.graph import FiberGraph
from siting.fiber.reach import IntArray
from siting.wording import listing, number

SHOWN_PIECES = 5
"""So many pieces are told one by one."""

SHOWN_GAPS = 3
"""So many gaps between pieces are told."""

SNAPPED_KM = 1.0
"""A wider gap is no mistake of drawing, so ends are not to be joined over it [km]."""


END_KM = 0.001
"""So near its end a line is taken to be at its end [km]: 1 m."""


@dataclass(frozen=True)
class Gap:
    """Where two pieces of the fiber come nearest to each other.

    Parameters
    ----------
    spans
        Ids of the two spans, of rows of the table.
    km
        How far they are apart [km].
    ends
        Whether that is between ends of both, or from an end to the middle of the other.
    free
        Whether spans there join where they meet; else they join at the nodes that they name alone.
    snap_m
        Distance within which ends are joined [m].
    """

    spans: tuple[str, str]
    km: float
    ends: bool
    free: bool
    snap_m: float

    def __str__(self) -> str:
        """Say how far apart they are, and what joins them."""
        one, other = self.spans
        between = f"the ends of '{one}' and '{other}' are {length(self.km)} apart"
        if not self.ends:
            between = f"'{one}' and '{other}' are {length(self.km)} apart"
        if self.km > SNAPPED_KM:
            return between
        if not self.free:
            return f"{between}, and spans that name their nodes join where these are the same"
        metres = max(1, math.ceil(1000 * self.km + 1e-6))
        return (
            f"{between}, and ends join within {number(self.snap_m)} m: raise world.fiber_snap_m to "
            f"{number(metres)} to join them"
        )


@dataclass(frozen=True)
class Pieces:
    """The pieces of the fiber that have sites.

    Parameters
    ----------
    sites
        How many sites are on each, most first.
    gaps
        Where each of the first few comes nearest to any other piece, the narrowest first.
    """

    sites: tuple[int, ...]
    gaps: tuple[Gap, ...]

    def describe(self, kind: str = "sites") -> str:
        """Say how many pieces there are, what is on them and where they are nearest."""
        counts = [f"{count:,}" for count in self.sites[:SHOWN_PIECES]]
        if len(self.sites) > SHOWN_PIECES:
            others = sum(self.sites[SHOWN_PIECES:])
            counts.append(f"{others:,} on {len(self.sites) - SHOWN_PIECES:,} more")
        said = (
            f"the fiber is in {len(self.sites):,} pieces that do not meet, with "
            f"{listing(counts)} {kind}"
        )
        return "; ".join([said, *(str(gap) for gap in self.gaps[:SHOWN_GAPS])])


def pieces_of(graph: FiberGraph, node: IntArray) -> Pieces:
    """The pieces of the fiber on which sites are.

    Parameters
    ----------
    graph
        The fiber graph.
    node
        ``(I,)`` nodes that the sites join.
    """
    found, count = np.unique(graph.component[node], return_counts=True)
    most = np.lexsort((found, -count))
    gaps: tuple[Gap, ...] = ()
    if len(found) > 1:
        gaps = tuple(_gaps(graph, found[most[:SHOWN_PIECES]].tolist()))
    return Pieces(tuple(int(n) for n in count[most]), gaps)


def length(km: float) -> str:
    """A length for people, in metres where it is short."""
    if km >= 1:
        return f"{km:,.1f} km"
    metres = 1000 * km
    return f"{metres:,.0f} m" if metres >= 100 else f"{metres:.1f} m"


def _gaps(graph: FiberGraph, pieces: Iterable[int]) -> list[Gap]:
    """Where some pieces come nearest to any other, each pair of spans once."""
    if graph.drawn is None:
        return []
    found: dict[tuple[str, ...], Gap] = {}
    for piece in pieces:
        gap = _nearest_gap(graph, piece)
        if gap is not None:
            key = tuple(sorted(gap.spans))
            if key not in found or gap.km < found[key].km:
                found[key] = gap
    return sorted(found.values(), key=lambda gap: (gap.km, gap.spans))


def _nearest_gap(graph: FiberGraph, piece: int) -> Gap | None:
    """Where a piece comes nearest to any other.

    Two lines that do not cross are nearest at an end or a vertex of one; looked at are nodes.
    """
    of_span = graph.component[graph.line_start]
    inside = np.flatnonzero(of_span == piece)
    outside = np.flatnonzero(of_span != piece)
    if not len(inside) or not len(outside):
        return None
    best: tuple[float, int, int, bool] | None = None
    for spans, others in ((inside, outside), (outside, inside)):
        nodes = np.unique(graph.indices[np.isin(graph.span, others)])
        places = _nearest(graph, spans, nodes)
        k = int(np.argmin(places.away_km))
        span, node = int(spans[places.line[k]]), int(nodes[k])
        km = float(places.away_km[k])
        if best is None or km < best[0] - TIE_KM:
            line_km = float(graph.lines_of(spans[[places.line[k]]]).km[0])
            along_km = float(places.along_km[k])
            best = km, span, node, min(along_km, line_km - along_km) <= END_KM
    assert best is not None
    assert graph.drawn is not None
    km, span, node, at_end = best
    row = slice(graph.indptr[node], graph.indptr[node + 1])
    beside = graph.span[row]
    # Of the spans at the node the first by id.
    other = min(beside.tolist(), key=graph.row_id)
    free = bool(graph.drawn.free[graph.given[[span, other]]].all())
    names = sorted((graph.row_id(span), graph.row_id(other)))
    return Gap((names[0], names[1]), km, at_end, free, graph.drawn.snap_m)


def _nearest(graph: FiberGraph, spans: IntArray, nodes: IntArray) -> Places:
    return nearest_places(graph.lines_of(spans), graph.lon[nodes], graph.lat[nodes])

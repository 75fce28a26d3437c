"""Pieces of the fiber that do not meet: how many sites each has, and how far apart they are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from siting.arcs import PIECE_KM, TIE_KM, Lines, Places, nearest_places, places_along
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


MOST_STARTS = 50_000
"""So many places along the lines of a piece are tried, to see where it is near another."""

CANDIDATES = 5
"""So many of the nearest of these are followed to where the lines are nearest."""

STEPS = 60
"""The most steps of one such search."""


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
        Whether it is between ends of both.
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
        if self.km <= TIE_KM:
            between = f"'{one}' and '{other}' cross"
        elif not self.ends:
            between = f"'{one}' and '{other}' are {length(self.km)} apart"
        if self.km > SNAPPED_KM:
            return between
        if not self.free:
            return f"{between}, and spans that name their nodes join where these are the same"
        if self.km <= TIE_KM:
            return f"{between} without a vertex in common: draw one where they meet to join them"
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
    """Where a piece comes nearest to any other."""
    of_span = graph.component[graph.line_start]
    inside, outside = np.flatnonzero(of_span == piece), np.flatnonzero(of_span != piece)
    if not len(inside) or not len(outside):
        return None
    here, there = graph.lines_of(inside), graph.lines_of(outside)
    best: tuple[float, int, int, bool] | None = None
    for lines, spans, others, other_spans in (
        (here, inside, there, outside),
        (there, outside, here, inside),
    ):
        starts = _places_to_start_from(lines)
        near = nearest_places(others, starts.lon, starts.lat)
        for k in np.argsort(near.away_km, kind="stable")[:CANDIDATES]:
            one, other = int(starts.line[k]), int(near.line[k])
            km, ends = _approach(lines.take(_one(one)), others.take(_one(other)), starts, int(k))
            if best is None or km < best[0] - TIE_KM:
                best = km, int(spans[one]), int(other_spans[other]), ends
    assert best is not None
    assert graph.drawn is not None
    km, *pair, ends = best
    free = bool(graph.drawn.free[graph.given[pair]].all())
    one_id, other_id = sorted(graph.row_id(span) for span in pair)
    return Gap((one_id, other_id), km, ends, free, graph.drawn.snap_m)


def _places_to_start_from(lines: Lines) -> Places:
    """Places along lines, and their positions, or ends alone where there are very many."""
    step_km = max(PIECE_KM, float(lines.km.sum()) / MOST_STARTS)
    along = places_along(lines, step_km)
    last = np.zeros(len(lines.positions), np.bool_)
    last[lines.first[1:] - 1] = last[lines.first[:-1]] = True
    at = np.arange(len(last)) if len(last) <= MOST_STARTS else np.flatnonzero(last)
    return Places(
        np.concatenate((along.point, np.full(len(at), -1))),
        np.concatenate((along.line, lines.line[at])),
        np.concatenate((along.along_km, lines.along_km[at])),
        np.concatenate((along.away_km, np.zeros(len(at)))),
        np.concatenate((along.lon, lines.positions[at, 0])),
        np.concatenate((along.lat, lines.positions[at, 1])),
    )


def _approach(line: Lines, other: Lines, starts: Places, k: int) -> tuple[float, bool]:
    """The least distance of two lines around a place on one [km], and whether it is between ends.

    From the nearest place to the nearest place to that, and so on, until it gets no nearer.
    """
    lon, lat = starts.lon[[k]], starts.lat[[k]]
    there = nearest_places(other, lon, lat)
    here = nearest_places(line, there.lon, there.lat)
    for _ in range(STEPS):
        there = nearest_places(other, here.lon, here.lat)
        here = nearest_places(line, there.lon, there.lat)
        if here.away_km[0] > there.away_km[0] - TIE_KM / 10:
            break
    ends = all(
        min(place.along_km[0], lines.km[0] - place.along_km[0]) <= END_KM
        for place, lines in ((here, line), (there, other))
    )
    return float(here.away_km[0]), ends


def _one(line: int) -> IntArray:
    return np.array([line], np.int64)

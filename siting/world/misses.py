"""What is not joined in the fiber, though it may look so: near misses and crossings."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from siting.arcs import Lines, places_within
from siting.sphere import FloatArray, on_sphere_km
from siting.wording import number
from siting.world.joining import Joins
from siting.world.spans import Spans

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MISS_KM = 0.1
"""An end that misses another span by no more than this is perhaps meant to join it [km]."""

END_KM = 0.001
"""So near its end a line is taken to be at its end [km]: 1 m."""

NAMED = 3
"""So many near misses are named; the others are counted."""

MOST_NEAR = 5_000_000
"""Pairs of an end and a piece near it beyond which near misses are not looked for: seconds."""

MOST_BOXES = 5_000_000
"""Pairs of segments whose boxes meet, beyond which crossings are no longer counted: seconds."""

STAR_SPANS, STAR_SHARE = 500, 0.05
"""A node of more spans, and of more than this share of all [0-1], is the middle of a star."""

HALF_ROUND_DEGREES = 180.0

BOXES_AT_ONCE = 1_000_000
"""About so many of these pairs are looked at together."""


@dataclass(frozen=True)
class Miss:
    """An end of a span that lies near another span, and is not joined to it.

    Parameters
    ----------
    span, other
        Ids of the rows of the two.
    km
        How far they are apart [km].
    both_ends
        Whether an end of the other is what is near, and not its middle.
    can_join
        Whether they would be joined if ends were joined over that distance.
    """

    span: str
    other: str
    km: float
    both_ends: bool
    can_join: bool


def tell_joins(
    spans: Spans, joins: Joins, free: BoolArray, snap_m: float, tell: Callable[[str], None]
) -> None:
    """Say how spans without node ids were joined, and what was not joined.

    Parameters
    ----------
    spans, joins
        The fiber, and how it was joined.
    free
        ``(rows,)`` rows of the fiber that do not name their nodes.
    snap_m
        Distance within which ends are joined [m].
    tell
        Takes each sentence.
    """
    if not free.any():
        return
    _tell_joined(joins, snap_m, tell)
    misses, unsought = find_misses(spans, free, snap_m / 1000.0)
    _tell_misses(misses.take(misses.can_join), snap_m, tell)
    _tell_names(misses.take(~misses.can_join), tell)
    if unsought:
        ends = "1 end" if unsought == 1 else f"{unsought:,} ends"
        tell(
            f"{ends} of spans that meet nothing: whether they nearly meet other spans between "
            "the ends of these was not looked at, as spans are too many there; ends within "
            f"{number(1000 * MISS_KM)} m of each other were"
        )
    crossings = count_crossings(spans, free)
    _tell_crossings(crossings, tell)


def _tell_crossings(crossings: Crossings, tell: Callable[[str], None]) -> None:
    if not crossings.places and crossings.looked_at == crossings.segments:
        return
    places = "1 place" if crossings.places == 1 else f"{crossings.places:,} places"
    if crossings.looked_at == crossings.segments:
        tell(
            f"spans cross in {places} without a vertex in common: not joined there, as one may "
            "pass over the other; draw a vertex of both where they meet to join them"
        )
        return
    tell(
        f"spans cross in {places} or more without a vertex in common: not joined there, as one "
        "may pass over the other; draw a vertex of both where they meet to join them. They lie so "
        f"densely that only {crossings.looked_at:,} of their {crossings.segments:,} straight "
        "segments were followed to see where they cross others"
    )


def _tell_joined(joins: Joins, snap_m: float, tell: Callable[[str], None]) -> None:
    if joins.moved:
        ends = "1 end of a span is" if joins.moved == 1 else f"{joins.moved:,} ends of spans are"
        tell(
            f"{ends} joined to others up to {metres(joins.furthest_km)} away; ends join within "
            f"{number(snap_m)} m (world.fiber_snap_m)"
        )
    joined = []
    if joins.at_vertices:
        places = "1 place" if joins.at_vertices == 1 else f"{joins.at_vertices:,} places"
        joined.append(f"in {places} where they have a vertex in common")
    if joins.on_lines:
        places = "1 place" if joins.on_lines == 1 else f"{joins.on_lines:,} places"
        joined.append(f"in {places} where one ends on another")
    if joined:
        tell(f"spans are joined between their ends {' and '.join(joined)}")
    if not joins.sought:
        tell(
            "spans are too many and too long to look for ends that lie on other spans: they are "
            "joined where ends meet and where they have a vertex in common; give from and to"
        )


def _tell_misses(misses: Misses, snap_m: float, tell: Callable[[str], None]) -> None:
    if not len(misses):
        return
    if len(misses) == 1:
        miss = misses[0]
        tell(
            f"{_said(miss)}, and ends join within {number(snap_m)} m: raise world.fiber_snap_m to "
            f"{_snap_for(miss.km)} to join them"
        )
        return
    named = _named(misses)
    more = f"; and {len(misses) - NAMED:,} more" if len(misses) > NAMED else ""
    nearest, furthest = _snap_for(misses[0].km), _snap_for(misses[len(misses) - 1].km)
    raised = f"{nearest} to join the first, to {furthest} to join all"
    if nearest == furthest:
        raised = f"{nearest} to join them"
    tell(
        f"in {len(misses):,} places ends of spans miss another span by {number(1000 * MISS_KM)} m "
        f"or less, and ends join within {number(snap_m)} m: {named}{more}. Raise "
        f"world.fiber_snap_m to {raised}"
    )


def _tell_names(misses: Misses, tell: Callable[[str], None]) -> None:
    if not len(misses):
        return
    first = _named(misses)
    more = f"; and {len(misses) - NAMED:,} more" if len(misses) > NAMED else ""
    one = misses[0]
    tell(
        f"{first}{more}: not joined, as a span that names its nodes in from and to is joined at "
        f"these alone; end '{one.span}' at a node of '{one.other}', or leave from and to blank"
    )


def _named(misses: Misses) -> str:
    return "; ".join(_said(misses[k]) for k in range(min(NAMED, len(misses))))


def _said(miss: Miss) -> str:
    if miss.both_ends:
        return f"the ends of '{miss.span}' and '{miss.other}' are {metres(miss.km)} apart"
    return f"an end of '{miss.span}' is {metres(miss.km)} from '{miss.other}'"


def metres(km: float) -> str:
    """A short length for people, in metres or kilometres."""
    if km >= 1:
        return f"{km:,.1f} km"
    m = 1000 * km
    return f"{m:,.0f} m" if m >= 100 else f"{m:.1f} m" if m >= 0.05 else f"{1000 * m:.0f} mm"


def _snap_for(km: float) -> str:
    """Whole metres within which ends so far apart are joined."""
    return number(max(1, math.ceil(1000 * km + 1e-6)))


# --- Near misses --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Misses:
    """Ends of spans that meet nothing, but lie near another span, the nearest first.

    There may be millions where spans are dense, so that only those which are named are made words.

    Parameters
    ----------
    row_ids
        Ids of the rows of the fiber.
    one, other
        ``(n,)`` rows of the two.
    km, both_ends, can_join
        As in `Miss`.
    """

    row_ids: tuple[str, ...]
    one: IntArray
    other: IntArray
    km: FloatArray
    both_ends: BoolArray
    can_join: BoolArray

    def __len__(self) -> int:
        return len(self.km)

    def __getitem__(self, k: int) -> Miss:
        ids = (self.row_ids[int(self.one[k])], self.row_ids[int(self.other[k])])
        return Miss(*ids, float(self.km[k]), bool(self.both_ends[k]), bool(self.can_join[k]))

    def take(self, some: IntArray | BoolArray) -> Misses:
        """Some of them, in the order given."""
        return Misses(
            self.row_ids,
            self.one[some],
            self.other[some],
            self.km[some],
            self.both_ends[some],
            self.can_join[some],
        )

    def each_pair_once(self) -> Misses:
        """Of those of the same two spans the nearest, by the pairs of rows."""
        low, high = np.minimum(self.one, self.other), np.maximum(self.one, self.other)
        order = np.lexsort((self.km, high, low))
        first = np.ones(len(order), np.bool_)
        first[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
        return self.take(order[first])

    def pairs(self) -> IntArray:
        """A number for each two rows, whichever is first."""
        low, high = np.minimum(self.one, self.other), np.maximum(self.one, self.other)
        return np.asarray(low * len(self.row_ids) + high, np.int64)


def find_misses(spans: Spans, free: BoolArray, snap_km: float) -> tuple[Misses, int]:
    """Ends of spans that meet nothing, but lie near another span.

    Parameters
    ----------
    spans
        The fiber, joined.
    free
        ``(rows,)`` rows that do not name their nodes: only their ends are looked at.
    snap_km
        Distance within which ends have been joined [km].

    Returns
    -------
    misses
        The nearest first. Near another end that meets nothing, or near a span of another piece.
    unsought
        How many ends were not held against the spans of other pieces, as that would take minutes.
    """
    count = len(spans.node_ids)
    degree = np.bincount(np.concatenate((spans.start, spans.end)), minlength=count)
    own = np.full(count, -1)
    for node in (spans.start, spans.end):
        ends = np.flatnonzero((degree[node] == 1) & free[spans.row])
        own[node[ends]] = ends
    loose = np.flatnonzero(own >= 0)
    found, unsought = _between_ends(spans, own, loose), 0
    if len(loose) and spans.piece.max() > 0:
        to_others = _to_other_pieces(spans, free, own, loose, snap_km)
        if to_others is None:
            unsought = len(loose)
        else:
            found = _joined(to_others, found.take(~np.isin(found.pairs(), to_others.pairs())))
    order = np.lexsort((found.other, found.one, found.km))
    return found.take(order), unsought


def _joined(first: Misses, second: Misses) -> Misses:
    return Misses(
        first.row_ids,
        np.concatenate((first.one, second.one)),
        np.concatenate((first.other, second.other)),
        np.concatenate((first.km, second.km)),
        np.concatenate((first.both_ends, second.both_ends)),
        np.concatenate((first.can_join, second.can_join)),
    )


def _between_ends(spans: Spans, own: IntArray, loose: IntArray) -> Misses:
    from scipy.spatial import KDTree

    at = on_sphere_km(spans.node_lon[loose], spans.node_lat[loose])
    row = spans.row[own[loose]]
    near, apart_km, nearest = np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
    if len(loose) > 1:
        km, second = KDTree(at).query(at, k=[2], distance_upper_bound=MISS_KM)
        near = np.flatnonzero(np.isfinite(km[:, 0]))
        apart_km, nearest = km[near, 0], second[near, 0]
    pairs = np.sort(np.column_stack((row[near], row[nearest])), axis=1)
    yes = np.ones(len(near), np.bool_)
    found = Misses(spans.row_ids, pairs[:, 0], pairs[:, 1], apart_km, yes, yes)
    return found.take(pairs[:, 0] != pairs[:, 1]).each_pair_once()


def _to_other_pieces(
    spans: Spans, free: BoolArray, own: IntArray, loose: IntArray, snap_km: float
) -> Misses | None:
    lon, lat = spans.node_lon[loose], spans.node_lat[loose]
    near = places_within(spans.lines, lon, lat, MISS_KM, MOST_NEAR)
    if near is None:
        return None
    near = near.take(spans.piece[spans.start[near.line]] != spans.piece[loose[near.point]])
    # A span is in parts where others join it: only the first begins where the span does.
    row = spans.row
    begins = np.r_[True, row[1:] != row[:-1]][near.line] & (near.along_km <= END_KM)
    left_km = spans.lines.km[near.line] - near.along_km
    at_end = begins | (np.r_[row[1:] != row[:-1], True][near.line] & (left_km <= END_KM))
    one, other = row[own[loose[near.point]]], row[near.line]
    can_join = free[other] | (at_end & (near.away_km > snap_km))
    # Two ends that can be joined are told in the order of their ids.
    turned = at_end & can_join & (one > other)
    one, other = np.where(turned, other, one), np.where(turned, one, other)
    return Misses(spans.row_ids, one, other, near.away_km, at_end, can_join).each_pair_once()


# --- Crossings ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crossings:
    """In how many places spans without node ids cross and are not joined.

    Parameters
    ----------
    places
        Those that were found.
    looked_at, segments
        How many straight segments were held against all others, and how many there are: fewer
        where so many lie over each other that counting would take minutes.
    """

    places: int
    looked_at: int
    segments: int


def count_crossings(spans: Spans, free: BoolArray) -> Crossings:
    """Count the places where spans without node ids cross and are not joined."""
    lines = spans.lines
    here = lines.segments[free[spans.row[lines.line[lines.segments]]]]
    ends, span = _on_a_flat_map(lines, here)
    places, looked_at = 0, 0
    for upto, a, b in _boxes_that_meet(ends, span, _stars(spans, span)):
        # Spans that are joined may cross by less than the distance within which they are.
        joined = np.zeros(len(a), np.bool_)
        for one in (spans.start, spans.end):
            for other in (spans.start, spans.end):
                joined |= one[span[a]] == other[span[b]]
        a, b = a[~joined], b[~joined]  # noqa: PLW2901 -- those that are left
        places += int(_cross(ends[a], ends[b]).sum())
        looked_at = upto
    return Crossings(places, looked_at, len(span))


def _on_a_flat_map(lines: Lines, segments: IntArray) -> tuple[FloatArray, IntArray]:
    """Ends of segments on a flat map, and the span of each.

    A segment across 180 degrees is two there, one up to each edge of the map.
    """
    ends = np.stack((lines.positions[segments], lines.positions[segments + 1]), axis=1)
    way = ends[:, 1, 0] - ends[:, 0, 0]
    across = np.abs(way) > HALF_ROUND_DEGREES
    if not across.any():
        return ends, lines.line[segments]
    lon, turn = ends[across, :, 0], 2 * HALF_ROUND_DEGREES
    east, west = ends[across].copy(), ends[across].copy()
    east[:, :, 0] = np.where(lon < 0, lon + turn, lon)
    west[:, :, 0] = np.where(lon > 0, lon - turn, lon)
    east, west = _cut_at(east, HALF_ROUND_DEGREES, 0), _cut_at(west, -HALF_ROUND_DEGREES, 1)
    span = lines.line[segments]
    return (
        np.concatenate((ends[~across], east, west)),
        np.concatenate((span[~across], span[across], span[across])),
    )


def _cut_at(ends: FloatArray, edge: float, keep: int) -> FloatArray:
    """Segments up to the edge of the map: the part to the west of it (0), or to the east (1)."""
    lon = ends[:, :, 0]
    share = (edge - lon[:, 0]) / np.where(lon[:, 1] != lon[:, 0], lon[:, 1] - lon[:, 0], 1.0)
    at = ends[:, 0] + share[:, None] * (ends[:, 1] - ends[:, 0])
    at[:, 0] = edge
    outside = lon > edge if keep == 0 else lon < edge
    cut: FloatArray = np.where(outside[:, :, None], at[:, None, :], ends)
    return cut


def _stars(spans: Spans, span: IntArray) -> IntArray:
    """For each segment the star that its span is of, or -1: spans of one are joined, and not held.

    A star is a node where a great part of all spans meet.
    """
    count = len(spans.node_ids)
    used = np.unique(span)
    degree = np.bincount(np.concatenate((spans.start[used], spans.end[used])), minlength=count)
    star = np.full(len(spans.start), -1)
    hubs = np.flatnonzero(degree > max(STAR_SPANS, STAR_SHARE * len(used)))
    for k, hub in enumerate(hubs):
        of_hub = (spans.start == hub) | (spans.end == hub)
        star[of_hub & (star < 0)] = k
    return star[span]


def _boxes_that_meet(
    ends: FloatArray, span: IntArray, star: IntArray
) -> Iterator[tuple[int, IntArray, IntArray]]:
    """Pairs of segments of different spans whose boxes on a flat map meet, each pair once.

    In portions, each with the number of segments that are done then; it ends before all are where
    the pairs are too many. Two spans of one star are no pair.
    """
    shapes = np.array(shapely.linestrings(ends), dtype=object)
    total, done, width = 0, 0, 64
    for k in range(int(star.max(initial=-1)), -2, -1):
        mine = np.flatnonzero(star == k)
        others = np.flatnonzero(star < k) if k >= 0 else mine
        tree = shapely.STRtree(shapes[others])
        start = 0
        while start < len(mine):
            if total > MOST_BOXES:
                return
            pairs = tree.query(shapes[mine[start : start + width]])
            a, b = mine[pairs[0] + start], others[pairs[1]]
            once = span[a] != span[b]
            if k < 0:
                once &= a < b
            start += width
            yield done + min(start, len(mine)), a[once], b[once]
            total += len(a)
            # As many next as have about so many pairs, but not suddenly many more.
            seen = done + start
            width = max(1, min(2 * width, BOXES_AT_ONCE * seen // max(total, 1)))
        done += len(mine)


def _cross(one: FloatArray, other: FloatArray) -> BoolArray:
    """Whether segments cross, each between its ends."""
    (p, q), (r, s) = one.transpose(1, 0, 2), other.transpose(1, 0, 2)

    def side(u: FloatArray, v: FloatArray, w: FloatArray) -> FloatArray:
        (x, y), (east, north) = (v - u).T, (w - u).T
        return np.asarray(np.sign(x * north - y * east), np.float64)

    return (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)

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

MOST_BOXES = 5_000_000
"""Pairs of segments whose boxes meet, beyond which crossings are no longer counted: seconds."""

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
    _tell_misses([miss for miss in misses if miss.can_join], snap_m, tell)
    _tell_names([miss for miss in misses if not miss.can_join], tell)
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


def _tell_misses(misses: list[Miss], snap_m: float, tell: Callable[[str], None]) -> None:
    if not misses:
        return
    if len(misses) == 1:
        miss = misses[0]
        tell(
            f"{_said(miss)}, and ends join within {number(snap_m)} m: raise world.fiber_snap_m to "
            f"{_snap_for(miss.km)} to join them"
        )
        return
    named = "; ".join(_said(miss) for miss in misses[:NAMED])
    more = f"; and {len(misses) - NAMED:,} more" if len(misses) > NAMED else ""
    nearest, furthest = _snap_for(misses[0].km), _snap_for(misses[-1].km)
    tell(
        f"in {len(misses):,} places ends of spans miss another span by {number(1000 * MISS_KM)} m "
        f"or less, and ends join within {number(snap_m)} m: {named}{more}. Raise "
        f"world.fiber_snap_m to {nearest} to join the first, to {furthest} to join all"
    )


def _tell_names(misses: list[Miss], tell: Callable[[str], None]) -> None:
    if not misses:
        return
    first = "; ".join(_said(miss) for miss in misses[:NAMED])
    more = f"; and {len(misses) - NAMED:,} more" if len(misses) > NAMED else ""
    one = misses[0]
    tell(
        f"{first}{more}: not joined, as a span that names its nodes in from and to is joined at "
        f"these alone; end '{one.span}' at a node of '{one.other}', or leave from and to blank"
    )


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


def find_misses(spans: Spans, free: BoolArray, snap_km: float) -> tuple[list[Miss], int]:
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
    if not len(loose):
        return [], 0
    found, unsought = _between_ends(spans, own, loose), 0
    if spans.piece.max() > 0:
        to_others = _to_other_pieces(spans, free, own, loose, snap_km)
        if to_others is None:
            unsought = len(loose)
        else:
            found |= to_others
    return sorted(found.values(), key=lambda miss: (miss.km, miss.span, miss.other)), unsought


Found = dict[tuple[str, ...], Miss]


def _between_ends(spans: Spans, own: IntArray, loose: IntArray) -> Found:
    if len(loose) < 2:
        return {}
    from scipy.spatial import KDTree

    at = on_sphere_km(spans.node_lon[loose], spans.node_lat[loose])
    apart_km, nearest = KDTree(at).query(at, k=[2], distance_upper_bound=MISS_KM)
    found: Found = {}
    for k in np.flatnonzero(np.isfinite(apart_km[:, 0])):
        a, b = sorted(_row(spans, own[loose[end]]) for end in (k, nearest[k, 0]))
        if a != b:
            found[a, b] = Miss(a, b, float(apart_km[k, 0]), both_ends=True, can_join=True)
    return found


def _to_other_pieces(
    spans: Spans, free: BoolArray, own: IntArray, loose: IntArray, snap_km: float
) -> Found | None:
    lon, lat = spans.node_lon[loose], spans.node_lat[loose]
    near = places_within(spans.lines, lon, lat, MISS_KM)
    if near is None:
        return None
    other = spans.piece[spans.start[near.line]] != spans.piece[loose[near.point]]
    near = near.take(other)
    # A span is in parts where others join it: only the first begins where the span does.
    row = spans.row
    begins = np.r_[True, row[1:] != row[:-1]][near.line] & (near.along_km <= END_KM)
    left_km = spans.lines.km[near.line] - near.along_km
    at_ends = begins | (np.r_[row[1:] != row[:-1], True][near.line] & (left_km <= END_KM))
    found: Found = {}
    for k in np.lexsort((near.line, near.away_km, near.point)):
        span, line = own[loose[near.point[k]]], int(near.line[k])
        a, b, km = _row(spans, span), _row(spans, line), float(near.away_km[k])
        key = tuple(sorted((a, b)))
        at_end = bool(at_ends[k])
        can_join = bool(free[spans.row[line]] or (at_end and km > snap_km))
        if key not in found or found[key].km > km:
            first, second = key if at_end and can_join else (a, b)
            found[key] = Miss(first, second, km, both_ends=at_end, can_join=can_join)
    return found


def _row(spans: Spans, span: int) -> str:
    return spans.row_ids[int(spans.row[span])]


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
    # A segment across the antimeridian is none on a flat map.
    here = here[np.abs(lines.positions[here + 1, 0] - lines.positions[here, 0]) < 180]
    places, looked_at = 0, 0
    for upto, a, b in _boxes_that_meet(lines, here):
        span_a, span_b = lines.line[here[a]], lines.line[here[b]]
        # Spans that are joined may cross by less than the distance within which they are.
        joined = np.zeros(len(a), np.bool_)
        for one in (spans.start, spans.end):
            for other in (spans.start, spans.end):
                joined |= one[span_a] == other[span_b]
        a, b = a[~joined], b[~joined]  # noqa: PLW2901 -- those that are left
        places += int(_cross(lines, here[a], here[b]).sum())
        looked_at = upto
    return Crossings(places, looked_at, len(here))


def _boxes_that_meet(lines: Lines, segments: IntArray) -> Iterator[tuple[int, IntArray, IntArray]]:
    """Pairs of segments of different spans whose boxes on a flat map meet, each pair once.

    In portions, each with the number of segments that are done then; it ends before all are where
    the pairs are too many.
    """
    ends = np.stack((lines.positions[segments], lines.positions[segments + 1]), axis=1)
    shapes = np.array(shapely.linestrings(ends), dtype=object)
    tree = shapely.STRtree(shapes)
    total, start, width = 0, 0, 64
    while start < len(shapes) and total <= MOST_BOXES:
        pairs = tree.query(shapes[start : start + width])
        a, b = pairs[0] + start, pairs[1]
        once = (a < b) & (lines.line[segments[a]] != lines.line[segments[b]])
        start += width
        yield min(start, len(shapes)), a[once], b[once]
        total += len(a)
        # As many next as have about so many pairs, but not suddenly many more.
        width = max(1, min(2 * width, BOXES_AT_ONCE * start // max(total, 1)))


def _cross(lines: Lines, a: IntArray, b: IntArray) -> BoolArray:
    """Whether segments cross, each between its ends."""
    p, q = lines.positions[a], lines.positions[a + 1]
    r, s = lines.positions[b], lines.positions[b + 1]

    def side(u: FloatArray, v: FloatArray, w: FloatArray) -> FloatArray:
        (x, y), (east, north) = (v - u).T, (w - u).T
        return np.asarray(np.sign(x * north - y * east), np.float64)

    return (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)

"""Lines of great circles on the sphere: the nearest place on them, and what lies near them.

Between two positions a line runs along the great circle. Everything is worked out in space, so
neither the antimeridian nor the poles are special.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from siting.sphere import FloatArray, great_circle_km, on_sphere_km

if TYPE_CHECKING:
    from scipy.spatial import KDTree
from siting.units import EARTH_RADIUS_KM

IntArray = NDArray[np.int64]

TIE_KM = 1e-6
"""Places whose distances differ by less than this are equally near [km]: 1 mm."""

PIECE_KM = 1.0
"""Lines are looked through in pieces of about this length [km]."""

MOST_PIECES = 400_000
"""Longer lines are looked through in longer pieces, so that there are about so many."""

FIRST_PIECES = 8
"""So many pieces are measured first, to know how far the nearest place can be at the most."""

MOST_PAIRS = 1_000_000
"""Pairs of a place and a piece that are measured at once."""

MOST_PIECES_WITHIN = 4_000_000
"""As `MOST_PIECES`, where all places near points are looked for."""

MOST_TESTED = 60_000_000
"""Pairs of a point and a piece near it beyond which they are not looked for: ten seconds."""

MOST_HELD = 4_000_000
"""About so many of these pairs are held at once: 100 MB."""

PORTION = 200_000
"""Pieces that are looked at together."""

SAMPLE = 500
"""Segments whose pieces' points are counted first."""


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines, one after the other.

    Parameters
    ----------
    positions
        ``(P, 2)`` WGS 84 longitudes and latitudes [degrees].
    first
        ``(lines + 1,)``; line ``n`` is the slice ``first[n]:first[n + 1]`` of ``positions``.
    """

    positions: FloatArray
    first: IntArray

    def __len__(self) -> int:
        return len(self.first) - 1

    def of(self, n: int) -> FloatArray:
        """Positions of one line."""
        return self.positions[self.first[n] : self.first[n + 1]]

    def take(self, lines: IntArray) -> Lines:
        """Some of the lines, in the order given."""
        count = self.first[lines + 1] - self.first[lines]
        first = np.concatenate(([0], np.cumsum(count)))
        taken = np.arange(first[-1]) + np.repeat(self.first[lines] - first[:-1], count)
        return Lines(self.positions[taken], first)

    @cached_property
    def line(self) -> IntArray:
        """``(P,)`` line of each position."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    @cached_property
    def segments(self) -> IntArray:
        """Positions from which a segment leads on to the next position of the same line."""
        return np.flatnonzero(self.line[:-1] == self.line[1:])

    @cached_property
    def step_km(self) -> FloatArray:
        """``(P - 1,)`` great circles from each position to the next [km]."""
        return great_circle_km(*self.positions[:-1].T, *self.positions[1:].T)

    @cached_property
    def km(self) -> FloatArray:
        """``(lines,)`` lengths [km]."""
        here = self.segments
        total = np.bincount(self.line[here], weights=self.step_km[here], minlength=len(self))
        return total.astype(np.float64)

    @cached_property
    def along_km(self) -> FloatArray:
        """``(P,)`` length from the start of its line to each position [km]."""
        step_km = np.zeros(len(self.positions))
        step_km[self.segments + 1] = self.step_km[self.segments]
        total_km = np.cumsum(step_km)
        return total_km - total_km[self.first[:-1]][self.line]

    @cached_property
    def at(self) -> FloatArray:
        """``(P, 3)`` positions in space [km]."""
        return on_sphere_km(*self.positions.T)

    @cached_property
    def ends(self) -> FloatArray:
        """``(lines, 4)`` lon and lat of the first position, lon and lat of the last [degrees]."""
        return np.hstack((self.positions[self.first[:-1]], self.positions[self.first[1:] - 1]))


@dataclass(frozen=True, eq=False)
class Places:
    """Places on lines, each the nearest to a point.

    Parameters
    ----------
    point
        Which point each is for.
    line
        The line that it is on.
    along_km
        Length of the line up to there [km].
    away_km
        Straight through space from the point [km]: for comparing, and the great circle but for
        a millionth where it is short.
    lon, lat
        Where it is [degrees].
    """

    point: IntArray
    line: IntArray
    along_km: FloatArray
    away_km: FloatArray
    lon: FloatArray
    lat: FloatArray

    def take(self, places: IntArray | NDArray[np.bool_]) -> Places:
        """Some of the places, in the order given."""
        return Places(
            self.point[places],
            self.line[places],
            self.along_km[places],
            self.away_km[places],
            self.lon[places],
            self.lat[places],
        )


def nearest_places(lines: Lines, lon: FloatArray, lat: FloatArray) -> Places:
    """Find the nearest place on any of some lines for each point.

    Of places that are equally near, within 1 mm, the one on the first line is taken, and on it
    the first.

    Parameters
    ----------
    lines
        One line or more.
    lon, lat
        ``(points,)`` positions [degrees].
    """
    from scipy.spatial import KDTree

    at = on_sphere_km(lon, lat)
    piece_km = max(PIECE_KM, float(lines.km.sum()) / MOST_PIECES)
    pieces = _cut_into_pieces(lines, lines.segments, piece_km)
    tree = KDTree(pieces.middle)
    segment_of = lines.segments[pieces.number]
    few = min(FIRST_PIECES, len(segment_of))
    _, found = tree.query(at, k=np.arange(1, few + 1))
    point = np.repeat(np.arange(len(at)), few)
    first = _measure(lines, segment_of[found.ravel()], at[point])
    least_km = first.away_km.reshape(-1, few).min(axis=1)
    # A place on a piece is never nearer than its middle by more than half of the piece.
    within_km = least_km + pieces.half_km + TIE_KM
    best: list[Places] = []
    near_each = tree.query_ball_point(at, within_km, return_length=True)
    for some in _in_portions(near_each.astype(np.int64), MOST_PAIRS):
        near = tree.query_ball_point(at[some], within_km[some])
        count = np.array([len(each) for each in near], np.int64)
        point = np.repeat(some, count)
        segment = segment_of[np.concatenate(near).astype(np.int64)]
        measured = _measure(lines, segment, at[point])
        best.append(_nearest_of_each(lines, point, segment, measured))
    return _joined(best)


def places_within(
    lines: Lines, lon: FloatArray, lat: FloatArray, within_km: float, most_tested: int = MOST_TESTED
) -> Places | None:
    """Find the places on lines that are near points: for each point the nearest of each line.

    Parameters
    ----------
    lines, lon, lat
        As for `nearest_places`.
    within_km
        How near they are [km], that distance included.
    most_tested
        Pairs of a point and a piece near it beyond which they are not looked for.

    Returns
    -------
    By point, then line. None where so many lines run past so many points that looking would take
    minutes.
    """
    from scipy.spatial import KDTree

    piece_km = max(PIECE_KM, 2 * within_km, float(lines.km.sum()) / MOST_PIECES_WITHIN)
    at = on_sphere_km(lon, lat)
    points = KDTree(at)
    segments = lines.segments
    portions, tested = [], 0.0
    for part in _in_classes(lines, segments, piece_km):
        count = _count_near(lines, segments[part], points, piece_km, within_km)
        tested += count
        # The pairs of a portion are held together.
        portions += np.array_split(part, min(len(part), 1 + int(count / MOST_HELD)))
    if tested > most_tested:
        return None
    along, across, half = _frame(lines, segments)
    middle, normal = _at_angle(along, across, np.zeros(len(half))), np.cross(along, across)
    found: list[Places] = []
    for part in portions:
        pieces = _cut_into_pieces(lines, segments[part], piece_km)
        near = KDTree(pieces.middle).sparse_distance_matrix(
            points, pieces.half_km + within_km, output_type="ndarray"
        )
        for some in range(0, len(near), MOST_PAIRS):
            pairs = near[some : some + MOST_PAIRS]
            point, number = pairs["j"], part[pieces.number[pairs["i"]]]
            # Most are too far from the plane of the great circle: that is quicker to see.
            beside_km = np.einsum("ij,ij->i", at[point] - middle[number], normal[number])
            flat = np.abs(beside_km) <= within_km + TIE_KM
            point, segment = point[flat], segments[number[flat]]
            measured = _measure(lines, segment, at[point])
            close = np.flatnonzero(measured.away_km <= within_km)
            found.append(
                _nearest_of_each(
                    lines, point[close], segment[close], measured.take(close), by_line=True
                )
            )
    # The same line can be near in several portions.
    together = _joined(found)
    together = together.take(np.lexsort((together.away_km, together.line, together.point)))
    new = np.ones(len(together.point), np.bool_)
    new[1:] = np.diff(together.point) != 0
    new[1:] |= np.diff(together.line) != 0
    return together.take(new)


def _in_classes(lines: Lines, segments: IntArray, piece_km: float) -> Iterator[IntArray]:
    """Numbers of segments in portions of about equal length: a long piece is near many points."""
    count = _pieces_of(lines, segments, piece_km)
    size = np.floor(np.log2(np.maximum(lines.step_km[segments] / count, 1e-9)))
    for one in np.unique(size):
        members = np.flatnonzero(size == one)
        for some in _in_portions(count[members], PORTION):
            yield members[some]


def _count_near(
    lines: Lines, segments: IntArray, points: KDTree, piece_km: float, within_km: float
) -> float:
    """About how many pairs of a point and a piece of some segments are near each other."""
    sample = _cut_into_pieces(lines, segments[:: max(1, len(segments) // SAMPLE)], piece_km)
    radius_km = sample.half_km + within_km
    near = points.query_ball_point(sample.middle[::5], radius_km, return_length=True)
    return float(near.mean() * _pieces_of(lines, segments, piece_km).sum())


def places_along(lines: Lines, step_km: float) -> Places:
    """Places along lines, each the middle of a piece that is no longer than a step [km].

    Places that are nearest to no point have -1 for it.
    """
    pieces = _cut_into_pieces(lines, lines.segments, step_km)
    segment = lines.segments[pieces.number]
    measured = _measure(lines, segment, pieces.middle)
    lon, lat = _degrees(pieces.middle)
    return Places(
        point=np.full(len(segment), -1),
        line=lines.line[segment],
        along_km=lines.along_km[segment] + measured.share * lines.step_km[segment],
        away_km=np.zeros(len(segment)),
        lon=lon,
        lat=lat,
    )


# --- Pieces -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Short pieces of segments: which segment, its middle in space, half of the longest [km]."""

    number: IntArray
    middle: FloatArray
    half_km: float


def _pieces_of(lines: Lines, segments: IntArray, piece_km: float) -> IntArray:
    """Into how many pieces some segments are cut, so that none is longer [km]."""
    return np.maximum(1, np.ceil(lines.step_km[segments] / piece_km)).astype(np.int64)


def _cut_into_pieces(lines: Lines, segments: IntArray, piece_km: float) -> _Pieces:
    count = _pieces_of(lines, segments, piece_km)
    number = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    share = (number + 0.5) / np.repeat(count, count)
    along, across, half = (np.repeat(x, count, axis=0) for x in _frame(lines, segments))
    middle = _at_angle(along, across, (2 * share - 1) * half)
    longest_km = float((lines.step_km[segments] / count).max(initial=0.0))
    return _Pieces(np.repeat(np.arange(len(segments)), count), middle, longest_km / 2)


def _frame(lines: Lines, segment: IntArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """For segments the unit vectors to their middle and along them, and half of their angle."""
    here, there = lines.at[segment], lines.at[segment + 1]
    along, across = here + there, there - here
    wide, far = np.linalg.norm(along, axis=1), np.linalg.norm(across, axis=1)
    half = np.arctan2(far, wide)
    along /= np.where(wide > 0, wide, 1.0)[:, None]
    across /= np.where(far > 0, far, 1.0)[:, None]
    return along, across, half


def _at_angle(along: FloatArray, across: FloatArray, angle: FloatArray) -> FloatArray:
    return EARTH_RADIUS_KM * (np.cos(angle)[:, None] * along + np.sin(angle)[:, None] * across)


# --- Measuring ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Measured:
    """How far points are from segments, and where on them the nearest place is."""

    away_km: FloatArray
    share: FloatArray
    foot: FloatArray

    def take(self, some: NDArray[np.bool_] | IntArray) -> _Measured:
        return _Measured(self.away_km[some], self.share[some], self.foot[some])


def _measure(lines: Lines, segment: IntArray, at: FloatArray) -> _Measured:
    """The nearest place on each segment to a point of its own, exactly.

    A point is projected to the plane of the great circle; its angle there, cut to the segment's,
    is that of the nearest place.
    """
    along, across, half = _frame(lines, segment)
    angle = np.arctan2((at * across).sum(axis=1), (at * along).sum(axis=1))
    angle = np.clip(angle, -half, half)
    foot = _at_angle(along, across, angle)
    share = np.where(half > 0, (angle + half) / np.where(half > 0, 2 * half, 1.0), 0.0)
    return _Measured(np.linalg.norm(at - foot, axis=1), share, foot)


def _nearest_of_each(
    lines: Lines, point: IntArray, segment: IntArray, measured: _Measured, *, by_line: bool = False
) -> Places:
    """Of the measured places the nearest for each point, or for each point and line."""
    line = lines.line[segment]
    step_km = np.append(lines.step_km, 0.0)[segment]
    along_km = lines.along_km[segment] + measured.share * step_km
    order = np.lexsort((measured.away_km, line, point) if by_line else (measured.away_km, point))
    point, line, along_km = point[order], line[order], along_km[order]
    away_km, foot = measured.away_km[order], measured.foot[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = point[1:] != point[:-1]
    if by_line:
        new[1:] |= line[1:] != line[:-1]
    least_km = away_km[new][np.cumsum(new) - 1]
    tied = np.flatnonzero(away_km <= least_km + TIE_KM)
    group = (np.cumsum(new) - 1)[tied]
    first = tied[np.lexsort((along_km[tied], line[tied], group))]
    group = (np.cumsum(new) - 1)[first]
    kept = first[np.r_[True, group[1:] != group[:-1]]] if len(first) else first
    lon, lat = _degrees(foot[kept])
    return Places(
        point=point[kept],
        line=line[kept],
        along_km=along_km[kept],
        away_km=away_km[kept],
        lon=lon,
        lat=lat,
    )


def _degrees(at: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Longitudes and latitudes of places in space."""
    x, y, z = at.T
    return np.degrees(np.arctan2(y, x)), np.degrees(np.arctan2(z, np.hypot(x, y)))


def _in_portions(count: IntArray, most: int) -> Iterator[IntArray]:
    """Positions in portions of which the counts together are not more, if there are several."""
    total = np.cumsum(count)
    start = 0
    while start < len(count):
        before = int(total[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(total, before + most, side="right")))
        yield np.arange(start, end)
        start = end


def _joined(found: list[Places]) -> Places:
    if not found:
        nothing, none = np.empty(0), np.empty(0, np.int64)
        return Places(none, none, nothing, nothing, nothing, nothing)
    return Places(
        *(
            np.concatenate([getattr(places, name) for places in found])
            for name in ("point", "line", "along_km", "away_km", "lon", "lat")
        )
    )

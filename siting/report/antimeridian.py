"""Shapes that cross the antimeridian, cut there as RFC 7946 wants it.

A shape is first drawn in longitudes that go on beyond 180 degrees, so that a short step stays
short, and then cut where they pass it.

Source: RFC 7946, section 3.1.9, https://doi.org/10.17487/RFC7946
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import shapely
from shapely import LineString, MultiLineString, MultiPolygon, Polygon, box

from siting.sphere import FloatArray

ROUND_DEGREES = 360.0
HALF_ROUND_DEGREES = 180.0


def unwrap(positions: FloatArray) -> FloatArray:
    """Positions in their order, each the short way round from the one before [degrees].

    Where no step crosses the antimeridian they stay as they are.
    """
    turns = np.round(np.diff(positions[:, 0]) / ROUND_DEGREES)
    if not turns.any():
        return positions
    unwrapped = positions.copy()
    unwrapped[1:, 0] -= ROUND_DEGREES * np.cumsum(turns)
    return unwrapped


def unwrap_around(positions: FloatArray) -> FloatArray:
    """Positions in no order, on a map that is cut where the widest gap between them is [degrees].

    Where they span half of the globe or less they stay as they are.
    """
    lon = positions[:, 0]
    if not len(lon) or lon.max() - lon.min() <= HALF_ROUND_DEGREES:
        return positions
    there = np.unique(lon)
    gaps = np.diff(np.append(there, there[0] + ROUND_DEGREES))
    widest = int(np.argmax(gaps))
    if widest == len(there) - 1:
        return positions
    unwrapped = positions.copy()
    unwrapped[lon <= there[widest], 0] += ROUND_DEGREES
    return unwrapped


def draw_line(positions: FloatArray) -> LineString | MultiLineString:
    """Draw a line along positions [degrees], in parts where it crosses the antimeridian.

    A repeated position is drawn once; a line that goes nowhere has two.
    """
    unwrapped = unwrap(positions)
    moves = np.r_[True, (unwrapped[1:] != unwrapped[:-1]).any(axis=1)]
    kept = unwrapped[moves]
    if len(kept) == 1:
        kept = unwrapped[[0, -1]]
    if np.abs(kept[:, 0]).max() <= HALF_ROUND_DEGREES:
        return LineString(kept)
    parts = _cut_line(kept)
    return LineString(parts[0]) if len(parts) == 1 else MultiLineString(parts)


def _cut_line(positions: FloatArray) -> list[FloatArray]:
    """Parts of an unwrapped line between the meridians of 180 degrees, each in its own round."""
    parts: list[list[FloatArray]] = [[positions[0]]]
    rounds: list[float] = []
    for here, there in pairwise(positions):
        low, high = sorted((here[0], there[0]))
        first = np.floor((low + HALF_ROUND_DEGREES) / ROUND_DEGREES) + 1
        edges = ROUND_DEGREES * np.arange(first, first + 2) - HALF_ROUND_DEGREES
        crossed = [edge for edge in edges if low < edge < high]
        for edge in crossed if here[0] < there[0] else crossed[::-1]:
            share = (edge - here[0]) / (there[0] - here[0])
            cut = np.array([edge, here[1] + share * (there[1] - here[1])])
            parts[-1].append(cut)
            parts.append([cut])
        parts[-1].append(there)
        # A position on the antimeridian itself ends a part, if the line goes on beyond it.
        if (there[0] + HALF_ROUND_DEGREES) % ROUND_DEGREES == 0:
            parts.append([there])
    drawn: list[FloatArray] = []
    for part in parts:
        line = np.array(part)
        if len(line) < 2:
            continue
        low, high = float(line[:, 0].min()), float(line[:, 0].max())
        turn = np.floor(((low + high) / 2 + HALF_ROUND_DEGREES) / ROUND_DEGREES)
        if low == high and low == ROUND_DEGREES * turn - HALF_ROUND_DEGREES and rounds:
            turn = rounds[-1]
        line[:, 0] -= ROUND_DEGREES * turn
        if rounds and rounds[-1] == turn:
            drawn[-1] = np.concatenate((drawn[-1], line[1:]))
        else:
            drawn.append(line)
            rounds.append(turn)
    return drawn


def cut_area(area: Polygon) -> Polygon | MultiPolygon:
    """An area drawn in unwrapped longitudes, in parts where it crosses the antimeridian."""
    west, _, east, _ = area.bounds
    if west >= -HALF_ROUND_DEGREES and east <= HALF_ROUND_DEGREES:
        return area
    first = int(np.floor((west + HALF_ROUND_DEGREES) / ROUND_DEGREES))
    last = int(np.floor((east + HALF_ROUND_DEGREES) / ROUND_DEGREES))
    parts: list[Polygon] = []
    for turn in range(first, last + 1):
        middle = ROUND_DEGREES * turn
        round_ = box(middle - HALF_ROUND_DEGREES, -90, middle + HALF_ROUND_DEGREES, 90)
        here = shapely.intersection(area, round_)
        here = shapely.transform(here, lambda degrees, m=middle: degrees - [m, 0.0])  # type: ignore[misc]
        parts += [part for part in shapely.get_parts(here) if isinstance(part, Polygon)]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)

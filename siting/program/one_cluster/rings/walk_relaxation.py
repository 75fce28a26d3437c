"""Relaxation of a tour to closed walks, by dynamic programming.

A tour of a ring passes its stops, in some order, and other campuses between them. Forget that no
campus is passed twice: what is left is a closed walk, and the cheapest one is found by dynamic
programming, over the hops between two stops and over the sets of stops that are behind
(Bellman 1962; Held and Karp 1962). All walks here are as cheap as any with no more hops.

Shapes: ``l`` penalties, ``s`` stops, ``p`` places.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from siting.fiber.reach import FloatArray, IntArray


def walks(
    km: FloatArray,
    passing: FloatArray,
    per_km: FloatArray,
    stops: Sequence[IntArray],
    more: int | None,
) -> FloatArray:
    """The least penalty from each stop to each place, by at least one hop.

    Parameters
    ----------
    km
        ``(p, p)`` kilometres of a hop between two places, infinite where none leads [km].
    passing
        ``(l, p)`` what is paid for each place on the way; nothing for those at the ends.
    per_km
        ``(l,)`` what is paid for each kilometre.
    stops
        The places of each stop; a walk may begin at any of them.
    more
        The most hops beyond the first; any number where it is ``None``.

    Returns
    -------
    ``(more + 1, l, s, p)`` by one hop and no more than so many besides; ``(1, l, s, p)`` by any
    number.
    """
    within = np.isfinite(km)
    known_km = np.where(within, km, 0.0)
    hop = np.where(within, per_km[:, None, None] * known_km, np.inf)
    count = len(per_km)
    by_hops = [np.stack([hop[:, places].min(axis=1) for places in stops], axis=1)]
    for _ in range(len(km) if more is None else more):
        passed = by_hops[-1] + passing[:, None, :]
        least = by_hops[-1].copy()
        for at in np.ndindex(count, len(stops)):
            onward = (passed[at][:, None] + hop[at[0]]).min(axis=0)
            least[at] = np.minimum(least[at], onward)
        if more is None and np.array_equal(least, by_hops[-1]):
            break
        by_hops.append(least)
    return np.array(by_hops if more is not None else by_hops[-1:])


def closed(
    least: FloatArray, stops: Sequence[IntArray], passing: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The least penalty of a closed walk through all stops, and of those at a place or past one.

    Parameters
    ----------
    least
        ``(more + 1, l, s, p)`` what `walks` gives: all legs together have no more hops beyond the
        first of each.
    stops
        The places of each stop; at least one stop.
    passing
        ``(l, p)`` what is paid for passing each place, which takes one of these hops.

    Returns
    -------
    all_stops
        ``(l,)`` through all stops.
    with_each
        ``(l, p)`` through all stops and each place, passed between two of them.
    at_each
        ``(l, s, p)`` through all stops, at each place instead of anywhere at a stop.
    """
    more, count = len(least) - 1, len(stops)
    # From stop to stop: (more + 1, l, s, s).
    between = np.stack([least[:, :, :, places].min(axis=3) for places in stops], axis=3)
    paths, but_one = _paths(between)
    all_stops = np.zeros(len(passing))
    if count > 1:
        back = [paths[:, 0, :, more - x] + between[x, :, :, 0] for x in range(more + 1)]
        all_stops = np.min(back, axis=(0, 2))
    with_each = np.full(passing.shape, np.inf)
    if more > 0:
        # To pass one takes a hop.
        with_each = _around(least[:-1], paths[..., :-1], list(range(count)))
    at_each = np.zeros((len(passing), count, passing.shape[1]))
    if count > 1:
        at_each = np.stack(
            [_around(least, but_one[s], [a for a in range(count) if a != s]) for s in range(count)],
            axis=1,
        )
    return all_stops, with_each + passing, at_each


def _around(least: FloatArray, paths: FloatArray, stops: list[int]) -> FloatArray:
    """``(l, p)`` the least penalty through some stops and each place, which is at one more stop."""
    more = len(least) - 1
    found = np.full((least.shape[1], least.shape[3]), np.inf)
    for a in stops:
        for b in [b for b in stops if b < a] if len(stops) > 1 else stops:
            for there in range(more + 1):
                for back_by in range(more + 1 - there):
                    path = paths[:, a, b, more - there - back_by]
                    if np.isfinite(path).any():
                        out = least[there, :, b] + least[back_by, :, a]
                        found = np.minimum(found, path[:, None] + out)
    return found


def _paths(between: FloatArray) -> tuple[FloatArray, dict[int, FloatArray]]:
    """The least penalty of a path through all stops, and through all but each, from each to each.

    Both ``(l, s, s, more + 1)``.
    """
    size, penalties, count = len(between), between.shape[1], between.shape[2]
    behind: dict[int, FloatArray] = {}
    for start in range(count):
        path = np.full((penalties, count, count, size), np.inf)
        path[:, start, start] = 0.0
        behind[1 << start] = path
    everywhere = (1 << count) - 1
    but_one = {}
    for passed in range(1, everywhere):
        path = behind.pop(passed)
        ahead = [s for s in range(count) if not passed >> s & 1]
        if len(ahead) == 1:
            but_one[ahead[0]] = path
        last = [s for s in range(count) if passed >> s & 1]
        onward = np.full((penalties, len(last), len(ahead), size), np.inf)
        for x in range(size):
            legs = between[x][:, last][:, :, ahead]
            step = path[:, last][:, :, last, None, : size - x] + legs[:, None, :, :, None]
            onward[..., x:] = np.minimum(onward[..., x:], step.min(axis=2))
        for n, s in enumerate(ahead):
            wider = passed | 1 << s
            if wider not in behind:
                behind[wider] = np.full((penalties, count, count, size), np.inf)
            behind[wider][:, last, s] = onward[:, :, n]
    return behind[everywhere], but_one


def shortest_through(
    km: FloatArray,
    areas: Sequence[IntArray],
    asked: Sequence[int],
    *,
    hop_km: float,
    limit_km: float,
) -> list[int] | None:
    """The shortest closed tour with a number of sites of each area; it may pass one twice.

    Parameters
    ----------
    km
        ``(n, n)`` kilometres of a hop, infinite where there is none and from a site to itself [km].
    areas
        The sites of each area.
    asked
        How many sites of each area, at least 1.
    hop_km
        Sites without a hop are farther from each other than this [km].
    limit_km
        Longer tours do not matter [km].

    Returns
    -------
    Its sites, in order; ``None`` where no such tour is within the limit.

    Notes
    -----
    By what has been passed, from each site of the first area to each of the last one. What is so
    long that it cannot pass any one area more and come back is dropped; kilometres are a metric.
    """
    least_km = np.where(np.isfinite(km), km, hop_km)
    np.fill_diagonal(least_km, 0.0)
    to_area = np.array([least_km[:, sites].min(axis=1) for sites in areas])
    first = min(range(len(areas)), key=lambda a: len(areas[a]))
    starts = areas[first]
    begin = tuple(int(a == first) for a in range(len(areas)))
    path = np.full((len(starts), len(starts)), np.inf)
    np.fill_diagonal(path, 0.0)
    known = {begin: {first: path}}
    queue = [begin]
    for passed in queue:
        ahead = [a for a in range(len(areas)) if passed[a] < asked[a]]
        for a in ahead:
            wider = (*passed[:a], passed[a] + 1, *passed[a + 1 :])
            path = np.min(
                [_onward(km, path, areas[b], areas[a]) for b, path in known[passed].items()], axis=0
            )
            left_km = least_km[np.ix_(starts, areas[a])]
            for r in ahead:
                if r != a or wider[a] < asked[a]:
                    by_r_km = to_area[r][starts][:, None] + to_area[r][areas[a]]
                    left_km = np.maximum(left_km, by_r_km)
            path[path + left_km > limit_km] = np.inf
            if np.isfinite(path).any():
                if wider not in known:
                    known[wider] = {}
                    queue.append(wider)
                known[wider][a] = path
    if sum(asked) == 1:
        return [int(starts[0])]
    ends = known.get(tuple(asked), {})
    back = {b: path + km[np.ix_(starts, areas[b])] for b, path in ends.items()}
    if not back or min(float(path.min()) for path in back.values()) > limit_km:
        return None
    last = min(back, key=lambda b: float(back[b].min()))
    row, at = divmod(int(back[last].argmin()), len(areas[last]))
    passed, tour = tuple(asked), [int(areas[last][at])]
    while passed != begin:
        passed = (*passed[:last], passed[last] - 1, *passed[last + 1 :])
        before = {b: path[row] + km[areas[b], tour[-1]] for b, path in known[passed].items()}
        last = min(before, key=lambda b: float(before[b].min()))
        tour.append(int(areas[last][before[last].argmin()]))
    return tour[::-1]


def _onward(km: FloatArray, path: FloatArray, last: IntArray, to: IntArray) -> FloatArray:
    """One hop further: ``(starts, to)`` from ``(starts, last)``."""
    onward = np.full((len(path), len(to)), np.inf)
    rows, columns = (np.flatnonzero(np.isfinite(path).any(axis=axis)) for axis in (1, 0))
    if len(rows):
        hop = km[np.ix_(last[columns], to)]
        onward[rows] = (path[np.ix_(rows, columns)][:, :, None] + hop).min(axis=1)
    return onward

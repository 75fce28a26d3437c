"""Priority queue of the anchors by their bounds, evaluated in groups and only where it matters.

With many sites, most of the time would go into the neighbourhoods of anchors that are far from
the best. So anchors that lie near each other are bounded together: all members of their clusters
are within the **ball** around one of them, its **centre**, whose radius is the reach and the
distance of the furthest anchor from the centre. Kilometres by fiber obey the triangle inequality,
so the ball holds the neighbourhood of every anchor of the group, and a bound on the ball is a
bound on each. A group whose bound is the least of all is split, down to single anchors with their
own neighbourhoods. Groups that are never the least are never split.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber import RoutedReach
from siting.fiber.reach import FloatArray, IntArray
from siting.program.sites.sets import Rows, chunks, in_batches
from siting.sphere import great_circle_km

SPLITS = 3
"""How often a group of anchors is halved at once."""

FIRST_SPLITS = 8
"""How often all anchors are halved at first."""

DETOUR = 2.0
"""Fiber between near anchors is seldom longer than this, by their great circle [1].

An anchor further from the centre of its group is not bounded with it.
"""

MARGIN_KM = 1e-6
"""Rounding of a sum of spans is far below this [km]: 1 mm."""


ROUNDS = 4
"""How often what is far from the centre of its group is tried as a group of its own."""


BoundRows = Callable[[Rows], FloatArray]
"""From neighbourhoods to bounds on the plans in each (as costs)."""


@dataclass(eq=False)
class AnchorQueue:
    """The anchors that are left, and what is known about each.

    Made by `of_case`, or from bounds that are known.

    Parameters
    ----------
    anchors
        ``(anchors,)`` their positions in the case.
    bounds
        ``(anchors,)`` no plan with the anchor is better (as a cost).
    group
        ``(anchors,)`` number of the group that an anchor is bounded with, -1 for none.
    """

    anchors: IntArray
    bounds: FloatArray
    group: IntArray
    _case: Case | None = None
    _bound: BoundRows | None = None
    _left: BoolArray = field(init=False)
    _groups: int = field(init=False, default=0)
    _batch: int = field(init=False, default=1)

    def __post_init__(self) -> None:
        self._left = np.ones(len(self.anchors), dtype=np.bool_)
        self._groups = int(self.group.max(initial=-1)) + 1

    @classmethod
    def of_bounds(cls, anchors: IntArray, bounds: FloatArray) -> AnchorQueue:
        """Anchors whose bounds are known."""
        return cls(anchors, bounds, np.full(len(anchors), -1, np.int64))

    @classmethod
    def of_case(cls, case: Case, anchors: IntArray, bound: BoundRows) -> AnchorQueue:
        """Anchors of a case: bounded in groups where distances are routed, else each at once.

        Parameters
        ----------
        case
            Usable sites only, in the order of the anchors.
        anchors
            The positions that can be the first member of a cluster.
        bound
            Bounds of sets of sites. They hold for every plan in the set, whatever its anchor.
        """
        if _in_groups(case, anchors):
            found = cls(anchors, np.full(len(anchors), -np.inf), np.zeros(len(anchors), np.int64))
            found._case, found._bound = case, bound
            found._split([0], FIRST_SPLITS)
            return found
        bounds = np.empty(len(anchors))
        for chunk, rows in chunks(case, anchors):
            bounds[chunk] = bound(rows)
        return cls.of_bounds(anchors, bounds)

    def __len__(self) -> int:
        return len(self.anchors)

    @property
    def least(self) -> float:
        """No plan with an anchor that is left is better (as a cost)."""
        return float(np.where(self._left, self.bounds, np.inf).min(initial=np.inf))

    def pop(self, cutoff: float) -> tuple[int, float] | None:
        """Take out the anchor with the least bound, the first of equals, if below the cutoff."""
        while True:
            open_bounds = np.where(self._left, self.bounds, np.inf)
            if not len(open_bounds):
                return None
            at = int(np.argmin(open_bounds))
            least = float(open_bounds[at])
            if least >= cutoff or not math.isfinite(least):
                return None
            if self.group[at] < 0:
                self._left[at] = False
                return int(self.anchors[at]), least
            self._split(self._least_groups(open_bounds, cutoff), SPLITS)
            self._batch *= 2

    def pop_many(self, cutoff: float, most: int) -> list[tuple[int, float]]:
        """Take out the anchors with the least bounds below the cutoff, ``most`` at the most."""
        taken: list[tuple[int, float]] = []
        while len(taken) < most:
            best = self.pop(cutoff)
            if best is None:
                break
            taken.append(best)
        return taken

    def dive(self) -> int | None:
        """An anchor that is likely among the best: from the best group into its best part."""
        within = self._left
        while within.any():
            open_bounds = np.where(within, self.bounds, np.inf)
            at = int(np.argmin(open_bounds))
            if not math.isfinite(open_bounds[at]):
                return None
            if self.group[at] < 0:
                return int(self.anchors[at])
            within = self._left & (self.group == self.group[at])
            self._split([int(self.group[at])], SPLITS)
        return None

    def keep(self, possible: IntArray) -> None:
        """Rule out all anchors but some."""
        self.bounds[~np.isin(self.anchors, possible)] = np.inf

    def raise_bound(self, h: int, bound: float) -> None:
        """Keep what turned out about an anchor."""
        at = int(np.flatnonzero(self.anchors == h)[0])
        self.bounds[at] = max(self.bounds[at], bound)

    def _least_groups(self, open_bounds: FloatArray, cutoff: float) -> list[int]:
        candidates = np.flatnonzero((self.group >= 0) & (open_bounds < cutoff))
        order = candidates[np.argsort(open_bounds[candidates], kind="stable")]
        groups = self.group[order]
        _, first = np.unique(groups, return_index=True)
        return [int(g) for g in groups[np.sort(first)][: self._batch]]

    def _split(self, groups: list[int], splits: int) -> None:
        """Split some groups, and bound their parts."""
        case = self._case
        assert case is not None
        parts: list[IntArray] = []
        for group in groups:
            parts += halves(case, self.anchors, np.flatnonzero(self.group == group), splits)
        alone: list[IntArray] = []
        for _ in range(ROUNDS):
            alone += [part for part in parts if len(part) == 1]
            # Anchors far from the centre of their group by fiber are often near each other.
            parts = self._bound_parts(case, [part for part in parts if len(part) > 1])
        alone += parts
        self._bound_alone(case, np.sort(np.concatenate([*alone, np.empty(0, np.int64)])))

    def _bound_parts(self, case: Case, parts: list[IntArray]) -> list[IntArray]:
        """Bound groups of anchors by the balls around them; returns what is too far."""
        far: list[IntArray] = []

        def later_sites() -> Iterator[tuple[IntArray, IntArray]]:
            around = balls(case, [self.anchors[part] for part in parts])
            for part, (close, ball) in zip(parts, around, strict=True):
                if not close.all():
                    far.append(part[~close])
                yield part[close], ball[ball >= self.anchors[part[close]].min()]

        assert self._bound is not None
        for groups, rows in in_batches(later_sites()):
            for part, bound in zip(groups, self._bound(rows).tolist(), strict=True):
                self.group[part] = self._groups
                self._groups += 1
                self.bounds[part] = np.maximum(self.bounds[part], bound)
        return far

    def _bound_alone(self, case: Case, places: IntArray) -> None:
        assert self._bound is not None
        for chunk, rows in chunks(case, self.anchors[places]):
            at = places[chunk]
            self.bounds[at] = np.maximum(self.bounds[at], self._bound(rows))
        self.group[places] = -1


def _in_groups(case: Case, anchors: IntArray) -> bool:
    return (
        isinstance(case.reach, RoutedReach)
        and case.cluster.network == "mesh"
        and not case.required.any()
        and len(anchors) > 1
    )


def halves(case: Case, anchors: IntArray, places: IntArray, splits: int) -> Iterator[IntArray]:
    """Halve some of the anchors by where they lie, again and again, across the longer side."""
    if len(places) <= 1 or splits == 0:
        if len(places):
            yield places
        return
    sites = anchors[places]
    x = case.lon[sites] * np.cos(np.radians(case.lat[sites]).mean())
    y = case.lat[sites]
    along = x if np.ptp(x) >= np.ptp(y) else y
    order = np.argsort(along, kind="stable")
    middle = len(order) // 2
    for half in (order[:middle], order[middle:]):
        yield from halves(case, anchors, np.sort(places[half]), splits - 1)


def balls(case: Case, groups: Sequence[IntArray]) -> Iterator[tuple[BoolArray, IntArray]]:
    """The ball around each of some groups of sites, where distances are routed.

    Yields
    ------
    close
        ``(group,)`` the sites of the group that are close to its centre by fiber.
    ball
        All sites within reach of any of these, themselves included, ascending.
    """
    reach = case.reach
    assert isinstance(reach, RoutedReach)
    centres = [_centre(case, group) for group in groups]
    widest_km = max((km for _, km in centres), default=0.0)
    furthest_km = reach.limit_km + DETOUR * widest_km + 2 * MARGIN_KM
    around = reach.around((c for c, _ in centres), furthest_km)
    for group, (centre, radius_km), (near, km) in zip(groups, centres, around, strict=True):
        at = np.minimum(np.searchsorted(near, group), len(near) - 1)
        away_km = np.where(near[at] == group, km[at], np.inf)
        # The centre is close to itself, also where all sites are at one place.
        close = away_km <= DETOUR * radius_km
        close[group == centre] = True
        yield close, near[km <= reach.limit_km + float(away_km[close].max()) + MARGIN_KM]


def apart(case: Case, groups: Sequence[IntArray]) -> tuple[list[IntArray], FloatArray]:
    """How far groups of sites are apart at the least, where distances are routed.

    By one search from the centre of each: a site of the group is no further from it than the
    furthest, so no nearer to others than the centre less that.

    Returns
    -------
    groups
        The same, but for sites that are far from the centre of their group: each is one more.
    km
        ``(groups, groups)`` no hop between two of them is shorter; infinite where none leads [km].
    """
    reach = case.reach
    assert isinstance(reach, RoutedReach)
    centres = [_centre(case, group) for group in groups]
    kept: list[IntArray] = []
    alone: list[IntArray] = []
    for group, (close, _) in zip(groups, balls(case, groups), strict=True):
        kept.append(group[close])
        alone += [group[at : at + 1] for at in np.flatnonzero(~close)]
    groups = kept + alone
    label = np.full(len(case.site_ids), -1)
    for number, group in enumerate(groups):
        label[group] = number
    # Those that are kept are close to the centre that the group had, so the search finds them all.
    sources = [centre for centre, _ in centres] + [int(group[0]) for group in alone]
    furthest_km = reach.limit_km + DETOUR * max(km for _, km in centres) + 2 * MARGIN_KM
    apart_km = np.full((len(groups), len(groups)), np.inf)
    for number, (near, km) in enumerate(reach.around(sources, furthest_km)):
        within_km = float(km[label[near] == number].max())
        named = label[near] >= 0
        np.minimum.at(apart_km[number], label[near][named], km[named] - within_km - MARGIN_KM)
    apart_km = np.maximum(np.maximum(apart_km, apart_km.T), 0.0)
    apart_km[apart_km > reach.limit_km] = np.inf
    return groups, apart_km


def _centre(case: Case, sites: IntArray) -> tuple[int, float]:
    """The site nearest the middle of some, and how far the furthest is from it [km]."""
    km = great_circle_km(
        case.lon[sites], case.lat[sites], case.lon[sites].mean(), case.lat[sites].mean()
    )
    centre = int(sites[np.argmin(km)])
    away_km = great_circle_km(case.lon[sites], case.lat[sites], case.lon[centre], case.lat[centre])
    return centre, float(away_km.max())

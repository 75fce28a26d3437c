"""Assignment of sites to a cluster type, by backtracking; else an irreducible infeasible subset.

The subset is found by a deletion filter (Chinneck and Dravnieks 1991, "Locating minimal infeasible
constraint sets in linear programs", ORSA Journal on Computing 3).

In a mesh all pairs of campuses are within reach. In a hub network all are within reach of a hub,
which need not be among what is wanted, as more campuses may join them. In a ring no two are farther
apart than half the longest tour, which does not make a ring of any such sites. So what is ruled out
here is in no cluster, and only of a mesh what is found is one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.sites.classes import Classes

PREPARED = 250
"""Sites whose rows of kilometres are made ready at once."""

HELD = 2_000
"""Rows of sites that can be together that are held for later."""

MOST_STEPS = 5_000
"""Steps of one search after which nothing is ruled out."""

ROUNDING_MW = 1e-3
"""What the rounding of a solver may do to a draw [MW]."""

STEP = 0.9
"""Draws of a class are told apart where one is less than this part of the other [1]."""

Wanted = tuple[int, float]
"""A class, and the draw that its site must be able to exceed [MW]."""


@dataclass
class SiteAssignment:
    """What can be in one cluster. Shapes: ``I`` sites, ``C`` classes.

    Parameters
    ----------
    case
        The question for one cluster: usable sites only, none required.
    classes
        Those of its sites.
    sites
        ``C`` arrays of positions, one for each class.
    near
        ``(I, C)`` whether a site can be in one cluster with any other site of a class.
    around
        ``(I, C)`` whether a hub at a site has a site of a class within reach, or is one.
    """

    case: Case
    classes: Classes
    sites: list[IntArray]
    near: BoolArray
    around: BoolArray

    @classmethod
    def of(cls, case: Case, classes: Classes) -> SiteAssignment:
        """What a case allows by distance."""
        count = len(case.site_ids)
        sites = [np.flatnonzero(classes.of_site == k) for k in range(len(classes))]
        near, around = np.zeros((2, count, len(classes)), dtype=np.bool_)
        compatible = cls(case, classes, sites, near, around)
        for first in range(0, count, PREPARED):
            some = range(first, min(first + PREPARED, count))
            case.reach.prepare(some)
            for i in some:
                others = compatible._others(i)
                near[i, classes.of_site[others]] = True
                if case.cluster.network == "hub":
                    around[i] = near[i]
                    around[i, classes.of_site[i]] = True
        if case.cluster.network == "hub":
            for hub in range(count):
                # Whatever a hub links is in one cluster with the hub and the rest.
                near[np.ix_(np.append(compatible._others(hub), hub), around[hub])] = True
        return compatible

    def pairs(self) -> BoolArray:
        """``(C, C)`` whether any sites of two classes can be in one cluster."""
        together = np.eye(len(self.sites), dtype=np.bool_)
        for k, sites in enumerate(self.sites):
            together[k] |= self.near[sites].any(axis=0)
        return together

    def linked_from(self, k: int) -> BoolArray:
        """``(C, C)`` whether a hub at any site of a class links sites of two classes."""
        around = self.around[self.sites[k]].astype(np.float64)
        linked: BoolArray = around.T @ around > 0
        return linked

    def sites_for(
        self,
        wanted: Sequence[Wanted],
        *,
        hub: int | None = None,
        taken: BoolArray | None = None,
    ) -> tuple[int, ...] | None:
        """Different sites that can be in one cluster, one for each that is wanted.

        Parameters
        ----------
        wanted
            Classes and draws.
        hub
            The class of the hub in a hub network; any where it is not told.
        taken
            ``(I,)`` sites that others have.

        Returns
        -------
        tuple
            In the order of what is wanted; empty where a long search ended without an answer.
        None
            There are none.
        """
        case, ks = self.case, np.array([k for k, _ in wanted])
        candidates = []
        for k, over_mw in wanted:
            here = self.sites[k][case.cap_mw[self.sites[k]] > over_mw]
            if taken is not None:
                here = here[~taken[here]]
            others = np.unique(ks[ks != k])
            if len(others):
                here = here[self.near[here][:, others].all(axis=1)]
            candidates.append(here)
        if any(len(here) == 0 for here in candidates):
            return None
        if case.cluster.network == "hub":
            return self._around_a_hub(ks, candidates, hub)
        return _Search(self, candidates).run()

    def _around_a_hub(
        self, ks: IntArray, candidates: list[IntArray], hub: int | None
    ) -> tuple[int, ...] | None:
        """Sites that a hub links, with the hub among them if there are such."""
        hubs = np.arange(len(self.around)) if hub is None else self.sites[hub]
        beyond: tuple[int, ...] | None = None
        for i in hubs[self.around[np.ix_(hubs, ks)].all(axis=1)].tolist():
            row = self.row(i)
            near = [here[row[here]] for here in candidates]
            for at in [at for at, here in enumerate(near) if i in here]:
                with_hub = [*near[:at], np.array([i]), *near[at + 1 :]]
                if (found := _different(with_hub)) is not None:
                    return found
            beyond = beyond or _different(near)
        return beyond

    @cached_property
    def row(self) -> Callable[[int], BoolArray]:
        """Of a site, the ``(I,)`` sites that it can be in one cluster with, itself too.

        Of a hub, those that it links. Rows are held for a while, for many threads.
        """
        return lru_cache(HELD)(self._row)

    def _row(self, i: int) -> BoolArray:
        row = np.zeros(len(self.case.site_ids), dtype=np.bool_)
        row[self._others(i)] = True
        row[i] = True
        return row

    def _others(self, i: int) -> IntArray:
        case = self.case
        within, km = case.reach.of(i)
        if case.cluster.network != "ring":
            return within
        half_km = case.cluster.max_ring_km / 2
        if half_km <= case.reach.limit_km:
            near: IntArray = within[km <= half_km]
            return near
        part = case.reach.component
        joined = part == part[i]
        joined[i] = False
        return np.flatnonzero(joined)

    def impossible(self, wanted: Sequence[Wanted], *, hub: int | None = None) -> list[Wanted]:
        """What is left of wanted sites that cannot be together when all that can be is left out.

        Parameters
        ----------
        wanted, hub
            ``sites_for`` knows that there are none.

        Returns
        -------
        list
            Fewer and smaller ones, of which there are none either.
        """
        left = list(wanted)
        for one in wanted:
            fewer = list(left)
            fewer.remove(one)
            if fewer and self.sites_for(fewer, hub=hub) is None:
                left = fewer
        for at, (k, over_mw) in enumerate(left):
            levels_mw = self._levels_mw[k][self._levels_mw[k] < over_mw]
            low, high = 0, len(levels_mw)
            # The smallest level of which there is none; those above have none either.
            while low < high:
                middle = (low + high) // 2
                smaller = [*left[:at], (k, float(levels_mw[middle])), *left[at + 1 :]]
                if self.sites_for(smaller, hub=hub) is None:
                    high = middle
                else:
                    low = middle + 1
            if low < len(levels_mw):
                left[at] = (k, float(levels_mw[low]))
        return left

    def level_mw(self, k: int, draw_mw: float) -> float:
        """A draw that sites of a class must exceed to carry another [MW].

        One of a few levels, for what is learned of one draw to be of use for others.
        """
        levels_mw = self._levels_mw[k]
        return float(levels_mw[levels_mw < draw_mw - ROUNDING_MW].max(initial=0.0))

    @cached_property
    def _levels_mw(self) -> list[FloatArray]:
        """Caps of each class that are not near each other, ascending from 0 [MW]."""
        found = []
        for sites in self.sites:
            levels_mw = [math.inf]
            for cap_mw in np.sort(self.case.cap_mw[sites])[::-1].tolist():
                if cap_mw < STEP * min(levels_mw[-1], float(self.case.cap_mw[sites].max())):
                    levels_mw.append(cap_mw)
            found.append(np.array([0.0, *levels_mw[:0:-1]]))
        return found


def _different(candidates: list[IntArray]) -> tuple[int, ...] | None:
    """One of each, all different: a matching, as sets may overlap."""
    chosen: dict[int, int] = {}

    def place(p: int, tried: set[int]) -> bool:
        for i in candidates[p].tolist():
            if i not in tried:
                tried.add(i)
                if i not in chosen or place(chosen[i], tried):
                    chosen[i] = p
                    return True
        return False

    if not all(place(p, set()) for p in range(len(candidates))):
        return None
    site = {p: i for i, p in chosen.items()}
    return tuple(site[p] for p in range(len(candidates)))


class _Search:
    """A search for sites that are all compatible, the scarcest first."""

    def __init__(self, compatible: SiteAssignment, candidates: list[IntArray]) -> None:
        self._compatible = compatible
        self._first = candidates
        self._steps = 0

    def run(self) -> tuple[int, ...] | None:
        found = self._place(dict(enumerate(self._first)))
        if found is not None:
            return tuple(found[at] for at in range(len(self._first)))
        return () if self._steps > MOST_STEPS else None

    def _place(self, open_: dict[int, IntArray]) -> dict[int, int] | None:
        if not open_:
            return {}
        at = min(open_, key=lambda p: (len(open_[p]), p))
        for i in open_[at].tolist():
            self._steps += 1
            if self._steps > MOST_STEPS:
                return None
            row = self._compatible.row(i)
            left = {p: here[row[here] & (here != i)] for p, here in open_.items() if p != at}
            if all(len(here) for here in left.values()):
                rest = self._place(left)
                if rest is not None:
                    return {at: i, **rest}
        return None

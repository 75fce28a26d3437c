"""How many clusters there is room for at the most: clusters by class, priced exactly.

The **master** is a linear program over known outlines of clusters (`siting.program.outlines`): as
many of them, or parts of them, as headroom, clean energy and the sites of each class allow. Its
duals are prices at which what there is costs as much as the clusters are many. Outlines that cost
less than a cluster's worth are known then, and so on until there is none. For any prices

    number of clusters  <=  cost of what there is / least cost of a cluster

(Dantzig and Wolfe 1960; Lagrange). **Division** goes on from there: the number of clusters that
have a campus in some zone, or in each of two, or anywhere in a part of the country, is a whole
number. Where it is not in the master, there are at most so many or at least one more; both are
rows of the master, and prices for the outlines that count. A part of all plans is closed when it
has less room than is asked. When all are, no plan has so many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from siting.case import Case
from siting.program.classes import Classes
from siting.program.compatible import Compatible
from siting.program.fleets import whole_clusters
from siting.program.outline_master import FREE, WHOLE, Limits, OutlineMaster
from siting.program.outlines import Outline, Outlines
from siting.program.prices import Presence, Prices
from siting.program.settle import Settled
from siting.program.solvers import Deadline, Solver

CHEAPER = 1e-6
"""By how much an outline must be cheaper than those that are known [1]."""

NOISE = 0.3
"""By what part prices are raised at random, so that other outlines are found [1]."""

CANDIDATES = 60
"""Numbers of clusters that are tried before the best is divided by, at the most."""

ENOUGH = 6
"""New outlines after which the master is solved again, while a part of all plans is closed."""

TRIED_AT_ONCE = 20
"""Of these, so many are tried before it is seen whether one closes both parts."""

TRIED_BEFORE = 10.0
"""Weight of what earlier trials gained, beside how far from whole a number is [1]."""

TIGHT = 1e-3
"""Room for less than this beyond the clusters that are asked tells nothing [1]."""

MORE = 1e-2
"""What more than all the room counts for, at the most, in clusters [1]."""

AROUND = (2, 3, 4, 6, 8, 12)
"""Zones of the parts of the country around a zone."""


@dataclass
class Counting:
    """What is known of how many clusters there is room for.

    Parameters
    ----------
    case
        The question for one cluster, its sites usable and none required.
    at_most
        No plan has more clusters than this.
    solver
        Says how many threads may be used.
    first_prices
        Prices to begin with, where there is room for any.
    steps
        How many were taken.
    settled
        Whether the prices are those of all clusters.
    stuck
        Whether nothing is left to divide by.
    """

    case: Case
    at_most: int
    solver: Solver
    first_prices: Prices | None
    steps: int = 0
    settled: bool = False
    stuck: bool = False
    _begun: bool = False
    _prices: Prices | None = None
    _least: float = 0.0
    _all_there_is: float = math.inf
    _places: list[Presence] = field(default_factory=list)
    _open: list[Limits] = field(default_factory=list)
    _gains: dict[Presence, list[float]] = field(default_factory=dict)

    @cached_property
    def outlines(self) -> Outlines:
        """What clusters there are by class."""
        return Outlines.of(self.case)

    @cached_property
    def master(self) -> OutlineMaster:
        """The outlines that are known."""
        return OutlineMaster(self.case, self.outlines.classes)

    def know(self, found: Settled) -> None:
        """Know the only cluster of a plan."""
        classes = self.outlines.classes
        draws: dict[int, list[tuple[float, int]]] = {}
        for i, mw in found.draw_mw[0].items():
            draws.setdefault(int(classes.of_site[i]), []).append((mw, i))
        contract_mw: dict[int, float] = {}
        for (_, i), mwh in found.contract_mwh[0].items():
            k = int(classes.of_site[i])
            contract_mw[k] = contract_mw.get(k, 0.0) + mwh / self.case.mwh_per_mw
        self.master.add(
            Outline(
                {k: tuple(sorted((mw for mw, _ in of), reverse=True)) for k, of in draws.items()},
                contract_mw,
                tuple(i for k in draws for _, i in sorted(draws[k], reverse=True)),
                math.nan,
            )
        )

    def sharpen(self, found: int, deadline: Deadline) -> bool:
        """Take one more step to prove that no plan has more clusters than were found.

        Parameters
        ----------
        found
            Clusters of a plan that is known [1].
        deadline
            When to stop.

        Returns
        -------
        bool
            Whether there was a step to take, and time for it.
        """
        if self.at_most <= found or self.stuck or deadline.reached():
            return False
        self.steps += 1
        if not self.settled:
            return self._price(deadline)
        if not self._open:
            self._open = [{}]
        closed = self._divide(self._open.pop(), deadline)
        if closed and not self._open:
            self.at_most -= 1
        return True

    def _price(self, deadline: Deadline) -> bool:
        """One round of prices; whether there was time for it."""
        all_there_is = math.inf
        if self._begun:
            self.master.solve({})
            prices, below = self.master.prices(), 1.0 - CHEAPER
            all_there_is = self.master.room(prices)
        else:
            assert self.first_prices is not None
            prices, below = self.first_prices, math.inf
        least, found = self.outlines.cheapest(prices, below, self.solver, deadline)
        for outline in found:
            self.master.add(outline)
        if deadline.reached() and not found:
            return False
        if not self.outlines.programs:
            self.at_most = 0
        elif self._begun and least > 0:
            self.at_most = min(self.at_most, whole_clusters(all_there_is / least))
            if least >= self._least:
                self._prices, self._least = prices, least
                self._all_there_is = all_there_is
        self.settled = not self.outlines.programs or (self._begun and not found)
        if self.settled and self._prices is not None:
            self.master.worth(self._prices)
        self._begun = True
        return True

    def vary(self, noise: np.random.Generator, deadline: Deadline) -> None:
        """Know other outlines that use little: the cheapest at prices that are a little wrong."""
        prices = self._prices
        if prices is None:
            return
        wrong = replace(
            prices,
            zone=prices.zone * (1 + NOISE * noise.random(len(prices.zone))),
            campus=prices.campus + NOISE / 10 * noise.random(len(prices.campus)),
        )
        for outline in self.outlines.cheapest(wrong, math.inf, self.solver, deadline)[1]:
            self.master.add(outline)

    def thrifty(self) -> list[Outline]:
        """The outlines that are known, those first that use least at the prices of all."""
        priced = self.settled and self._prices is not None
        return self.master.by_use() if priced else list(self.master.outlines)

    def beside(self, left: Case) -> int:
        """No more clusters than this fit in what is left of the case."""
        if self._prices is None:
            return self.at_most
        paid = self.master.all_there_is(left, Classes.of(left), self._prices)
        return min(self.at_most, whole_clusters(paid / self._least))

    def _divide(self, limits: Limits, deadline: Deadline) -> bool:
        """Close a part of all plans, or divide it; whether that was done."""
        count = self.at_most
        while (value := self.master.solve(limits)) < count * (1 - WHOLE):
            prices = self.master.prices()
            # Where all clusters cost more than this, so many of them cost more than all there is.
            below = self.master.room(prices) / count + CHEAPER
            least, found = self.outlines.cheapest(
                prices, below, self.solver, deadline, enough=ENOUGH
            )
            for outline in found:
                self.master.add(outline)
            if not found:
                if least < below:
                    self._open.append(limits)
                    return False
                return True
        divided = self._divided(limits, value)
        self.stuck = not divided
        self._open += divided
        return bool(divided)

    def _divided(self, limits: Limits, value: float) -> list[Limits]:
        """Two parts, with at most so many clusters that count for a presence, or one more.

        The last of them has less room.
        """
        numbers = self._numbers(self.master.parts())
        room = max(value - self.at_most, 0.0)
        # Where the limits leave just so many clusters, what counts is what is left beside them.
        tight = room < TIGHT
        if tight:
            value = -self.master.least_use(limits, self.at_most)
            room = max(value + self._all_there_is, 0.0)
        room += CHEAPER

        def promise(presence: Presence) -> float:
            tried, few, more = self._gains.get(presence, (0.0, 0.0, 0.0))
            gained = min(1.0, math.sqrt(few * more) / tried / room) if tried else 0.0
            part = numbers[presence] % 1.0
            return min(part, 1.0 - part) * (1.0 + TRIED_BEFORE * gained)

        best: tuple[float, list[tuple[float, Limits]]] | None = None
        asked = []
        for presence in sorted(numbers, key=lambda p: (-promise(p), p))[:CANDIDATES]:
            least, most = limits.get(presence, FREE)
            floor = math.floor(numbers[presence])
            asked.append((presence, [(least, float(floor)), (floor + 1.0, most)]))
        for first in range(0, len(asked), TRIED_AT_ONCE):
            some = asked[first : first + TRIED_AT_ONCE]
            closed = False
            for (presence, bounds), values in zip(
                some, self.master.tried(some, self.solver), strict=True
            ):
                gains = [min(max(value - v, CHEAPER), room + MORE) for v in values]
                known = self._gains.setdefault(presence, [0.0, 0.0, 0.0])
                for at, gain in enumerate((1.0, *gains)):
                    known[at] += gain
                score = math.prod(gains)
                if best is None or score > best[0]:
                    sides = [{**limits, presence: side} for side in bounds]
                    best = score, sorted(zip(values, sides, strict=True), key=lambda one: -one[0])
                closed = closed or min(gains) > room
            if closed:
                break
        return [] if best is None else [side for _, side in best[1]]

    def _numbers(self, parts: list[tuple[Outline, float]]) -> dict[Presence, float]:
        """Presences of which the number of clusters is not whole."""
        if not self._places:
            self._places = places(self.outlines.compatible)
        has = np.zeros((len(parts), len(self.outlines.classes)))
        for at, (outline, _) in enumerate(parts):
            has[at, list(outline.draw_mw)] = 1.0
        part = np.array([part for _, part in parts])
        inside = np.zeros((len(self._places), has.shape[1]))
        for at, (classes,) in enumerate(self._places):
            inside[at, list(classes)] = 1.0
        number = part @ (has @ inside.T > 0)
        numbers = {p: float(n) for p, n in zip(self._places, number, strict=True)}
        for one, other in np.argwhere(np.triu(has.T @ has > 0, 1)).tolist():
            numbers[((one,), (other,))] = float(part @ (has[:, one] * has[:, other]))
        for row in np.unique(has, axis=0):
            presence = tuple((k,) for k in np.flatnonzero(row).tolist())
            if len(presence) > 2:
                numbers[presence] = float(part @ (has @ row >= row.sum()))
        return {p: n for p, n in numbers.items() if min(n % 1.0, -n % 1.0) > 10 * WHOLE}


def places(compatible: Compatible) -> list[Presence]:
    """Zones, parts of the country around each zone, and what lies on one side of a line."""
    case, classes = compatible.case, compatible.classes
    of_zone: dict[int, list[int]] = {}
    for k in range(len(classes)):
        for z in case.ancestry[classes.zone(k)]:
            of_zone.setdefault(z, []).append(k)
    leaves = sorted({classes.zone(k) for k in range(len(classes))})
    tops = [z for z in sorted(of_zone) if case.parent[z] < 0 and z not in leaves]
    sets = [[z] for z in sorted(of_zone)]
    sets += [[one, other] for one in tops for other in tops if one < other]
    sets += [[leaves[i] for i in part] for part in _parts(compatible, leaves)]
    by_class = (tuple(sorted({k for z in zones for k in of_zone[z]})) for zones in sets)
    return [(of,) for of in dict.fromkeys(by_class)]


def _parts(compatible: Compatible, zones: list[int]) -> list[list[int]]:
    """Places of zones in their list that lie around one of them or on one side of a line."""
    case, zone_of = compatible.case, compatible.classes.keys[compatible.classes.of_site, 0]
    lat = np.array([case.lat[zone_of == z].mean() for z in zones])
    lon = np.array([case.lon[zone_of == z].mean() for z in zones])
    x, y = lon * math.cos(math.radians(float(lat.mean()))), lat
    parts = []
    for along in (x, y, x + y, x - y):
        order = np.argsort(along, kind="stable").tolist()
        for cut in range(2, len(order) - 1, 2):
            parts += [order[:cut], order[cut:]]
    for i in range(len(zones)):
        nearest = np.argsort(np.hypot(x - x[i], y - y[i]), kind="stable").tolist()
        parts += [nearest[:number] for number in AROUND]
    return parts

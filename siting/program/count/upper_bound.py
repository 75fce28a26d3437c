"""Column-generation bound on the number of clusters, sharpened by branch and price.

The **master** is a linear program over known types of clusters
(`siting.program.cluster_types.pricing`): as many of them, or parts of them, as headroom, clean
energy and the sites of each class allow. Its duals are prices at which what there is costs as much
as the clusters are many. Cluster types that cost less than a cluster's worth are known then, and so
on until there is none. For any prices

    number of clusters  <=  cost of what there is / least cost of a cluster

(Dantzig and Wolfe 1960; Lagrange). Then all plans of so many clusters are divided
(`siting.program.count.branching`): the number of clusters that have a campus in some zone, or in
each of two, or anywhere in a part of the country, is a whole number. When none is left, none has so
many.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.cluster_types.master import CHEAPER, TypeMaster
from siting.program.cluster_types.pricing import ClusterType, TypePricing
from siting.program.count.branching import CountBranching
from siting.program.proof import Settled
from siting.program.relaxations.duals import Prices
from siting.program.relaxations.region_milp import whole_clusters
from siting.program.sites.classes import Classes


@dataclass
class CountBound:
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
    """

    case: Case
    at_most: int
    solver: Solver
    first_prices: Prices | None
    steps: int = 0
    settled: bool = False
    _begun: bool = False
    _prices: Prices | None = None
    _least: float = 0.0
    _priced: int = 0
    _dividing: CountBranching | None = None

    @cached_property
    def cluster_types(self) -> TypePricing:
        """What clusters there are by class."""
        return TypePricing.of(self.case)

    @cached_property
    def master(self) -> TypeMaster:
        """The cluster types that are known."""
        return TypeMaster(self.case, self.cluster_types.classes)

    def know(self, found: Settled) -> None:
        """Know the only cluster of a plan."""
        classes = self.cluster_types.classes
        draws: dict[int, list[tuple[float, int]]] = {}
        for i, mw in found.draw_mw[0].items():
            draws.setdefault(int(classes.of_site[i]), []).append((mw, i))
        contract_mw: dict[int, float] = {}
        for (_, i), mwh in found.contract_mwh[0].items():
            k = int(classes.of_site[i])
            contract_mw[k] = contract_mw.get(k, 0.0) + mwh / self.case.mwh_per_mw
        self.master.add(
            ClusterType(
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
        dividing = self._dividing
        stuck = dividing is not None and dividing.stuck
        if self.at_most <= found or stuck or deadline.reached():
            return False
        self.steps += 1
        if not self.settled:
            return self._price(deadline)
        if dividing is None:
            # Each makes every question dearer; most of those that plans are made of tell nothing.
            master = TypeMaster(self.case, self.cluster_types.classes)
            for cluster_type in self.master.cluster_types[: self._priced]:
                master.add(cluster_type)
            dividing = CountBranching(self.cluster_types, master, self.at_most, self.solver)
        known = len(dividing.master.cluster_types)
        dividing.step(deadline)
        for cluster_type in dividing.master.cluster_types[known:]:
            self.master.add(cluster_type)
        self._dividing = None if dividing.closed else dividing
        self.at_most -= dividing.closed
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
        least, found = self.cluster_types.cheapest(prices, below, self.solver, deadline)
        for cluster_type in found:
            self.master.add(cluster_type)
        if deadline.reached() and not found:
            return False
        if not self.cluster_types.programs:
            self.at_most = 0
        elif self._begun and least > 0:
            self.at_most = min(self.at_most, whole_clusters(all_there_is / least))
            if least >= self._least:
                self._prices, self._least = prices, least
        self.settled = not self.cluster_types.programs or (self._begun and not found)
        if self.settled and self._prices is not None:
            self.master.worth(self._prices)
            self._priced = len(self.master.cluster_types)
        self._begun = True
        return True

    def parts(self) -> list[ClusterType]:
        """The cluster types with a part in the number of clusters that is ruled out next."""
        dividing = self._dividing
        return (
            []
            if dividing is None
            else [cluster_type for cluster_type, _ in dividing.master.parts()]
        )

    def thrifty(self) -> list[ClusterType]:
        """The cluster types that are known, those first that use least at the prices of all."""
        priced = self.settled and self._prices is not None
        return self.master.by_use() if priced else list(self.master.cluster_types)

    def beside(self, left: Case) -> int:
        """No more clusters than this fit in what is left of the case."""
        if self._prices is None:
            return self.at_most
        paid = self.master.all_there_is(left, Classes.of(left), self._prices)
        return min(self.at_most, whole_clusters(paid / self._least))

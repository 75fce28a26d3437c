"""One cluster at any size, exact: the anchor decomposition.

Fix an order of the sites. The anchor of a cluster is its first member; all members lie within
reach of it and after it. So the clusters are the disjoint union, over anchors ``h``, of those
clusters in the neighbourhood ``N(h)`` that contain ``h``, and the best cluster is the best over
``h`` of a small program that keeps every rule. Nothing is relaxed: for any sense, any option.

The small programs are solved best first by their bounds. The search ends when the next bound is
no better than the best plan, within the gap asked; the least bound left is a bound of the whole.

Where a site is required, it is put first in the order: it is then the only anchor.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.bounds import (
    CHUNK_ANCHORS,
    Field,
    extra_cost,
    fewest_campuses,
    fill_cost,
    largest_sizes,
    least_campuses,
    pair_cost,
    with_forced,
)
from siting.program.plain import Proof, sign_of, solve_plain
from siting.program.settle import Settled
from siting.program.solvers import Deadline, Solver
from siting.progress import Progress, ProgressCallback

PROBE_ROUNDS = 5
"""How often sites are removed from a neighbourhood by probing before its program is solved."""

FIRST_RADIUS_KM = 10.0
"""First limit on the longest link when the least fiber is sought; doubled until proven [km]."""


Trim = Callable[[int], tuple[IntArray, float]]
"""From an anchor to the sites that a better plan can have, and a bound on it (as a cost)."""


@dataclass
class Search:
    """The best plan so far and what is proven, over the anchors.

    Parameters
    ----------
    case
        Usable sites only, in the order of the anchors.
    origin
        ``(n,)`` positions of these sites in the case that was asked.
    solver, deadline
        Who solves the small programs, and until when.
    progress
        Told about every better plan and bound.
    best
        The best plan found, in positions of ``case``.
    """

    case: Case
    origin: IntArray
    solver: Solver
    deadline: Deadline
    progress: ProgressCallback | None
    best: Settled | None = None
    solved: int = field(default=0)

    @property
    def sign(self) -> float:
        """1 where less is better, -1 where more is."""
        return sign_of(self.case)

    def cutoff(self) -> float:
        """Only plans better than this matter: better than the best by more than the gap.

        In terms of a cost, so that less is better in every sense.
        """
        if self.best is None:
            return math.inf
        cost = self.best.objective * self.sign
        return cost - self.solver.gap * abs(cost)

    def solve(self, sites: IntArray, h: int) -> float:
        """Solve the program of some sites with anchor ``h``; returns its bound as a cost."""
        part = self.case.take(sites)
        required = part.required | (sites == h)
        part = replace(part, required=required)
        cutoff = None if self.best is None else self.cutoff() * self.sign
        proof = solve_plain(part, self.solver, self.deadline, cutoff=cutoff)
        self.solved += 1
        if proof.best is not None:
            self._keep(proof.best, sites)
        if proof.infeasible:
            return self.cutoff() if cutoff is None else cutoff * self.sign
        return min(proof.bound * self.sign, self.cutoff() if cutoff is None else math.inf)

    def _keep(self, found: Settled, sites: IntArray) -> None:
        if self.best is not None and found.objective * self.sign >= self.best.objective * self.sign:
            return
        self.best = Settled(
            tuple({int(sites[i]): mw for i, mw in draws.items()} for draws in found.draw_mw),
            tuple(
                {(r, int(sites[i])): mwh for (r, i), mwh in contracts.items()}
                for contracts in found.contract_mwh
            ),
            found.objective,
        )

    def tell(self, stage: str, bound: float, done: int, total: int) -> None:
        """Report where the search stands."""
        if self.progress is not None:
            self.progress(
                Progress(
                    stage,
                    None if self.best is None else self.best.objective,
                    bound * self.sign if math.isfinite(bound) else None,
                    done,
                    total,
                    f"{self.solved} small programs solved",
                )
            )

    def proof(self, bound: float, *, stopped: bool) -> Proof:
        """What is proven in the end; ``bound`` as a cost."""
        if self.best is None:
            infeasible = not stopped and bound == math.inf
            return Proof(None, bound * self.sign, infeasible, infeasible)
        cost = self.best.objective * self.sign
        bound = min(bound, cost)
        best = Settled(
            tuple({int(self.origin[i]): v for i, v in d.items()} for d in self.best.draw_mw),
            tuple(
                {(r, int(self.origin[i])): v for (r, i), v in d.items()}
                for d in self.best.contract_mwh
            ),
            self.best.objective,
        )
        # The sums of rounded draws may miss the cutoff by their rounding.
        complete = cost - bound <= self.solver.gap * abs(cost) + 1e-9 * max(1.0, abs(cost))
        return Proof(best, bound * self.sign, False, complete)


def solve_anchors(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    *,
    progress: ProgressCallback | None = None,
) -> Proof:
    """Solve the program of one cluster by its anchors.

    Parameters
    ----------
    case
        The question, with ``cluster.count = 1``.
    solver, deadline
        Who solves the small programs, and until when.
    progress
        Called with where the search stands.

    Raises
    ------
    ValueError
        The case asks for several clusters.
    """
    if case.cluster.count != 1:
        raise ValueError("the anchor decomposition solves one cluster")
    if np.any(case.required & ~case.usable):
        return Proof(None, sign_of(case) * math.inf, True, True)
    origin = _order(case)
    search = Search(case.take(origin), origin, solver, deadline, progress)
    if len(origin) == 0:
        return search.proof(math.inf, stopped=False)
    if case.sense == "minimise_cost":
        return _least_cost(search)
    if case.sense == "maximise_mw":
        return _most_draw(search)
    return _least_fiber(search)


def _order(case: Case) -> IntArray:
    """Usable sites in the order of the anchors: required ones, then the most promising."""
    usable = np.flatnonzero(case.usable)
    cap = case.cap_mw[usable]
    if case.sense == "minimise_cost":
        fixed = case.fixed_musd_per_year[usable]
        lifted = fixed - fixed.min(initial=np.inf) if len(usable) else fixed
        key = (case.variable_musd_per_mw_year[usable] + lifted / cap) / case.target_per_mw[usable]
    else:
        key = -cap
    return usable[np.lexsort((usable, key, ~case.required[usable]))]


def _anchors(case: Case) -> IntArray:
    """Positions that can be the first member of a cluster."""
    last = 1 if case.required.any() else len(case.site_ids)
    return np.arange(last, dtype=np.int64)


def _neighbourhood(case: Case, h: int) -> IntArray:
    """The anchor and all later sites within its reach, ascending.

    Where sites are required, only what is within reach of all of them.
    """
    within, _ = case.reach.of(h)
    sites = np.concatenate(([h], within[within > h]))
    for r in np.flatnonzero(case.required):
        if r != h:
            other, _ = case.reach.of(int(r))
            sites = sites[np.isin(sites, other) | (sites == r)]
    return sites


def _chunks(case: Case, anchors: IntArray) -> Iterator[tuple[IntArray, BoolArray]]:
    """Neighbourhoods of some anchors at a time, as rows over all sites."""
    for start in range(0, len(anchors), CHUNK_ANCHORS):
        chunk = anchors[start : start + CHUNK_ANCHORS]
        members = np.zeros((len(chunk), len(case.site_ids)), dtype=bool)
        for row, h in enumerate(chunk):
            members[row, _neighbourhood(case, int(h))] = True
        yield chunk, members


def neighbourhood_sizes(case: Case) -> tuple[FloatArray, IntArray]:
    """Bound on the size of any cluster around each anchor [MW, in the unit of the target].

    Returns
    -------
    sizes
        ``(anchors,)`` in the order of the anchors [MW].
    sites
        ``(anchors,)`` positions of the anchors in the case.
    """
    origin = _order(case)
    ordered = case.take(origin)
    sites = Field.of(ordered)
    anchors = _anchors(ordered)
    sizes = np.empty(len(anchors))
    for chunk, members in _chunks(ordered, anchors):
        sizes[chunk] = largest_sizes(sites, members)
    return sizes, origin[anchors]


# -------------------------------------------------------------------------- minimise cost


def _least_cost(search: Search) -> Proof:
    case = search.case
    sites = Field.of(case)
    anchors = _anchors(case)
    bounds = np.empty(len(anchors))
    for chunk, members in _chunks(case, anchors):
        fewest = fewest_campuses(sites, members)
        possible = (fewest <= sites.max_campuses) & (largest_sizes(sites, members) >= _slack(sites))
        fill, _ = fill_cost(sites, members, fewest, sites.shifts()[0])
        bounds[chunk] = np.where(possible, fill, np.inf)
    return _best_first(search, anchors, bounds, lambda h: _trim_by_cost(search, sites, h))


def _slack(sites: Field) -> float:
    return sites.target * (1 - 1e-9)


def _trim_by_cost(search: Search, sites: Field, h: int) -> tuple[IntArray, float]:
    """Sites that a better plan with anchor ``h`` can have, and a bound on its cost.

    Removes by reduced cost, and by probing pairs, until nothing more can be removed.
    """
    case, cutoff = search.case, search.cutoff()
    kept = _neighbourhood(case, h)
    within = np.isfinite(case.reach.take(kept).dense())
    # What is removed costs at least the cutoff, so no bound above it holds for the anchor.
    bound, ceiling = -math.inf, math.inf
    for _ in range(PROBE_ROUNDS):
        part = sites.take(kept)
        everyone = np.ones((1, len(kept)), dtype=bool)
        fewest = fewest_campuses(part, everyone)
        if fewest[0] > part.max_campuses:
            return kept, ceiling
        extra = np.zeros(len(kept))
        alone = -math.inf
        for shift in part.shifts():
            forced, opened = with_forced(part, 0, shift)
            fill, marginal = fill_cost(forced, everyone, fewest, shift)
            alone = max(alone, float(fill[0]) + opened)
            if not math.isfinite(alone):
                return kept, ceiling
            extra = np.maximum(
                extra, float(fill[0]) + opened + extra_cost(part, float(marginal[0]), shift)
            )
        bound = max(bound, alone)
        stays = (extra < cutoff) | case.required[kept]
        stays[0] = True
        if bound >= cutoff:
            return kept, min(bound, ceiling)
        if stays.all():
            pairs = np.max([pair_cost(part, within, 0, s) for s in part.shifts()[:2]], axis=0)
            others = np.arange(len(kept)) != 0
            if fewest[0] >= 2:
                bound = max(bound, float(pairs[others].min(initial=np.inf)))
                if bound >= cutoff:
                    return kept, min(bound, ceiling)
            stays = (pairs < cutoff) | case.required[kept] | ~others
        if stays.all():
            break
        kept, within = kept[stays], within[np.ix_(stays, stays)]
        ceiling = cutoff
    return kept, min(bound, ceiling)


# --------------------------------------------------------------------------- maximise draw


def _most_draw(search: Search) -> Proof:
    case = search.case
    draws = Field.of(case, np.ones(len(case.site_ids)))
    sizes = Field.of(case)
    anchors = _anchors(case)
    bounds = np.empty(len(anchors))
    for chunk, members in _chunks(case, anchors):
        possible = largest_sizes(sizes, members) >= _slack(sizes)
        possible &= members.sum(axis=1) >= sizes.min_campuses
        bounds[chunk] = np.where(possible, -largest_sizes(draws, members), np.inf)
    return _best_first(search, anchors, bounds, lambda h: _trim_by_draw(search, draws, h))


def _trim_by_draw(search: Search, draws: Field, h: int) -> tuple[IntArray, float]:
    """Sites that a plan with anchor ``h`` and more draw can have, and a bound (as a cost)."""
    case, cutoff = search.case, search.cutoff()
    kept = _neighbourhood(case, h)
    within = np.isfinite(case.reach.take(kept).dense())
    bound, ceiling = -math.inf, math.inf
    for _ in range(PROBE_ROUNDS):
        part = draws.take(kept)
        pairs = -largest_sizes(part, within)
        others = np.arange(len(kept)) != 0
        bound = max(bound, float(pairs[0]))
        if draws.min_campuses >= 2:
            bound = max(bound, float(pairs[others].min(initial=np.inf)))
        if bound >= cutoff:
            return kept, min(bound, ceiling)
        stays = (pairs < cutoff) | case.required[kept] | ~others
        if stays.all():
            break
        kept, within = kept[stays], within[np.ix_(stays, stays)]
        ceiling = cutoff
    return kept, min(bound, ceiling)


# ---------------------------------------------------------------------- minimise fiber km


def _least_fiber(search: Search) -> Proof:
    """Least kilometres of a mesh, by letting the longest link grow.

    Kilometres by fiber obey the triangle inequality, so a mesh of ``m`` campuses whose longest
    link is ``D`` has at least ``(m - 1) * D`` kilometres: every other campus adds at least ``D``
    to its two ends. Once all clusters with no link above ``D`` are explored, a plan of at most
    ``(m - 1) * D`` kilometres is proven best.
    """
    case = search.case
    least = max(least_campuses(case) - 1, 1)
    radius_km, explored_km = min(FIRST_RADIUS_KM, case.reach.limit_km), 0.0
    while True:
        if search.best is not None and search.best.objective < radius_km * least:
            radius_km = search.best.objective / least
        bound, stopped = _explore(search, radius_km)
        if stopped:
            return search.proof(min(bound, explored_km * least), stopped=True)
        explored_km = radius_km
        if search.best is not None and search.best.objective <= explored_km * least:
            return search.proof(bound, stopped=False)
        if explored_km >= case.reach.limit_km:
            return search.proof(bound, stopped=False)
        radius_km = min(2 * radius_km, case.reach.limit_km)


def _explore(search: Search, radius_km: float) -> tuple[float, bool]:
    """Best plan whose links are all within a radius; bound on these, and whether it was stopped."""
    whole = search.case
    search.case = near = replace(whole, reach=whole.reach.within(radius_km))
    try:
        sizes = Field.of(near)
        anchors = _anchors(near)
        bounds = np.empty(len(anchors))
        for chunk, members in _chunks(near, anchors):
            possible = largest_sizes(sizes, members) >= _slack(sizes)
            possible &= members.sum(axis=1) >= sizes.min_campuses
            bounds[chunk] = np.where(possible, 0.0, np.inf)
        proof_bound, stopped = _search(
            search, anchors, bounds, lambda h: (_neighbourhood(near, h), 0.0)
        )
    finally:
        search.case = whole
    return proof_bound, stopped


# -------------------------------------------------------------------------------- search


def _best_first(search: Search, anchors: IntArray, bounds: FloatArray, trim: Trim) -> Proof:
    bound, stopped = _search(search, anchors, bounds, trim)
    return search.proof(bound, stopped=stopped)


def _search(
    search: Search, anchors: IntArray, bounds: FloatArray, trim: Trim
) -> tuple[float, bool]:
    """Solve the anchors' programs best first; returns the bound of all and whether it stopped."""
    order = np.lexsort((anchors, bounds))
    proven = math.inf
    for done, at in enumerate(order):
        least = float(bounds[at])
        if least >= search.cutoff() or not math.isfinite(least):
            return min(proven, least), False
        if search.deadline.reached():
            return min(proven, least), True
        h = int(anchors[at])
        sites, bound = trim(h)
        bound = max(bound, least)
        if bound < search.cutoff():
            bound = max(bound, search.solve(sites, h))
        proven = min(proven, bound)
        search.tell("anchors", min(proven, _next(bounds, order, done)), done + 1, len(order))
        if search.deadline.reached() and bound < search.cutoff():
            return min(proven, _next(bounds, order, done)), True
    return proven, False


def _next(bounds: FloatArray, order: IntArray, done: int) -> float:
    return float(bounds[order[done + 1]]) if done + 1 < len(order) else math.inf

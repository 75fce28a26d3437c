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
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber.reach import FloatArray, IntArray
from siting.program.below import solve_below
from siting.program.bounds import (
    Field,
    Rows,
    extra_cost,
    fewest_campuses,
    fill_cost,
    largest_sizes,
    meshes_km,
    pair_cost,
    stars_km,
    with_forced,
)
from siting.program.cover import Anchors, chunks
from siting.program.groups import Group, group_by_sites
from siting.program.neighbourhoods import (
    first_members,
    neighbourhood,
    order_sites,
    required_apart,
)
from siting.program.networks import linkable
from siting.program.plain import Proof, required_unusable, sign_of
from siting.program.relaxed import Relaxed, anchors_with_room, sites_with_room
from siting.program.rings import least_ring, wide_ring
from siting.program.settle import Settled, settle
from siting.program.solvers import Deadline, Solver
from siting.progress import Progress, ProgressCallback

ROUNDING = 1e-8
"""What rounding draws to a watt may do to an objective, relative to it [1]."""

PROBE_ROUNDS = 60
"""How often sites are removed from a neighbourhood by probing before its program is solved."""

PROBE_SITES = 1_500
"""In a neighbourhood of more sites than this no pairs are probed."""

FIRST_SITES = 150
"""Of a larger neighbourhood the cheapest so many are tried for a first plan."""

HALVED = 5
"""How often a long reach is halved at the most, to find a plan with short links."""

MOST_SITES = 2_000
"""The program of more sites than this is not written: its rows grow with the square."""

BALLS = 5_000
"""Among more sites than this, only so many are tried as the middle of a first plan."""

FIRST_BALLS = 3
"""Sites within half the reach of which a first plan is sought when the most draw is."""

PATIENCE = 10
"""Small programs solved without any plan before anchors without room are ruled out."""

ALONE = 5
"""Small programs solved one by one before others are solved in batches."""

BATCH = 256
"""Anchors whose programs are joined and solved at once."""

JOINED_SITES = 600
"""Sites of a joined program at the most."""

SINGLE_BATCH = 8
"""Anchors whose programs are solved at once where they are not joined."""

FIRST_MESHES = 3
"""Sites around which a first plan is sought when the least fiber is."""

FIRST_MESH_SITES = 60
"""Nearest sites among which it is sought at the most."""


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
        The best plan found, in positions of the case that was asked.
    solved
        Small programs solved so far.
    """

    case: Case
    origin: IntArray
    solver: Solver
    deadline: Deadline
    progress: ProgressCallback | None
    best: Settled | None = None
    solved: int = 0

    @property
    def sign(self) -> float:
        """1 where less is better, -1 where more is."""
        return sign_of(self.case)

    @property
    def joins(self) -> bool:
        """Whether programs are joined.

        Where fiber counts, each pair of sites is a variable, and a joined program takes longer than
        those that it joins. In a hub network and a ring each anchor has links of its own.
        """
        return self.case.cluster.network == "mesh" and self.case.sense != "minimise_fiber_km"

    def cutoff(self) -> float:
        """Only plans better than this matter: better than the best by more than the gap.

        In terms of a cost, so that less is better in every sense.
        """
        if self.best is None:
            return math.inf
        cost = self.best.objective * self.sign
        # A hair less than the gap, so that rounding does not state more than was asked.
        return cost - self.solver.gap * (1 - ROUNDING) * abs(cost)

    def solve(self, sites: IntArray, h: int, *, slice_s: float = math.inf) -> float:
        """Solve the program of some sites with anchor ``h``; returns its bound as a cost.

        It may take ``slice_s`` of the time that is left. Of more than `MOST_SITES` the first are
        tried for a better plan, and nothing is proven: a solver would need more memory than time.
        """
        if len(sites) > MOST_SITES:
            self.solve(sites[:MOST_SITES], h, slice_s=slice_s)
            return -math.inf
        cutoff, deadline = self.cutoff(), self.deadline.within(slice_s)
        proof = solve_anchored(self.case, sites, h, self.solver, deadline, cutoff)
        self.solved += 1
        if proof.best is not None:
            self.keep(proof.best, sites)
        return min(proof.bound * self.sign, cutoff)

    def solve_together(self, taken: list[tuple[int, float]], trim: Trim) -> float:
        """Solve the programs of some anchors; returns the least of their bounds as a cost.

        ``taken`` has each anchor and a bound that is known.
        """

        def trimmed(anchor: tuple[int, float]) -> Group | None:
            if self.deadline.reached():
                return None
            h, least = anchor
            sites, bound = trim(h)
            return Group((h,), sites, max(bound, least))

        single = [one for one in self.solver.map(trimmed, taken) if one is not None]
        if len(single) < len(taken):
            return min(least for _, least in taken)
        cutoff = self.cutoff()
        bounds = [one.bound for one in single if one.bound >= cutoff]
        single = [one for one in single if one.bound < cutoff]
        large = [one for one in single if len(one.sites) > MOST_SITES]
        groups = [one for one in single if len(one.sites) <= MOST_SITES]
        if self.joins:
            groups = group_by_sites(groups, JOINED_SITES)
        # One program may use all threads; of several, each gets one.
        solver = self.solver if len(groups) == 1 else replace(self.solver, threads=1)
        proofs = self.solver.map(lambda group: self._prove(group, solver, cutoff), groups)
        for group, proof in zip(groups, proofs, strict=True):
            self.solved += 1
            if proof.best is not None:
                self.keep(proof.best, group.sites)
            bounds.append(max(group.bound, min(proof.bound * self.sign, cutoff)))
        bounds += [max(one.bound, self.solve(one.sites, *one.anchors)) for one in large]
        return min(bounds)

    def _prove(self, group: Group, solver: Solver, cutoff: float) -> Proof:
        if len(group.anchors) == 1:
            h = group.anchors[0]
            return solve_anchored(self.case, group.sites, h, solver, self.deadline, cutoff)
        return solve_below(self.case.take(group.sites), solver, self.deadline, cutoff)

    def keep(self, found: Settled, sites: IntArray) -> None:
        """Take a plan, in positions of ``sites``, if it is better than the best so far."""
        if self.best is None or found.objective * self.sign < self.best.objective * self.sign:
            self.best = found.at(self.origin[sites])

    def narrow(self, sites: IntArray, limit_km: float) -> Search:
        """The same search on some of the sites and with a shorter reach."""
        part = self.case.take(sites)
        part = replace(part, reach=part.reach.within(limit_km))
        return replace(self, case=part, origin=self.origin[sites])

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

    def try_sites(self, found: Settled) -> None:
        """Take the sites of another question's plan, with the best draws here."""
        settled = settle(self.case, found.choice, self.solver)
        if settled is not None:
            self.keep(settled, np.arange(len(self.origin)))

    def proof_of(self, whole: Proof) -> Proof:
        """The proof of the program of all sites, with the best plan of both."""
        if whole.best is not None:
            self.keep(whole.best, np.arange(len(self.origin)))
        bound = whole.bound * self.sign
        return self.proof(bound, stopped=not whole.complete)

    def proof(self, bound: float, *, stopped: bool) -> Proof:
        """What is proven in the end; ``bound`` as a cost."""
        if self.best is None:
            infeasible = not stopped and bound == math.inf
            return Proof(None, bound * self.sign, infeasible, infeasible)
        cost = self.best.objective * self.sign
        bound = min(bound, cost)
        # The sums of rounded draws may miss the bound by their rounding.
        complete = cost - bound <= self.solver.gap * abs(cost) + ROUNDING * abs(cost)
        return Proof(self.best, bound * self.sign, False, complete)


def solve_anchored(
    case: Case, sites: IntArray, h: int, solver: Solver, deadline: Deadline, cutoff: float
) -> Proof:
    """Solve the program of some sites of a case, with anchor ``h`` a member.

    Only plans better than the cutoff (a cost) matter; "infeasible" and the bound are about these.
    The plan is in positions of ``sites``.
    """
    part = case.take(sites)
    if part.required.sum() < case.required.sum():
        # A required site is beyond the anchor's neighbourhood, so no plan has this anchor.
        return Proof(None, sign_of(case) * math.inf, infeasible=True, complete=True)
    part = replace(part, required=part.required | (sites == h))
    hub = int(np.flatnonzero(sites == h)[0]) if case.cluster.network == "hub" else None
    return solve_below(part, solver, deadline, cutoff, hub=hub)


def solve_anchors(
    case: Case,
    solver: Solver,
    deadline: Deadline,
    *,
    progress: ProgressCallback | None = None,
    start: Settled | None = None,
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
    start
        A plan to start with; what is no better is not sought.

    Raises
    ------
    ValueError
        The case asks for several clusters.
    """
    if case.cluster.count != 1:
        raise ValueError("the anchor decomposition solves one cluster")
    case = linkable(case)
    if required_unusable(case) or required_apart(case):
        return Proof(None, sign_of(case) * math.inf, True, True)
    origin = order_sites(case)
    search = Search(case.take(origin), origin, solver, deadline, progress, start)
    if len(origin) == 0:
        return search.proof(math.inf, stopped=False)
    ring = case.cluster.network == "ring"
    wide = ring and case.cluster.max_ring_km / 2 > case.reach.limit_km
    if wide and case.sense != "minimise_fiber_km":
        return wide_ring(search, lambda mesh, until: solve_anchors(mesh, solver, until))
    if case.sense == "minimise_cost":
        return _least_cost(search)
    if case.sense == "maximise_mw":
        return _most_draw(search)
    least = {"mesh": _least_fiber, "hub": _least_spokes, "ring": least_ring}
    return least[case.cluster.network](search)


def neighbourhood_sizes(case: Case) -> tuple[FloatArray, IntArray]:
    """Bound on the size of any cluster around each anchor [MW, in the unit of the target].

    Returns
    -------
    sizes
        ``(anchors,)`` in the order of the anchors [MW].
    sites
        ``(anchors,)`` positions of the anchors in the case.
    """
    origin = order_sites(case)
    ordered = case.take(origin)
    sites = Field.of(ordered)
    anchors = first_members(ordered)
    sizes = np.empty(len(anchors))
    for chunk, rows in chunks(ordered, anchors):
        sizes[chunk] = largest_sizes(sites, rows)
    return sizes, origin[anchors]


# -------------------------------------------------------------------------- minimise cost


def _least_cost(search: Search) -> Proof:
    case, sites = search.case, Field.of(search.case)
    anchors = by_cost(case, sites, first_members(case))
    _first_cheap(search, anchors)
    return _best_first(search, anchors, lambda h: trim_by_cost(case, sites, h, search.cutoff()))


def by_cost(case: Case, sites: Field, anchors: IntArray, *, shifts: int = 1) -> Anchors:
    """Some anchors, and that no plan with each costs less than its bound [MUSD/year].

    The bound is the best of so many shifts of the fixed cost.
    """

    def bound(rows: Rows) -> FloatArray:
        fewest = fewest_campuses(sites, rows)
        possible = (fewest <= sites.max_campuses) & (largest_sizes(sites, rows) >= _slack(sites))
        fill = [fill_cost(sites, rows, fewest, shift)[0] for shift in sites.shifts()[:shifts]]
        return np.asarray(np.where(possible, np.max(fill, axis=0), np.inf), np.float64)

    return Anchors.of_case(case, anchors, bound)


def _first_cheap(search: Search, anchors: Anchors) -> None:
    """Find some plan among the cheapest sites around a promising anchor, if there are many."""
    h = anchors.dive()
    if h is None:
        return
    sites = neighbourhood(search.case, h)
    if len(sites) > FIRST_SITES and not search.case.required.any():
        # Sites are in the order of their cost.
        search.solve(sites[:FIRST_SITES], h)


def _slack(sites: Field) -> float:
    return sites.target * (1 - 1e-9)


def trim_by_cost(case: Case, sites: Field, h: int, cutoff: float) -> tuple[IntArray, float]:
    """Sites that a plan below the cutoff with anchor ``h`` can have, and a bound on its cost.

    Removes by reduced cost, and by probing pairs, until nothing more can be removed.
    """
    kept = neighbourhood(case, h)
    within: BoolArray | None = None
    probed = case.cluster.network == "mesh"
    # What is removed costs at least the cutoff, so no bound above it holds for the anchor.
    bound, ceiling = -math.inf, math.inf
    for _ in range(PROBE_ROUNDS):
        part = sites.take(kept)
        fewest = fewest_campuses(part, Rows.all_of(len(kept)))
        if fewest[0] > part.max_campuses:
            return kept, ceiling
        alone, extra = _anchored_fill(part, fewest)
        bound = max(bound, alone)
        stays = (extra < cutoff) | case.required[kept]
        stays[0] = True
        if stays.all() and bound < cutoff and probed and len(kept) <= PROBE_SITES:
            if within is None:
                within = np.isfinite(case.reach.take(kept).dense())
            pairs = _pairs_cost(part, within)
            if fewest[0] >= 2:
                bound = max(bound, float(pairs[1:].min(initial=np.inf)))
            stays = (pairs < cutoff) | case.required[kept]
        if stays.all() or bound >= cutoff:
            break
        kept, ceiling = kept[stays], cutoff
        if within is not None:
            within = within[np.ix_(stays, stays)]
    return kept, min(bound, ceiling)


def _anchored_fill(part: Field, fewest: IntArray) -> tuple[float, FloatArray]:
    """No plan with the anchor, which comes first, costs less; nor does one with each site."""
    everyone = Rows.all_of(len(part.cap))
    alone, extra = -math.inf, np.zeros(len(part.cap))
    for shift in part.shifts():
        forced, opened = with_forced(part, 0, shift)
        fill, marginal = fill_cost(forced, everyone, fewest, shift)
        cost = float(fill[0]) + opened
        alone = max(alone, cost)
        if math.isfinite(cost):
            extra = np.maximum(extra, cost + extra_cost(part, float(marginal[0]), shift))
    return alone, extra


def _pairs_cost(part: Field, within: BoolArray) -> FloatArray:
    """``(n,)`` no plan with the anchor, which comes first, and each other site costs less."""
    pairs_cost: FloatArray = np.max([pair_cost(part, within, 0, s) for s in part.shifts()[:2]], 0)
    pairs_cost[0] = -np.inf
    return pairs_cost


# --------------------------------------------------------------------------- maximise draw


def _most_draw(search: Search) -> Proof:
    case = search.case
    draws = Field.of(case, np.ones(len(case.site_ids)))
    sizes = Field.of(case)
    _first_balls(search, draws)

    def bound(rows: Rows) -> FloatArray:
        possible = largest_sizes(sizes, rows) >= _slack(sizes)
        possible &= np.bincount(rows.row, minlength=rows.count) >= sizes.min_campuses
        return np.where(possible, -largest_sizes(draws, rows), np.inf)

    anchors = Anchors.of_case(case, first_members(case), bound)
    return _best_first(search, anchors, lambda h: _trim_by_draw(search, draws, h))


def _first_balls(search: Search, draws: Field) -> None:
    """Find some plan among sites within half the reach of one site.

    Kilometres by fiber obey the triangle inequality, so all of these are within reach of each
    other: a program without conflicts, soon solved.
    """
    case = search.case
    if case.required.any() or case.cluster.network == "hub":
        return
    half = case.reach.within(case.reach.limit_km / 2)
    # Among many sites some are enough; the order of the anchors spreads them over the caps.
    centres = np.arange(0, len(case.site_ids), 1 + len(case.site_ids) // BALLS)
    balls = [
        np.sort(np.append(near, v))
        for v, (near, _) in zip(centres, half.rows(centres), strict=True)
    ]
    sizes = [
        largest_sizes(draws, Rows.of(balls[at : at + 1_000])) for at in range(0, len(balls), 1_000)
    ]
    promising = np.argsort(-np.concatenate(sizes), kind="stable")[:FIRST_BALLS]
    for at in promising.tolist():
        search.solve(balls[at], int(centres[at]))


def _trim_by_draw(search: Search, draws: Field, h: int) -> tuple[IntArray, float]:
    """Sites that a plan with anchor ``h`` and more draw can have, and a bound (as a cost)."""
    case, cutoff = search.case, search.cutoff()
    kept = neighbourhood(case, h)
    if case.cluster.network != "mesh" or len(kept) > PROBE_SITES:
        return kept, -float(largest_sizes(draws.take(kept), Rows.all_of(len(kept)))[0])
    within = np.isfinite(case.reach.take(kept).dense())
    bound, ceiling = -math.inf, math.inf
    for _ in range(PROBE_ROUNDS):
        part = draws.take(kept)
        pairs = -largest_sizes(part, Rows.true_in(within))
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
    """Least kilometres of a mesh.

    Kilometres by fiber obey the triangle inequality, so a mesh of ``m`` campuses whose longest
    link is ``D`` has at least ``(m - 1) * D`` kilometres: every other campus adds at least ``D``
    to its two ends. So the best plan shortens the reach, the shorter reach raises what every
    site's links cost at least, and sites where that is no better than the best plan are left out.
    """
    whole, ceiling = search.case, math.inf
    fewest = _fewest(whole)
    if fewest > whole.cluster.max_campuses:
        return search.proof(math.inf, stopped=False)
    _first_near_mesh(search, fewest)
    while True:
        cutoff, limit_km = search.cutoff(), search.case.reach.limit_km
        if math.isfinite(cutoff) and fewest > 1:
            limit_km = min(limit_km, cutoff / (fewest - 1))
            # What is left out costs at least this.
            ceiling = cutoff
        search = search.narrow(np.arange(len(search.origin)), limit_km)
        least_km = _meshes_km(search, fewest)
        stays = (least_km < cutoff) & np.isfinite(least_km)
        stays &= sites_with_room(search.case, stays, search.deadline)
        if np.any(search.case.required & ~stays) or required_apart(search.case):
            return search.proof(ceiling, stopped=False)
        if stays.all():
            break
        search = search.narrow(np.flatnonzero(stays), limit_km)
    case = search.case
    if required_apart(case):
        return search.proof(ceiling, stopped=False)
    sites, anchors = Field.of(case), first_members(case)
    bounds = np.full(len(anchors), np.inf)
    for chunk, rows in chunks(case, anchors):
        possible = largest_sizes(sites, rows) >= _slack(sites)
        possible &= np.bincount(rows.row, minlength=rows.count) >= sites.min_campuses
        bounds[chunk] = np.where(possible, least_km[chunk], np.inf)
    bound, stopped = _search(
        search,
        Anchors.of_bounds(anchors, bounds),
        lambda h: (neighbourhood(case, h), float(bounds[h])),
    )
    return search.proof(min(bound, ceiling), stopped=stopped)


def _least_spokes(search: Search) -> Proof:
    """Least kilometres of the links to a hub: what its own star costs at least, hub by hub."""
    case = search.case
    least_km, fewest = stars_km(case, Field.of(case)), _fewest(case)
    hubs = first_members(case)

    def trim(h: int) -> tuple[IntArray, float]:
        # A link is too long if, with the shortest ones beside it, it makes no better plan.
        within, km = case.reach.of(h)
        beside_km = np.sort(km)[: max(fewest - 2, 0)].sum()
        stays = (km + beside_km < search.cutoff()) | case.required[within]
        bound = float(least_km[h])
        return np.concatenate(([h], within[stays])), bound if stays.all() else min(
            bound, search.cutoff()
        )

    return _best_first(search, Anchors.of_bounds(hubs, least_km[hubs]), trim)


def _fewest(case: Case) -> int:
    return int(fewest_campuses(Field.of(case), Rows.all_of(len(case.site_ids)))[0])


def _meshes_km(search: Search, fewest: int) -> FloatArray:
    return meshes_km(search.case, stars_km(search.case, Field.of(search.case)), fewest)


def _first_near_mesh(search: Search, fewest: int) -> None:
    """Find some plan within a short reach, where there is little to choose from, else a longer."""
    for halved in range(HALVED, -1, -1):
        limit_km = search.case.reach.limit_km / 2**halved
        near = search.narrow(np.arange(len(search.origin)), limit_km)
        if required_apart(near.case):
            continue
        _first_mesh(near, fewest)
        search.solved = near.solved
        if near.best is not None:
            search.best = near.best
            return


def _first_mesh(search: Search, fewest: int) -> None:
    """Find some plan around the sites whose links promise to be shortest."""
    case = search.case
    least_km = _meshes_km(search, fewest)
    possible = np.isfinite(least_km)
    if case.required.any():
        possible &= case.required
    possible = sites_with_room(case, possible, search.deadline)
    promising = np.argsort(np.where(possible, least_km, np.inf), kind="stable")
    relaxed = Relaxed(case)
    for v in promising[: min(FIRST_MESHES, int(possible.sum()))].tolist():
        within, km = case.reach.of(v)
        by_distance = within[np.argsort(km, kind="stable")]
        count = fewest
        while not search.deadline.reached():
            near = np.sort(np.append(by_distance[:count], v))
            missing = case.required & ~np.isin(np.arange(len(case.site_ids)), near)
            found = search.best
            if not missing.any() and relaxed.holds_cluster(near):
                search.solve(near, v)
            if search.best is not found or count >= min(len(within), FIRST_MESH_SITES):
                break
            count = int(1.5 * count) + 1


# -------------------------------------------------------------------------------- search


def _best_first(search: Search, anchors: Anchors, trim: Trim) -> Proof:
    bound, stopped = _search(search, anchors, trim)
    return search.proof(bound, stopped=stopped)


def _search(search: Search, anchors: Anchors, trim: Trim) -> tuple[float, bool]:
    """Solve the anchors' programs best first; returns the bound of all and whether it stopped.

    The first ones are solved one by one, for they find the plans. Where many are left, they are
    solved in batches: those that share their sites as one, and all of a batch at once. What is in
    a batch does not depend on the number of threads, so neither does the plan.
    """
    proven = math.inf
    ruled_out = False
    done = 0
    batch = BATCH if search.joins else SINGLE_BATCH
    while True:
        if search.best is None and search.solved >= PATIENCE and not ruled_out:
            # Options that the bounds leave out may leave no plan, or few places for one.
            ruled_out = True
            possible, _, stopped = anchors_with_room(search.case, search.deadline)
            if not stopped:
                anchors.keep(possible)
        if search.deadline.reached():
            return min(proven, anchors.least), anchors.least < search.cutoff()
        taken = anchors.pop_many(search.cutoff(), batch if search.solved >= ALONE else 1)
        if not taken:
            return min(proven, anchors.least), False
        bound = search.solve_together(taken, trim)
        proven = min(proven, bound)
        done += len(taken)
        search.tell("anchors", min(proven, anchors.least), done, len(anchors))
        if search.deadline.reached() and bound < search.cutoff():
            return min(proven, anchors.least), True

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
from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.errors import SolverError
from siting.fiber.reach import FloatArray, IntArray
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
from siting.program.neighbourhoods import (
    first_members,
    neighbourhood,
    order_sites,
    required_apart,
)
from siting.program.plain import Proof, required_unusable, sign_of, solve_plain
from siting.program.relaxed import anchors_with_room
from siting.program.settle import Settled
from siting.program.solvers import Deadline, Solver
from siting.progress import Progress, ProgressCallback

CHUNK_ENTRIES = 1_000_000
"""Sites of neighbourhoods whose bounds are computed at once; bounds the memory."""

ROUNDING = 1e-8
"""What rounding draws to a watt may do to an objective, relative to it [1]."""

PROBE_ROUNDS = 5
"""How often sites are removed from a neighbourhood by probing before its program is solved."""

FIRST_BALLS = 3
"""Sites within half the reach of which a first plan is sought when the most draw is."""

PATIENCE = 10
"""Small programs solved without any plan before anchors without room are ruled out."""

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

    def cutoff(self) -> float:
        """Only plans better than this matter: better than the best by more than the gap.

        In terms of a cost, so that less is better in every sense.
        """
        if self.best is None:
            return math.inf
        cost = self.best.objective * self.sign
        # A hair less than the gap, so that rounding does not state more than was asked.
        return cost - self.solver.gap * (1 - ROUNDING) * abs(cost)

    def solve(self, sites: IntArray, h: int) -> float:
        """Solve the program of some sites with anchor ``h``; returns its bound as a cost."""
        cutoff = self.cutoff()
        proof = solve_anchored(self.case, sites, h, self.solver, self.deadline, cutoff)
        self.solved += 1
        if proof.best is not None:
            self._keep(proof.best, sites)
        return min(proof.bound * self.sign, cutoff)

    def _keep(self, found: Settled, sites: IntArray) -> None:
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
    sign = sign_of(case)
    part = case.take(sites)
    part = replace(part, required=part.required | (sites == h))
    value = cutoff * sign if math.isfinite(cutoff) else None
    try:
        return solve_plain(part, solver, deadline, cutoff=value)
    except SolverError:
        if value is None:
            raise
        # A cutoff a hair above the best plan can upset a solver; the proof does not need it.
        return solve_plain(part, solver, deadline)


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
    if required_unusable(case) or required_apart(case):
        return Proof(None, sign_of(case) * math.inf, True, True)
    origin = order_sites(case)
    search = Search(case.take(origin), origin, solver, deadline, progress)
    if len(origin) == 0:
        return search.proof(math.inf, stopped=False)
    if case.sense == "minimise_cost":
        return _least_cost(search)
    if case.sense == "maximise_mw":
        return _most_draw(search)
    return _least_fiber(search)


def _chunks(case: Case, anchors: IntArray) -> Iterator[tuple[IntArray, Rows]]:
    """Neighbourhoods of some anchors at a time."""
    chunk: list[int] = []
    sets: list[IntArray] = []
    entries = 0
    for h in anchors.tolist():
        chunk.append(h)
        sets.append(neighbourhood(case, h))
        entries += len(sets[-1])
        if entries >= CHUNK_ENTRIES:
            yield np.array(chunk), Rows.of(sets)
            chunk, sets, entries = [], [], 0
    if chunk:
        yield np.array(chunk), Rows.of(sets)


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
    for chunk, rows in _chunks(ordered, anchors):
        sizes[chunk] = largest_sizes(sites, rows)
    return sizes, origin[anchors]


# -------------------------------------------------------------------------- minimise cost


def _least_cost(search: Search) -> Proof:
    case, sites = search.case, Field.of(search.case)
    return _best_first(
        search,
        first_members(case),
        _cost_bounds(case, sites),
        lambda h: _trim_by_cost(case, sites, h, search.cutoff()),
    )


def _cost_bounds(case: Case, sites: Field) -> FloatArray:
    """``(anchors,)`` no plan with the anchor costs less [MUSD/year]."""
    anchors = first_members(case)
    bounds = np.empty(len(anchors))
    for chunk, rows in _chunks(case, anchors):
        fewest = fewest_campuses(sites, rows)
        possible = (fewest <= sites.max_campuses) & (largest_sizes(sites, rows) >= _slack(sites))
        fill, _ = fill_cost(sites, rows, fewest, sites.shifts()[0])
        bounds[chunk] = np.where(possible, fill, np.inf)
    return bounds


def _slack(sites: Field) -> float:
    return sites.target * (1 - 1e-9)


def _trim_by_cost(case: Case, sites: Field, h: int, cutoff: float) -> tuple[IntArray, float]:
    """Sites that a plan below the cutoff with anchor ``h`` can have, and a bound on its cost.

    Removes by reduced cost, and by probing pairs, until nothing more can be removed.
    """
    kept = neighbourhood(case, h)
    within = np.isfinite(case.reach.take(kept).dense())
    # What is removed costs at least the cutoff, so no bound above it holds for the anchor.
    bound, ceiling = -math.inf, math.inf
    for _ in range(PROBE_ROUNDS):
        part = sites.take(kept)
        everyone = Rows.all_of(len(kept))
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


@dataclass(frozen=True, eq=False)
class Pricing:
    """What the anchors of a case with prices can do at the least.

    Parameters
    ----------
    smallest
        ``(count,)`` the smallest bounds of different anchors, ascending [MUSD/year]; infinite
        where there are fewer anchors.
    found
        Plans found on the way, one cluster each.
    """

    smallest: FloatArray
    found: tuple[Settled, ...]


def price_anchors(
    case: Case, count: int, solver: Solver, deadline: Deadline, *, solves: int
) -> Pricing:
    """Bound the ``count`` best anchors of a case at minimum cost, and find their plans.

    Best first as in ``solve_anchors``, but against the ``count``-th best plan of different
    anchors, and with at most ``solves`` small programs; valid wherever it stops.
    """
    origin = order_sites(case)
    ordered = case.take(origin)
    sites = Field.of(ordered)
    bounds = _cost_bounds(ordered, sites)
    values: list[float] = []
    found: list[Settled] = []
    for h in np.lexsort((np.arange(len(bounds)), bounds)).tolist():
        cutoff = sorted(values)[count - 1] if len(values) >= count else math.inf
        if bounds[h] >= cutoff or len(values) >= solves or deadline.reached():
            break
        kept, bound = _trim_by_cost(ordered, sites, h, cutoff)
        if bound < cutoff:
            proof = solve_anchored(ordered, kept, h, solver, deadline, cutoff)
            bound = max(bound, min(proof.bound, cutoff))
            if proof.best is not None:
                values.append(proof.best.objective)
                found.append(proof.best.at(origin[kept]))
        bounds[h] = max(bounds[h], min(bound, cutoff))
    smallest = np.full(count, np.inf)
    least = np.sort(bounds)[:count]
    smallest[: len(least)] = least
    return Pricing(smallest, tuple(found))


# --------------------------------------------------------------------------- maximise draw


def _most_draw(search: Search) -> Proof:
    case = search.case
    draws = Field.of(case, np.ones(len(case.site_ids)))
    sizes = Field.of(case)
    _first_balls(search, draws)
    anchors = first_members(case)
    bounds = np.empty(len(anchors))
    for chunk, rows in _chunks(case, anchors):
        possible = largest_sizes(sizes, rows) >= _slack(sizes)
        possible &= np.bincount(rows.row, minlength=rows.count) >= sizes.min_campuses
        bounds[chunk] = np.where(possible, -largest_sizes(draws, rows), np.inf)
    return _best_first(search, anchors, bounds, lambda h: _trim_by_draw(search, draws, h))


def _first_balls(search: Search, draws: Field) -> None:
    """Find some plan among sites within half the reach of one site.

    Kilometres by fiber obey the triangle inequality, so all of these are within reach of each
    other: a program without conflicts, soon solved.
    """
    case = search.case
    if case.required.any():
        return
    half = case.reach.within(case.reach.limit_km / 2)
    balls = Rows.of([np.sort(np.append(half.of(v)[0], v)) for v in case.sites])
    promising = np.argsort(-largest_sizes(draws, balls), kind="stable")[:FIRST_BALLS]
    for v in promising.tolist():
        search.solve(balls.site[balls.row == v], v)


def _trim_by_draw(search: Search, draws: Field, h: int) -> tuple[IntArray, float]:
    """Sites that a plan with anchor ``h`` and more draw can have, and a bound (as a cost)."""
    case, cutoff = search.case, search.cutoff()
    kept = neighbourhood(case, h)
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
    fewest = int(fewest_campuses(Field.of(whole), Rows.all_of(len(whole.site_ids)))[0])
    if fewest > whole.cluster.max_campuses:
        return search.proof(math.inf, stopped=False)
    _first_mesh(search, fewest)
    while True:
        cutoff, limit_km = search.cutoff(), search.case.reach.limit_km
        if math.isfinite(cutoff) and fewest > 1:
            limit_km = min(limit_km, cutoff / (fewest - 1))
            # What is left out costs at least this.
            ceiling = cutoff
        search = search.narrow(np.arange(len(search.origin)), limit_km)
        least_km = _meshes_km(search, fewest)
        stays = (least_km < cutoff) & np.isfinite(least_km)
        if stays.all() or np.any(search.case.required & ~stays):
            break
        search = search.narrow(np.flatnonzero(stays), limit_km)
    case = search.case
    sites, anchors = Field.of(case), first_members(case)
    bounds = np.full(len(anchors), np.inf)
    for chunk, rows in _chunks(case, anchors):
        possible = largest_sizes(sites, rows) >= _slack(sites)
        possible &= np.bincount(rows.row, minlength=rows.count) >= sites.min_campuses
        bounds[chunk] = np.where(possible, least_km[chunk], np.inf)
    bound, stopped = _search(
        search, anchors, bounds, lambda h: (neighbourhood(case, h), float(bounds[h]))
    )
    return search.proof(min(bound, ceiling), stopped=stopped)


def _meshes_km(search: Search, fewest: int) -> FloatArray:
    return meshes_km(search.case, stars_km(search.case, Field.of(search.case)), fewest)


def _first_mesh(search: Search, fewest: int) -> None:
    """Find some plan around the sites whose links promise to be shortest."""
    case, sizes = search.case, Field.of(search.case)
    promising = np.argsort(_meshes_km(search, fewest), kind="stable")
    if case.required.any():
        promising = np.flatnonzero(case.required)
    for v in promising[:FIRST_MESHES].tolist():
        within, km = case.reach.of(v)
        by_distance = within[np.argsort(km, kind="stable")]
        count = fewest
        while not search.deadline.reached():
            near = np.sort(np.append(by_distance[:count], v))
            missing = case.required & ~np.isin(np.arange(len(case.site_ids)), near)
            large = largest_sizes(sizes, Rows.of([near]))[0] >= _slack(sizes)
            found = search.best
            if large and not missing.any():
                search.solve(near, v)
            if search.best is not found or count >= min(len(within), FIRST_MESH_SITES):
                break
            count = int(1.5 * count) + 1


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
    ruled_out = False
    for done, at in enumerate(order):
        if search.best is None and search.solved >= PATIENCE and not ruled_out:
            # Options that the bounds leave out may leave no plan, or few places for one.
            ruled_out = True
            possible, _, stopped = anchors_with_room(search.case, search.deadline)
            if not stopped:
                bounds = np.where(np.isin(anchors, possible), bounds, np.inf)
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

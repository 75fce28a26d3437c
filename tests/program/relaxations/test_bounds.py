"""What the decompositions prove, against the plain program: bounds, plans, and that there is none.

Every case is solved as a whole, and then by the decomposition in several ways: to the end, stopped
after some looks at the clock, and with a solver that stops at its first plans, so that what is
left is a bound of an unfinished search. Then every bound that is made of sums alone is held against
the clusters of the plans that were found.
"""

from __future__ import annotations

import importlib
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pulp
import pytest
from oracle import plan_of
from pulp import LpProblem
from rivals import rival_case, twin_case
from scipy.optimize import linprog

from siting.audit import audit
from siting.case import Case
from siting.program.backends import pulp_backend as solvers
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation import monolithic
from siting.program.formulation.fixed_sites import evaluate
from siting.program.formulation.monolithic import solve_monolithic
from siting.program.formulation.variables import supply_steps
from siting.program.one_cluster import anchor_queue as cover
from siting.program.one_cluster.min_cost import by_cost, trim_by_cost
from siting.program.one_cluster.rings.shortest import radii_km
from siting.program.one_cluster.solve import neighbourhood_sizes, solve_one_cluster
from siting.program.proof import Choice, Proof, Settled, sign_of
from siting.program.relaxations.class_lp import ClassLp, anchors_with_room
from siting.program.relaxations.knapsack import (
    Knapsack,
    extra_cost,
    fewest_campuses,
    fill_cost,
    largest_below,
    largest_sizes,
    pair_cost,
    span_cost,
    with_forced,
)
from siting.program.relaxations.star_bounds import meshes_km, stars_km
from siting.program.several.column_generation.master import Prices, lagrangian_bound, priced
from siting.program.several.column_generation.pricing import solve_pricing_problem
from siting.program.several.solve import solve_several
from siting.program.sites.neighbourhoods import first_members, neighbourhood, order_sites
from siting.program.sites.presolve import linkable, required_unusable
from siting.program.sites.sets import Rows
from siting.program.solve import solution_of
from siting.progress import Progress

GAP = 1e-6
"""Gap to which the plain program is solved [1]."""

SLACK = 1e-6
"""A bound may be above an objective by this part of it, for rounding [1]."""

LONG_S = 600.0
"""Nothing here takes this long [s]; no result depends on time."""

FEW_LOOKS = 40
MANY_LOOKS = 200
"""Looks at the clock of the longest searches: of the default suite, and of all cases."""

SMALL = 11
"""Up to so many sites the program of every anchor is solved as a whole."""


class StopsAfter(Deadline):
    """A deadline that comes after so many looks, however long they take.

    ``plans`` is the number of better and better plans after which HiGHS stops, 0 for any.
    """

    def __init__(self, looks: int, plans: int = 0) -> None:
        super().__init__(LONG_S)
        self.looks = looks
        self.plans = plans

    def within(self, limit_s: float) -> StopsAfter:
        return self

    def reached(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    def overdue(self) -> bool:
        return False


class StoppedHighs(solvers._Highs):
    """HiGHS that stops when it has so many plans, or at the root, where the deadline says so."""

    def __init__(self, deadline: Deadline, **options: object) -> None:
        if isinstance(deadline, StopsAfter) and deadline.plans > 0:
            options |= {"mip_max_improving_sols": deadline.plans, "mip_max_nodes": 1}
        super().__init__(deadline, **options)

    def findSolutionValues(self, lp: LpProblem) -> tuple[int, int]:  # noqa: N802 - PuLP's name
        # PuLP holds the point by then, but knows no word for this limit.
        try:
            return super().findSolutionValues(lp)
        except KeyError:
            return pulp.LpStatusOptimal, pulp.LpSolutionIntegerFeasible


@pytest.fixture(autouse=True)
def decomposed(monkeypatch):
    """Clusters are never solved as a whole, few anchors are in groups, HiGHS can be stopped."""
    monkeypatch.setattr(monolithic, "MONOLITHIC_ENTRIES", 0)
    monkeypatch.setattr(cover, "FIRST_SPLITS", 1)
    monkeypatch.setattr(cover, "SPLITS", 1)
    monkeypatch.setattr(solvers, "_Highs", StoppedHighs)


def decompose(case: Case, plain: Proof, gap: float, deadline: Deadline) -> Proof:
    """What the decomposition proves, and that nothing it tells on the way is false either."""

    def check_progress(told: Progress) -> None:
        sign = sign_of(case)
        if plain.best is None:
            assert told.incumbent is None
            return
        if told.bound is not None:
            assert not_above(told.bound * sign, plain.best.objective * sign), told
        if told.incumbent is not None:
            assert not_above(plain.bound * sign, told.incumbent * sign), told

    way = solve_one_cluster if case.cluster.count == 1 else solve_several
    return way(case, Solver("highs", gap, 1), deadline, progress=check_progress)


def not_above(bound: float, objective: float) -> bool:
    """Whether a bound on a cost does not claim more than a plan shows to be so."""
    return bound <= objective + SLACK * max(1.0, abs(objective))


# ------------------------------------------------------------------------------- whole proofs


def check_proof(case: Case, plain: Proof, proof: Proof, gap: float) -> None:
    """What a decomposition claims is so; its plan keeps every limit."""
    sign = sign_of(case)
    if plain.best is None:
        assert proof.best is None, "a plan where there is none"
        return
    best = plain.best.objective * sign
    assert not proof.infeasible, "infeasible, but there is a plan"
    assert not_above(proof.bound * sign, best), f"bound {proof.bound}, plan {best * sign}"
    if proof.best is None:
        assert not proof.complete
        return
    found = proof.best.objective * sign
    assert not_above(plain.bound * sign, found), f"plan {found * sign} beyond {plain.bound}"
    assert not_above(proof.bound * sign, found)
    if proof.complete:
        assert found - proof.bound * sign <= (gap + SLACK) * max(1.0, abs(found))
        assert found - best <= (gap + SLACK) * max(1.0, abs(best))
    audit(case, plan_of(case, solution_of(case, proof, "highs", "1")), gap_asked=gap + SLACK)


@dataclass(frozen=True)
class Kind:
    """What a case turned out to be."""

    feasible: bool
    """There is a plan."""
    tight: bool
    """The plan takes all that some zone has."""
    rival: bool
    """Clusters that ignore each other would do better together than any plan."""
    proven: bool
    """The decomposition ended by proof."""


def check_case(case: Case, seed: int, looks: int) -> Kind:
    """Solve a case in every way, and see that all that is claimed is so."""
    random = np.random.default_rng(seed)
    plain = solve_monolithic(case, Solver("highs", GAP, 1), Deadline(LONG_S))
    assert plain.complete, "the plain program is not solved"
    assert plain.infeasible == (plain.best is None)

    ended = decompose(case, plain, GAP, StopsAfter(looks if case.cluster.count > 1 else 10_000))
    check_proof(case, plain, ended, GAP)
    if case.cluster.count == 1:
        assert ended.complete
        assert ended.infeasible == plain.infeasible
    # Stopped anywhere, early more often than late.
    for most in (3, 5):
        stopped = decompose(case, plain, GAP, StopsAfter(int(np.exp(random.uniform(0, most)))))
        check_proof(case, plain, stopped, GAP)
    gap = float(random.choice([1e-6, 1e-3, 0.02, 0.1]))
    first_plans = int(random.choice([1, 1, 2, 3]))
    unfinished = decompose(case, plain, gap, StopsAfter(int(random.integers(20, 100)), first_plans))
    check_proof(case, plain, unfinished, gap)

    proofs = (plain, ended, stopped, unfinished)
    plans = {proof.best.choice: proof.best for proof in proofs if proof.best is not None}
    for plan in plans.values():
        check_bounds_of_plan(case, plan)
    check_prices(case, plain, random)
    alone = replace(of_one(case), required=np.zeros_like(case.required))
    best_alone = solve_monolithic(alone, Solver("highs", GAP, 1), Deadline(LONG_S))
    check_one_of_several(case, best_alone)
    rival = False
    if plain.best is not None and best_alone.best is not None:
        least = case.cluster.count * best_alone.best.objective * sign_of(case)
        rival = plain.best.objective * sign_of(case) > least + 1e-4 * abs(least)
    return Kind(
        feasible=plain.best is not None,
        tight=plain.best is not None and exhausts_a_zone(case, plain.best),
        rival=rival,
        proven=ended.infeasible if plain.best is None else ended.complete,
    )


def check_one_of_several(case: Case, best: Proof) -> None:
    """The anchors agree on a single cluster that may do as it likes."""
    alone = replace(of_one(case), required=np.zeros_like(case.required))
    proof = solve_one_cluster(alone, Solver("highs", GAP, 1), StopsAfter(10_000))
    check_proof(alone, best, proof, GAP)
    assert proof.complete
    assert proof.infeasible == best.infeasible


def exhausts_a_zone(case: Case, plan: Settled) -> bool:
    """Whether a plan takes all that some zone has, of which its sites could take more."""
    used_mw = np.zeros(len(case.zone_ids))
    for draws in plan.draw_mw:
        for i, mw in draws.items():
            used_mw[list(case.ancestry[case.zone[i]])] += mw
    return any(
        case.cap_mw[sites].sum() > case.headroom_mw[z] > 0
        and used_mw[z] >= case.headroom_mw[z] * (1 - 1e-6)
        for z, sites in case.sites_in_zone.items()
    )


# ------------------------------------------------------------------------- bounds without solver


def of_one(case: Case) -> Case:
    return replace(case, cluster=case.cluster.model_copy(update={"count": 1}))


@dataclass(frozen=True)
class Witness:
    """A cluster of some plan, in the positions of a case in the order of the anchors."""

    case: Case
    sites: np.ndarray
    draw_mw: np.ndarray
    cost: float
    tour_km: float

    @property
    def sizes(self) -> np.ndarray:
        """Sizes of the campuses, in the unit of the target [MW]."""
        return self.draw_mw * self.case.target_per_mw[self.sites]

    @property
    def size(self) -> float:
        return float(self.sizes.sum())


def witnesses(case: Case, plan: Settled) -> Iterator[Witness]:
    """The clusters of a plan; sites are required only where there is a single cluster."""
    one = linkable(of_one(case))
    if case.cluster.count > 1:
        one = replace(one, required=np.zeros_like(case.required))
    origin = order_sites(one)
    ordered = one.take(origin)
    place = {int(i): p for p, i in enumerate(origin)}
    cost_case = replace(one, sense="minimise_cost")
    for c, draws in enumerate(plan.draw_mw):
        sites = np.array(sorted(place[i] for i in draws), dtype=np.int64)
        tour_km = 0.0
        if plan.tours:
            tour = [place[i] for i in plan.tours[c]]
            hops = zip(tour, [*tour[1:], tour[0]], strict=True)
            tour_km = sum(ordered.reach.km_between(a, b) for a, b in hops if a != b)
        yield Witness(
            ordered,
            sites,
            np.array([draws[int(origin[p])] for p in sites]),
            evaluate(cost_case, (draws,), (plan.contract_mwh[c],)),
            tour_km,
        )


def check_bounds_of_plan(case: Case, plan: Settled) -> None:
    """No bound claims more than each cluster of a plan shows to be so."""
    for witness in witnesses(case, plan):
        h = anchor_of(witness)
        check_sizes(witness, h)
        check_costs(witness, h)
        check_kilometres(witness, h)


def anchor_of(witness: Witness) -> int:
    """The first site, or the best hub."""
    if witness.case.cluster.network != "hub":
        return int(witness.sites[0])
    km = witness.case.reach.dense()[np.ix_(witness.sites, witness.sites)]
    np.fill_diagonal(km, 0.0)
    return int(witness.sites[np.argmin(km.sum(axis=1))])


def check_sizes(witness: Witness, h: int) -> None:
    case, sites = witness.case, witness.sites
    around = neighbourhood(case, h)
    assert h in first_members(case)
    assert np.isin(sites, around).all()
    knapsack, rows = Knapsack.of(case), Rows.of([around])
    assert not_above(-largest_sizes(knapsack, rows)[0], -witness.size)
    draws = Knapsack.of(case, np.ones(len(case.site_ids)))
    assert not_above(-largest_sizes(draws, rows)[0], -witness.draw_mw.sum())
    assert knapsack.min_campuses <= len(sites)
    assert fewest_campuses(knapsack, rows)[0] <= len(sites)
    bounds, anchors = neighbourhood_sizes(case)
    assert not_above(-bounds[anchors == h][0], -witness.size)
    relaxed = ClassLp(case)
    for wider in (around, sites, np.arange(len(case.site_ids))):
        assert relaxed.holds_cluster(wider)
        assert not_above(-relaxed.size_within(wider), -witness.size)
    possible, room, _ = anchors_with_room(case, Deadline(LONG_S))
    assert not_above(-room[possible == h][0], -witness.size)


def check_costs(witness: Witness, h: int) -> None:
    case = witness.case
    around = neighbourhood(case, h)
    whole = Knapsack.of(case).take(around)
    members = np.array([int(np.flatnonzero(around == i)[0]) for i in witness.sites])
    for above in (math.inf, 1e-6, 0.01, 0.2):
        cutoff = witness.cost + above * max(1.0, witness.cost)
        assert not_above(witness.size, largest_below(whole, cutoff))
        knapsack = whole.below(cutoff)
        assert (witness.sizes <= knapsack.cap[members] * (1 + SLACK)).all()
        check_fill(witness, knapsack, around, members)
        kept, bound = trim_by_cost(
            replace(case, sense="minimise_cost"), Knapsack.of(case), h, cutoff
        )
        assert np.isin(witness.sites, kept).all()
        assert not_above(bound, witness.cost)
    for cutoff in (math.inf, witness.cost * 1.01 + SLACK):
        anchors = by_cost(case, Knapsack.of(case), np.array([h]), shifts=2, cutoff=lambda: cutoff)  # noqa: B023
        assert not_above(anchors.bounds[0], witness.cost)


def check_fill(
    witness: Witness, knapsack: Knapsack, around: np.ndarray, members: np.ndarray
) -> None:
    case = witness.case
    everyone = Rows.all_of(len(around))
    fewest = fewest_campuses(knapsack, everyone)
    assert fewest[0] <= len(members)
    for shift in knapsack.shifts():
        fill, marginal = fill_cost(knapsack, everyone, fewest, shift)
        extra = extra_cost(knapsack, everyone, marginal, shift)
        spans, each = span_cost(knapsack, everyone, extra)
        assert not_above(fill[0] + spans[0], witness.cost)
        assert not_above(fill[0] + extra[members].sum(), witness.cost)
        forced, opened_musd = with_forced(knapsack, 0, shift)
        fill, marginal = fill_cost(forced, everyone, fewest, shift)
        extra = extra_cost(forced, everyone, marginal, shift)
        each = span_cost(forced, everyone, extra)[1]
        for j in members:
            assert not_above(fill[0] + opened_musd + each[j], witness.cost)
        if case.cluster.network == "mesh":
            within = case.reach.take(around).adjacency()
            pairs = pair_cost(knapsack, within, 0, shift)
            for j in members[members > 0]:
                assert not_above(pairs[j], witness.cost)


@pytest.mark.parametrize("seed", range(40))
def test_a_solver_that_stops_before_it_has_a_bound_is_given_one(seed, monkeypatch):
    case = rival_case(seed, most_sites=12)
    plain = solve_monolithic(case, Solver("highs", GAP, 1), Deadline(LONG_S))
    if plain.best is None:
        return
    sign = sign_of(case)
    stopped = replace(plain, bound=-sign * math.inf, complete=False)
    # The package's `solve` is a function.
    solve = importlib.import_module("siting.program.solve")
    monkeypatch.setattr(solve, "solve_monolithic", lambda *_: stopped)
    proof = solve.search_plan(case, Solver("highs", GAP, 1), Deadline(LONG_S), None)
    assert math.isfinite(proof.bound)
    check_proof(case, plain, proof, GAP)


@pytest.mark.parametrize("seed", range(60))
def test_the_fill_is_the_least_cost_of_nested_limits(seed):
    """Against a linear program, with the limits of utilities among those of zones."""
    rng = np.random.default_rng(seed)
    case = replace(rival_case(seed), sense="minimise_cost").of_clusters(1)
    changes = {"max_utility_fraction": 0.6} if seed % 2 else {"keep_after_utility_loss": 0.5}
    case = replace(case, cluster=case.cluster.model_copy(update=changes))
    case = case.take(order_sites(case))
    whole, everyone = Knapsack.of(case), Rows.all_of(len(case.site_ids))
    cheapest = fill_cost(whole, everyone, np.array([1]), 0.0)[0][0]
    if not math.isfinite(cheapest) or (whole.kept == 0 and whole.share == 1):
        pytest.skip("no target, or out of reach")
    knapsack = whole.below(float(cheapest * rng.uniform(1.05, 3)))
    assert knapsack is not whole
    cost = knapsack.unit + knapsack.fixed / knapsack.cap
    rows, limits = [], []
    for zone, headroom in knapsack.zones:
        for z, mw in enumerate(headroom):
            rows.append(zone == z)
            limits.append(mw)
    found = fill_cost(knapsack, everyone, np.array([1]), 0.0)[0][0]
    expected = linprog(
        cost,
        A_ub=np.array(rows, float) if rows else None,
        b_ub=limits or None,
        A_eq=np.ones((1, len(cost))),
        b_eq=[knapsack.target],
        bounds=np.column_stack((np.zeros(len(cost)), knapsack.cap)),
    )
    if not expected.success:
        assert found == math.inf
    else:
        assert found == pytest.approx(expected.fun)
    # Every utility is there but those that share a zone with another.
    of_utilities = [knapsack.zones[level][0] for level in knapsack.utilities]
    for u in np.unique(case.utility):
        sites = case.utility == u
        there = any(
            len(np.unique(zone[sites])) == 1 and zone[sites][0] >= 0 for zone in of_utilities
        )
        crosses = any(
            0 < (inside := sites[of_zone]).sum() < min(len(inside), sites.sum())
            for of_zone in case.sites_in_zone.values()
        )
        assert there != crosses


def check_kilometres(witness: Witness, h: int) -> None:
    case, sites = witness.case, witness.sites
    if case.cluster.network == "ring":
        # Where the tour may be longer, reach does not hold all that it may lead to.
        if case.cluster.max_ring_km / 2 <= case.reach.limit_km:
            for radius_km in radii_km(case)[sites]:
                assert not_above(2 * radius_km, witness.tour_km)
            assert not_above(2 * radii_km(case, later=True)[h], witness.tour_km)
        return
    km = case.reach.dense()[np.ix_(sites, sites)]
    np.fill_diagonal(km, 0.0)
    knapsack = Knapsack.of(case)
    every = np.arange(len(case.site_ids))
    stars = stars_km(case, knapsack, every)
    assert np.allclose(stars_km(case, knapsack, every[1::2]), stars[1::2], rtol=1e-9)
    if case.cluster.network == "hub":
        assert not_above(stars[h], km[sites == h].sum())
        return
    assert all(not_above(stars[v], own) for v, own in zip(sites, km.sum(axis=1), strict=True))
    fewest = int(fewest_campuses(knapsack, Rows.all_of(len(case.site_ids)))[0])
    total_km = km.sum() / 2
    assert all(not_above(mesh, total_km) for mesh in meshes_km(case, stars, fewest, every)[sites])


# ------------------------------------------------------------------------------------- prices


def random_prices(case: Case, plan: Settled | None, random: np.random.Generator) -> Prices:
    """Prices of some of what clusters share; any at least 0 give a bound.

    Where a plan is known only what it uses up has a price: then the bound is near the optimum.
    """
    steps = supply_steps(case)
    used = [np.ones(n) for n in (len(case.zone_ids), len(case.site_ids), len(steps))]
    if plan is not None:
        used = used_up(case, plan)
    scale = float(random.choice([0.02, 0.2, 1.0]))
    kinds = random.choice(["zone", "site", "supply", "zone site supply"])
    most = {"zone": 0.5, "site": 80.0, "supply": 0.2}
    return Prices(
        **{
            kind: (kind in kinds) * scale * random.uniform(0, musd, len(priced)) * priced
            for (kind, musd), priced in zip(most.items(), used, strict=True)
        }
    )


def used_up(case: Case, plan: Settled) -> list[np.ndarray]:
    """1 for zones, sites and supply steps of which a plan leaves nothing, 0 for others."""
    zone_mw, site = np.zeros(len(case.zone_ids)), np.zeros(len(case.site_ids))
    for draws in plan.draw_mw:
        for i, mw in draws.items():
            zone_mw[list(case.ancestry[case.zone[i]])] += mw
            site[i] = 1.0
    bought_mwh = np.zeros(len(case.supply_ids))
    for contracts in plan.contract_mwh:
        for (r, _), mwh in contracts.items():
            bought_mwh[r] += mwh
    supply = [
        bought_mwh[list(step.plants)].sum() >= 0.999 * step.available_mw * case.mwh_per_mw
        for step in supply_steps(case)
    ]
    return [(zone_mw >= 0.999 * case.headroom_mw) * 1.0, site, np.array(supply, np.float64)]


def check_prices(case: Case, plain: Proof, random: np.random.Generator) -> None:
    """Lagrange's bound holds at any prices, and so do the bounds of the anchors."""
    if case.target is None or case.cluster.network == "ring":
        return
    case = replace(case, required=np.zeros_like(case.required))
    cost = replace(case, sense="minimise_cost")
    solver, count = Solver("highs", GAP, 1), case.cluster.count
    steps = supply_steps(cost)
    prices = random_prices(cost, plain.best, random)
    step_of = {r: s for s, step in enumerate(steps) for r in step.plants}
    question = priced(cost, prices, step_of)
    best = solve_monolithic(question, solver, Deadline(LONG_S))
    least = math.inf if best.best is None else best.best.objective
    steps_mw = np.array([step.available_mw for step in steps])
    found_at: set[Choice] = set()
    for solves in (0, 2, 6):
        pricing = solve_pricing_problem(question, count, solver, StopsAfter(10_000), solves=solves)
        assert np.array_equal(pricing.smallest, np.sort(pricing.smallest))
        assert least == math.inf or not_above(pricing.smallest[0], least)
        for found in pricing.found:
            assert best.best is not None
            assert not_above(best.bound, found.objective)
            assert found.objective == pytest.approx(
                evaluate(question, found.draw_mw, found.contract_mwh)
            )
            if found.choice not in found_at:
                check_bounds_of_plan(question, found)
                found_at.add(found.choice)
        if plain.best is not None:
            musd = sum_of_costs(cost, plain.best)
            assert not_above(lagrangian_bound(cost, prices, steps_mw, pricing.smallest), musd)
    if len(question.site_ids) <= SMALL and not required_unusable(question):
        check_every_anchor(question, count)


def sum_of_costs(case: Case, plan: Settled) -> float:
    return evaluate(case, plan.draw_mw, plan.contract_mwh)


def check_every_anchor(case: Case, count: int) -> None:
    """The smallest bounds of different anchors, against the plain program of each anchor."""
    solver = Solver("highs", GAP, 1)
    ordered = case.take(order_sites(case))
    sizes, anchors = neighbourhood_sizes(ordered)
    least = np.full(len(ordered.site_ids), np.inf)
    for h in range(len(least)):
        for sense in ("minimise_cost", "maximise_mw"):
            question = replace(ordered, sense=sense)
            if case.cluster.network == "hub":
                proof = solve_monolithic(question, solver, Deadline(LONG_S), hub=h)
            else:
                # The anchor is the first site of its cluster.
                question = question.take(np.arange(h, len(least)))
                question = replace(question, required=np.arange(len(least) - h) == 0)
                proof = solve_monolithic(question, solver, Deadline(LONG_S))
            if proof.best is None:
                continue
            if sense == "minimise_cost":
                least[h] = proof.best.objective
                continue
            per_mw = question.target_per_mw
            size = sum(mw * per_mw[i] for i, mw in proof.best.draw_mw[0].items())
            assert not_above(-sizes[anchors == h][0], -size)
    for solves in (0, 1, 3, 50):
        pricing = solve_pricing_problem(case, count, solver, StopsAfter(10_000), solves=solves)
        for bound, musd in zip(pricing.smallest, np.sort(least), strict=False):
            assert musd == np.inf or not_above(bound, musd)


# -------------------------------------------------------------------------------------- tests


LEAST_PARTS = {
    "feasible": 0.4,
    "infeasible": 0.1,
    "tight": 0.15,
    "rival": 0.2,
    "several proven best": 0.03,
    "several proven infeasible": 0.04,
}
"""So large a part of all cases is of each kind at the least [1]; else they would show little."""


def kinds_of(case: Case, kind: Kind) -> Iterator[str]:
    """The kinds that a case is of, as they are counted."""
    yield "feasible" if kind.feasible else "infeasible"
    if kind.tight:
        yield "tight"
    if kind.rival:
        yield "rival"
    if case.cluster.count > 1 and kind.proven:
        yield "several proven best" if kind.feasible else "several proven infeasible"


def check_block(seeds: range, most_sites: int, looks: int) -> None:
    """Cases of every kind, with all that is claimed of each."""
    kinds: Counter[str] = Counter()
    for seed in seeds:
        case = rival_case(seed, most_sites=most_sites)
        try:
            kinds.update(kinds_of(case, check_case(case, seed, looks)))
        except Exception as error:
            error.add_note(f"rival_case({seed}, most_sites={most_sites})")
            raise
    print(dict(kinds))  # noqa: T201 - `pytest -rP` shows how many there are of each kind
    few = {kind for kind, part in LEAST_PARTS.items() if kinds[kind] < int(part * len(seeds))}
    assert not few, dict(kinds)


@pytest.mark.parametrize("first", range(2))
def test_bounds_are_never_above_the_optimum(first):
    check_block(range(first, 50, 2), 20, FEW_LOOKS)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 600, 60))
def test_bounds_are_never_above_the_optimum_of_many_more(first):
    check_block(range(first, first + 60), 40, MANY_LOOKS)


def check_twins(seed: int, looks: int) -> None:
    """Clusters that share nothing cost as much as so many single ones, and bounds no more."""
    case = twin_case(seed)
    kind = check_case(case, seed, looks)
    assert not kind.rival


@pytest.mark.parametrize("seed", range(6))
def test_bounds_of_clusters_that_share_nothing(seed):
    check_twins(seed, FEW_LOOKS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_bounds_of_more_clusters_that_share_nothing(seed):
    check_twins(seed, MANY_LOOKS)


@pytest.mark.parametrize(
    ("make", "seed"),
    [(rival_case, 31), (rival_case, 263), (twin_case, 77), (twin_case, 131)],
)
def test_price_of_clean_energy_that_is_used_up(make, seed):
    case = make(seed, most_sites=12)
    plain = solve_monolithic(case, Solver("highs", GAP, 1), Deadline(LONG_S))
    assert plain.best is not None
    assert used_up(case, plain.best)[2].any()
    for draw in range(2):
        check_prices(case, plain, np.random.default_rng((seed, draw)))

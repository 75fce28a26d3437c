"""What the best plan is, by trying every one: the oracle of small cases.

Written from the contract alone, and slow on purpose. Every way of giving sites to clusters is
tried; for each of them an LP (whole modules: a MIP) divides the draws and buys contracts from
each plant for each campus. Nothing here is shared with the program.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, permutations

import numpy as np
from scipy.optimize import linprog

from siting.case import Case
from siting.plan import Plan, Solution, plan_from_solution

Sites = tuple[int, ...]


@dataclass(frozen=True)
class Answer:
    """The best plan of a case.

    Parameters
    ----------
    objective
        In the unit of the sense: MUSD/year, MW or km.
    draw_mw
        For each cluster, site position to draw [MW].
    contract_mwh
        For each cluster, (supply position, site position) to energy [MWh/year].
    chosen
        The sites of each cluster.
    """

    objective: float
    draw_mw: tuple[dict[int, float], ...]
    contract_mwh: tuple[dict[tuple[int, int], float], ...]
    chosen: tuple[Sites, ...] = ()


def best_plan(case: Case) -> Answer | None:
    """The best plan of a small case, or ``None`` if it has none."""
    km = case.reach.dense()
    best: Answer | None = None
    sign = -1.0 if case.sense == "maximise_mw" else 1.0
    chances = [(optimistic(case, km, chosen), chosen) for chosen in assignments(case, km)]
    # The most hopeful first, so that the rest can be left once it cannot be better.
    for hope, chosen in sorted(chances):
        if best is not None and hope >= sign * best.objective:
            break
        answer = divide(case, km, chosen)
        if answer is not None and (best is None or sign * answer.objective < sign * best.objective):
            best = answer
    return best


def solution_of(case: Case, answer: Answer) -> Solution:
    """The answer as what a program returns: proven, by id."""
    return Solution(
        draw_mw=tuple({case.site_ids[i]: mw for i, mw in d.items()} for d in answer.draw_mw),
        contract_mwh=tuple(
            {(case.supply_ids[r], case.site_ids[i]): mwh for (r, i), mwh in c.items()}
            for c in answer.contract_mwh
        ),
        objective=answer.objective,
        bound=answer.objective,
        status="optimal",
        solver_name="oracle",
        solver_version="1",
        tours=tours_of(case, answer.chosen),
    )


def tours_of(case: Case, chosen: tuple[Sites, ...]) -> tuple[tuple[str, ...], ...]:
    """The best tour of each cluster of a ring, by id."""
    if case.cluster.network != "ring":
        return ()
    tours = []
    for sites in chosen:
        best = best_network(case, case.reach.dense(), sites)
        assert best is not None
        tours.append(tuple(case.site_ids[i] for i in best[1]))
    return tuple(tours)


def plan_of(case: Case, solution: Solution) -> Plan:
    """The plan of a solution, of a model and a world that have no files."""
    return plan_from_solution(
        case,
        solution,
        model_name="model",
        model_sha256="0" * 64,
        world_name="world",
        world_sha256="0" * 64,
    )


def assignments(case: Case, km: np.ndarray) -> Iterator[tuple[Sites, ...]]:
    """Every way of giving sites to ``count`` clusters, required sites among them."""
    clusters = [sites for sites in subsets(case) if makes_cluster(case, km, sites)]
    required = set(np.flatnonzero(case.required).tolist())
    for chosen in combinations(clusters, case.cluster.count):
        used = [i for sites in chosen for i in sites]
        if len(set(used)) == len(used) and required <= set(used):
            yield chosen


def subsets(case: Case) -> Iterator[Sites]:
    """Every set of sites with as many campuses as a cluster may have."""
    cluster = case.cluster
    for size in range(cluster.min_campuses, min(cluster.max_campuses, len(case.site_ids)) + 1):
        yield from combinations(range(len(case.site_ids)), size)


def makes_cluster(case: Case, km: np.ndarray, sites: Sites) -> bool:
    """Whether sites can be a cluster for all that draws do not decide."""
    cluster = case.cluster
    inside = list(sites)
    if best_network(case, km, sites) is None:
        return False
    regions = {int(case.region[i]) for i in inside} - {-1}
    enough_regions = cluster.min_regions == 1 or len(regions) >= cluster.min_regions
    utilities = {int(case.utility[i]) for i in inside}
    return enough_regions and len(utilities) >= cluster.min_utilities


def best_network(case: Case, km: np.ndarray, sites: Sites) -> tuple[float, Sites] | None:
    """Length [km] of the shortest network of the kind asked, and its order of the sites.

    ``None`` if there is none. A hub comes first in the order; a ring is in the order of the tour.
    """
    best: tuple[float, Sites] | None = None
    for order, links, length_km in networks(case, km, sites):
        if best is not None and length_km >= best[0]:
            continue
        if any(km[i, j] > case.cluster.max_fiber_km for i, j in links):
            continue
        if case.cluster.network == "ring" and length_km > case.cluster.max_ring_km:
            continue
        if not case.cluster.keep_after_span_loss or holds_without_any_span(case, sites, links):
            best = float(length_km), order
    return best


def networks(
    case: Case, km: np.ndarray, sites: Sites
) -> Iterator[tuple[Sites, list[tuple[int, int]], float]]:
    """Every network of the kind asked: its order of the sites, links and length [km]."""
    if case.cluster.network == "mesh":
        links = list(combinations(sites, 2))
        yield sites, links, sum(km[i, j] for i, j in links)
    elif case.cluster.network == "hub":
        for hub in sites:
            others = [i for i in sites if i != hub]
            links = [(hub, i) for i in others]
            yield (hub, *others), links, sum(km[i, j] for i, j in links)
    else:
        first, *others = sites
        for rest in permutations(others):
            if len(rest) > 1 and rest[0] > rest[-1]:
                continue  # the same tour the other way round
            tour = (first, *rest)
            hops = list(zip(tour, [*rest, first], strict=True)) if rest else []
            links = hops[:1] if len(tour) == 2 else hops
            yield tour, links, sum(km[i, j] for i, j in hops)


def holds_without_any_span(case: Case, sites: Sites, links: list[tuple[int, int]]) -> bool:
    """Whether any one span may fail, and the other links still connect all sites."""
    assert case.routes is not None
    routes = case.routes.between(links)
    for span in {span for route in routes for span in route.span_ids}:
        reached, grown = {sites[0]}, True
        while grown:
            grown = False
            for link, route in zip(links, routes, strict=True):
                if span not in route.span_ids and len(reached & set(link)) == 1:
                    reached |= set(link)
                    grown = True
        if len(reached) < len(sites):
            return False
    return True


def network_km(case: Case, km: np.ndarray, chosen: tuple[Sites, ...]) -> float:
    """Length of the networks of all clusters [km]."""
    best = [best_network(case, km, sites) for sites in chosen]
    return sum(found[0] for found in best if found is not None)


KILOWATT_MW = 0.001


def optimistic(case: Case, km: np.ndarray, chosen: tuple[Sites, ...]) -> float:
    """No plan with these clusters has a smaller objective (a larger one, if that is asked)."""
    used = [i for sites in chosen for i in sites]
    if case.sense == "minimise_fiber_km":
        return network_km(case, km, chosen)
    if case.sense == "maximise_mw":
        return -float(np.minimum(case.max_mw, case.campus.max_mw)[used].sum())
    least_mw = max(case.campus.min_mw, KILOWATT_MW) * np.ones(len(used))
    cheap = case.variable_musd_per_mw_year[used]
    cost_musd = float(case.fixed_musd_per_year[used].sum() + (cheap * least_mw).sum())
    if case.cluster.target_mw is not None:
        rest_mw = len(chosen) * case.cluster.target_mw - least_mw.sum()
        cost_musd += max(0.0, rest_mw) * float(cheap.min())
    # A hair less, so that rounding here never decides.
    return cost_musd - 1e-7 * (1 + abs(cost_musd))


class Division:
    """The LP of given clusters: columns are draws, then contracts of every plant and campus.

    A draw's column is in modules if there are any, a contract's in GWh, so that both are of like
    size.
    """

    def __init__(self, case: Case, chosen: tuple[Sites, ...]) -> None:
        self.case = case
        self.used = [i for sites in chosen for i in sites]
        self.owner = np.array([c for c, sites in enumerate(chosen) for _ in sites])
        self.shape = (len(case.supply_ids), len(self.used))
        self.modules = case.campus.module_mw > 0
        self.step_mw = case.campus.module_mw if self.modules else 1.0
        self.rows: list[np.ndarray] = []
        self.rights: list[float] = []

    def at_most(self, right: float, draw: np.ndarray, contract: np.ndarray | None = None) -> None:
        """Add the row ``draw @ draw_mw + contract @ contract_mwh <= right``."""
        self.rows.append(self.columns(draw, contract))
        self.rights.append(right)

    def columns(self, draw: np.ndarray, contract: np.ndarray | None = None) -> np.ndarray:
        """Coefficients of MW and MWh as those of the columns."""
        bought = np.zeros(self.shape) if contract is None else contract
        return np.concatenate((draw * self.step_mw, 1000.0 * bought.ravel()))

    def bounds(self) -> list[tuple[float, float | None]]:
        """Least and largest value of each column."""
        case = self.case
        # A campus that draws nothing is none, however small one may be.
        least_mw = max(case.campus.min_mw, KILOWATT_MW)
        lower = np.full(len(self.used), least_mw / self.step_mw)
        upper = np.minimum(case.max_mw[self.used], case.campus.max_mw) / self.step_mw
        if self.modules:
            # 350 MW of modules of 50 are 7, though a quotient may be a hair off.
            lower, upper = np.ceil(lower - 1e-9), np.floor(upper + 1e-9)
        can = case.supply_area[:, None] == case.area[self.used][None, :]
        return [*zip(lower, upper, strict=True), *((0.0, None if c else 0.0) for c in can.ravel())]

    def solve(self, objective: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """Draws [MW] and contracts [MWh] of least ``objective``, or ``None`` if there are none."""
        bounds = self.bounds()
        if any(upper is not None and lower > upper for lower, upper in bounds):
            return None
        n = len(self.used)
        found = linprog(
            objective,
            A_ub=np.array(self.rows),
            b_ub=np.array(self.rights),
            bounds=bounds,
            integrality=np.where(np.arange(len(objective)) < n, 1.0 * self.modules, 0.0),
            options={"mip_rel_gap": 0.0},
        )
        if found.status == 2:
            return None
        if found.status != 0:
            raise RuntimeError(f"the LP of {self.used} ended with: {found.message}")
        return found.x[:n] * self.step_mw, found.x[n:].reshape(self.shape) * 1000.0


def divide(case: Case, km: np.ndarray, chosen: tuple[Sites, ...]) -> Answer | None:
    """The best draws and contracts of given clusters, or ``None`` if there are none."""
    lp = Division(case, chosen)
    used = lp.used
    for z in range(len(case.zone_ids)):
        lp.at_most(case.headroom_mw[z], np.array([1.0 * is_inside(case, i, z) for i in used]))
    for c in range(len(chosen)):
        mine = 1.0 * (lp.owner == c)
        limit_load(lp, mine)
        limit_clean(lp, mine)
    for r in range(lp.shape[0]):
        of_r = np.arange(lp.shape[0])[:, None] == r
        sold = np.broadcast_to(1.0 * of_r, lp.shape)
        lp.at_most(case.contractable_mwh[r], np.zeros(len(used)), sold)

    if case.sense == "minimise_cost":
        premium = np.broadcast_to(case.premium_usd_per_mwh[:, None] / 1e6, lp.shape)
        found = lp.solve(lp.columns(case.variable_musd_per_mw_year[used], premium))
    elif case.sense == "maximise_mw":
        found = lp.solve(lp.columns(-np.ones(len(used))))
    else:
        found = lp.solve(lp.columns(np.zeros(len(used))))
    if found is None:
        return None
    draw_mw, contract_mwh = found
    return Answer(
        objective=value_of(case, km, chosen, draw_mw, contract_mwh),
        draw_mw=tuple(
            {used[a]: float(draw_mw[a]) for a in np.flatnonzero(lp.owner == c)}
            for c in range(len(chosen))
        ),
        contract_mwh=tuple(
            {
                (int(r), used[a]): float(contract_mwh[r, a])
                for r, a in np.argwhere((contract_mwh > 0) & (lp.owner == c))
            }
            for c in range(len(chosen))
        ),
        chosen=chosen,
    )


def limit_load(lp: Division, mine: np.ndarray) -> None:
    """Target, shares and losses of one cluster, whose campuses are marked by 1."""
    case, cluster = lp.case, lp.case.cluster
    counts = np.ones(len(mine)) if cluster.target_it_mw is None else 1 / case.pue[lp.used]
    target = cluster.target_mw if cluster.target_it_mw is None else cluster.target_it_mw
    utility = case.utility[lp.used]
    of_utility = [mine * (utility == u) for u in np.unique(utility[mine > 0])]
    for of_u in of_utility:
        lp.at_most(0.0, of_u - cluster.max_utility_fraction * mine)
    if target is None:
        return
    lp.at_most(-target, -mine * counts)
    for of_u in of_utility:
        lp.at_most(-cluster.keep_after_utility_loss * target, -(mine - of_u) * counts)
    for a in np.flatnonzero(mine):
        others = mine * (np.arange(len(mine)) != a)
        lp.at_most(-cluster.keep_after_campus_loss * target, -others * counts)


def limit_clean(lp: Division, mine: np.ndarray) -> None:
    """Clean energy of one cluster, whose campuses are marked by 1."""
    case = lp.case
    mwh_per_mw = 8760 * case.campus.load_factor
    grid = case.grid_clean_fraction[lp.used] if case.clean.count_grid_mix else np.zeros(len(mine))
    to_mine = np.broadcast_to(mine, lp.shape)
    lp.at_most(0.0, mwh_per_mw * mine * (case.clean.min_fraction - grid), -to_mine)
    for a in np.flatnonzero(mine):
        one = 1.0 * (np.arange(len(mine)) == a)
        lp.at_most(0.0, -mwh_per_mw * one * (1 - grid), np.broadcast_to(one, lp.shape))


def value_of(
    case: Case,
    km: np.ndarray,
    chosen: tuple[Sites, ...],
    draw_mw: np.ndarray,
    contract_mwh: np.ndarray,
) -> float:
    """The objective: MUSD/year, MW or km."""
    if case.sense == "maximise_mw":
        return float(draw_mw.sum())
    if case.sense == "minimise_fiber_km":
        return network_km(case, km, chosen)
    used = [i for sites in chosen for i in sites]
    fixed_musd = case.fixed_musd_per_year[used].sum()
    energy_musd = (case.variable_musd_per_mw_year[used] * draw_mw).sum()
    premium_musd = (case.premium_usd_per_mwh @ contract_mwh).sum() / 1e6
    return float(fixed_musd + energy_musd + premium_musd)


def is_inside(case: Case, i: int, z: int) -> bool:
    """Whether a site is in a zone, or in a zone of it."""
    of = int(case.zone[i])
    while of not in (z, -1):
        of = int(case.parent[of])
    return of == z

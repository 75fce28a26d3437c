"""Cluster types against brute force: none is cheaper than what sites can make."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from most import NETWORKS, tight
from oracle import divide, makes_cluster, subsets
from types_of_clusters import HIGHS, LONG, free_cases, random_prices

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.cluster_types import site_assignment as compatible_module
from siting.program.cluster_types.pricing import TypePricing, cliques
from siting.program.cluster_types.site_assignment import SiteAssignment, Wanted
from siting.program.formulation.fixed_sites import settle
from siting.program.relaxations.duals import Prices
from siting.program.sites.classes import Classes


def cost_of(case: Case, classes: Classes, prices: Prices, sites: tuple[int, ...]) -> float | None:
    """What a cluster of exactly these sites costs at the least; none if it cannot be."""
    if divide(case, case.reach.dense(), (sites,)) is None:
        return None
    in_zone = np.array([prices.zone[list(chain)].sum() for chain in case.ancestry])
    premium = np.array([prices.area.get(int(a), 0.0) for a in case.supply_area])
    question = replace(
        case,
        sense="minimise_cost",
        fixed_musd_per_year=prices.campus[classes.of_site],
        variable_musd_per_mw_year=in_zone[case.zone],
        premium_usd_per_mwh=premium / case.mwh_per_mw * 1e6,
    )
    best = settle(question, (sites,), replace(HIGHS, gap=1e-9))
    if best is None:
        return None
    have = {int(classes.of_site[i]) for i in sites}
    fees = (fee for candidate, fee in prices.candidate if all(set(p) & have for p in candidate))
    return best.objective + sum(fees)


def cheapest_of_all(case: Case, classes: Classes, prices: Prices) -> float:
    """By trying every set of sites."""
    km = case.reach.dense()
    costs = [
        cost
        for sites in subsets(case)
        if makes_cluster(case, km, sites)
        and (cost := cost_of(case, classes, prices, sites)) is not None
    ]
    return min(costs, default=np.inf)


def check_cheapest(seed: int, case: Case, times: int = 3) -> list[tuple[float, float]]:
    """What is proven is never above the cheapest cluster, however much was learned before."""
    rng = np.random.default_rng(seed)
    cluster_types = TypePricing.of(case)
    pairs = []
    for _ in range(times):
        prices = random_prices(case, cluster_types.classes, rng)
        true = cheapest_of_all(case, cluster_types.classes, prices)
        least, found = cluster_types.cheapest(prices, np.inf, HIGHS, LONG)
        assert least <= true + 1e-6
        assert least == pytest.approx(min((o.cost for o in found), default=np.inf), abs=1e-5)
        # A limit that nothing is below says no more than that.
        half, none = cluster_types.cheapest(prices, least - 0.1, HIGHS, LONG)
        assert (half, none) == ((least - 0.1, []) if np.isfinite(least) else (np.inf, []))
        if np.isfinite(true):
            pairs.append((least, true))
    return pairs


@pytest.mark.parametrize("network", NETWORKS)
def test_no_cluster_is_cheaper_than_the_cheapest_cluster_type(network):
    pairs = [
        pair
        for seed, case in free_cases(range(600, 624), network=network)
        for pair in check_cheapest(seed, case)
    ]
    sharp = [least == pytest.approx(true, abs=1e-4) for least, true in pairs]
    assert len(pairs) >= 15
    # Reach, counts, shares and losses are known; draws in steps, and whole modules are not.
    assert sum(sharp) >= (0.5 if network == "ring" else 0.7) * len(pairs)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("first", range(2_000, 2_300, 10))
def test_no_cluster_of_many_more_is_cheaper(network, first):
    for seed, case in free_cases(range(first, first + 10), network=network):
        check_cheapest(seed, case)


@pytest.mark.parametrize("seed", range(640, 652))
def test_with_draws_told_apart_finely_the_cheapest_cluster_type_is_a_cluster(seed, monkeypatch):
    monkeypatch.setattr(compatible_module, "STEP", 1.0)
    for number, case in free_cases(range(seed, seed + 1), network="mesh", only="none"):
        for least, true in check_cheapest(number, case):
            assert least == pytest.approx(true, abs=1e-5)


def random_wanted(compatible: SiteAssignment, rng: np.random.Generator) -> list[Wanted]:
    number = rng.integers(1, compatible.case.cluster.max_campuses + 1)
    ks = rng.integers(0, len(compatible.classes), number).tolist()
    return [(k, float(rng.choice(compatible._levels_mw[k]))) for k in ks]


def possible(compatible: SiteAssignment, wanted: list[Wanted]) -> bool:
    """Whether any choice of different sites can be in one cluster, by trying all."""
    case = compatible.case
    near = case.reach.adjacency()
    choices = [
        [i for i in compatible.sites[k].tolist() if case.cap_mw[i] > over] for k, over in wanted
    ]
    for sites in product(*choices):
        if len(set(sites)) < len(sites):
            continue
        if case.cluster.network == "hub":
            if any(near[h, list(sites)].all() for h in range(len(near))):
                return True
        elif near[np.ix_(sites, sites)].all():
            return True
    return False


@pytest.mark.parametrize("network", ["mesh", "hub"])
def test_sites_for_what_is_wanted_are_found_wherever_there_are_any(network):
    rng = np.random.default_rng(1)
    answers = []
    for _, case in free_cases(range(660, 690), network=network):
        compatible = SiteAssignment.of(case, Classes.of(case))
        for _ in range(6):
            wanted = random_wanted(compatible, rng)
            sites = compatible.sites_for(wanted)
            assert (sites is not None) == possible(compatible, wanted)
            answers.append(sites is not None)
            if sites is not None:
                assert len(set(sites)) == len(wanted)
                for i, (k, over_mw) in zip(sites, wanted, strict=True):
                    assert compatible.classes.of_site[i] == k
                    assert case.cap_mw[i] > over_mw
                taken = np.isin(np.arange(len(case.site_ids)), sites[:1])
                assert sites[0] not in (compatible.sites_for(wanted, taken=taken) or ())
                continue
            less = compatible.impossible(wanted)
            assert not possible(compatible, less)
            for at in range(len(less)):
                rest = less[:at] + less[at + 1 :]
                assert not rest or possible(compatible, rest)
    assert min(sum(answers), len(answers) - sum(answers)) >= 10


def test_a_search_that_is_too_long_rules_nothing_out(monkeypatch):
    monkeypatch.setattr(compatible_module, "MOST_STEPS", 0)
    case = tight(10, 1e6).of_clusters(1)
    compatible = SiteAssignment.of(case, Classes.of(case))
    assert compatible.sites_for([(0, 0.0), (0, 0.0)]) == ()


def test_more_campuses_of_a_class_than_its_headroom_needs_are_known():
    # One site could carry all of the headroom, but where reach leaves only small ones it takes two.
    case = tight(4, 150.0).of_clusters(1)
    cluster = case.cluster.model_copy(update={"target_mw": 150.0, "min_campuses": 1})
    far = np.array([[0, 999, 999, 999], [999, 0, 50, 50], [999, 50, 0, 50], [999, 50, 50, 0.0]])
    case = replace(
        case,
        cluster=cluster,
        max_mw=np.array([150.0, 80.0, 80.0, 80.0]),
        campus=case.campus.model_copy(update={"max_mw": 150.0}),
        reach=type(case.reach).from_dense(far, 100.0),
    )
    prices = Prices(np.zeros(len(case.zone_ids)), np.array([0.1]), {})
    cluster_types = TypePricing.of(case)
    assert cluster_types.cheapest(prices, np.inf, HIGHS, LONG)[0] == pytest.approx(0.1)
    small_only = replace(case, max_mw=np.full(4, 80.0))
    least, (found,) = TypePricing.of(small_only).cheapest(prices, np.inf, HIGHS, LONG)
    assert least == pytest.approx(0.2)
    assert len(found.sites) == 2
    assert 0 not in found.sites


def in_pairs() -> Case:
    """Three zones of two sites each: any two zones have sites near each other, all three do not."""
    case = tight(6, 1e6).of_clusters(1)
    km = np.full((6, 6), 999.0)
    np.fill_diagonal(km, 0.0)
    for one, other in ((0, 2), (3, 4), (5, 1)):
        km[one, other] = km[other, one] = 50.0
    return replace(
        case,
        zone=np.arange(6) // 2,
        zone_ids=("a", "b", "c"),
        zone_utility=(case.zone_utility[0],) * 3,
        headroom_mw=np.full(3, 1e6),
        parent=np.full(3, -1),
        reach=type(case.reach).from_dense(km, 100.0),
    )


def test_what_sites_cannot_make_is_learned_once():
    case = in_pairs()
    cluster_types = TypePricing.of(case)
    # For being in all three there is much to get.
    prices = Prices(np.zeros(3), np.full(3, 0.1), {}, ((((0,), (1,), (2,)), -5.0),))
    least, found = cluster_types.cheapest(prices, np.inf, HIGHS, LONG)
    assert least == pytest.approx(0.2)
    assert all(len(cluster_type.draw_mw) == 2 for cluster_type in found)
    assert ((0, 0, 0.0), (1, 0, 0.0), (2, 0, 0.0)) in cluster_types._forbidden
    known = dict(cluster_types._forbidden)
    assert cluster_types.cheapest(prices, np.inf, HIGHS, LONG)[0] == pytest.approx(0.2)
    assert cluster_types._forbidden == known


def test_without_time_nothing_is_proven():
    for _, case in free_cases(range(600, 604), network="mesh"):
        cluster_types = TypePricing.of(case)
        prices = random_prices(case, cluster_types.classes, np.random.default_rng(0))
        least, found = cluster_types.cheapest(prices, np.inf, HIGHS, Deadline(0))
        assert least == -np.inf
        assert found == []


@pytest.mark.parametrize("seed", range(20))
def test_cliques_cover_all_pairs_that_are_apart(seed):
    rng = np.random.default_rng(seed)
    apart = np.triu(rng.random((12, 12)) < rng.random(), 1)
    apart |= apart.T
    covered = np.zeros_like(apart)
    for clique in cliques(apart):
        inside = apart[np.ix_(clique, clique)]
        assert inside.sum() == len(clique) * (len(clique) - 1)
        covered[np.ix_(clique, clique)] = True
    assert (covered | ~apart).all()


@pytest.mark.parametrize("network", NETWORKS)
def test_parts_of_campuses_never_cost_more_than_whole_ones(network):
    closed = 0
    for seed, case in free_cases(range(600, 612), network=network):
        cluster_types = TypePricing.of(case)
        prices = random_prices(case, cluster_types.classes, np.random.default_rng(seed))
        for program in cluster_types.programs:
            program._pay(program._at(prices))
            parts = program._relaxed(LONG)
            whole, _ = program._whole(np.inf, LONG)
            program._drop(program._columns, len(program._program.rows))
            assert parts <= whole + 1e-6
            closed += parts >= whole - 1e-6
    assert closed > 0

"""Fenchel cuts of fleets against brute force: no set of clusters is cut off, at any prices."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracle import best_plan
from test_most import NETWORKS, small, tight, true_most

from siting.case import Case
from siting.program.fenchel import (
    CAMPUS_THRIFT,
    CLUSTER_MUSD,
    THRIFT,
    Cut,
    Prices,
    at_prices,
    cut_at,
)
from siting.program.fleets import Fleets, Group, first_groups, halved, order_by_place
from siting.program.networks import linkable
from siting.program.relaxed import least_size
from siting.program.solvers import Deadline, Solver

HIGHS = Solver("highs", 1e-4, 1)


def free_case(seed: int, **fixed) -> Case:
    """A small case of one cluster and no required sites, in the order of the anchors."""
    case = small(seed, **fixed)
    case = replace(case, required=np.zeros_like(case.required))
    return linkable(case.of_clusters(1).take(order_by_place(case)))


def random_prices(case: Case, rng: np.random.Generator) -> Prices:
    """Prices at which all that clusters can use is worth some clusters; some are 0."""
    offered = case.contractable_mwh / case.mwh_per_mw
    areas = {int(a): float(offered[case.supply_area == a].sum()) for a in np.unique(case.area)}

    def some(amount: np.ndarray) -> np.ndarray:
        return rng.random(len(amount)) * (rng.random(len(amount)) < 0.5) / np.maximum(amount, 1.0)

    keys = np.column_stack((case.zone, case.utility, case.region, case.area))
    _, number = np.unique(keys, axis=0, return_inverse=True)
    of_class = 0.3 * some(np.ones(number.max() + 1))
    return Prices(
        3 * some(case.headroom_mw),
        of_class[number.ravel()],
        0.3 * some(np.ones(len(case.site_ids))),
        {a: 2 * float(some(np.array([mw]))[0]) for a, mw in areas.items()},
    )


def cuts_at_random(case: Case, groups: list[Group], seed: int, count: int) -> list[Cut]:
    rng = np.random.default_rng(seed)
    sites, which = [group.sites for group in groups], range(len(groups))
    prices = [random_prices(case, rng) for _ in range(count)]
    return [cut_at(case, sites, which, at, HIGHS, Deadline(60))[0] for at in prices]


def bounds(case: Case, groups: list[Group], cuts: list[Cut]) -> tuple[float, int]:
    """On fleets that need not be whole, and on whole ones."""
    fleets = Fleets(case, groups, cuts=cuts)
    relaxed = fleets.relaxed().clusters
    return relaxed, fleets.most(Deadline(60), relaxed)[0]


def check_number_is_left(seed: int, network: str) -> None:
    """No cut at random prices, or at those of the fleets, cuts off the true number.

    All anchors are one group, which hides most; or each zone's are two.
    """
    case = free_case(seed, network=network)
    everyone = np.arange(len(case.site_ids))
    if len(everyone) == 0 or not np.isfinite(least_size(case)):
        return
    groups = [Group(everyone, everyone)]
    if seed % 2:
        groups = first_groups(case)
        groups, _ = halved(case, groups, range(len(groups)))
    cuts = cuts_at_random(case, groups, seed, 4)
    sites, which = [group.sites for group in groups], range(len(groups))
    for _ in range(4):
        prices = Fleets(case, groups, cuts=cuts).relaxed().prices
        cuts.append(cut_at(case, sites, which, prices, HIGHS, Deadline(60))[0])
    after, whole = bounds(case, groups, cuts)
    true = true_most(case)
    assert true <= after * (1 + 1e-6)
    assert true <= whole


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("seed", range(600, 616))
def test_cuts_at_any_prices_leave_the_true_number(seed, network):
    check_number_is_left(seed, network)


def star(leaves: int) -> Case:
    """Sites of a zone each, all within reach of the first and no two others of each other."""
    count = leaves + 1
    case = tight(count, 1e6).of_clusters(1)
    km = np.full((count, count), 100.0)
    km[0, :] = km[:, 0] = 50.0
    np.fill_diagonal(km, 0.0)
    return replace(
        case,
        zone=np.arange(count),
        zone_ids=tuple(f"z{i}" for i in range(count)),
        zone_utility=(case.zone_utility[0],) * count,
        headroom_mw=np.full(count, 1e6),
        parent=np.full(count, -1),
        reach=type(case.reach).from_dense(km, 90.0),
    )


def test_cuts_put_back_what_reach_forbids():
    # Two campuses of 100 MW make a cluster, and each has the one in the middle.
    case = star(6)
    everyone = np.arange(7)
    groups = [Group(everyone, everyone)]
    assert bounds(case, groups, []) == (pytest.approx(3.5), 3)
    zone = np.zeros(7)
    zone[0] = 0.01
    prices = Prices(zone, np.zeros(7), np.zeros(7), {})
    cut, (plan,) = cut_at(case, [everyone], [0], prices, HIGHS, Deadline(60))
    # The middle's 100 MW, the thrift of 200 MW and of two campuses.
    assert cut.least[0] == pytest.approx(1 + THRIFT + 2 * CAMPUS_THRIFT, rel=1e-3)
    assert 0 in plan.choice[0]
    assert bounds(case, groups, [cut])[1] == 1


def test_a_price_of_a_site_holds_for_that_site_only():
    # All are one class; clusters on other sites than the first do not pay for it.
    case = tight(10, 1e6).of_clusters(1)
    everyone = np.arange(10)
    groups = [Group(everyone, everyone)]
    site = np.zeros(10)
    site[0] = 0.5
    prices = Prices(np.zeros(len(case.zone_ids)), np.zeros(10), site, {})
    cut, _ = cut_at(case, [everyone], [0], prices, HIGHS, Deadline(60))
    assert bounds(case, groups, [cut])[1] == 5
    # Five clusters pay for five of the sites, or two each for all ten.
    for paid, number in ((np.full(10, 0.5), 5), (np.full(10, 1.0), 5)):
        prices = Prices(np.zeros(len(case.zone_ids)), np.zeros(10), paid, {})
        cut, _ = cut_at(case, [everyone], [0], prices, HIGHS, Deadline(60))
        assert cut.least[0] == pytest.approx(2 * paid[0], abs=0.02)
        assert bounds(case, groups, [cut])[1] == number


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("seed", range(2_000, 2_150))
def test_cuts_at_any_prices_leave_the_true_number_of_many_more(seed, network):
    check_number_is_left(seed, network)


@pytest.mark.parametrize("seed", range(700, 712))
def test_a_cut_knows_the_least_cost_of_a_cluster(seed):
    case = free_case(seed, network="mesh")
    if len(case.site_ids) == 0:
        return
    groups = first_groups(case)
    (cut,) = cuts_at_random(case, groups, seed, 1)
    question = at_prices(case, cut.prices)
    assert cut.least.keys() == set(range(len(groups)))
    for g, least in cut.least.items():
        best = best_plan(question.take(groups[g].sites))
        if best is None:
            assert least == np.inf
        else:
            assert least * CLUSTER_MUSD == pytest.approx(best.objective, rel=1e-3)
            assert least * CLUSTER_MUSD <= best.objective * (1 + 1e-6)


def test_a_cut_without_time_says_nothing():
    case = free_case(600, network="mesh")
    groups = first_groups(case)
    cut, plans = cut_at(
        case,
        [group.sites for group in groups],
        range(len(groups)),
        random_prices(case, np.random.default_rng(0)),
        HIGHS,
        Deadline(0),
    )
    assert (cut.least, plans) == ({}, [])
    assert bounds(case, groups, [cut]) == bounds(case, groups, [])


def test_mixtures_of_known_clusters_get_a_part_of_the_way():
    # Both clusters have the site in the middle: half of each makes one of the two that are wanted.
    case = star(6)
    known = [Group(np.array([0]), np.array([0, leaf])) for leaf in (1, 2)]
    towards = Fleets(case, known, once=True).towards({0: 2}, {0: [0, 1]})
    assert towards.part == pytest.approx(0.5)
    assert towards.scarce == [0]
    # What there is costs as much as the part of the clusters that it makes.
    prices = towards.prices
    assert prices.site.sum() + prices.kind.sum() == pytest.approx(1.0)
    # Of one cluster all are there, and nothing is scarce.
    assert Fleets(case, known, once=True).towards({0: 1}, {0: [0, 1]}).part == pytest.approx(1.0)
    # Where no known cluster fits, nothing of the way.
    none = Fleets(case, known, once=True).towards({0: 1, 1: 1}, {0: [0, 1], 1: []})
    assert none.part == pytest.approx(0.0)
    assert none.scarce == [1]

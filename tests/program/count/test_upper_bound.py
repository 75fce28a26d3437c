"""The proof that there is no room for more clusters, against brute force."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from counting import counting_of, price_all
from most import NETWORKS, tight, true_most
from types_of_clusters import HIGHS, LONG, free_case, free_cases, random_prices

import siting
from siting.case import Case, build_case
from siting.distances import reach_of
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.cluster_types.master import TypeMaster
from siting.program.cluster_types.pricing import ClusterType, TypePricing
from siting.program.cluster_types.restricted_master_milp import choose
from siting.program.cluster_types.site_assignment import SiteAssignment
from siting.program.count.branching_candidates import places
from siting.program.count.solve import find_most
from siting.program.count.upper_bound import CountBound
from siting.program.formulation.combine import take_apart
from siting.program.formulation.fixed_sites import settle
from siting.program.relaxations.duals import Candidate, Prices
from siting.program.relaxations.region_milp import Fleets, first_groups
from siting.program.sites.classes import Classes
from siting.program.sites.residual import residual


def sharpen(counting: CountBound, found: int) -> list[int]:
    """The bounds after each step, until there is none left to take."""
    steps = [counting.at_most]
    while counting.sharpen(found, LONG):
        steps.append(counting.at_most)
    return steps


def check_steps(seed: int, case: Case) -> tuple[int, int, int]:
    """The bound before and after all steps, and the true number, which is never cut off."""
    counting, true = counting_of(case), true_most(case)
    steps = sharpen(counting, true)
    assert steps == sorted(steps, reverse=True)
    assert steps[-1] >= true
    # A plan of fewer clusters than there can be does not change what is proven.
    if true:
        again = counting_of(case)
        assert sharpen(again, true - 1)[-1] >= true
        check_choice(again, true)
    return steps[0], steps[-1], true


def check_choice(counting: CountBound, true: int) -> None:
    """What is chosen among known clusters is on sites of their own."""
    compatible, known = counting.cluster_types.compatible, counting.master.cluster_types
    choice = choose(compatible, known, 1, LONG)
    sites = [i for cluster in choice for i in cluster]
    assert len(set(sites)) == len(sites)
    if counting.case.cluster.network == "mesh":
        assert all(compatible.row(i)[list(cluster)].all() for cluster in choice for i in cluster)


@pytest.mark.parametrize("network", NETWORKS)
def test_steps_end_at_the_true_number(network):
    answers = [check_steps(*one) for one in free_cases(range(800, 830), network=network)]
    loose = [(after, true) for before, after, true in answers if before > true]
    assert len(loose) >= 3
    assert sum(after == true for after, true in loose) >= 0.8 * len(loose)


@pytest.mark.slow
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("first", range(3_000, 3_300, 10))
def test_steps_never_cut_off_the_true_number(first, network):
    for seed, case in free_cases(range(first, first + 10), network=network):
        check_steps(seed, case)


@pytest.mark.parametrize("network", NETWORKS)
def test_dividing_never_cuts_off_the_true_number(network, monkeypatch):
    # As if prices had proven nothing, all is left to the division.
    def nothing_proven(counting: CountBound, deadline: Deadline) -> bool:
        at_most = counting.at_most
        stepped = price(counting, deadline)
        if counting.cluster_types.programs:
            counting.at_most = at_most
        return stepped

    price = CountBound._price
    monkeypatch.setattr(CountBound, "_price", nothing_proven)
    loose = proven = 0
    for seed, case in free_cases(range(840, 864), network=network):
        before, after, true = check_steps(seed, case)
        loose += before > true
        proven += before > after == true
    assert proven >= 0.7 * loose > 0


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


def cycles(sites: int, number: int) -> Case:
    """Sites of a zone each, in cycles in which each is within reach of its two neighbours."""
    case = star(sites * number - 1)
    at, of = np.arange(sites * number) % sites, np.arange(sites * number) // sites
    steps = np.abs(np.subtract.outer(at, at))
    near = np.minimum(steps, sites - steps) <= 1
    km = np.where(near & (of[:, None] == of), 50.0, 100.0)
    np.fill_diagonal(km, 0.0)
    return replace(case, reach=type(case.reach).from_dense(km, 90.0))


def test_what_reach_forbids_is_known_from_nothing():
    # Seven sites make three clusters of two, but for reach: each needs the one in the middle.
    counting = counting_of(star(6))
    assert counting.at_most == 3
    assert sharpen(counting, 1)[-1] == 1


@pytest.mark.parametrize(("sites", "number"), [(5, 2), (5, 3), (7, 2)])
def test_odd_cycles_have_whole_clusters(sites, number):
    # Half a cluster on each of the pairs makes half a cluster more than whole ones do.
    counting = counting_of(cycles(sites, number))
    whole = number * (sites // 2)
    steps = sharpen(counting, whole)
    assert counting.master.solve({}) == pytest.approx(number * sites / 2)
    assert number * sites // 2 in steps
    assert steps[-1] == whole


def test_room_beside_clusters_is_never_less_than_there_is():
    checked = 0
    for _, case in free_cases(range(870, 890), network="mesh"):
        counting = counting_of(case)
        assert counting.beside(case) == counting.at_most
        sharpen(counting, 0)
        for cluster_type in counting.master.cluster_types[:3]:
            plan = settle(replace(case, sense="minimise_cost"), (cluster_type.sites,), HIGHS)
            if plan is None:
                continue
            left = residual(case, take_apart(case, plan, HIGHS))
            left = left.take(np.flatnonzero(left.usable))
            assert true_most(left) <= counting.beside(residual(case, [plan]))
            checked += 1
    assert checked >= 10


def master_of(case: Case, cluster_types: list[ClusterType], worth: Prices) -> TypeMaster:
    master = TypeMaster(case, Classes.of(case))
    for cluster_type in cluster_types:
        master.add(cluster_type)
    master.worth(worth)
    return master


def cluster_types_at_random(seed: int, case: Case) -> tuple[list[ClusterType], Prices]:
    """The cheapest cluster types at some random prices, and the first of these."""
    rng, cluster_types = np.random.default_rng(seed), TypePricing.of(case)
    prices = [random_prices(case, cluster_types.classes, rng) for _ in range(6)]
    known = [o for p in prices for o in cluster_types.cheapest(p, math.inf, HIGHS, LONG)[1]]
    return known, prices[0]


def test_branches_that_are_tried_leave_what_a_new_program_leaves():
    tried = 0
    for seed, case in free_cases(range(840, 852), network="mesh"):
        known, worth = cluster_types_at_random(seed, case)
        classes = len(Classes.of(case))
        if not known or classes == 1:
            continue
        master = master_of(case, known, worth)
        candidates: list[Candidate] = [((0,),), ((0, 1),), ((0,), (classes - 1,))]
        sides = ((-math.inf, 0.0), (1.0, math.inf))
        asked = [(candidate, sides) for candidate in candidates]
        most = master.solve({})
        numbers = master.tried(asked, HIGHS)
        use = master.least_use({}, 1)
        uses = master.tried(asked, replace(HIGHS, threads=2))
        assert master.least_use({}, 1) == pytest.approx(use)
        assert master.solve({}) == pytest.approx(most)
        for candidate, number, less in zip(candidates, numbers, uses, strict=True):
            for side, value, left in zip(sides, number, less, strict=True):
                anew = master_of(case, known, worth)
                assert value == pytest.approx(anew.solve({candidate: side}), abs=1e-7)
                least = anew.least_use({candidate: side}, 1)
                assert -left == pytest.approx(least, abs=1e-7)
            without = [
                o for o in known if not all(any(k in o.draw_mw for k in part) for part in candidate)
            ]
            assert number[0] == pytest.approx(master_of(case, without, worth).solve({}))
            tried += number[0] < most - 1e-6
    assert tried >= 3


def test_what_is_spare_is_what_there_could_be_less_of_everything():
    # The number of clusters is in proportion to what there is.
    checked = 0
    for seed, case in free_cases(range(840, 852), network="mesh"):
        known, worth = cluster_types_at_random(seed, case)
        if not known:
            continue
        master = master_of(case, known[:-1], worth)
        master.spare({}, 1)
        master.add(known[-1])
        without = {((0,),): (-math.inf, 0.0)}
        for limits in ({}, without):
            most = master.solve(limits)
            for count in (1, 2, 5):
                if most > 0:
                    spare = count * (1 - count / most)
                    assert master.spare(limits, count) == pytest.approx(spare, abs=1e-6)
                    checked += 1
            use = master.least_use(limits, 1)
            assert master.solve(limits) == pytest.approx(most)
            anew = master_of(case, known, worth)
            assert anew.least_use(limits, 1) == pytest.approx(use)
    assert checked >= 10


def test_places_are_different_sets_of_classes():
    case = free_case(803, network="mesh")
    compatible = SiteAssignment.of(case, counting_of(case).cluster_types.classes)
    found = places(compatible)
    assert len(set(found)) == len(found)
    for z in np.unique(case.zone):
        inside = np.unique(compatible.classes.of_site[case.zone == z]).tolist()
        assert (tuple(inside),) in found


def test_no_step_without_time():
    counting = counting_of(star(6))
    assert not counting.sharpen(1, Deadline(0))
    assert (counting.at_most, counting.steps) == (3, 0)


def test_the_first_groups_are_no_better_than_all_that_is_known():
    for _, case in free_cases(range(890, 900), network="mesh"):
        fleets = Fleets(case, first_groups(case))
        relaxed = fleets.relaxed()
        counting = CountBound(case, fleets.most(LONG, relaxed.clusters), HIGHS, relaxed.prices)
        price_all(counting)
        if counting.settled:
            assert counting.master.solve({}) <= relaxed.clusters * (1 + 1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("target_mw", "number"), [(10_000, 3), (8_000, 7), (7_000, 9)])
def test_number_of_large_clusters_on_the_bundled_world_is_proven(target_mw, number):
    # The headroom alone would do for 9, 12 and 13, the fleets alone for 6, 10 and 12.
    changes = {"cluster.count": "most", "cluster.target_mw": target_mw}
    model = siting.read_model("us_5gw", set=changes)
    world = siting.read_world(model)
    case = build_case(model, world, reach_of(model, world))
    found = find_most(case, Solver("highs", 1e-3, 0), Deadline(3_000))
    assert (found.found, found.at_most) == (number, number)

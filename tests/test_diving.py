"""Dives: clusters that are held make plans, as many as brute force finds in most cases."""

from __future__ import annotations

import numpy as np
import pulp
import pytest
from test_counting import counting_of, master_of, outlines_at_random
from test_most import NETWORKS, true_most
from test_outlines import HIGHS, LONG, free_cases

from siting.case import Case
from siting.program.classes import Classes
from siting.program.counting import Counting
from siting.program.diving import dive
from siting.program.outlines import Outline
from siting.program.settle import settle
from siting.program.solvers import Deadline


def settled(case: Case) -> Counting:
    """All outlines that have a part in the most clusters are known."""
    counting = counting_of(case)
    while not counting.settled and counting.sharpen(0, LONG):
        pass
    return counting


@pytest.mark.parametrize("network", NETWORKS)
def test_a_dive_makes_plans_and_most_often_the_largest(network):
    found, asked = 0, 0
    for _, case in free_cases(range(800, 840), network=network):
        true, counting = true_most(case), settled(case)
        if true == 0 or not counting.settled:
            continue
        for count in (true, true + 1):
            clusters = dive(counting.outlines, counting.master, count, HIGHS, LONG)
            sites = [i for cluster in clusters for i in cluster]
            assert len(set(sites)) == len(sites)
            assert all(list(cluster) == sorted(cluster) for cluster in clusters)
            # A ring of such sites may be too long.
            if network == "mesh" and clusters:
                assert len(clusters) <= true
                plan = settle(case.of_clusters(len(clusters)), tuple(clusters), HIGHS)
                assert plan is not None
            if count == true:
                asked += 1
                found += len(clusters) == true
    assert found >= 0.8 * asked >= 8


def test_a_dive_leaves_nothing_held_and_takes_no_time_where_there_is_none():
    for _, case in free_cases(range(840, 846), network="mesh"):
        counting = settled(case)
        if not counting.settled or not counting.master.outlines:
            continue
        before = counting.master.solve({})
        assert dive(counting.outlines, counting.master, 2, HIGHS, Deadline(0)) == []
        dive(counting.outlines, counting.master, 2, HIGHS, LONG)
        assert counting.master.solve({}) == pytest.approx(before)


def most_with(case: Case, outlines: list[Outline], held: dict[int, int]) -> float | None:
    """The most clusters with so many of some outlines, as a program of its own."""
    classes = Classes.of(case)
    program = pulp.LpProblem(sense=pulp.LpMaximize)
    number = [
        program.add_variable(f"n{c}", lowBound=held.get(c, 0), upBound=held.get(c))
        for c in range(len(outlines))
    ]
    program += pulp.lpSum(number)
    for z in range(len(case.zone_ids)):
        inside = [
            n * sum(sum(d) for k, d in o.draw_mw.items() if z in case.ancestry[classes.zone(k)])
            for n, o in zip(number, outlines, strict=True)
        ]
        program += pulp.lpSum(inside) <= float(case.headroom_mw[z])
    for a, offered_mw in classes.offered_mw.items():
        bought = [
            n * sum(mw for k, mw in o.contract_mw.items() if classes.area(k) == a)
            for n, o in zip(number, outlines, strict=True)
        ]
        program += pulp.lpSum(bought) <= offered_mw
    for k in range(len(classes)):
        campuses = [n * len(o.draw_mw.get(k, ())) for n, o in zip(number, outlines, strict=True)]
        program += pulp.lpSum(campuses) <= int((classes.of_site == k).sum())
    program.solve(pulp.PULP_CBC_CMD(msg=False))
    if pulp.LpStatus[program.status] != "Optimal":
        return None
    return float(pulp.value(program.objective))


def test_what_is_held_is_in_the_most_clusters():
    fits = lacks = 0
    for seed, case in free_cases(range(840, 852), network="mesh"):
        known, worth = outlines_at_random(seed, case)
        if not known:
            continue
        master, rng = master_of(case, known, worth), np.random.default_rng(seed)
        for _ in range(4):
            held = {int(rng.integers(len(known))): int(rng.integers(1, 3)) for _ in range(2)}
            master.hold(held)
            number, true = master.solve({}), most_with(case, known, held)
            if true is None:
                assert number < sum(held.values())
                lacks += 1
                continue
            fits += 1
            assert number == pytest.approx(true, abs=1e-6)
            more = dict.fromkeys(master.fullest())
            parts = {id(outline): part for outline, part in master.parts()}
            for c, outline in enumerate(known):
                assert (c in more) == (parts.get(id(outline), 0.0) > held.get(c, 0) + 1e-5)
        master.hold({})
        assert master.solve({}) == pytest.approx(most_with(case, known, {}), abs=1e-6)
    assert fits >= 5
    assert lacks >= 1

"""Dives: what is found makes a plan, of as many clusters as brute force finds in most cases."""

from __future__ import annotations

import pytest
from counting import counting_of, price_all
from most import NETWORKS, true_most
from types_of_clusters import HIGHS, LONG, free_cases

from siting.program.backends.deadline import Deadline
from siting.program.count.diving import dive
from siting.program.formulation.fixed_sites import settle


@pytest.mark.parametrize("network", NETWORKS)
def test_a_dive_makes_plans_and_most_often_the_largest(network):
    found, asked = 0, 0
    for _, case in free_cases(range(800, 840), network=network):
        true, counting = true_most(case), counting_of(case)
        price_all(counting)
        if true == 0 or not counting.settled:
            continue
        for count in (true, true + 1):
            clusters = dive(counting.cluster_types, counting.master, count, HIGHS, LONG)
            sites = [i for cluster in clusters for i in cluster]
            assert len(set(sites)) == len(sites)
            assert all(list(cluster) == sorted(cluster) for cluster in clusters)
            # A ring of such sites may be too long.
            if network == "mesh" and clusters:
                assert len(clusters) == count == true
                plan = settle(case.of_clusters(len(clusters)), tuple(clusters), HIGHS)
                assert plan is not None
            if count == true:
                asked += 1
                found += len(clusters) == true
    assert found >= 0.8 * asked >= 8


def test_a_dive_takes_no_time_where_there_is_none_and_changes_no_bound():
    for _, case in free_cases(range(840, 846), network="mesh"):
        counting = counting_of(case)
        price_all(counting)
        if not counting.settled or not counting.master.cluster_types:
            continue
        before = counting.master.solve({})
        assert dive(counting.cluster_types, counting.master, 2, HIGHS, Deadline(0)) == []
        assert (
            dive(counting.cluster_types, counting.master, counting.at_most + 1, HIGHS, LONG) == []
        )
        assert counting.master.solve({}) == pytest.approx(before)

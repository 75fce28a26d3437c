"""Limits on synchronisation: as rules of the program, against every plan tried one by one."""

from __future__ import annotations

import functools
import math
from dataclasses import replace

import numpy as np
import oracle
import pytest
from cases import random_case
from oracle import best_plan, plan_of
from tiny import tiny_case, tiny_model, tiny_plan

import siting
from siting.audit import audit
from siting.case import Case, limit_by_time
from siting.cli import main
from siting.errors import AuditError, InfeasibleError, InputError
from siting.fiber.reach import Reach
from siting.model import (
    CampusSection,
    CleanSection,
    ClusterSection,
    SolverSection,
    TrainingSection,
)
from siting.program import solve
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.one_cluster.solve import solve_one_cluster
from siting.training import longest_km_by_campuses, resolve, train_cluster

KM_PER_S = 299_792.458 / 1.468
EXACT = SolverSection(gap=1e-8, time_limit_s=60.0, threads=1)

TRAINING = TrainingSection(
    recipe="chinchilla_10b", collective="ring", bandwidth_gbps=1e6, step_s=0.05
)
WIRE_S = 16 * 10e9 / 1e15


def seconds(network: str, campuses: int, km: float) -> float:
    """Time of a ring all-reduce, by hand."""
    if campuses < 2:
        return 0.0
    hops = 2 * (campuses - 1)
    way_km = {
        "mesh": hops * km,
        "hub": hops * km * (2 if campuses > 2 else 1),
        "ring": hops * km / campuses,
    }[network]
    return hops / campuses * WIRE_S + way_km / KM_PER_S


def utilisation(network: str, campuses: int, km: float) -> float:
    """Compute utilisation of steps of 50 ms and 48 layers, by hand."""
    wire_s = seconds(network, campuses, 0.0)
    light_s = seconds(network, campuses, km) - wire_s
    wait_s = max(wire_s / 48, wire_s - 2 / 3 * 0.05 * 47 / 48) + light_s
    return 0.05 / (0.05 + wait_s)


def in_time(case: Case, campuses: int, km: float) -> bool:
    """Whether a network keeps to the limits of its case, by hand; a hair may be forgiven."""
    cluster = case.cluster
    if cluster.max_sync_s is not None:
        return seconds(cluster.network, campuses, km) <= cluster.max_sync_s * (1 + 1e-9)
    assert cluster.min_compute_utilisation is not None
    found = utilisation(cluster.network, campuses, km)
    return found >= cluster.min_compute_utilisation - 1e-9


def timely_network(case: Case, km: np.ndarray, sites: oracle.Sites):
    """`oracle.best_network` of those networks that synchronise in time."""
    best = None
    for order, links, length_km in oracle.networks(case, km, sites):
        if any(km[i, j] > case.cluster.max_fiber_km for i, j in links):
            continue
        ring = case.cluster.network == "ring"
        if ring and length_km > case.cluster.max_ring_km:
            continue
        measure_km = length_km if ring else max((km[i, j] for i, j in links), default=0.0)
        if in_time(case, len(sites), measure_km) and (best is None or length_km < best[0]):
            best = float(length_km), order
    return best


@functools.cache
def asked(seed: int, network: str) -> Case:
    """A random case with a limit that some of its clusters keep to, and not others.

    For every other seed one that the best plan without the limit does just not keep to.
    """
    case = random_case(seed, network=network)
    random = np.random.default_rng(seed)
    campuses = int(random.integers(2, 5))
    km = float(random.integers(20, 400)) * (campuses if network == "ring" else 1)
    best = best_plan(case) if seed % 2 else None
    if best is not None:
        sites = max(best.chosen, key=len)
        dense_km = case.reach.dense()
        order, links, length_km = next(
            found
            for found in oracle.networks(case, dense_km, sites)
            if found[0] == oracle.best_network(case, dense_km, sites)[1]
        )
        campuses = max(2, len(order))
        measure_km = (
            length_km if network == "ring" else max((dense_km[x] for x in links), default=0)
        )
        km = max(0.0, measure_km - 0.5)
    if random.random() < 0.5:
        limits = {"max_sync_s": seconds(network, campuses, km)}
    else:
        limits = {"min_compute_utilisation": utilisation(network, campuses, km)}
    return replace(case, cluster=case.cluster.model_copy(update=limits))


def as_solved(case: Case) -> Case:
    """What the program is given: reach, campuses and lengths by their number."""
    return limit_by_time(case, resolve(TRAINING))


def check(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(oracle, "best_network", timely_network)
    answer = best_plan(case)
    monkeypatch.undo()
    limited = as_solved(case)
    if answer is None:
        with pytest.raises(InfeasibleError):
            solve(limited, solver=EXACT)
        return
    solution = solve(limited, solver=EXACT)
    assert solution.objective == pytest.approx(answer.objective, rel=1e-6, abs=1e-6)
    assert solution.bound == pytest.approx(answer.objective, rel=1e-6, abs=1e-6)
    audit(limited, plan_of(limited, solution))


@pytest.mark.parametrize("seed", range(150))
def test_mesh_in_time_is_the_best_of_all_that_are(seed, monkeypatch):
    check(asked(seed, "mesh"), monkeypatch)


@pytest.mark.parametrize("network", ["hub", "ring"])
@pytest.mark.parametrize("seed", range(50))
def test_hub_and_ring_in_time_are_the_best_of_all_that_are(seed, network, monkeypatch):
    check(asked(seed, network), monkeypatch)


def test_a_hub_with_shorter_links_may_have_one_that_is_too_long():
    """The second of four sites has 110 km of links, but one of 60 km; the first has 3 x 40 km."""
    km = np.array([[0, 40, 40, 40], [40, 0, 60, 10], [40, 60, 0, 65], [40, 10, 65, 0.0]])
    case = random_case(0, sense="minimise_cost", network="hub").take(np.arange(4))
    # Two campuses might have longer links, so reach is no shorter than that; but it takes four.
    cluster = {"target_mw": 400.0, "min_campuses": 2, "max_campuses": 4, "max_fiber_km": 100.0}
    case = replace(
        case,
        campus=CampusSection(min_mw=50.0, max_mw=400.0),
        cluster=ClusterSection(count=1, network="hub", **cluster),
        clean=CleanSection(),
        required=np.zeros(4, dtype=np.bool_),
        max_mw=np.full(4, 100.0),
        headroom_mw=np.full(len(case.zone_ids), 2000.0),
        reach=Reach.from_dense(km, 100.0),
        routes=None,
    )
    max_sync_s = seconds("hub", 4, 50.0)
    limited = replace(case, cluster=case.cluster.model_copy(update={"max_sync_s": max_sync_s}))
    for asked_of, hub, length_km in ((case, 1, 110.0), (as_solved(limited), 0, 120.0)):
        for sense in ("minimise_cost", "minimise_fiber_km"):
            question = replace(asked_of, sense=sense)
            plan = plan_of(question, solve(question, solver=EXACT))
            audit(question, plan)
            (found,) = plan.clusters
            assert (found.hub, found.fiber_km) == (case.site_ids[hub], length_km)


def test_the_limits_bind_by_the_number_of_campuses(monkeypatch):
    """And not only by reach: else the rule would go untried above."""
    bound = 0
    for seed in range(60):
        limited = as_solved(asked(seed, "mesh"))
        if not limited.size_steps:
            continue
        by_reach = best_plan(limited)
        monkeypatch.setattr(oracle, "best_network", timely_network)
        in_time_too = best_plan(asked(seed, "mesh"))
        monkeypatch.undo()
        one, other = (None if a is None else a.objective for a in (by_reach, in_time_too))
        bound += one != pytest.approx(other, rel=1e-9) if one and other else one != other
    assert bound >= 5


@pytest.mark.parametrize("seed", range(30))
def test_anchors_keep_to_the_limits(seed, monkeypatch):
    """The decomposition, which small cases do without, proves the same."""
    case = asked(seed, "mesh")
    if case.cluster.count > 1:
        case = replace(case, cluster=case.cluster.model_copy(update={"count": 1}))
    monkeypatch.setattr(oracle, "best_network", timely_network)
    answer = best_plan(case)
    proof = solve_one_cluster(as_solved(case), Solver("highs", 1e-8, 1), Deadline(60.0))
    assert proof.infeasible == (answer is None)
    if answer is not None:
        assert proof.best is not None
        assert proof.best.objective == pytest.approx(answer.objective, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("network", ["mesh", "hub", "ring"])
@pytest.mark.parametrize("collective", ["hierarchical", "ring", "bidirectional_ring"])
@pytest.mark.parametrize(
    "limits", [{"max_sync_s": 0.02}, {"min_compute_utilisation": 0.97}], ids=lambda x: next(iter(x))
)
def test_lengths_are_where_the_limits_are_met(network, collective, limits):
    """At the length a cluster is in time to the last digit, and a metre more is too late."""
    task = resolve(TRAINING.model_copy(update={"collective": collective, "step_s": 0.5}))
    cluster = random_case(0).cluster.model_copy(update={"max_campuses": 6} | limits)
    lengths = longest_km_by_campuses(task, cluster, network)
    assert len(lengths) == 7
    assert lengths[:2] == (math.inf, math.inf)
    assert list(lengths) == sorted(lengths, reverse=True)
    for campuses in range(2, 7):
        sites = [str(i) for i in range(campuses)]

        def trained(km, sites=sites):
            it_mw = [100.0] * len(sites)
            return train_cluster(task, network=network, km=km, sites=sites, it_mw=it_mw)

        at, beyond = trained(lengths[campuses]), trained(lengths[campuses] + 0.001)
        if "max_sync_s" in limits:
            assert at.sync_s == pytest.approx(0.02, rel=1e-8)
            assert beyond.sync_s > 0.02
        else:
            assert at.compute_utilisation == pytest.approx(0.97, rel=1e-8)
            assert beyond.compute_utilisation < 0.97


# --- A model file -------------------------------------------------------------------------------

LLAMA = {"training.recipe": "llama3_405b"}


def test_two_utilities_in_time_by_hand():
    """The limit of docs/training.md: three campuses 60 km apart are too slow, so two it is."""
    model = siting.read_model("two_utilities", set=LLAMA | {"cluster.max_sync_s": 0.0089})
    (cluster,) = siting.solve(model).clusters
    draws = {campus.site: campus.draw_mw for campus in cluster.campuses}
    assert draws == pytest.approx({"n1": 300, "s1": 400})
    assert cluster.cost_musd_per_year == pytest.approx(612.9894, rel=1e-6)
    assert cluster.training.sync_s == pytest.approx(0.00648 + 120 / KM_PER_S)
    left_km = [(0.0089 - wire_s) * KM_PER_S / 2 for wire_s in (0.00648, 0.00864)]
    assert left_km == pytest.approx([247, 26.5], abs=0.5)


def test_limit_that_nothing_meets_is_an_error_before_the_solve():
    model = siting.read_model("two_utilities", set=LLAMA | {"cluster.max_sync_s": 0.001})
    with pytest.raises(InputError, match=r"max_sync_s is 0\.001 s, but 2 campuses .* any distance"):
        siting.solve(model)


def test_check_says_what_the_limits_leave(capsys):
    limit = ["--set", "training.recipe=llama3_405b", "--set", "cluster.max_sync_s=0.0069"]
    assert main(["check", "two_utilities", *limit]) == 0
    out = capsys.readouterr().out
    assert "Pairs of sites within 43 km of fiber: 2 of 10" in out
    assert "Longest link that synchronises in time: 43 km for 2 campuses" in out
    limit[-1] = "cluster.max_sync_s=0.0089"
    assert main(["check", "two_utilities", *limit]) == 0
    out = capsys.readouterr().out
    assert "Longest link that synchronises in time: 100 km for 2 campuses, 27 km for 3" in out


def test_no_plan_in_time_says_what_the_limits_leave():
    changes = {"cluster.max_sync_s": 0.00865, "cluster.min_campuses": 3}
    model = siting.read_model("two_utilities", set=LLAMA | changes)
    with pytest.raises(InfeasibleError, match=r"max_sync_s leaves at most 3 campuses, .* 1 km"):
        siting.solve(model)


# What the audit refuses: the names of its checks, limits of the case, and what is misstated.
REJECTED = [
    ({"cluster.max_sync_s"}, {"max_sync_s": 0.011}, {}),
    ({"cluster.min_compute_utilisation"}, {"min_compute_utilisation": 0.9999}, {}),
    ({"training"}, {}, {"sync_s": 0.001}),
    ({"training"}, {}, {"compute_utilisation": 0.5}),
    ({"training"}, {}, {"effective_flop_per_s": 1e21}),
    ({"training"}, {}, {"fiber_pairs": 1}),
    ({"training"}, {}, {"needs": ()}),
    ({"training"}, {}, {"batch": ()}),
]


@pytest.mark.parametrize(("names", "limits", "misstated"), REJECTED)
def test_the_audit_rejects(names, limits, misstated):
    """It works out how clusters train, and compares with the keys themselves."""
    plan = tiny_plan(**LLAMA)
    case = tiny_case(tiny_model(**LLAMA))
    case = replace(case, cluster=case.cluster.model_copy(update=limits))
    (cluster,) = plan.clusters
    wrong = replace(cluster, training=replace(cluster.training, **misstated))
    with pytest.raises(AuditError) as caught:
        audit(case, replace(plan, clusters=(wrong,)))
    assert set(caught.value.names) == names


def test_the_audit_accepts_what_is_just_in_time():
    plan = tiny_plan(**LLAMA)
    trained = plan.clusters[0].training
    assert trained.sync_s > 0.011
    assert trained.compute_utilisation < 0.9999
    limits = {
        "cluster.max_sync_s": trained.sync_s * (1 + 1e-9),
        "cluster.min_compute_utilisation": trained.compute_utilisation * (1 - 1e-9),
    }
    audit(tiny_case(tiny_model(**LLAMA | limits)), plan)


def test_longer_limits_never_cost_more():
    costs = []
    for limit_s in (0.0070, 0.0080, 0.0089, 0.0100, 0.1):
        model = siting.read_model("two_utilities", set=LLAMA | {"cluster.max_sync_s": limit_s})
        costs.append(siting.solve(model).objective)
    assert costs == sorted(costs, reverse=True)
    assert costs[0] > costs[-1]

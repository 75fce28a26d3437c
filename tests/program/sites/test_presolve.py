"""What is known before any search, for every count and network; against brute force."""

from __future__ import annotations

import functools
import time
from dataclasses import replace

import numpy as np
import pytest
from cases import random_case
from most import NETWORKS, small, true_most
from oracle import best_plan, plan_of

from siting.audit import audit
from siting.case import Case
from siting.errors import InfeasibleError, LimitError
from siting.fiber.reach import Reach
from siting.model import SolverSection
from siting.program import solve
from siting.program.any_plan import find_any_plan
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.count import solve as count_module
from siting.program.count.primal_heuristics import Packing
from siting.program.count.solve import find_most
from siting.program.diagnosis.reasons import why_infeasible
from siting.program.formulation import monolithic
from siting.program.several.solve import solve_several
from siting.program.sites.presolve import infeasible_by_arithmetic

SENSES = ("minimise_cost", "maximise_mw", "minimise_fiber_km")
COUNTS = (1, 2, "most")
HIGHS = Solver("highs", 1e-4, 1)
SETTINGS = SolverSection(time_limit_s=60.0, threads=1)

AT_ONCE_S = 10.0
"""What arithmetic and some small programs take at the most [s]; a search took all of its 60."""


@pytest.fixture(params=["as they are", "as if large"])
def _size(request, monkeypatch):
    """Small cases take the way of small ones, and that of large ones."""
    if request.param == "as if large":
        monkeypatch.setitem(solve.__globals__, "MONOLITHIC_SITES", 0)
        monkeypatch.setattr(count_module, "MONOLITHIC_SITES", 0)
        monkeypatch.setattr(monolithic, "MONOLITHIC_ENTRIES", 0)


def require(case: Case, *sites: int) -> Case:
    return replace(case, required=np.isin(np.arange(len(case.site_ids)), sites))


@functools.cache
def asked(seed: int, count: int | str, network: str, sense: str) -> Case:
    """A case that has a plan without required sites."""
    for attempt in range(50):
        case = require(small(1000 * attempt + seed, network=network, most_sites=6))
        case = replace(case, sense=sense)
        case = case if count == "most" else case.of_clusters(count)
        if has_plan(case):
            return case
    raise AssertionError("no such case")


def has_plan(case: Case) -> bool:
    return true_most(case) > 0 if case.asks_most else best_plan(case) is not None


def without_room(case: Case, i: int) -> Case:
    """Its site ``i`` is required and takes no campus."""
    max_mw = case.max_mw.copy()
    max_mw[i] = 0.5 * case.min_mw
    return require(replace(case, max_mw=max_mw), i)


def far_away(case: Case, i: int) -> Case:
    """Its site ``i`` is required, out of reach of all others, and no cluster by itself."""
    km = case.reach.dense()
    km[i, :] = km[:, i] = np.inf
    km[i, i] = 0.0
    cluster = case.cluster.model_copy(update={"min_campuses": 2, "max_campuses": 4})
    reach = Reach.from_dense(km, case.reach.limit_km)
    return require(replace(case, reach=reach, cluster=cluster), i)


def says_no_plan(case: Case) -> str:
    """What is said where there is none, and that it is said at once."""
    start_s = time.perf_counter()
    with pytest.raises(InfeasibleError) as raised:
        solve(case, solver=SETTINGS)
    assert time.perf_counter() - start_s < AT_ONCE_S
    return str(raised.value)


@pytest.mark.usefixtures("_size")
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("sense", SENSES)
@pytest.mark.parametrize("count", COUNTS)
def test_a_required_site_that_takes_no_campus_leaves_no_plan(count, sense, network):
    case = asked(7, count, network, sense)
    for i in (0, len(case.site_ids) - 1):
        none = without_room(case, i)
        assert not has_plan(none)
        assert infeasible_by_arithmetic(none)
        assert f"site {case.site_ids[i]!r} is required, but takes at most" in says_no_plan(none)
        assert find_any_plan(none if count != "most" else none.of_clusters(1)).infeasible
        if count == "most":
            found = find_most(none, HIGHS, Deadline(60))
            assert (found.plan, found.at_most) == (None, 0)


@pytest.mark.usefixtures("_size")
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("sense", SENSES)
@pytest.mark.parametrize("count", COUNTS)
def test_a_required_site_out_of_reach_of_all_leaves_no_plan(count, sense, network):
    case = asked(7, count, network, sense)
    none = far_away(case, 1)
    assert not has_plan(none)
    said = says_no_plan(none)
    if count != 1:
        assert f"site {case.site_ids[1]!r} is required, but no cluster can have it: " in said


@pytest.mark.usefixtures("_size")
@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("count", COUNTS)
def test_whatever_is_required_the_plan_has_it_or_there_is_none(count, network):
    """Never a plan without a required site, and never a proof that there is none where one is."""
    plans = 0
    for seed in range(5):
        case = small(seed, network=network, most_sites=6, only="require_sites")
        case = case if count == "most" else case.of_clusters(count)
        exists = has_plan(case)
        try:
            solution = solve(case, solver=SETTINGS.model_copy(update={"time_limit_s": 5.0}))
        except InfeasibleError:
            assert not exists
            continue
        except LimitError:
            # Clusters placed one after the other prove nothing by finding none.
            continue
        assert exists
        plans += 1
        chosen = {site for draws in solution.draw_mw for site in draws}
        assert {case.site_ids[i] for i in np.flatnonzero(case.required)} <= chosen
        audit(case, plan_of(case, solution))
    assert plans > 0


@pytest.mark.parametrize("seed", range(500, 560))
def test_arithmetic_rules_out_nothing_that_has_a_plan(seed):
    case = random_case(seed, network=NETWORKS[seed % 3], only="require_sites")
    if infeasible_by_arithmetic(case):
        assert best_plan(case) is None


@pytest.mark.parametrize("count", [1, 2])
def test_more_required_sites_than_campuses(count):
    case = asked(3, count, "mesh", "minimise_cost")
    case = require(case, *np.flatnonzero(case.usable))
    most = int(case.required.sum()) // count - 1
    cluster = case.cluster.model_copy(update={"max_campuses": most, "min_campuses": 1})
    case = replace(case, cluster=cluster)
    assert infeasible_by_arithmetic(case)
    assert best_plan(case) is None
    sites = int(case.required.sum())
    assert f"no plan: {sites} sites are required, but " in why_infeasible(case)


def test_clusters_are_not_placed_without_a_required_site(monkeypatch):
    """A search that would leave it out in silence refuses the question."""
    monkeypatch.setattr(monolithic, "MONOLITHIC_ENTRIES", 0)
    case = without_room(asked(7, 2, "mesh", "minimise_cost"), 0)
    with pytest.raises(ValueError, match="required site takes no campus"):
        Packing.of(case.of_clusters(1), HIGHS, Deadline(60), None)
    assert solve_several(case, HIGHS, Deadline(60)).best is None

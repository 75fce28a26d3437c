"""Rows that prefer the better of two like sites leave a best plan: with them and without."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from dozens import dozens_of_sites, section

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.build import build
from siting.program.formulation.symmetry import prefer_better_site

SOLVER = Solver("highs", 1e-9, 1)


def like_sites(seed: int, network: str, sense: str) -> Case:
    """Sites of a few kinds, so that many are alike but for their place."""
    random = np.random.default_rng(seed)
    case = dozens_of_sites(seed, 24)
    sites = len(case.site_ids)
    case = replace(
        case,
        sense=sense,
        max_mw=random.choice([400.0, 900.0, 1500.0], sites),
        fixed_musd_per_year=random.choice([5.0, 8.0], sites),
        variable_musd_per_mw_year=random.choice([1.0, 1.5], sites),
        pue=np.full(sites, 1.2),
        grid_clean_fraction=np.full(sites, 0.5),
        # All in one zone, so that any may take the place of any.
        zone=np.full(sites, case.zone.min()),
        utility=np.zeros_like(case.utility),
        region=np.zeros_like(case.region),
        area=np.zeros_like(case.area),
    )
    return section(
        section(case, "clean", min_fraction=0.0),
        "cluster",
        network=network,
        target_mw=2500.0,
        max_campuses=4,
    )


def optimum(case: Case, *, hub: int | None, rows: bool) -> tuple[float | None, int]:
    """Best objective if there is any, and how many rows prefer one site to another."""
    problem, _ = build(case, without=() if rows else (prefer_better_site,), hub=hub)
    outcome = SOLVER.run(problem, Deadline(60), gap=0.0)
    assert outcome.complete
    count = sum(row.name.startswith("better") for row in problem.constraints())
    return (problem.objective.value() if outcome.found else None), count


@pytest.mark.parametrize("sense", ["minimise_cost", "maximise_mw"])
@pytest.mark.parametrize("network", ["mesh", "hub", "one hub"])
@pytest.mark.parametrize("seed", range(4))
def test_rows_of_dominance_lose_no_optimum(seed, network, sense):
    case = like_sites(seed, network.removeprefix("one "), sense)
    hub = None
    if network == "one hub":
        hub = int(np.argmax(np.isfinite(case.reach.dense()).sum(axis=1)))
        case = replace(case, required=np.arange(len(case.site_ids)) == hub)
    case = replace(case, reach=case.reach.within(250.0))
    bare, none = optimum(case, hub=hub, rows=False)
    preferred, rows = optimum(case, hub=hub, rows=True)
    assert none == 0
    assert rows > 0
    assert (bare is None) == (preferred is None)
    if bare is not None:
        assert math.isclose(bare, preferred, rel_tol=1e-7)

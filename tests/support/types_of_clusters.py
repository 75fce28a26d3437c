"""Small cases of any clusters, and prices for what these share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from most import small

from siting.case import Case
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.relaxations.class_lp import least_size
from siting.program.relaxations.duals import Candidate, Prices
from siting.program.relaxations.region_milp import order_by_place
from siting.program.sites.classes import Classes
from siting.program.sites.presolve import linkable

HIGHS = Solver("highs", 1e-4, 1)


# It counts from the import, and all tests together may take an hour.
LONG = Deadline(1e6)


def free_case(seed: int, **fixed) -> Case:
    """A small case of one cluster and no required sites, in the order of the anchors."""
    case = small(seed, **fixed)
    case = replace(case, required=np.zeros_like(case.required))
    return linkable(case.of_clusters(1).take(order_by_place(case)))


def free_cases(seeds: range, **fixed) -> Iterator[tuple[int, Case]]:
    """Those of them that may have a cluster."""
    for seed in seeds:
        case = free_case(seed, **fixed)
        if len(case.site_ids) and np.isfinite(least_size(case)):
            yield seed, case


def random_prices(case: Case, classes: Classes, rng: np.random.Generator) -> Prices:
    """Prices at which all that clusters can use is worth some clusters; some are 0."""

    def some(amount: np.ndarray) -> np.ndarray:
        return rng.random(len(amount)) * (rng.random(len(amount)) < 0.6) / np.maximum(amount, 1.0)

    areas = classes.offered_mw
    candidates: list[Candidate] = [
        tuple(
            tuple(np.flatnonzero(rng.permutation(len(classes)) < rng.integers(1, 3)).tolist())
            for _ in range(rng.integers(1, 4))
        )
        for _ in range(rng.integers(0, 4))
    ]
    return Prices(
        3 * some(case.headroom_mw),
        0.3 * some(np.ones(len(classes))),
        {a: 2 * float(some(np.array([mw]))[0]) for a, mw in areas.items()},
        tuple((candidate, float(rng.normal(0.0, 0.3))) for candidate in candidates),
    )

"""Dozens of sites of the US, small enough to solve as a whole."""

from __future__ import annotations

import functools
from dataclasses import replace

import numpy as np

from siting.case import Case, build_case
from siting.distances import reach_of
from siting.model import read_model
from siting.world import read_world


@functools.cache
def us_case() -> Case:
    """All sites of the bundled world, with what the main model asks."""
    model = read_model("us_5gw")
    world = read_world(model)
    return build_case(model, world, reach_of(model, world))


def dozens_of_sites(seed: int, sites: int) -> Case:
    """Random sites around one of them, over a seam of three regions and four utilities.

    Costs, PUE and clean energy are spread, for many sites of the world share theirs, and ties
    would hide what is not compared.
    """
    us = us_case()
    random = np.random.default_rng(seed)
    centres = random.permutation(np.flatnonzero(us.usable))
    for centre in centres:
        near, _ = us.reach.of(int(centre))
        near = near[us.usable[near]]
        if len(near) < sites:
            continue
        chosen = random.choice(near, sites - 1, replace=False)
        case = us.take(np.sort(np.append(chosen, centre)))
        if len(np.unique(case.region)) >= 3 and len(np.unique(case.utility)) >= 4:
            break
    else:
        raise ValueError("no site has such surroundings")
    return section(
        replace(
            case,
            variable_musd_per_mw_year=case.variable_musd_per_mw_year
            * random.uniform(0.9, 1.1, sites),
            fixed_musd_per_year=case.fixed_musd_per_year * random.uniform(0.5, 4.0, sites),
            pue=random.choice([1.1, 1.2, 1.35], sites),
            grid_clean_fraction=random.choice([0.1, 0.3, 0.5, 0.8], sites),
            premium_usd_per_mwh=random.choice([2.0, 5.0, 15.0], len(case.supply_ids)),
            contractable_mwh=0.3 * case.contractable_mwh,
        ),
        "cluster",
        target_mw=4000.0,
        max_campuses=6,
        min_utilities=1,
    )


def section(case: Case, name: str, **changed) -> Case:
    return replace(case, **{name: getattr(case, name).model_copy(update=changed)})

"""Small rings, where kilometres are no objective."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from rivals import rival_case

from siting.case import Case
from siting.program.sites.neighbourhoods import order_sites


def ring_case(seed: int, sense: str) -> Case:
    """Up to ten usable sites, a ring of which no rule but size, headroom and length is asked."""
    case = replace(rival_case(seed, most_sites=10), sense=sense).of_clusters(1)
    bare = type(case.cluster)(
        target_mw=case.cluster.target_mw or 200.0,
        min_campuses=1 + seed % 2,
        max_campuses=min(case.cluster.max_campuses, 5),
        network="ring",
        max_ring_km=(1.5 + seed % 3) * case.reach.limit_km,
        max_fiber_km=case.reach.limit_km,
    )
    case = replace(
        case,
        cluster=bare,
        clean=case.clean.model_copy(update={"min_fraction": 0.0}),
        campus=case.campus.model_copy(update={"min_mw": 0.0, "module_mw": 0.0}),
        required=np.zeros(len(case.site_ids), bool),
        km_by_campuses=(),
    )
    return case.take(order_sites(case))

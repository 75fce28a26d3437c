"""Grid constraints: knapsack rows of nested zones."""

from __future__ import annotations

import numpy as np
from pulp import LpProblem, lpSum

from siting.case import Case
from siting.program.formulation.variables import Decisions, label


def limit_zone_draw(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Never draw more from a utility's zone, or from a zone that holds it, than its headroom.

    For every zone ``z``, over all clusters and all sites in it and in its descendants::

        sum over i in z and c of draw_mw[i, c]  <=  drawable_mw[z]                    [MW]

    Headroom is firm at the contract's curtailment, so no contingency appears here. Zones that
    their sites cannot exhaust have no row. Rows: ``headroom(z)``.
    """
    usable = case.usable
    for z, sites in case.sites_in_zone.items():
        inside = [int(i) for i in sites if usable[i]]
        # Each site serves one cluster, so the caps bound the draw over all clusters.
        if inside and case.cap_mw[inside].sum() > case.drawable_mw[z]:
            draw_mw = lpSum(x.draw_mw[i, c] for i in inside for c in x.clusters)
            problem += draw_mw <= float(case.drawable_mw[z]), label("headroom", case.zone_ids[z])


def draw_enough_from_zones(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Every cluster draws its part from a zone, where a part of all plans is asked about.

    For every cluster ``c`` and zone ``z`` of which something is asked::

        sum over i in z of draw_mw[i, c]  >=  least_zone_mw[z]                        [MW]

    The search divides all plans by who draws how much from a zone. Rows: ``least_zone(z, c)``;
    none unless ``Case.least_zone_mw`` is given.
    """
    if case.least_zone_mw is None:
        return
    for z in np.flatnonzero(case.least_zone_mw > 0).tolist():
        inside = [i for i in x.sites if z in case.ancestry[case.zone[i]]]
        for c in x.clusters:
            draw_mw = lpSum(x.draw_mw[i, c] for i in inside)
            problem += (
                draw_mw >= float(case.least_zone_mw[z]),
                label("least_zone", case.zone_ids[z], c),
            )

"""Hub constraints: a star whose centre is chosen."""

from __future__ import annotations

from pulp import LpProblem, lpSum

from siting.case import Case
from siting.program.formulation.variables import Decisions, label


def choose_hub(problem: LpProblem, case: Case, x: Decisions) -> None:
    """One campus of a cluster is its hub, and all others are within reach of it.

    For every cluster ``c`` and site ``j``, with ``near(j)`` the sites within ``max_fiber_km`` of
    ``j``::

        sum over i of hub[i, c]  =  1
        hub[i, c]                <=  member[i, c]
        member[j, c]             <=  hub[j, c]  +  sum over i in near(j) of hub[i, c]

    =================  =============================================
    hubs near ``j``    member[j, c]
    =================  =============================================
    0                  0
    1                  up to 1, as ``j`` is the hub or is linked to it
    =================  =============================================

    Rows: ``hub(c)``, ``hub_member(i, c)``, ``hub_reach(j, c)``; only for a hub network.
    """
    if case.cluster.network != "hub":
        return
    for c in x.clusters:
        hubs = [(i, hub) for (i, of), hub in x.hub.items() if of == c]
        problem += lpSum(hub for _, hub in hubs) == 1, label("hub", c)
        for i, hub in hubs:
            problem += hub <= x.member[i, c], label("hub_member", case.site_ids[i], c)
        for j in x.sites:
            near = [j, *case.reach.of(j)[0].tolist()]
            reached = lpSum(x.hub[i, c] for i in near if (i, c) in x.hub)
            problem += x.member[j, c] <= reached, label("hub_reach", case.site_ids[j], c)


def link_to_hub(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Every campus but the hub has one link, to the hub.

    For every site ``j`` and cluster ``c``::

        hub[j, c]  +  sum over i in near(j) of spoke[i, j, c]  =  member[j, c]
        spoke[i, j, c]  <=  hub[i, c]

    ==============  ==============  ====================================
    member[j, c]    hub[j, c]       links of ``j``
    ==============  ==============  ====================================
    0               0               none
    1               0               one, to the only hub
    1               1               none of its own
    ==============  ==============  ====================================

    Rows: ``spokes(j, c)``, ``spoke(i, j, c)``; only for a hub network whose fiber kilometres are
    minimised.
    """
    if case.cluster.network != "hub" or case.sense != "minimise_fiber_km":
        return
    for (i, j, c), spoke in x.spoke.items():
        ends = (case.site_ids[i], case.site_ids[j], c)
        problem += spoke <= x.hub[i, c], label("spoke", *ends)
    for c in x.clusters:
        for j in x.sites:
            linked = [x.hub[j, c]] if (j, c) in x.hub else []
            near = case.reach.of(j)[0].tolist()
            linked += [x.spoke[i, j, c] for i in near if (i, j, c) in x.spoke]
            problem += lpSum(linked) == x.member[j, c], label("spokes", case.site_ids[j], c)

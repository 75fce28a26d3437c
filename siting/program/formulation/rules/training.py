"""Training constraints: more campuses take longer to synchronise, so their links are shorter."""

from __future__ import annotations

from pulp import LpProblem, lpSum

from siting.case import Case
from siting.program.formulation.rules.ring import tour_km
from siting.program.formulation.variables import Decisions, label


def shorten_large_clusters(problem: LpProblem, case: Case, x: Decisions) -> None:
    """More campuses take longer to synchronise, so their links are shorter.

    For every step ``(m, km)`` of ``case.size_steps`` and cluster ``c``, whose ``few[m, c]`` can be
    1 with at most ``m`` campuses::

        sum over i of member[i, c]  <=  max_campuses - (max_campuses - m) * few[m, c]

    and for every site ``i``, with ``beyond(i)`` the sites that are within reach but more than
    ``km`` away, and ``most`` the campuses that can stand there at once::

        sum over j in beyond(i) of member[j, c]  +  most * member[i, c]
            <=  most  +  most * few[m, c]

    =========  ==================  ============================
    few[m, c]  campuses            links
    =========  ==================  ============================
    0          ``max_campuses``    ``km``, as in `connect_mesh`
    1          ``m``               within reach: no other limit
    =========  ==================  ============================

    A mesh needs only ``beyond(i)`` after ``i``; of a hub network, ``hub[i, c]`` is in the place of
    ``member[i, c]``. Of a ring the tour is limited instead::

        sum over i, j of km[i, j] * hop[i, j, c]  <=  km + (max_ring_km - km) * few[m, c]   [km]

    Rows: ``few(m, c)``, ``large(m, i, c)``, ``large_ring(m, c)``; none without
    ``cluster.max_sync_s`` and ``cluster.min_compute_utilisation``.
    """
    network, largest = case.cluster.network, case.cluster.max_campuses
    for m, limit_km in case.size_steps:
        for c in x.clusters:
            few = x.few[m, c]
            problem += x.members(c) <= largest - (largest - m) * few, label("few", m, c)
            if network == "ring":
                more_km = case.cluster.max_ring_km - limit_km
                problem += (
                    tour_km(case, x, c) <= limit_km + more_km * few,
                    label("large_ring", m, c),
                )
        for (i, c), centre in (x.member if network == "mesh" else x.hub).items():
            within, km = case.reach.of(i)
            far = within[(km > limit_km) & case.usable[within]]
            beyond = (far[far > i] if network == "mesh" else far).tolist()
            most = min(largest, len(beyond))
            if beyond:
                others = lpSum(x.member[j, c] for j in beyond)
                problem += (
                    others + most * centre <= most + most * x.few[m, c],
                    label("large", m, case.site_ids[i], c),
                )

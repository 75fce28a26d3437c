"""The rules of the program, one function a rule.

Read from top to bottom: what a campus is, what the grid gives, what makes a cluster, how far its
campuses may be from each other, what makes its energy clean, what is best. ``case`` holds the
numbers, ``x`` the decisions; ``c`` is a cluster, ``i`` and ``j`` are sites, ``z`` a zone.
"""

from __future__ import annotations

import numpy as np
from pulp import LpAffineExpression, LpProblem, LpVariable, lpSum

from siting.case import Case
from siting.program.decisions import Decisions, decides_tours, fewest_possible, label
from siting.program.sites.presolve import least_campuses

ROUTED_PAIRS = 150_000
"""Pairs of sites whose routes are searched for at the most, to write a rule; it takes seconds."""

# ------------------------------------------------------------------------------ campuses


def size_campus(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A site without a campus draws nothing; a campus draws between its least and its cap.

    For every site ``i`` and cluster ``c``::

        min_mw * member[i, c]  <=  draw_mw[i, c]  <=  cap_mw[i] * member[i, c]       [MW]

    ======  ============================
    member  draw_mw
    ======  ============================
    0       0
    1       min_mw ... cap_mw
    ======  ============================

    ``cap_mw`` is the least of the site's interconnection, ``campus.max_mw`` and the headroom of
    the zone and its parents. Rows: ``least(i, c)``, ``cap(i, c)``.
    """
    for i, c in x.member:
        member, draw_mw, at = x.member[i, c], x.draw_mw[i, c], (case.site_ids[i], c)
        if case.min_mw > 0:
            problem += draw_mw >= case.min_mw * member, label("least", *at)
        problem += draw_mw <= float(case.cap_mw[i]) * member, label("cap", *at)


def build_whole_modules(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Draw comes in whole modules.

    For every site ``i`` and cluster ``c``::

        draw_mw[i, c]  =  module_mw * modules[i, c]                                   [MW]

    Rows: ``modules(i, c)``; none without ``campus.module_mw``.
    """
    for (i, c), modules in x.modules.items():
        problem += (
            x.draw_mw[i, c] == case.campus.module_mw * modules,
            label("modules", case.site_ids[i], c),
        )


def use_site_once(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A site is a campus of one cluster at most; a required site of exactly one.

    For every site ``i``::

        sum over c of member[i, c]  <=  1       (= 1 where required)

    Rows: ``once(i)``; with one cluster only for required sites.
    """
    for i in x.sites:
        clusters_of_site = lpSum(x.member[i, c] for c in x.clusters)
        if case.required[i]:
            problem += clusters_of_site == 1, label("once", case.site_ids[i])
        elif len(x.clusters) > 1:
            problem += clusters_of_site <= 1, label("once", case.site_ids[i])


# ---------------------------------------------------------------------------------- grid


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


# ------------------------------------------------------------------------------- cluster


def add_up_size(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster's size is its draw, or its IT load where the target is one.

    For every cluster ``c``::

        size[c]  =  sum over i of target_per_mw[i] * draw_mw[i, c]                    [MW]

    ``target_per_mw`` is 1 for a target of draw and 1 / PUE for a target of IT load.
    Rows: ``size(c)``.
    """
    for c in x.clusters:
        problem += (
            x.size[c] == lpSum(float(case.target_per_mw[i]) * x.draw_mw[i, c] for i in x.sites),
            label("size", c),
        )


def reach_target(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Every cluster is as large as asked.

    For every cluster ``c``::

        size[c]  >=  target                                                           [MW]

    Rows: ``target(c)``; none where no target is asked.
    """
    if case.target is not None:
        for c in x.clusters:
            problem += x.size[c] >= case.target, label("target", c)


def limit_campuses(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster has neither too few campuses nor too many.

    For every cluster ``c``::

        min_campuses  <=  sum over i of member[i, c]  <=  max_campuses

    Rows: ``min_campuses(c)``, ``max_campuses(c)``.
    """
    for c in x.clusters:
        problem += x.members(c) >= case.cluster.min_campuses, label("min_campuses", c)
        problem += x.members(c) <= case.cluster.max_campuses, label("max_campuses", c)


def span_utilities(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster draws from enough different utilities.

    For every cluster ``c``, ``used[u, c]`` in 0 ... 1::

        used[u, c]  <=  sum over sites i of utility u of member[i, c]
        sum over u of used[u, c]  >=  min_utilities

    ===========================  =========
    campuses of the utility      used
    ===========================  =========
    0                            0
    1 or more                    up to 1
    ===========================  =========

    Rows: ``utility_used(u, c)``, ``min_utilities(c)``; none for one utility.
    """
    _span(problem, x, "utility", case.utility, case.utilities, case.cluster.min_utilities)


def span_regions(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster stands in enough different regions; as ``span_utilities``, with regions.

    Rows: ``region_used(g, c)``, ``min_regions(c)``; none for one region.
    """
    _span(problem, x, "region", case.region, case.regions, case.cluster.min_regions)


def _span(
    problem: LpProblem,
    x: Decisions,
    kind: str,
    group_of_site: np.ndarray,
    names: tuple[str, ...],
    least: int,
) -> None:
    if least <= 1:
        return
    plural = {"utility": "utilities", "region": "regions"}[kind]
    sites_of: dict[int, list[int]] = {}
    for i in x.sites:
        if group_of_site[i] >= 0:
            sites_of.setdefault(int(group_of_site[i]), []).append(i)
    for c in x.clusters:
        used = []
        for group, sites in sorted(sites_of.items()):
            used.append(problem.add_variable(label(f"{kind}_used", names[group], c), 0, 1))
            problem += (
                used[-1] <= lpSum(x.member[i, c] for i in sites),
                label(f"{kind}_used", names[group], c),
            )
        problem += lpSum(used) >= least, label(f"min_{plural}", c)


def limit_utility_share(problem: LpProblem, case: Case, x: Decisions) -> None:
    """No utility carries more than its share of a cluster's draw.

    For every utility ``u`` and cluster ``c``::

        sum over i of u of draw_mw[i, c]  <=  max_utility_fraction * sum of draw_mw[., c]   [MW]

    Rows: ``utility_share(u, c)``; none where one utility may carry all.
    """
    fraction = case.cluster.max_utility_fraction
    if fraction >= 1:
        return
    for c in x.clusters:
        for u, draw_mw in _draw_by_utility(case, x, c).items():
            problem += (
                draw_mw <= fraction * x.total_draw_mw(c),
                label("utility_share", case.utilities[u], c),
            )


def survive_campus_loss(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Enough of the target is left when any one campus is lost.

    For every site ``i`` and cluster ``c``::

        size[c] - target_per_mw[i] * draw_mw[i, c]  >=  keep_after_campus_loss * target     [MW]

    Rows: ``campus_loss(i, c)``.
    """
    keep = case.cluster.keep_after_campus_loss
    if keep == 0 or case.target is None:
        return
    for i, c in x.member:
        problem += (
            x.size[c] - float(case.target_per_mw[i]) * x.draw_mw[i, c] >= keep * case.target,
            label("campus_loss", case.site_ids[i], c),
        )


def survive_utility_loss(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Enough of the target is left when all campuses of any one utility are lost.

    For every utility ``u`` and cluster ``c``::

        size[c] - sum over i of u of target_per_mw[i] * draw_mw[i, c]
            >=  keep_after_utility_loss * target                                           [MW]

    Rows: ``utility_loss(u, c)``.
    """
    keep = case.cluster.keep_after_utility_loss
    if keep == 0 or case.target is None:
        return
    for c in x.clusters:
        for u, size in _draw_by_utility(case, x, c, case.target_per_mw).items():
            problem += (
                x.size[c] - size >= keep * case.target,
                label("utility_loss", case.utilities[u], c),
            )


def _draw_by_utility(
    case: Case, x: Decisions, c: int, weight: np.ndarray | None = None
) -> dict[int, LpAffineExpression]:
    sites_of: dict[int, list[int]] = {}
    for i in x.sites:
        sites_of.setdefault(int(case.utility[i]), []).append(i)
    return {
        u: lpSum((1.0 if weight is None else float(weight[i])) * x.draw_mw[i, c] for i in sites)
        for u, sites in sorted(sites_of.items())
    }


def order_clusters(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Clusters are interchangeable: number them by their first site.

    For every cluster ``c`` but the first and every site ``i``::

        member[i, c]  <=  sum over sites j before i of member[j, c - 1]

    Excludes no plan, only its copies with the clusters' numbers exchanged. Rows: ``order(i, c)``.
    """
    for c in x.clusters[1:]:
        before = LpAffineExpression()
        for i in x.sites:
            problem += x.member[i, c] <= before.copy(), label("order", case.site_ids[i], c)
            before += x.member[i, c - 1]


# --------------------------------------------------------------------------------- fiber


def connect_mesh(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Two campuses of a cluster are within reach of each other.

    For every site ``i`` and cluster ``c``, with ``beyond(i)`` the sites after ``i`` that are
    beyond ``max_fiber_km`` of it, and ``most`` the campuses that can stand there at once::

        sum over j in beyond(i) of member[j, c]  +  most * member[i, c]  <=  most

    ============  =======================================
    member[i, c]  campuses beyond reach of i
    ============  =======================================
    0             up to ``most``: no limit
    1             none
    ============  =======================================

    ``most`` is ``max_campuses``, less the required sites that are elsewhere where there is one
    cluster, and no more than there are sites. The star form of
    ``member[i, c] + member[j, c] <= 1`` for each pair beyond reach: the same plans with one row a
    site. Rows: ``reach(i, c)``.
    """
    if case.cluster.network != "mesh":
        return
    sites = np.array(x.sites, dtype=np.int64)
    required = set(np.flatnonzero(case.required).tolist()) if len(x.clusters) == 1 else set()
    for position, i in enumerate(x.sites):
        later = sites[position + 1 :]
        within, _ = case.reach.of(i)
        beyond = later[~np.isin(later, within)].tolist()
        most = min(case.cluster.max_campuses - len(required.difference(beyond)), len(beyond))
        if not beyond:
            continue
        for c in x.clusters:
            others = lpSum(x.member[j, c] for j in beyond)
            problem += (
                others + most * x.member[i, c] <= most,
                label("reach", case.site_ids[i], c),
            )


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
                    _tour_km(case, x, c) <= limit_km + more_km * few,
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


def leave_by_two_spans(problem: LpProblem, case: Case, x: Decisions) -> None:
    """The links of a campus leave it by two spans at least, so that no one's loss cuts it off.

    For every site ``i``, cluster ``c`` and span ``s`` at which routes leave ``i``, with ``by(s)``
    the sites within reach whose route from ``i`` leaves by ``s``::

        member[i, c]  <=  sum over k within reach, not in by(s), of member[k, c]

    That is what the loss of a span asks for one campus; the rows for several at once are added
    where a solution breaks them. Rows: ``two_ways(s, i, c)``; none for a cluster that may be one
    campus, which has no links, nor where the routes of very many pairs would be searched for.
    """
    cluster, routes = case.cluster, case.routes
    if not cluster.keep_after_span_loss or cluster.network != "mesh" or routes is None:
        return
    if max(fewest_possible(case), least_campuses(case)) < 2:
        return
    within = {i: np.intersect1d(case.reach.of(i)[0], x.sites) for i in x.sites}
    pairs = [(i, k) for i, near in within.items() for k in near.tolist() if i < k]
    if len(pairs) > ROUTED_PAIRS:
        return
    leaving: dict[int, dict[int, int]] = {i: {} for i in x.sites}
    for (i, k), (first, last) in zip(pairs, routes.end_spans_between(pairs).tolist(), strict=True):
        leaving[i][k], leaving[k][i] = first, last
    for i, by in leaving.items():
        # Sites that join at the same node have no span between them that could be lost.
        for span in sorted(set(by.values()) - {-1}):
            others = [k for k, first in sorted(by.items()) if first != span]
            name = (routes.graph.span_ids[span], case.site_ids[i])
            for c in x.clusters:
                problem += (
                    x.member[i, c] <= lpSum(x.member[k, c] for k in others),
                    label("two_ways", *name, c),
                )


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


def join_ring(problem: LpProblem, case: Case, x: Decisions) -> None:
    """The tour of a ring comes to every campus and leaves it again.

    For every site ``i`` and cluster ``c``, over the sites ``j`` within ``max_fiber_km``::

        sum over j of hop[i, j, c]  +  2 * alone[i, c]  =  2 * member[i, c]
        hop[i, j, c]  <=  often * member[i, c]

    and, where a cluster may have one campus::

        sum over i of member[i, c]  <=  max_campuses - (max_campuses - 1) * sum of alone[i, c]

    ============  ===================================================================
    campuses      hops
    ============  ===================================================================
    1             none: its campus is alone
    2             one, there and back: ``hop = 2``
    3 or more     a tour: two at each campus
    ============  ===================================================================

    ``often`` is 2 where a cluster may have two campuses, else 1. These rows allow several tours
    beside each other; ``close_one_tour`` forbids them when they are found. Rows: ``ring(i, c)``,
    ``hop(i, j, c)``, ``alone(c)``; only for a ring network.
    """
    if case.cluster.network != "ring" or not decides_tours(case):
        return
    at: dict[tuple[int, int], list[LpVariable]] = {(i, c): [] for i, c in x.member}
    for (i, j, c), hop in x.hop.items():
        at[i, c].append(hop)
        at[j, c].append(hop)
        for here, there in ((i, j), (j, i)):
            ends = (case.site_ids[here], case.site_ids[there], c)
            problem += hop <= hop.upBound * x.member[here, c], label("hop", *ends)
    for (i, c), hops in at.items():
        alone = 2 * x.alone[i, c] if (i, c) in x.alone else 0
        problem += lpSum(hops) + alone == 2 * x.member[i, c], label("ring", case.site_ids[i], c)
    if x.alone:
        most = case.cluster.max_campuses
        for c in x.clusters:
            alone = lpSum(x.alone[i, c] for i in x.sites)
            problem += x.members(c) <= most - (most - 1) * alone, label("alone", c)


def limit_ring(problem: LpProblem, case: Case, x: Decisions) -> None:
    """The tour of a ring is not too long.

    For every cluster ``c``::

        sum over i, j of km[i, j] * hop[i, j, c]  <=  max_ring_km                     [km]

    Rows: ``ring_km(c)``; only for a ring network.
    """
    if case.cluster.network != "ring" or not decides_tours(case):
        return
    for c in x.clusters:
        problem += _tour_km(case, x, c) <= case.cluster.max_ring_km, label("ring_km", c)


def _tour_km(case: Case, x: Decisions, c: int) -> LpAffineExpression:
    return lpSum(case.reach.km_between(i, j) * hop for (i, j, of), hop in x.hop.items() if of == c)


def differ_from_other_plans(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A cluster reuses few sites of other plans, where an alternative to them is asked.

    For every cluster ``c``::

        sum over sites i in reused     of member[i, c]  <=  max_reused
        sum over sites i not in reused of member[i, c]  >=  1

    Rows: ``reused(c)``, ``fresh(c)``; none unless ``Case.reused`` is given.
    """
    if case.reused is None:
        return
    for c in x.clusters:
        reused = lpSum(x.member[i, c] for i in x.sites if case.reused[i])
        fresh = lpSum(x.member[i, c] for i in x.sites if not case.reused[i])
        problem += reused <= case.max_reused, label("reused", c)
        problem += fresh >= 1, label("fresh", c)


# --------------------------------------------------------------------------------- clean


def use_own_clean_energy(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Contracts and grid mix never count for more than a campus's own energy.

    For every site ``i`` and cluster ``c``, divided by the energy of a MW of draw::

        contract_mw[i, c]  <=  (1 - grid_clean_fraction[i]) * draw_mw[i, c]           [MW]

    Rows: ``own_energy(i, c)``; none without ``clean.min_fraction``.
    """
    for (i, c), contract_mw in x.contract_mw.items():
        problem += (
            contract_mw <= (1 - float(case.grid_clean_fraction[i])) * x.draw_mw[i, c],
            label("own_energy", case.site_ids[i], c),
        )


def deliver_within_area(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Contracts of campuses come from plants of their own delivery area.

    For every area ``a``, over all clusters::

        sum over i in a and c of contract_mw[i, c]  <=  sum over steps s of a of taken_mw[s]   [MW]

    What a step has is the upper bound of ``taken_mw``. Rows: ``deliver(a)``.
    """
    for area in sorted({step.area for step in x.steps}):
        contract_mw = lpSum(v for (i, _), v in x.contract_mw.items() if int(case.area[i]) == area)
        taken_mw = lpSum(
            v for step, v in zip(x.steps, x.taken_mw, strict=True) if step.area == area
        )
        problem += contract_mw <= taken_mw, label("deliver", area)


def buy_clean_energy(problem: LpProblem, case: Case, x: Decisions) -> None:
    """Enough of each cluster's annual energy is clean.

    For every cluster ``c``, divided by the energy of a MW of draw::

        sum over i of contract_mw[i, c]
            + sum over i of grid_clean_fraction[i] * draw_mw[i, c]
            >=  min_fraction * sum over i of draw_mw[i, c]                            [MW]

    Rows: ``clean(c)``; none without ``clean.min_fraction``.
    """
    min_fraction = case.clean.min_fraction
    if min_fraction == 0:
        return
    for c in x.clusters:
        contract_mw = lpSum(x.contract_mw[i, c] for i in x.sites if (i, c) in x.contract_mw)
        lacking_mw = lpSum(
            (min_fraction - float(case.grid_clean_fraction[i])) * x.draw_mw[i, c] for i in x.sites
        )
        problem += contract_mw >= lacking_mw, label("clean", c)


# ----------------------------------------------------------------------------- objective


def annual_cost_musd(case: Case, x: Decisions) -> LpAffineExpression:
    """Annual cost of all clusters [MUSD/year].

    ::

        sum over i, c of fixed_musd_per_year[i] * member[i, c]
            + variable_musd_per_mw_year[i] * draw_mw[i, c]
            + sum over steps s of premium_musd_per_mw_year[s] * taken_mw[s]
    """
    sites_musd = lpSum(
        float(case.fixed_musd_per_year[i]) * x.member[i, c]
        + float(case.variable_musd_per_mw_year[i]) * x.draw_mw[i, c]
        for i, c in x.member
    )
    premium_musd = lpSum(
        step.premium_usd_per_mwh * case.mwh_per_mw / 1e6 * taken_mw
        for step, taken_mw in zip(x.steps, x.taken_mw, strict=True)
    )
    return sites_musd + premium_musd


def total_draw_mw(case: Case, x: Decisions) -> LpAffineExpression:  # noqa: ARG001 - as the others
    """Draw of all clusters [MW]: ``sum over i, c of draw_mw[i, c]``."""
    return lpSum(x.draw_mw[i, c] for i, c in x.member)


def mesh_fiber_km(case: Case, x: Decisions) -> LpAffineExpression:
    """Kilometres of all links of a mesh: ``sum over pairs of km[i, j] * pair[i, j, c]`` [km]."""
    km = case.reach.dense()
    return lpSum(float(km[i, j]) * pair for (i, j, _), pair in x.pair.items())


def hub_fiber_km(case: Case, x: Decisions) -> LpAffineExpression:
    """Kilometres of all links to hubs: ``sum over i, j, c of km[i, j] * spoke[i, j, c]`` [km]."""
    return lpSum(case.reach.km_between(i, j) * spoke for (i, j, _), spoke in x.spoke.items())


def ring_fiber_km(case: Case, x: Decisions) -> LpAffineExpression:
    """Kilometres of all tours: ``sum over i, j, c of km[i, j] * hop[i, j, c]`` [km]."""
    return lpSum(_tour_km(case, x, c) for c in x.clusters)


def network_fiber_km(case: Case, x: Decisions) -> LpAffineExpression:
    """Kilometres of all networks [km]: ``mesh_fiber_km``, ``hub_fiber_km``, ``ring_fiber_km``."""
    of = {"mesh": mesh_fiber_km, "hub": hub_fiber_km, "ring": ring_fiber_km}
    return of[case.cluster.network](case, x)


def count_pairs(problem: LpProblem, case: Case, x: Decisions) -> None:
    """A link exists where both of its ends are campuses of one cluster.

    For every pair ``i, j`` within reach and cluster ``c``::

        pair[i, j, c]  >=  member[i, c] + member[j, c] - 1

    ============  ============  ==========================
    member[i, c]  member[j, c]  pair
    ============  ============  ==========================
    0             0 or 1        0 or more: minimised to 0
    1             1             1
    ============  ============  ==========================

    Rows: ``pair(i, j, c)``; only where fiber kilometres are minimised.
    """
    for (i, j, c), pair in x.pair.items():
        problem += (
            pair >= x.member[i, c] + x.member[j, c] - 1,
            label("pair", case.site_ids[i], case.site_ids[j], c),
        )


def bind_pairs(problem: LpProblem, case: Case, x: Decisions) -> None:
    """The links of a campus lead to campuses that complete its cluster.

    For every site ``i`` and cluster ``c``, with ``cap[j]`` the largest size of site ``j``::

        sum over j within reach of cap[j] * pair[i, j, c]  >=  (target - cap[i]) * member[i, c]
        sum over j within reach of pair[i, j, c]  >=  (min_campuses - 1) * member[i, c]
        pair[i, j, c]  <=  member[j, c]

    where a pair at no distance counts as ``member[j, c]``. The target times ``member[i, c]``,
    linearised: excludes no plan, and lets the relaxation see that links are needed. Rows:
    ``pair_target(i, c)``, ``pair_count(i, c)``, ``pair_end(i, j, c)``; only where fiber
    kilometres are minimised.
    """
    if case.sense != "minimise_fiber_km" or case.cluster.network != "mesh":
        return
    cap = case.cap_mw * case.target_per_mw
    usable = set(x.sites)
    for c in x.clusters:
        for i in x.sites:
            linked = []
            for j in case.reach.of(i)[0].tolist():
                if j in usable:
                    pair = x.pair.get((min(i, j), max(i, j), c))
                    linked.append((j, x.member[j, c] if pair is None else pair))
                    if pair is not None:
                        ends = (case.site_ids[i], case.site_ids[j], c)
                        problem += pair <= x.member[j, c], label("pair_end", *ends)
            member, at = x.member[i, c], (case.site_ids[i], c)
            if case.target is not None and case.target > cap[i]:
                size = lpSum(float(cap[j]) * link for j, link in linked)
                problem += size >= float(case.target - cap[i]) * member, label("pair_target", *at)
            if case.cluster.min_campuses > 1:
                count = lpSum(link for _, link in linked)
                least = case.cluster.min_campuses - 1
                problem += count >= least * member, label("pair_count", *at)

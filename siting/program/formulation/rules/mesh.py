"""Mesh constraints: conflicts of pairs beyond reach, and links where kilometres count."""

from __future__ import annotations

import numpy as np
from pulp import LpProblem, lpSum

from siting.case import Case
from siting.program.formulation.variables import Decisions, label
from siting.program.sites.presolve import fewest_possible, least_campuses

ROUTED_PAIRS = 150_000
"""Pairs of sites whose routes are searched for at the most, to write a rule; it takes seconds."""


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

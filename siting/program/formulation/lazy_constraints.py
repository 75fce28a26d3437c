"""Lazy constraints: rows that are added when a solution breaks them.

Some rules would need a row for every set of sites: that a ring is one tour, and that the loss of
a span leaves a cluster connected. Their rows are added when a solution breaks them, and the program
is solved again. Each row excludes the solution that it was found for and there are finitely many
sets of sites and spans, so this ends; every row holds for every plan, so nothing is lost.
"""

from __future__ import annotations

import numpy as np
from pulp import LpProblem, lpSum

from siting.case import Case
from siting.fiber import Routes
from siting.fiber.networks import Pair, failing_together, parts_of
from siting.fiber.reach import FloatArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.formulation.networks import TOUR_LIMIT_S, Sites, fatal_in_mesh, network_km
from siting.program.formulation.tours import shortest_tour
from siting.program.formulation.variables import Decisions, decides_tours, label

PAIRS_OF_A_ROW = 16
"""Pairs of campuses, one on either side of a lost span, for which rows are added at a time."""


def add_missing_rows(problem: LpProblem, case: Case, x: Decisions, solver: Solver) -> bool:
    """Forbid what a solution does that no plan may; whether there was anything to forbid."""
    before = problem.numConstraints()
    for c in x.clusters:
        if case.cluster.network == "ring" and not decides_tours(case):
            have_a_tour(problem, case, x, c, solver)
            continue
        if case.cluster.network == "ring":
            close_one_tour(problem, case, x, c)
        if case.cluster.keep_after_span_loss and case.routes is not None:
            if case.cluster.network == "ring":
                spread_hops(problem, case.routes, x, c)
            elif case.cluster.network == "mesh":
                stay_connected(problem, case, x, c)
    return bool(problem.numConstraints() > before)


def close_one_tour(problem: LpProblem, case: Case, x: Decisions, c: int) -> None:
    """A ring is one tour, not several beside each other.

    For a set of sites ``W`` that hops of the solution join among themselves only, and sites ``i``
    in ``W`` and ``k`` outside::

        sum over hops that leave W  >=  2 * (member[i, c] + member[k, c] - 1)

    A tour that passes both leaves ``W`` and comes back. With a required site as ``k`` the bracket
    is ``member[i, c]``. Rows: ``leave(n)``.
    """
    members = [i for i in x.sites if (x.member[i, c].value() or 0) > 0.5]
    at = {i: a for a, i in enumerate(members)}
    hops = [
        (at[i], at[j])
        for (i, j, of), hop in x.hop.items()
        if of == c and (hop.value() or 0) > 0.5 and i in at and j in at
    ]
    parts = parts_of(len(members), hops)
    if len(parts) < 2:
        return
    required = [a for a, i in enumerate(members) if case.required[i] and len(x.clusters) == 1]
    for part in parts:
        inside = {members[a] for a in part}
        others = [members[a] for a in range(len(members)) if members[a] not in inside]
        leaving = lpSum(
            hop for (i, j, of), hop in x.hop.items() if of == c and (i in inside) != (j in inside)
        )
        if any(members[a] not in inside for a in required):
            for i in sorted(inside):
                problem += leaving >= 2 * x.member[i, c], _next("leave", problem)
            continue
        for i in sorted(inside):
            k = others[0]
            both = x.member[i, c] + x.member[k, c] - 1
            problem += leaving >= 2 * both, _next("leave", problem)


def have_a_tour(problem: LpProblem, case: Case, x: Decisions, c: int, solver: Solver) -> None:
    """The campuses of a ring have a tour, where its hops are no variables.

    For sites ``M`` of the solution that have none, one of three rows. Where hops connect only a
    part ``A`` of them, with ``around`` the sites not in ``M`` that a hop of ``A`` leads to, for
    sites ``i`` in ``A`` and ``j`` of the others::

        member[i, c] + member[j, c] - 1  <=  sum over k in around of member[k, c]

    Where the shortest tour through a part ``P`` of them is too long, hops of any length allowed::

        sum over i in P of member[i, c]  <=  |P| - 1

    Kilometres by fiber are a metric, so no tour through ``P`` and more is shorter. Else only
    ``M`` itself is known to have no tour::

        sum over i in M of (1 - member[i, c])  +  sum over others of member[i, c]  >=  1

    Rows: ``around(n)``, ``too_long(n)``, ``no_tour(n)``.
    """
    members = [i for i in x.sites if (x.member[i, c].value() or 0) > 0.5]
    sites = np.array(members, dtype=np.int64)
    if network_km(case, sites, solver) is not None:
        return
    km = case.reach.take(sites).dense()
    near = np.argwhere(np.isfinite(np.triu(km, 1)) & (np.triu(np.ones(km.shape), 1) > 0))
    parts = parts_of(len(members), [(int(a), int(b)) for a, b in near])
    if len(parts) > 1:
        inside = [members[a] for a in min(parts, key=len)]
        outside = [i for i in members if i not in set(inside)]
        hops = {int(k) for i in inside for k in case.reach.of(i)[0]}
        way_out = lpSum(x.member[k, c] for k in sorted(hops & set(x.sites) - set(members)))
        for i, j in _some_pairs(inside, outside):
            both = x.member[i, c] + x.member[j, c] - 1
            problem += both <= way_out, _next("around", problem)
        return
    long = _too_long(case, km, solver)
    if long:
        count = lpSum(x.member[members[a], c] for a in long)
        problem += count <= len(long) - 1, _next("too_long", problem)
        return
    same = set(members)
    differing = lpSum((1 - x.member[i, c]) if i in same else x.member[i, c] for i in x.sites)
    problem += differing >= 1, _next("no_tour", problem)


def _too_long(case: Case, km: FloatArray, solver: Solver) -> list[int]:
    """As few of some sites as still have no tour that is short enough; none if all have one."""
    # What is beyond reach is at least as far as reach.
    least_km = np.minimum(km, case.reach.limit_km)
    limit_km = case.cluster.max_ring_km * (1 + 1e-9)

    def too_long(kept: list[int]) -> bool:
        within = least_km[np.ix_(kept, kept)]
        tour = shortest_tour(within, solver, Deadline(TOUR_LIMIT_S))
        if tour is None:
            return False
        return bool(
            sum(within[a, b] for a, b in zip(tour, np.roll(tour, -1), strict=True)) > limit_km
        )

    kept = list(range(len(km)))
    if not too_long(kept):
        return []
    for a in list(kept):
        fewer = [b for b in kept if b != a]
        if len(fewer) > 1 and too_long(fewer):
            kept = fewer
    return kept


def spread_hops(problem: LpProblem, routes: Routes, x: Decisions, c: int) -> None:
    """No span carries two hops of a ring, so that its loss leaves a path through all campuses.

    For every span ``s`` on the routes of two hops of the solution::

        sum over hops along s of hop[i, j, c]  <=  1

    The two hops of a tour there and back between two campuses share all of their spans. Rows:
    ``spread(n)``.
    """
    used = [key for key, hop in x.hop.items() if key[2] == c and (hop.value() or 0) > 0.5]
    twice = [k for k in used for _ in range(round(x.hop[k].value()))]
    together = failing_together(routes.spans_between((i, j) for i, j, _ in twice))
    shared = sorted(s for hops, spans in together.items() if len(hops) > 1 for s in spans)
    if not shared:
        return
    keys = [key for key in x.hop if key[2] == c]
    spans_of = routes.spans_between((i, j) for i, j, _ in keys)
    for span in shared:
        along = [x.hop[key] for key, spans in zip(keys, spans_of, strict=True) if span in spans]
        problem += lpSum(along) <= 1, _next("spread", problem)


def stay_connected(problem: LpProblem, case: Case, x: Decisions, c: int) -> None:
    """Without a span of a mesh, the other links still connect all campuses.

    For a span ``s`` of the solution whose loss leaves the campuses ``A`` without a link to the
    others, a site ``i`` in ``A`` and a campus ``j`` of the others, with ``around`` the sites that
    are no campuses of the solution and have a link to ``A`` that does not go along ``s``::

        member[i, c] + member[j, c] - 1  <=  sum over k in around of member[k, c]

    A cluster with both needs some way out of ``A``, and whatever it adds to ``A`` first is in
    ``around``. Rows: ``around(n)``.
    """
    members = [i for i in x.sites if (x.member[i, c].value() or 0) > 0.5]
    for span, parts in fatal_in_mesh(case, members).items():
        inside = [members[a] for a in min(parts, key=len)]
        outside = [i for i in members if i not in set(inside)]
        around = _around(case, x, inside, set(members), span)
        way_out = lpSum(x.member[k, c] for k in around)
        for i, j in _some_pairs(inside, outside):
            both = x.member[i, c] + x.member[j, c] - 1
            problem += both <= way_out, _next("around", problem)


def _around(case: Case, x: Decisions, inside: Sites, members: set[int], span: str) -> list[int]:
    """Sites beside the members that have a link to some of them which does not go along a span."""
    assert case.routes is not None
    usable = set(x.sites) - members
    pairs: list[Pair] = [
        (i, k) for i in inside for k in case.reach.of(i)[0].tolist() if k in usable
    ]
    spans = case.routes.spans_between(pairs)
    return sorted({k for (_, k), along in zip(pairs, spans, strict=True) if span not in along})


def _some_pairs(inside: Sites, outside: Sites) -> list[Pair]:
    return [(i, j) for i in inside for j in outside][:PAIRS_OF_A_ROW]


def _next(rule: str, problem: LpProblem) -> str:
    """Name of a row that is added on the way."""
    return label(rule, problem.numConstraints())

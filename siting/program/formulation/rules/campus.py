"""Campus constraints: a semi-continuous draw, in whole modules if any, at a site used once."""

from __future__ import annotations

from pulp import LpProblem, lpSum

from siting.case import Case
from siting.program.formulation.variables import Decisions, label


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

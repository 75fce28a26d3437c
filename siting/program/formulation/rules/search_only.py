"""Search constraints: rows against copies of a plan, and against plans that are known."""

from __future__ import annotations

from pulp import LpAffineExpression, LpProblem, lpSum

from siting.case import Case
from siting.program.formulation.variables import Decisions, label


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

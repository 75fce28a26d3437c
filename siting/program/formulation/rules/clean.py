"""Clean-energy constraints: contracts within a delivery area, up to what is offered."""

from __future__ import annotations

from pulp import LpProblem, lpSum

from siting.case import Case
from siting.program.formulation.variables import Decisions, label


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

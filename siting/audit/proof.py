"""Checks of the objective, its bound and its gap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from siting.audit.cost import cost_musd_of
from siting.audit.hearing import TOLERANCE_KM, TOLERANCE_RELATIVE, Hearing, Placed
from siting.audit.network import network_km
from siting.audit.words import differs


def objective_is_recomputed(hearing: Hearing) -> Iterator[str]:
    """``objective`` is the cost, the draw or the length of the networks, over all clusters."""
    case = hearing.case
    value_of: dict[str, Callable[[Placed], float]] = {
        "minimise_cost": lambda cluster: float(cost_musd_of(case, cluster).sum()),
        "maximise_mw": lambda cluster: float(cluster.draw_mw.sum()),
        "minimise_fiber_km": lambda cluster: network_km(case, cluster),
    }
    expected = sum(value_of[case.sense](cluster) for cluster in hearing.clusters)
    slack = TOLERANCE_KM if case.sense == "minimise_fiber_km" else 0.0
    yield from differs("plan", "objective", hearing.plan.objective, expected, slack)


def bound_is_on_its_side(hearing: Hearing) -> Iterator[str]:
    """What is proven is no better than nothing: the objective does not beat the bound."""
    objective, bound = hearing.plan.objective, hearing.plan.bound
    beaten_by = bound - objective
    if hearing.case.sense == "maximise_mw":
        beaten_by = -beaten_by
    if not beaten_by <= TOLERANCE_RELATIVE * max(abs(objective), 1.0):
        yield f"the objective {objective:.9g} is better than the bound {bound:.9g}"


def gap_is_recomputed(hearing: Hearing) -> Iterator[str]:
    """``gap`` is ``|objective - bound| / |objective|``."""
    plan = hearing.plan
    distance = abs(plan.objective - plan.bound)
    slack = TOLERANCE_RELATIVE * max(abs(plan.objective), 1.0)
    if not abs(plan.gap * abs(plan.objective) - distance) <= slack or not plan.gap >= 0:
        yield (
            f"gap {plan.gap:.6g} is stated, but the objective is {plan.objective:.9g} and the "
            f"bound {plan.bound:.9g}"
        )


def status_is_earned(hearing: Hearing) -> Iterator[str]:
    """A plan is ``optimal`` if gap and number of clusters are proven, else ``feasible``."""
    plan, asked = hearing.plan, hearing.gap_asked
    if plan.status not in ("optimal", "feasible"):
        yield f"{plan.status!r} is neither 'optimal' nor 'feasible'"
    found, most = len(plan.clusters), plan.most_clusters
    if plan.status == "optimal" and most is not None and found < most:
        yield f"the plan says optimal, but has {found} clusters where {most} may be possible"
    if plan.status != "optimal" or asked is None:
        return
    distance = abs(plan.objective - plan.bound)
    slack = TOLERANCE_RELATIVE * max(abs(plan.objective), 1.0)
    if not distance <= asked * abs(plan.objective) + slack:
        yield (
            f"the plan says optimal, but the objective {plan.objective:.9g} and the bound "
            f"{plan.bound:.9g} are further apart than the gap of {asked:.4%} asked"
        )

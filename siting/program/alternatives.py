"""Modelling to generate alternatives: plans nearly as good as the best, and most different.

Modelling to generate alternatives (Brill, Chang & Hopkins 1982, "Modeling to generate
alternatives: the HSJ approach", https://doi.org/10.1287/mnsc.28.3.221): among all plans within a
fraction of the best, each next plan reuses as few campuses of the earlier ones as possible; of
those it is the best by the model's own objective, within a fifth of the fraction. The number that
may be reused is raised one at a time, and each number is one program with one rule more, solved as
any other: so it is exact wherever `solve` is, for every sense, option and network.

A campus counts as reused where its **zone** was used; only where every plan within the fraction
reuses zones throughout do the sites themselves count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from siting.case import BoolArray, Case
from siting.model import SolverSection
from siting.plan import Solution, Status
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.solve import search_plan, solution_of, solve
from siting.progress import Progress, ProgressCallback
from siting.units import gap

By = Literal["zone", "site"]

COARSE = 0.2
"""Gap of an alternative, as a part of the fraction within which it must be [1]."""


@dataclass(frozen=True)
class Alternative:
    """A plan, and what is proven of how it differs from the earlier ones.

    Parameters
    ----------
    solution
        The plan; its bound is that of the best plan.
    by
        Whether campuses at used zones were counted, or at used sites.
    reused
        Most campuses of a cluster that are in zones (at sites) which earlier plans use.
    proven
        No plan within the fraction reuses fewer.
    """

    solution: Solution
    by: By
    reused: int
    proven: bool


@dataclass(frozen=True)
class Alternatives:
    """Plans within a fraction of the best, best first, and why there are not more.

    Parameters
    ----------
    plans
        The best plan, then those that differ from all before them.
    limit
        Worst objective that was allowed, in the unit of the sense.
    ended
        Why there are fewer than were asked; empty where there are as many.
    """

    plans: tuple[Alternative, ...]
    limit: float
    ended: str


def find_alternatives(
    case: Case,
    *,
    number: int,
    within: float,
    solver: SolverSection | None = None,
    progress: ProgressCallback | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Alternatives:
    """Find plans within a fraction of the best that differ as much as possible.

    Parameters
    ----------
    case
        The question.
    number
        How many plans, the best included.
    within
        Fraction of the best objective by which a plan may be worse [1].
    solver
        As for `solve`; the time limit is for all plans together.
    progress
        Told where the search stands.
    interrupted
        Asked often; once it says yes, the plans found so far are the answer.

    Raises
    ------
    InfeasibleError, LimitError
        There is no plan at all, or none was found in time.
    """
    settings = solver or SolverSection()
    deadline = Deadline(settings.time_limit_s, interrupted)
    best = solve(case, solver=settings, progress=progress, interrupted=interrupted)
    if case.asks_most:
        # Alternatives have as many clusters as were found.
        case = case.of_clusters(len(best.draw_mw))
    sign = -1.0 if case.sense == "maximise_mw" else 1.0
    limit = best.objective + sign * within * abs(best.objective)
    coarse = max(settings.gap, within * COARSE)
    plans = [Alternative(best, "zone", 0, proven=True)]
    tell = progress or (lambda _: None)
    ended = ""
    while len(plans) < number:
        tell(Progress("alternatives", done=len(plans), total=number))
        found = None
        proven = True
        for by, variant in _variants(case, [plan.solution for plan in plans]):
            solution, no_other = _within(variant, limit, coarse, settings, deadline)
            if solution is not None:
                against_all = _against(solution, best, settings.gap)
                found = Alternative(against_all, by, variant.max_reused, proven)
                break
            proven = proven and no_other
        if found is None:
            ended = _why_ended(len(plans), within, stopped=deadline.reached(), proven=proven)
            break
        plans.append(found)
    return Alternatives(tuple(plans), limit, ended)


def _within(
    variant: Case, limit: float, coarse: float, settings: SolverSection, deadline: Deadline
) -> tuple[Solution | None, bool]:
    """A plan within the limit, and where there is none whether that is proven."""
    sign = -1.0 if variant.sense == "maximise_mw" else 1.0
    # A plan may be within the limit although one found within a wide gap is not.
    for gap_asked in sorted({coarse, settings.gap}, reverse=True):
        if deadline.reached():
            return None, False
        engine = Solver(settings.name, gap_asked, settings.threads)
        proof = search_plan(variant, engine, deadline, None)
        if proof.best is None:
            return None, proof.infeasible
        solution = solution_of(variant, proof, settings.name, engine.version())
        if (solution.objective - limit) * sign <= 1e-9 * abs(limit):
            return solution, True
        if (solution.bound - limit) * sign > 0:
            return None, True
    return None, False


def _variants(case: Case, plans: list[Solution]) -> Iterable[tuple[By, Case]]:
    """The case with more and more campuses that may be reused: by zone, then by site."""
    most = case.cluster.max_campuses
    sites = np.array([site in _sites_of(plans) for site in case.site_ids])
    zones = np.isin(case.zone, case.zone[sites])
    without_sites = replace(case, max_mw=np.where(sites & ~case.required, 0.0, case.max_mw))
    last = -1
    for reused in range(most):
        yield "zone", _reusing(without_sites, zones, reused)
        last = reused
    for reused in range(last + 1):
        yield "site", _reusing(case, sites, reused)


def _reusing(case: Case, reused: BoolArray, most: int) -> Case:
    # What must be used anyway does not count.
    return replace(case, reused=reused & ~case.required, max_reused=most)


def _sites_of(plans: list[Solution]) -> set[str]:
    return {site for plan in plans for draws in plan.draw_mw for site in draws}


def _against(solution: Solution, best: Solution, gap_asked: float) -> Solution:
    """The plan measured against the bound of all plans, not of those that differ."""
    proven = gap(solution.objective, best.bound) <= gap_asked
    most = best.most_clusters
    proven = proven and most in (None, len(solution.draw_mw))
    status: Status = "optimal" if proven else "feasible"
    return replace(solution, bound=best.bound, status=status, most_clusters=most)


def _why_ended(plans: int, within: float, *, stopped: bool, proven: bool) -> str:
    found = f"{plans} plan{'s' if plans != 1 else ''} found"
    if stopped:
        return f"{found}; the time limit or an interrupt came before the next"
    if proven:
        return f"{found}; proven: every plan within {within:.1%} has no campus but theirs"
    return (
        f"{found}; no other was found within {within:.1%} that has a campus of its own, but the "
        "gap leaves it open"
    )

"""Explain a model: why it has no plan and what would give one, or what binds its best plan."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from siting.case import build_case
from siting.distances import reach_of
from siting.errors import LimitError
from siting.explanation.laboratory import SOLVE_LIMIT_S, Laboratory
from siting.explanation.seek import Change, Findings, seek_changes
from siting.explanation.worth import TIGHT_GAP, Worth, measure
from siting.model import Model, Sense
from siting.notices import LeftOut, Notice
from siting.plan import Solution
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.count.solve import find_most
from siting.program.diagnosis.reasons import why_infeasible
from siting.progress import ProgressCallback
from siting.world import World

FIRST_SHARE = 0.5
"""Part of the time that the model itself may take, before any change of it [1]."""

SCHEMA = 1
"""Version of the JSON of an explanation."""


@dataclass(frozen=True)
class Explanation:
    """Why there is no plan and which changes give one; or what binds.

    Parameters
    ----------
    model_name, sense
        Of the model that was explained.
    feasible
        Whether the model has a plan.
    clusters
        Of how many clusters: as many as were found, where the most are asked.
    reasons
        Why there is none.
    findings
        Changes that give a plan; empty where there is one already.
    best
        The best plan, where there is one.
    worths
        What relaxing each limit is worth.
    open
        Limits whose worth was not decided in time.
    left_out, notices
        What the world was read without, and what was done to its files.
    """

    model_name: str
    sense: Sense
    feasible: bool
    clusters: int = 1
    reasons: tuple[str, ...] = ()
    findings: Findings = field(default_factory=Findings)
    best: Solution | None = None
    worths: tuple[Worth, ...] = ()
    open: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def changes(self) -> list[Change]:
        """Single changes that give a plan."""
        return self.findings.changes

    def to_dict(self) -> dict[str, Any]:
        """The content of ``siting explain --json``."""
        content: dict[str, Any] = {
            "schema": SCHEMA,
            "model": self.model_name,
            "sense": self.sense,
            "feasible": self.feasible,
            "clusters": self.clusters,
            "left_out": [asdict(rows) for rows in self.left_out],
            "notices": [asdict(notice) for notice in self.notices],
        }
        if not self.feasible:
            return content | {
                "reasons": list(self.reasons),
                "changes": [_change(change) for change in self.findings.changes],
                "together": [_change(change) for change in self.findings.together],
                "useless": self.findings.useless,
                "open": self.findings.open,
            }
        assert self.best is not None
        return content | {
            "objective": self.best.objective,
            "bound": self.best.bound,
            "worths": [
                {
                    "limit": worth.limit,
                    "change": worth.change,
                    "per": worth.unit,
                    "binds": worth.binds,
                    "found": worth.found,
                    "least": worth.least,
                    "most": worth.most,
                }
                for worth in self.worths
            ],
            "open": list(self.open),
        }


def _of_most(
    model: Model, world: World, limit_s: float, interrupted: Callable[[], bool] | None
) -> Model:
    """The model of as many clusters as are found; of one, where there is no room for any."""
    case = build_case(model, world, reach_of(model, world))
    settings = model.solver
    engine = Solver(settings.name, settings.gap, settings.threads)
    most = find_most(case, engine, Deadline(limit_s, interrupted))
    if most.found == 0 and most.at_most > 0:
        raise LimitError("no cluster was found in time; raise --time-limit")
    return model.replace({"cluster.count": max(1, most.found)})


def _change(change: Change) -> dict[str, Any]:
    return {
        "text": change.text,
        "set": dict(change.keys),
        "add_headroom_mw": dict(change.headroom_mw),
        "tolerance": change.tolerance,
        "smallest": change.smallest,
    }


def explain(
    model: Model,
    world: World,
    *,
    time_limit_s: float | None = None,
    progress: ProgressCallback | None = None,
    interrupted: Callable[[], bool] | None = None,
) -> Explanation:
    """Explain a model on its world.

    Parameters
    ----------
    model, world
        What is asked, and on what.
    time_limit_s
        Time for all that is solved [s]; by default the model's ``solver.time_limit_s``.
    progress
        Told which question is asked.
    interrupted
        Asked often; once it says yes, what is left stays open.

    Raises
    ------
    InputError
        The model or the world is wrong.
    LimitError
        It was not decided in time whether there is a plan.
    """
    limit_s = model.solver.time_limit_s if time_limit_s is None else time_limit_s
    if model.cluster.count == "most":
        start_s = time.monotonic()
        model = _of_most(model, world, FIRST_SHARE * limit_s, interrupted)
        limit_s = max(0.0, limit_s - (time.monotonic() - start_s))
    lab = Laboratory(model, world, time_limit_s=limit_s, progress=progress, interrupted=interrupted)
    case = lab.question
    # Whether there is a plan at all decides everything that follows, so it may take longer.
    lab.solve_limit_s = max(SOLVE_LIMIT_S, FIRST_SHARE * limit_s)
    answer = lab.has_plan({})
    lab.solve_limit_s = SOLVE_LIMIT_S
    if answer is None:
        raise LimitError(
            "it was not decided in time whether there is a plan; raise --time-limit, or run "
            "siting solve, which looks for the best plan rather than any"
        )
    if not answer:
        reasons = tuple(
            line.removeprefix("no plan: ")
            for line in why_infeasible(case, lab.case_has_plan).splitlines()
        )
        return Explanation(
            model.name,
            case.sense,
            feasible=False,
            clusters=case.count,
            reasons=reasons,
            findings=seek_changes(lab),
        )
    best = lab.best(case, gap=TIGHT_GAP)
    if best is None:
        raise LimitError("there is a plan, but the best was not found in time; raise --time-limit")
    worths, open_ = measure(lab, case, best)
    return Explanation(
        model.name,
        case.sense,
        feasible=True,
        clusters=case.count,
        best=best,
        worths=tuple(worths),
        open=tuple(open_),
    )

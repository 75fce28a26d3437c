"""A model and its world, of which variants are asked: have they a plan, and how good a one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

from siting.audit import audit
from siting.case import Case, build_case
from siting.distances import Distances, reach_of
from siting.errors import InfeasibleError, InputError, LimitError
from siting.model import Model
from siting.plan import Plan, Solution, plan_from_solution
from siting.program import solve
from siting.program.any_plan import find_any_plan
from siting.progress import Progress, ProgressCallback
from siting.world import World, read_world

SOLVE_LIMIT_S = 15.0
"""Longest time for one question [s]; what is not decided by then is said to be open."""

ALL_PAIRS_SITES = 1500
"""Up to this many sites the kilometres of all pairs are measured, however long [sites]."""

FURTHER = 2.0
"""How many times the model's reach is measured where sites are more [1]."""

ANY_KM = 1e6
"""Longer than any route [km]."""

Keys = Mapping[str, object]
Headroom = Mapping[str, float]


def add_headroom(case: Case, headroom_mw: Headroom) -> Case:
    """The case with more headroom in some zones.

    Parameters
    ----------
    case
        The question.
    headroom_mw
        Zone id to what is added [MW].
    """
    added = [headroom_mw.get(zone, 0.0) for zone in case.zone_ids]
    return replace(case, headroom_mw=case.headroom_mw + added)


class Laboratory:
    """Asks variants of a model, each once, within one budget of time.

    Parameters
    ----------
    model, world
        What is asked, and on what.
    time_limit_s
        Budget for all questions together [s].
    progress
        Told which question is asked.
    interrupted
        Asked often; once it says yes, what is left stays open.
    """

    def __init__(
        self,
        model: Model,
        world: World,
        *,
        time_limit_s: float,
        progress: ProgressCallback | None = None,
        interrupted: Callable[[], bool] | None = None,
    ) -> None:
        self.model = model
        self.world = world
        self._end_s = time.monotonic() + time_limit_s
        self._progress = progress or (lambda _: None)
        self._interrupted = interrupted
        self._distances = reach_of(model, world)
        self._far: Distances | None = None
        self._answers: dict[object, bool] = {}
        self._asked = 0
        self.solve_limit_s = SOLVE_LIMIT_S

    @cached_property
    def question(self) -> Case:
        """The question as it is asked, as numbers."""
        return self.case()

    def over(self) -> bool:
        """Whether the budget is spent."""
        return time.monotonic() >= self._end_s or bool(self._interrupted and self._interrupted())

    @contextmanager
    def share(self, part: float) -> Iterator[None]:
        """Spend no more than a part of the budget that is left."""
        end_s = self._end_s
        self._end_s = min(end_s, time.monotonic() + part * max(0.0, end_s - time.monotonic()))
        try:
            yield
        finally:
            self._end_s = end_s

    def far_km(self) -> float:
        """The longest reach for which distances can be had [km]."""
        if len(self.world.sites) <= ALL_PAIRS_SITES:
            return ANY_KM
        return min(ANY_KM, FURTHER * self.model.cluster.max_fiber_km)

    def case(self, keys: Keys | None = None) -> Case:
        """The question with some keys changed, as numbers.

        Raises
        ------
        InputError
            The changed model contradicts itself or its world.
        """
        keys = keys or {}
        model = self.model.replace(keys) if keys else self.model
        world, distances = self.world, self._distances
        if any(key.startswith("world.") and key != "world.require_sites" for key in keys):
            world = read_world(model)
            distances = reach_of(model, world)
        elif model.cluster.max_fiber_km > self.model.cluster.max_fiber_km:
            if self._far is None:
                far = self.model.replace({"cluster.max_fiber_km": self.far_km()})
                self._far = reach_of(far, world)
            distances = self._far
        return build_case(model, world, distances)

    def has_plan(self, keys: Keys, headroom_mw: Headroom | None = None) -> bool | None:
        """Whether a variant has a plan; None where that was not decided in time.

        Every plan that is found is audited.
        """
        question = (_frozen(keys), tuple(sorted((headroom_mw or {}).items())))
        if question not in self._answers:
            answer = self._ask(keys, headroom_mw or {})
            if answer is None:
                return None  # it may be asked again, with more time
            self._answers[question] = answer
        return self._answers[question]

    def _ask(self, keys: Keys, headroom_mw: Headroom) -> bool | None:
        if self.over():
            return None
        try:
            case = add_headroom(self.case(keys), headroom_mw)
        except InputError:
            return None
        words = ", ".join(f"{k} = {v}" for k, v in (*keys.items(), *headroom_mw.items()))
        return self.case_has_plan(case, words)

    def case_has_plan(self, case: Case, words: str = "") -> bool | None:
        """Whether a case has a plan, audited; None where that was not decided in time."""
        if self.over():
            return None
        self._asked += 1
        self._progress(Progress("looking for changes", message=words, done=self._asked))
        verdict = find_any_plan(
            case,
            solver=self.model.solver.model_copy(update={"time_limit_s": self._limit_s()}),
            interrupted=self._interrupted,
        )
        if verdict.plan is None:
            return False if verdict.proven else None
        # The plan is any plan, so its cost is no objective of the model's sense.
        case = replace(case, sense="minimise_cost")
        audit(case, _as_plan(case, verdict.plan))
        return True

    def largest_target_mw(self) -> tuple[float, float] | None:
        """Draw of the largest plan found of one cluster, audited, and a bound on it [MW].

        None where draw is not what limits, or no plan was found in time.
        """
        cluster = self.question.cluster
        kept = cluster.keep_after_campus_loss > 0 or cluster.keep_after_utility_loss > 0
        if cluster.count != 1 or cluster.target_mw is None or kept:
            return None
        free = cluster.model_copy(update={"target_mw": None})
        case = replace(self.question, sense="maximise_mw", cluster=free)
        found = self.best(case, gap=1e-3)
        if found is None:
            return None
        audit(case, _as_plan(case, found))
        return found.objective, found.bound

    def best(self, case: Case, *, gap: float) -> Solution | None:
        """The best plan of a variant; None where there is none, or none was found in time."""
        if self.over():
            return None
        limit_s = max(self._limit_s(), 0.001)
        settings = self.model.solver.model_copy(update={"gap": gap, "time_limit_s": limit_s})
        self._asked += 1
        self._progress(Progress("solving variants", done=self._asked))
        try:
            return solve(case, solver=settings, interrupted=self._interrupted)
        except (InfeasibleError, LimitError):
            return None

    def _limit_s(self) -> float:
        return max(0.001, min(self.solve_limit_s, self._end_s - time.monotonic()))


def _as_plan(case: Case, solution: Solution) -> Plan:
    return plan_from_solution(
        case,
        solution,
        model_name="",
        model_sha256="",
        world_name="",
        world_sha256="",
    )


def _frozen(keys: Keys) -> object:
    return tuple(sorted((k, tuple(v) if isinstance(v, list) else v) for k, v in keys.items()))

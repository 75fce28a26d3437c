"""Solver interface through PuLP: incumbent, dual bound and status, as far as they are proven.

A solver's word for its status is not enough: PuLP says "Optimal" after a time limit. What counts
is whether a feasible point was found, whether infeasibility or the gap was proven, and the bound.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import math
import os
import re
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import highspy
import numpy as np
import pulp
from pulp import LpProblem

from siting.errors import InputError, Problem, SolverError
from siting.program.backends.deadline import POLL_S, Deadline

Item = TypeVar("Item")
Result = TypeVar("Result")

NAMES = {
    "highs": ("HiGHS",),
    "cbc": ("PULP_CBC_CMD", "COIN_CMD"),
    "scip": ("SCIP_PY", "SCIP_CMD"),
}
"""Our short names, and what PuLP calls them, best first."""


@dataclass(frozen=True)
class Outcome:
    """What a solver proved about a program.

    Parameters
    ----------
    found
        A feasible point is held by the program's variables.
    infeasible
        It is proven that there is none.
    complete
        The solver ended by proof, within the gap that was asked.
    bound
        Proven bound on the objective, in its own sense; infinite where nothing was proven.
    """

    found: bool
    infeasible: bool
    complete: bool
    bound: float


@dataclass(frozen=True)
class Solver:
    """A solver and its settings.

    Parameters
    ----------
    name
        ``highs``, ``cbc``, ``scip``, or a name that PuLP knows.
    gap
        Relative gap at which a solve is complete [0-1].
    threads
        Threads to use, of those that the machine has; 0 for the solver's own choice.
    """

    name: str
    gap: float
    threads: int

    def __post_init__(self) -> None:
        """Use no more threads than run at once: HiGHS starts a thousand if it is asked to."""
        object.__setattr__(self, "threads", min(self.threads, os.cpu_count() or 1))

    def version(self) -> str:
        """Version of the solver, or of PuLP where the solver does not tell."""
        package = {"HiGHS": "highspy", "SCIP_PY": "pyscipopt"}.get(pulp_name(self.name))
        if package:
            return importlib.metadata.version(package)
        return f"PuLP {importlib.metadata.version('pulp')}"

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Do the same work on several items at once, on as many threads as may be used.

        Returns
        -------
        The results in the order of the items. A solver at work leaves the interpreter to others.
        """
        if len(items) <= 1:
            return [work(item) for item in items]
        with ThreadPoolExecutor(self.threads or os.cpu_count()) as pool:
            return list(pool.map(work, items))

    def run(self, problem: LpProblem, deadline: Deadline, *, gap: float | None = None) -> Outcome:
        """Solve a program until the gap, the time limit or an interrupt.

        Parameters
        ----------
        problem
            The program; its variables hold the point found afterwards.
        deadline
            When to stop.
        gap
            Relative gap instead of the solver's own [0-1].

        Raises
        ------
        SolverError
            The solver failed.
        """
        sign = -1.0 if problem.sense == pulp.LpMaximize else 1.0
        nothing = Outcome(False, False, False, -sign * math.inf)
        if deadline.reached():
            return nothing
        gap = self.gap if gap is None else gap
        name = pulp_name(self.name)
        if name == "HiGHS":
            return _run_highs(problem, deadline, gap, self.threads, sign)
        return _run_other(name, problem, deadline, gap, self.threads, sign)


@functools.cache
def pulp_name(name: str) -> str:
    """Name by which PuLP knows a solver that is available here.

    Raises
    ------
    InputError
        No such solver, or it is not installed.
    """
    candidates = NAMES.get(name.lower(), (name,))
    known = pulp.listSolvers(onlyAvailable=False)
    with contextlib.redirect_stdout(None):
        available = pulp.listSolvers(onlyAvailable=True)
    for candidate in candidates:
        if candidate in available:
            return candidate
    usable = ", ".join(sorted({*(k for k, v in NAMES.items() if set(v) & set(available))}))
    state = "is not installed" if set(candidates) & set(known) else "is not known"
    raise InputError([Problem("solver.name", f"{name!r} {state}; use one that is here: {usable}")])


class _Highs(pulp.HiGHS):  # type: ignore[misc]
    """HiGHS through PuLP, with the program handed over as arrays, and stoppable.

    PuLP's own hand-over adds columns and rows one by one, which takes longer than many of our
    solves.
    """

    def __init__(self, deadline: Deadline, **options: object) -> None:
        super().__init__(msg=False, **options)
        self.deadline = deadline

    def buildSolverModel(self, lp: LpProblem) -> None:  # noqa: N802 - PuLP's name
        columns = lp.variables()
        for position, column in enumerate(columns):
            column.index = position
        rows = lp.constraints()
        starts, indices, values = [0], [], []
        for position, row in enumerate(rows):
            row.index = position
            for column, value in row.items():
                if value != 0:
                    indices.append(column.index)
                    values.append(value)
            starts.append(len(indices))
        infinity = highspy.kHighsInf
        sign = -1.0 if lp.sense == pulp.LpMaximize else 1.0
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(columns), len(rows)
        model.col_cost_ = np.array([sign * lp.objective.get(v, 0.0) for v in columns])
        model.col_lower_ = np.array(
            [-infinity if v.lowBound is None else v.lowBound for v in columns]
        )
        model.col_upper_ = np.array([infinity if v.upBound is None else v.upBound for v in columns])
        lower = [row.getLb() for row in rows]
        upper = [row.getUb() for row in rows]
        model.row_lower_ = np.array([-infinity if v is None else v for v in lower])
        model.row_upper_ = np.array([infinity if v is None else v for v in upper])
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.array(starts, dtype=np.int32)
        model.a_matrix_.index_ = np.array(indices, dtype=np.int32)
        model.a_matrix_.value_ = np.array(values, dtype=np.float64)
        if self.mip:
            kinds = highspy.HighsVarType
            model.integrality_ = [
                kinds.kInteger if v.cat == pulp.LpInteger else kinds.kContinuous for v in columns
            ]
        lp.solverModel.passModel(model)

    def callSolver(self, lp: LpProblem) -> None:  # noqa: N802 - PuLP's name
        # A solve in a thread of its own can be cancelled from outside: for an interrupt, and
        # where HiGHS overruns its time limit.
        solver = lp.solverModel
        solver.HandleUserInterrupt = True
        thread = threading.Thread(target=solver.run, daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(POLL_S)
            if thread.is_alive() and self.deadline.overdue():
                solver.cancelSolve()


def _run_highs(
    problem: LpProblem, deadline: Deadline, gap: float, threads: int, sign: float
) -> Outcome:
    options: dict[str, object] = {"gapRel": gap, "timeLimit": deadline.left_s()}
    if threads > 0:
        # HiGHS refuses a number other than that of the first run of a thread; each run has its own.
        options["threads"] = threads
    problem.solve(_Highs(deadline, **options))
    model = problem.solverModel
    status, info = model.getModelStatus(), model.getInfo()
    statuses = highspy.HighsModelStatus
    if status in (statuses.kInfeasible, statuses.kUnboundedOrInfeasible):
        # Every column of ours is bounded or costs something, so no program is unbounded.
        return Outcome(False, True, True, sign * math.inf)
    stopped = (
        statuses.kTimeLimit,
        statuses.kInterrupt,
        statuses.kIterationLimit,
        statuses.kSolutionLimit,
    )
    if status != statuses.kOptimal and status not in stopped:
        raise SolverError(
            f"HiGHS ended with status {model.modelStatusToString(status)!r}; "
            "try another solver (--solver cbc), and please report the model"
        )
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = info.mip_dual_bound if problem.isMIP() else sign * objective_value(problem)
    return Outcome(found, False, status == statuses.kOptimal, sign * bound)


def _run_other(
    name: str, problem: LpProblem, deadline: Deadline, gap: float, threads: int, sign: float
) -> Outcome:
    options: dict[str, object] = {"msg": False, "timeLimit": deadline.left_s(), "gapRel": gap}
    if threads > 0 and name != "SCIP_PY":
        options["threads"] = threads
    with tempfile.TemporaryDirectory(prefix="siting-") as folder:
        log = Path(folder) / "solver.log"
        if name in NAMES["cbc"]:
            options["logPath"] = str(log)
        try:
            problem.solve(pulp.getSolver(name, **options))
        except pulp.PulpSolverError as error:
            raise SolverError(f"{name} failed: {error}; try --solver highs") from error
        log_text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    infeasible = problem.sol_status == pulp.LpSolutionInfeasible
    if name in NAMES["cbc"]:
        # What CBC calls "Integer infeasible" is a proof too, but PuLP gives it no solution status.
        infeasible = problem.status == pulp.LpStatusInfeasible
    # CBC calls a program infeasible, too, when its time runs out while it prepares.
    infeasible = infeasible and deadline.left_s() > 0
    if name == "SCIP_PY":
        infeasible = problem.solverModel.getStatus() in ("infeasible", "inforunbd")
    if infeasible:
        return Outcome(False, True, True, sign * math.inf)
    found = problem.sol_status in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible)
    bound = -sign * math.inf
    if name == "SCIP_PY":
        complete = problem.solverModel.getStatus() in ("optimal", "gaplimit")
        bound = problem.solverModel.getDualbound()
    else:
        # PuLP calls a limit "Optimal" too; only the solution's status tells the two apart.
        complete = problem.sol_status == pulp.LpSolutionOptimal
        if name in NAMES["cbc"]:
            bound = _cbc_bound(log_text, problem, complete, gap, sign)
        elif complete:
            bound = _within(objective_value(problem), gap, sign)
    return Outcome(found, False, complete, bound)


def _cbc_bound(log: str, problem: LpProblem, complete: bool, gap: float, sign: float) -> float:
    """Bound that CBC prints [unit of the objective]; without one, what its proof implies."""
    printed = re.findall(r"^(?:Lower|Upper) bound:\s*(\S+)", log, flags=re.MULTILINE)
    if printed:
        return sign * abs(float(printed[-1])) if sign < 0 else float(printed[-1])
    if complete:
        return _within(objective_value(problem), gap, sign)
    return -sign * math.inf


def objective_value(problem: LpProblem) -> float:
    """Value of the objective at the solution found [unit of the objective].

    An objective of no columns has the value of its constant. PuLP 3.3 gives such a program a column
    of its own, ``__dummy``, whose value CBC and SCIP never set, and then calls the objective None.
    """
    terms = ((v.varValue, factor) for v, factor in problem.objective.items() if factor)
    return float(problem.objective.constant) + math.fsum(value * factor for value, factor in terms)


def _within(objective: float, gap: float, sign: float) -> float:
    return objective - sign * gap * abs(objective)

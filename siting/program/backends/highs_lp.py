"""Warm-started linear programs for HiGHS: changed and solved again from the last basis.

PuLP writes a program anew for every solve. A search that adds columns, changes prices and goes on
from where the last solve ended keeps the solver instead.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np

from siting.errors import SolverError
from siting.fiber.reach import FloatArray, IntArray
from siting.program.backends.deadline import POLL_S, Deadline

Terms = Sequence[tuple[int, float]]
"""Columns and their coefficients."""

OPTIMAL = highspy.HighsModelStatus.kOptimal
INFEASIBLE = highspy.HighsModelStatus.kInfeasible
FEASIBLE = highspy.SolutionStatus.kSolutionStatusFeasible


@dataclass
class LinearProgram:
    """A program of the least cost; its columns are 0 or more.

    Parameters
    ----------
    costs, most
        Cost of each column, and what it is at the most.
    whole
        The columns that are whole numbers.
    rows
        Lower and upper limit of each row, and its terms.
    """

    costs: list[float] = field(default_factory=list)
    most: list[float] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    rows: list[tuple[float, float, Terms]] = field(default_factory=list)

    def column(self, *, cost: float = 0.0, most: float = math.inf, whole: bool = False) -> int:
        """A new column; returns its number."""
        self.costs.append(cost)
        self.most.append(most)
        if whole:
            self.whole.append(len(self.costs) - 1)
        return len(self.costs) - 1

    def row(self, lower: float, upper: float, terms: Terms) -> int:
        """A new row; returns its number."""
        self.rows.append((lower, upper, terms))
        return len(self.rows) - 1

    def at_most(self, right: float, terms: Terms) -> int:
        """A row of at most so much."""
        return self.row(-math.inf, right, terms)

    def at_least(self, left: float, terms: Terms) -> int:
        """A row of at least so much."""
        return self.row(left, math.inf, terms)

    def model(self, *, whole: Sequence[int] | None = None) -> highspy.HighsLp:
        """The program as HiGHS takes it; ``whole`` in place of the program's own."""
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.costs), len(self.rows)
        model.col_cost_ = np.array(self.costs)
        model.col_lower_ = np.zeros(len(self.costs))
        model.col_upper_ = np.array(self.most)
        model.row_lower_ = np.array([lower for lower, _, _ in self.rows])
        model.row_upper_ = np.array([upper for _, upper, _ in self.rows])
        lengths = [len(terms) for _, _, terms in self.rows]
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_ = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
        terms = [term for _, _, of_row in self.rows for term in of_row]
        model.a_matrix_.index_ = np.array([column for column, _ in terms], np.int32)
        model.a_matrix_.value_ = np.array([value for _, value in terms], np.float64)
        whole = self.whole if whole is None else whole
        if len(whole):
            kinds = [highspy.HighsVarType.kContinuous] * len(self.costs)
            for column in whole:
                kinds[column] = highspy.HighsVarType.kInteger
            model.integrality_ = kinds
        return model


def solver_of(model: highspy.HighsLp | None = None, *, threads: int | None = None) -> highspy.Highs:
    """A solver that holds a program, and says nothing."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    if threads is not None:
        solver.setOptionValue("threads", threads)
    if model is not None:
        _accepted(solver.passModel(model))
    return solver


def add_column(
    solver: highspy.Highs,
    *,
    cost: float = 0.0,
    least: float = 0.0,
    most: float = math.inf,
    terms: Terms = (),
) -> int:
    """Add a column with its terms in rows that are there; returns its number."""
    rows, values = _arrays(terms)
    _accepted(solver.addCol(cost, least, most, len(terms), rows, values))
    return int(solver.getNumCol()) - 1


def add_row(solver: highspy.Highs, lower: float, upper: float, terms: Terms) -> int:
    """Add a row of columns that are there; returns its number."""
    columns, values = _arrays(terms)
    _accepted(solver.addRow(lower, upper, len(terms), columns, values))
    return int(solver.getNumRow()) - 1


def _accepted(status: highspy.HighsStatus) -> None:
    # A column that is named twice in a row is refused, silently but for this.
    if status == highspy.HighsStatus.kError:
        raise SolverError("HiGHS refused a part of a linear program")


def _arrays(terms: Terms) -> tuple[IntArray, FloatArray]:
    numbers = np.array([number for number, _ in terms], np.int32)
    return numbers, np.array([value for _, value in terms], np.float64)  # type: ignore[return-value]


def expect(solver: highspy.Highs, status: highspy.HighsModelStatus) -> None:
    """Raise ``SolverError`` unless a solver ended so."""
    if solver.getModelStatus() != status:
        found = solver.modelStatusToString(solver.getModelStatus())
        raise SolverError(f"HiGHS ended a linear program with {found!r}")


def run_until(solver: highspy.Highs, deadline: Deadline) -> None:
    """Run a solver that an interrupt or the deadline stops."""
    solver.setOptionValue("time_limit", deadline.left_s())
    solver.HandleUserInterrupt = True
    thread = threading.Thread(target=solver.run, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(POLL_S)
        if thread.is_alive() and deadline.overdue():
            solver.cancelSolve()

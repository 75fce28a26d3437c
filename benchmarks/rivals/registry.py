"""All ways to solve a case, by name."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.answers import Answer, Clock, Settings
from siting.case import Case

Solve = Callable[[Case, Clock, Settings], Answer]


@dataclass(frozen=True)
class Rival:
    """One way to solve a case.

    Parameters
    ----------
    name
        Short and safe in a file name.
    title
        For tables and plots.
    module, function
        Where it is; imported only in the process that runs it.
    exact
        Whether it proves anything.
    packages
        What it needs beyond siting's own dependencies.
    """

    name: str
    title: str
    module: str
    function: str = "solve"
    exact: bool = True
    packages: tuple[str, ...] = ()

    def missing(self) -> list[str]:
        """Packages that it needs and that are not installed."""
        return [name for name in self.packages if importlib.util.find_spec(name) is None]

    def load(self) -> Solve:
        """Import what solves."""
        solve: Solve = getattr(importlib.import_module(self.module), self.function)
        return solve


OURS = "siting"

RIVALS = {
    rival.name: rival
    for rival in (
        Rival(OURS, "siting", "benchmarks.rivals.ours"),
        Rival(
            "star-highs",
            "undecomposed siting + HiGHS",
            "benchmarks.rivals.ours",
            "solve_whole_with_highs",
        ),
        Rival(
            "star-cbc",
            "undecomposed siting + CBC",
            "benchmarks.rivals.ours",
            "solve_whole_with_cbc",
        ),
        Rival("pulp-highs", "PuLP + HiGHS", "benchmarks.rivals.pulp_pairs", "solve_with_highs"),
        Rival("pulp-cbc", "PuLP + CBC", "benchmarks.rivals.pulp_pairs", "solve_with_cbc"),
        Rival(
            "pulp-scip",
            "PuLP + SCIP",
            "benchmarks.rivals.pulp_pairs",
            "solve_with_scip",
            packages=("pyscipopt",),
        ),
        Rival(
            "linopy-highs",
            "linopy + HiGHS",
            "benchmarks.rivals.linopy_pairs",
            packages=("linopy", "xarray"),
        ),
        Rival("cp-sat", "OR-tools CP-SAT", "benchmarks.rivals.cpsat_pairs", packages=("ortools",)),
        Rival("greedy", "greedy", "benchmarks.rivals.greedy", exact=False),
        Rival(
            "greedy-starts",
            "greedy, every start",
            "benchmarks.rivals.greedy",
            "solve_every_start",
            exact=False,
        ),
    )
}
"""In the order of tables; ours first."""

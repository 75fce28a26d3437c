"""What can go wrong, as types.

Every message says where, what (with value and unit), why it cannot be and what to do.
Each class carries the exit code that the command line ends with.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


class SitingError(Exception):
    """Base of every error that siting raises on purpose."""

    exit_code = 1


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong with the input.

    Parameters
    ----------
    where
        The file or the part of the model that holds it, as the user wrote it.
    what
        What was found, why it cannot be, and what to do.
    """

    where: str
    what: str


class InputError(SitingError, ValueError):
    """The input is wrong; holds all problems that were found, not only the first."""

    exit_code = 2

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(_listed(self.problems))


class InfeasibleError(SitingError):
    """It is proven that no plan exists."""

    exit_code = 3


class LimitError(SitingError):
    """A limit (time, an interrupt) was reached before any plan was found; nothing is proven."""

    exit_code = 4


class SolverError(SitingError, RuntimeError):
    """A solver is missing, failed, or gave an answer that does not survive the audit."""


class AuditError(SolverError):
    """A plan broke limits of its case; holds every check that failed.

    Parameters
    ----------
    failures
        For each failure the name of the check, and what was found, with values.
    """

    def __init__(self, failures: Iterable[tuple[str, str]]) -> None:
        self.failures = tuple(failures)
        lines = [f"  - {name}: {what}" for name, what in self.failures]
        count = f"{len(lines)} failed check{'s' if len(lines) != 1 else ''}"
        super().__init__("\n".join([f"the plan does not survive the audit, {count}:", *lines]))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the checks that failed, each once, in the order of the audit."""
        return tuple(dict.fromkeys(name for name, _ in self.failures))


@dataclass
class Problems:
    """Collects problems so that a user sees all of them at once."""

    found: list[Problem] = field(default_factory=list)

    def add(self, where: str, what: str) -> None:
        """Remember one problem."""
        self.found.append(Problem(where, what))

    def raise_if_any(self) -> None:
        """Raise ``InputError`` with everything remembered, if there is anything."""
        if self.found:
            raise InputError(self.found)


def _listed(problems: tuple[Problem, ...]) -> str:
    by_place: dict[str, list[str]] = {}
    for problem in problems:
        by_place.setdefault(problem.where, []).append(problem.what)
    blocks = []
    for where, whats in by_place.items():
        count = f"{len(whats)} problem{'s' if len(whats) > 1 else ''}"
        blocks.append("\n".join([f"{count} in {where}:", *(f"  - {what}" for what in whats)]))
    return "\n".join(blocks)

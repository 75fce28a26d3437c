"""Incumbent and bound over time, read from what solvers print while they search."""

from __future__ import annotations

import re

from benchmarks.answers import Point

HUGE = 1e19
"""Solvers print numbers from here on for "none"."""


def highs_points(log: str, started_s: float) -> list[Point]:
    """Rows of the table of HiGHS's branch and bound.

    Parameters
    ----------
    log
        What it printed.
    started_s
        When it was started, on the clock of the run [s].
    """
    number = r"(-?[\d.]+(?:e[+-]?\d+)?|-?inf)"
    row = rf"^ ?[A-Za-z]?\s+\d+\s+\d+\s+\d+\s+[\d.]+%\s+{number}\s+{number}\s+\S+.*\s([\d.]+)s$"
    points = []
    for bound, incumbent, at_s in re.findall(row, log, flags=re.MULTILINE):
        points.append(Point(started_s + float(at_s), _number(incumbent), _number(bound)))
    return points


def cbc_points(log: str, started_s: float) -> list[Point]:
    """Lines of CBC that name a solution that was found, or what is possible at the best."""
    tree = re.compile(r"([-\d.e+]+) best solution, best possible ([-\d.e+]+) \(([\d.]+) seconds\)")
    found = re.compile(r"nteger solution of ([-\d.e+]+) found .*\(([\d.]+) seconds\)")
    points = []
    incumbent, bound = None, None
    for line in log.splitlines():
        if match := tree.search(line):
            incumbent, bound, at_s = _number(match[1]), _number(match[2]), float(match[3])
        elif match := found.search(line):
            incumbent, at_s = _number(match[1]), float(match[2])
        else:
            continue
        points.append(Point(started_s + at_s, incumbent, bound))
    return points


def scip_points(log: str, started_s: float) -> list[Point]:
    """Rows of SCIP's table, whose last columns are bound, incumbent, gap and progress."""
    points = []
    for line in log.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        at = re.fullmatch(r"\D?\s*([\d.]+)s", cells[0])
        if at is None or len(cells) < 5:
            continue
        bound, incumbent = _number(cells[-4]), _number(cells[-3])
        points.append(Point(started_s + float(at[1]), incumbent, bound))
    return points


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < HUGE else None

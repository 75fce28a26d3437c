"""What a competitor answers, and whether it is true."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from siting.case import Case

Status = Literal["proven", "plan", "infeasible", "nothing"]
"""Proven to the gap asked; a plan without that proof; proven that there is none; neither."""

TOLERANCE = 1e-6
"""By how much a limit may be missed, relative to it [1]: what solvers call feasible."""

Clusters = list[dict[int, float]]
"""For each cluster, position of a site to its draw [MW]."""


@dataclass(frozen=True)
class Point:
    """Where a search stood.

    Parameters
    ----------
    at_s
        Since the case was handed over [s].
    incumbent, bound
        Cost of the best plan and what no plan undercuts [MUSD/year]; None while there is none.
    """

    at_s: float
    incumbent: float | None
    bound: float | None


@dataclass(frozen=True)
class Answer:
    """What came back.

    Parameters
    ----------
    status
        What is claimed.
    clusters
        The plan; None without one.
    bound
        What no plan undercuts, as claimed [MUSD/year]; None without one.
    curve
        How incumbent and bound came about, where the competitor tells.
    """

    status: Status
    clusters: Clusters | None = None
    bound: float | None = None
    curve: list[Point] = field(default_factory=list)


@dataclass
class Clock:
    """Time since a case was handed over, and the limit.

    Parameters
    ----------
    limit_s
        For building and solving together [s].
    """

    limit_s: float
    start_s: float = field(default_factory=time.perf_counter)

    def now_s(self) -> float:
        """Seconds since the start [s]."""
        return time.perf_counter() - self.start_s

    def left_s(self) -> float:
        """Seconds until the limit [s], not less than a hundredth."""
        return max(0.01, self.limit_s - self.now_s())


@dataclass(frozen=True)
class Settings:
    """What is asked of every competitor.

    Parameters
    ----------
    gap
        Relative gap at which a proof is complete [0-1].
    threads
        Threads to use.
    log
        Where a solver may write what it says while it searches.
    """

    gap: float
    threads: int
    log: Path


def cost_of(case: Case, clusters: Clusters) -> float:
    """Annual cost of a plan [MUSD/year], added up from its draws."""
    return sum(
        float(case.fixed_musd_per_year[i] + case.variable_musd_per_mw_year[i] * mw)
        for draws in clusters
        for i, mw in draws.items()
    )


def faults_of(case: Case, clusters: Clusters) -> list[str]:
    """Limits that a plan breaks, in words; none for a true plan.

    Written from the words of the question, for this check has to hold for every competitor.
    """
    faults = []
    slack = 1 + TOLERANCE
    if len(clusters) != case.cluster.count:
        faults.append(f"{len(clusters)} clusters instead of {case.cluster.count}")
    used = [i for draws in clusters for i in draws]
    if len(set(used)) < len(used):
        faults.append("a site serves twice")
    in_zone_mw = np.zeros(len(case.zone_ids))
    target_mw = case.cluster.target_mw or 0.0
    for c, draws in enumerate(clusters):
        if not case.cluster.min_campuses <= len(draws) <= case.cluster.max_campuses:
            faults.append(f"cluster {c} has {len(draws)} campuses")
        if sum(draws.values()) * slack < target_mw:
            faults.append(f"cluster {c} draws {sum(draws.values()):.6f} MW of {target_mw:g} MW")
        sites = np.array(sorted(draws), np.int64)
        if np.isinf(case.reach.take(sites).dense()).any():
            faults.append(f"cluster {c} has campuses beyond reach of each other")
        for i, mw in draws.items():
            if not case.min_mw / slack <= mw <= case.cap_mw[i] * slack:
                faults.append(f"site {i} draws {mw:.6f} MW of at most {case.cap_mw[i]:g} MW")
            in_zone_mw[list(case.ancestry[case.zone[i]])] += mw
    faults += [
        f"zone {case.zone_ids[z]} draws {in_zone_mw[z]:.6f} MW of {case.headroom_mw[z]:g} MW"
        for z in np.flatnonzero(in_zone_mw > case.headroom_mw * slack)
    ]
    return faults


def gap_of(objective: float | None, bound: float | None) -> float | None:
    """Relative gap [1]; None without a plan or without a bound."""
    if objective is None or bound is None or not math.isfinite(bound):
        return None
    return max(0.0, (objective - bound) / abs(objective))

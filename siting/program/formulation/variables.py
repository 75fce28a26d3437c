"""Decision variables of the program: one for each thing that can be chosen."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np
import pulp
from pulp import LpAffineExpression, LpProblem, LpVariable, lpSum

from siting.case import Case
from siting.program.sites.presolve import fewest_possible

HOP_SITES = 40
"""Up to this many sites the hops of a ring are variables, whatever is best."""

SiteCluster = tuple[int, int]
"""Position of a site and number of a cluster."""


def label(rule: str, *parts: object) -> str:
    """Name of a row or a column, safe in LP and MPS files and unique for unique parts.

    Solvers' file formats forbid some characters, and PuLP folds several of them into one; here
    each is written by its code, so that different ids never meet in one name.
    """
    safe = (re.sub(r"[^A-Za-z0-9_.]", lambda m: f"~{ord(m[0]):x}~", str(part)) for part in parts)
    return f"{rule}({','.join(safe)})"


@dataclass(frozen=True)
class SupplyStep:
    """Clean supply of one delivery area at one premium: plants that no row can tell apart.

    Parameters
    ----------
    area
        Number of the delivery area.
    premium_usd_per_mwh
        Premium of every plant of the step [USD/MWh].
    available_mw
        Draw that the step's energy covers, over all clusters [MW].
    plants
        Positions of the plants, ascending.
    """

    area: int
    premium_usd_per_mwh: float
    available_mw: float
    plants: tuple[int, ...]


def supply_steps(case: Case) -> list[SupplyStep]:
    """Group clean supply by delivery area and premium, in that order.

    A contract from a plant to a campus is limited by the plant's energy, the area and the
    campus's own energy only, so plants of one area and one premium are interchangeable, and the
    program needs their sum alone. Contracts by plant are dealt out after the solve.
    """
    if case.clean.min_fraction == 0:
        return []
    areas = set(case.area[case.usable].tolist())
    plants: dict[tuple[int, float], list[int]] = {}
    for r in range(len(case.supply_ids)):
        area = int(case.supply_area[r])
        if area in areas and case.contractable_mwh[r] > 0:
            plants.setdefault((area, float(case.premium_usd_per_mwh[r])), []).append(r)
    return [
        SupplyStep(
            area,
            premium,
            float(case.contractable_mwh[members].sum()) / case.mwh_per_mw,
            tuple(members),
        )
        for (area, premium), members in sorted(plants.items())
    ]


@dataclass
class Decisions:
    """The variables of a program.

    Parameters
    ----------
    clusters
        Numbers of the clusters, from 0.
    sites
        Sites where a campus fits, ascending.
    member
        1 where site ``i`` is a campus of cluster ``c`` [binary].
    draw_mw
        Draw of site ``i`` in cluster ``c`` [MW].
    modules
        Modules at site ``i`` in cluster ``c`` [integer]; empty without ``campus.module_mw``.
    size
        What a cluster adds up to, in the unit of its target [MW of draw or of IT load].
    contract_mw
        Draw of site ``i`` in cluster ``c`` that contracted clean energy covers [MW].
    taken_mw
        Draw that a supply step covers, over all clusters [MW].
    steps
        The supply steps, in the order of ``taken_mw``.
    pair
        1 where both ends of a pair of sites are campuses of cluster ``c``; only where fiber
        kilometres are minimised.
    hub
        1 where site ``i`` is the campus that all others of cluster ``c`` are linked to [binary];
        only for a hub network.
    spoke
        1 where site ``j`` is linked to the hub ``i`` of cluster ``c``; only for a hub network whose
        fiber kilometres are minimised.
    hop
        How often the tour of cluster ``c`` goes between two sites: 2 there and back between its
        only two campuses, else 1 or 0 [integer]; only for a ring network.
    alone
        1 where site ``i`` is the only campus of cluster ``c``, whose tour leads nowhere [binary];
        only for a ring network that may have one campus.
    few
        1 where cluster ``c`` has at most ``m`` campuses, and so may have longer links than a
        larger one [binary]; only for the steps ``m`` of ``case.size_steps``.
    """

    clusters: range
    sites: list[int]
    member: dict[SiteCluster, LpVariable] = field(default_factory=dict)
    draw_mw: dict[SiteCluster, LpVariable] = field(default_factory=dict)
    modules: dict[SiteCluster, LpVariable] = field(default_factory=dict)
    size: dict[int, LpVariable] = field(default_factory=dict)
    contract_mw: dict[SiteCluster, LpVariable] = field(default_factory=dict)
    taken_mw: list[LpVariable] = field(default_factory=list)
    steps: list[SupplyStep] = field(default_factory=list)
    pair: dict[tuple[int, int, int], LpVariable] = field(default_factory=dict)
    few: dict[tuple[int, int], LpVariable] = field(default_factory=dict)
    hub: dict[SiteCluster, LpVariable] = field(default_factory=dict)
    spoke: dict[tuple[int, int, int], LpVariable] = field(default_factory=dict)
    hop: dict[tuple[int, int, int], LpVariable] = field(default_factory=dict)
    alone: dict[SiteCluster, LpVariable] = field(default_factory=dict)

    def members(self, c: int) -> LpAffineExpression:
        """Number of campuses of a cluster."""
        return lpSum(self.member[i, c] for i in self.sites)

    def total_draw_mw(self, c: int) -> LpAffineExpression:
        """Draw of a cluster [MW]."""
        return lpSum(self.draw_mw[i, c] for i in self.sites)


def declare(problem: LpProblem, case: Case, *, hub: int | None = None) -> Decisions:
    """Create the variables: only for sites where a campus fits, only for options in use.

    Where ``hub`` is given, only that site can be the hub of a hub network.
    """
    x = Decisions(range(case.count), np.flatnonzero(case.usable).tolist())
    x.steps = supply_steps(case)
    supplied = {step.area for step in x.steps}
    module_mw = case.campus.module_mw
    for c in x.clusters:
        # Without a target the largest size is the sum of all caps.
        x.size[c] = problem.add_variable(label("size", c), 0)
        for i in x.sites:
            at, cap_mw = (case.site_ids[i], c), float(case.cap_mw[i])
            x.member[i, c] = problem.add_variable(label("member", *at), cat=pulp.LpBinary)
            x.draw_mw[i, c] = problem.add_variable(label("draw_mw", *at), 0, cap_mw)
            if module_mw > 0:
                most = round(cap_mw / module_mw)
                x.modules[i, c] = problem.add_variable(
                    label("modules", *at), 0, most, pulp.LpInteger
                )
            if int(case.area[i]) in supplied:
                x.contract_mw[i, c] = problem.add_variable(label("contract_mw", *at), 0, cap_mw)
    for s, step in enumerate(x.steps):
        x.taken_mw.append(
            problem.add_variable(label("taken_mw", step.area, s), 0, step.available_mw)
        )
    _declare_few(problem, case, x)
    _declare_links(problem, case, x, hub)
    return x


def _declare_links(problem: LpProblem, case: Case, x: Decisions, hub: int | None) -> None:
    if case.cluster.network == "hub":
        _declare_hub(problem, case, x, hub)
    elif case.cluster.network == "ring":
        _declare_ring(problem, case, x)
    elif case.sense == "minimise_fiber_km":
        _declare_pairs(problem, case, x)


def _declare_few(problem: LpProblem, case: Case, x: Decisions) -> None:
    for m, _ in case.size_steps:
        for c in x.clusters:
            x.few[m, c] = problem.add_variable(label("few", m, c), cat=pulp.LpBinary)


def _declare_pairs(problem: LpProblem, case: Case, x: Decisions) -> None:
    for i in x.sites:
        within, km = case.reach.of(i)
        for j in within[(within > i) & (km > 0)].tolist():
            if not case.usable[j]:
                continue
            for c in x.clusters:
                name = label("pair", case.site_ids[i], case.site_ids[j], c)
                x.pair[i, j, c] = problem.add_variable(name, 0, 1)


def _declare_hub(problem: LpProblem, case: Case, x: Decisions, hub: int | None) -> None:
    for c in x.clusters:
        for i in x.sites if hub is None else [hub]:
            x.hub[i, c] = problem.add_variable(label("hub", case.site_ids[i], c), cat=pulp.LpBinary)
            if case.sense != "minimise_fiber_km":
                continue
            within, _ = case.reach.of(i)
            for j in within[case.usable[within]].tolist():
                name = label("spoke", case.site_ids[i], case.site_ids[j], c)
                x.spoke[i, j, c] = problem.add_variable(name, 0, 1)


def decides_tours(case: Case) -> bool:
    """Whether the hops of a ring are variables.

    Where they cost nothing and sites are many, sets of sites without a tour are forbidden instead,
    when a solution has them.
    """
    return case.sense == "minimise_fiber_km" or int(case.usable.sum()) <= HOP_SITES


def _declare_ring(problem: LpProblem, case: Case, x: Decisions) -> None:
    if not decides_tours(case):
        return
    fewest = fewest_possible(case)
    often = 2 if fewest <= 2 else 1
    for c in x.clusters:
        for i in x.sites:
            within, _ = case.reach.of(i)
            for j in within[(within > i) & case.usable[within]].tolist():
                name = label("hop", case.site_ids[i], case.site_ids[j], c)
                x.hop[i, j, c] = problem.add_variable(name, 0, often, pulp.LpInteger)
            if fewest <= 1:
                name = label("alone", case.site_ids[i], c)
                x.alone[i, c] = problem.add_variable(name, cat=pulp.LpBinary)

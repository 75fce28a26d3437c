"""The answer with its proof. A plan exists only if it is feasible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from siting.model import Sense

Status = Literal["optimal", "feasible"]


@dataclass(frozen=True)
class Solution:
    """What the program found, by id: draws and contracts of each cluster, and what was proven.

    Parameters
    ----------
    draw_mw
        For each cluster, site id to draw [MW].
    contract_mwh
        For each cluster, (supply id, site id) to contracted energy [MWh/year].
    objective, bound
        In the unit of the sense: MUSD/year, MW or km, over all clusters. The bound is valid for
        the whole problem.
    status
        ``optimal``: the gap is within what was asked; ``feasible``: a limit stopped the search.
    """

    draw_mw: tuple[dict[str, float], ...]
    contract_mwh: tuple[dict[tuple[str, str], float], ...]
    objective: float
    bound: float
    status: Status
    solver_name: str
    solver_version: str


@dataclass(frozen=True)
class Contract:
    """Clean energy bought for a campus from one plant [MWh/year]."""

    supply: str
    mwh: float


@dataclass(frozen=True)
class Campus:
    """One campus of a plan."""

    site: str
    lon: float
    lat: float
    draw_mw: float
    it_mw: float
    zone: str
    utility: str
    region: str | None
    price_usd_per_mwh: float
    cost_musd_per_year: float
    clean_fraction: float
    contracts: tuple[Contract, ...]


@dataclass(frozen=True)
class Link:
    """A pair of campuses that the network joins, along the fiber route."""

    from_site: str
    to_site: str
    km: float
    delay_ms: float
    rtt_ms: float
    tier: str


@dataclass(frozen=True)
class Cluster:
    """Campuses that train as one."""

    id: str
    draw_mw: float
    it_mw: float
    cost_musd_per_year: float
    clean_fraction: float
    max_fiber_km: float
    utilities: tuple[str, ...]
    campuses: tuple[Campus, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True)
class ZoneUse:
    """What a plan draws from a zone, over all clusters [MW]."""

    id: str
    utility: str
    headroom_mw: float
    used_mw: float


@dataclass(frozen=True)
class Seconds:
    """Time spent [s]."""

    load: float = 0.0
    distances: float = 0.0
    solve: float = 0.0
    total: float = 0.0


@dataclass(frozen=True)
class AuditReport:
    """Names of the checks that a plan passed; a plan that fails one is never shown."""

    passed: bool
    checks: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """A feasible answer and its proof."""

    model_name: str
    model_sha256: str
    world_name: str
    world_sha256: str
    status: Status
    sense: Sense
    objective: float
    bound: float
    gap: float
    seconds: Seconds
    solver_name: str
    solver_version: str
    clusters: tuple[Cluster, ...]
    zones: tuple[ZoneUse, ...]
    audit: AuditReport

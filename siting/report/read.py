"""A plan from ``plan.json``, to be audited: everything that the file states, unchecked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, with_config

from siting.case import Case
from siting.errors import InputError, Problem
from siting.model import Network, Sense
from siting.notices import LeftOut, Notice
from siting.plan import (
    AuditReport,
    Campus,
    Cluster,
    Contract,
    Link,
    Plan,
    Seconds,
    SharedSpans,
    Status,
    ZoneUse,
)
from siting.training import BatchShare, ClusterTraining, Need, Training

for _part in (Training, ClusterTraining, Need, BatchShare):
    # These are read as they are, with the strictness of every other part.
    with_config(ConfigDict(extra="forbid", strict=True))(_part)


class _Part(BaseModel):
    """A JSON object of the file: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=False)


class _Source(_Part):
    name: str
    sha256: str


class _Seconds(_Part):
    load: float
    distances: float
    solve: float
    total: float


class _Solver(_Part):
    name: str
    version: str


class _Contract(_Part):
    supply: str
    mwh: float


class _Campus(_Part):
    site: str
    lon: float
    lat: float
    draw_mw: float
    it_mw: float
    zone: str
    utility: str
    cost_musd_per_year: float
    contracts: tuple[_Contract, ...]


class _Link(_Part):
    from_site: str = Field(alias="from")
    to_site: str = Field(alias="to")
    km: float
    delay_ms: float
    rtt_ms: float
    tier: str
    amplifier_sites: int
    pairs: int
    pairs_musd: float
    spans: tuple[str, ...]


class _Ends(_Part):
    from_site: str = Field(alias="from")
    to_site: str = Field(alias="to")


class _SharedSpans(_Part):
    spans: tuple[str, ...]
    km: float
    links: tuple[_Ends, ...]
    disconnects: bool


class _Cluster(_Part):
    id: str
    draw_mw: float
    it_mw: float
    cost_musd_per_year: float
    clean_fraction: float
    max_fiber_km: float
    utilities: tuple[str, ...]
    campuses: tuple[_Campus, ...]
    network: Network
    hub: str | None
    fiber_km: float
    links: tuple[_Link, ...]
    shared_spans: tuple[_SharedSpans, ...]
    training: ClusterTraining | None


class _Zone(_Part):
    id: str
    headroom_mw: float
    used_mw: float


class _Audit(_Part):
    passed: bool
    checks: tuple[str, ...]


class _LeftOut(_Part):
    by: str
    table: str
    rows: int
    mw: float


class _Notice(_Part):
    where: str
    what: str


class PlanFile(_Part):
    """The file ``plan.json``, key by key; ``docs/plan.schema.json`` says what they mean.

    A file of an earlier version may lack what was asked and what was left out.
    """

    schema_: Literal[1] = Field(alias="schema")
    model: _Source
    world: _Source
    asked: dict[str, Any] | None = None
    left_out: tuple[_LeftOut, ...] = ()
    notices: tuple[_Notice, ...] = ()
    status: Status
    sense: Sense
    objective: float
    bound: float
    gap: float
    seconds: _Seconds
    solver: _Solver
    training: Training | None
    most_clusters: int | None
    clusters: tuple[_Cluster, ...]
    zones: tuple[_Zone, ...]
    audit: _Audit


def read_plan_file(path: str | Path) -> PlanFile:
    """Read what a plan's file states, key by key.

    Parameters
    ----------
    path
        The file ``plan.json``, or the folder that holds it.

    Raises
    ------
    InputError
        When the file cannot be read, with every problem of its content.
    """
    file = Path(path)
    if file.is_dir():
        file /= "plan.json"
    try:
        content = file.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror}; give the plan.json that siting solve wrote"
        raise InputError([Problem(str(file), what)]) from None
    try:
        return PlanFile.model_validate_json(content)
    except ValidationError as error:
        problems = [_problem(str(file), found) for found in error.errors(include_url=False)]
        raise InputError(problems) from None


def read_plan(path: str | Path, case: Case) -> Plan:
    """Read a plan that ``siting solve --out`` wrote.

    Parameters
    ----------
    path
        The file ``plan.json``, or the folder that holds it.
    case
        The question that it answers. What the file does not state (the region, price and clean
        fraction of a campus, the utility of a zone) comes from here.

    Raises
    ------
    InputError
        When the file cannot be read, with every problem of its content.
    """
    return _plan(read_plan_file(path), case)


def _problem(where: str, found: Mapping[str, Any]) -> Problem:
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in found["loc"]]
    place = "".join(steps).removeprefix(".")
    said = {
        "missing": "is missing, but a plan of schema 1 has it",
        "extra_forbidden": "is no key of a plan of schema 1",
        "unexpected_keyword_argument": "is no key of a plan of schema 1",
        "json_invalid": "is not JSON: " + found["msg"].removeprefix("Invalid JSON: "),
    }.get(found["type"], found["msg"][0].lower() + found["msg"][1:])
    return Problem(
        where, f"{place} {said}".strip() + "; give the plan.json that siting solve wrote"
    )


def _plan(stated: PlanFile, case: Case) -> Plan:
    return Plan(
        model_name=stated.model.name,
        model_sha256=stated.model.sha256,
        world_name=stated.world.name,
        world_sha256=stated.world.sha256,
        status=stated.status,
        sense=stated.sense,
        objective=stated.objective,
        bound=stated.bound,
        gap=stated.gap,
        seconds=Seconds(**stated.seconds.model_dump()),
        solver_name=stated.solver.name,
        solver_version=stated.solver.version,
        clusters=tuple(_cluster(cluster, case) for cluster in stated.clusters),
        zones=_zones(stated.zones, case),
        audit=AuditReport(**stated.audit.model_dump()),
        training=stated.training,
        most_clusters=stated.most_clusters,
        left_out=tuple(LeftOut(**rows.model_dump()) for rows in stated.left_out),
        notices=tuple(Notice(**notice.model_dump()) for notice in stated.notices),
    )


def _zones(stated: tuple[_Zone, ...], case: Case) -> tuple[ZoneUse, ...]:
    utility_of = dict(zip(case.zone_ids, case.zone_utility, strict=True))
    return tuple(
        ZoneUse(zone.id, utility_of.get(zone.id, ""), zone.headroom_mw, zone.used_mw)
        for zone in stated
    )


def _cluster(stated: _Cluster, case: Case) -> Cluster:
    position = {site: i for i, site in enumerate(case.site_ids)}
    values = stated.model_dump(exclude={"campuses", "links", "shared_spans", "training"})
    return Cluster(
        **values,
        training=stated.training,
        campuses=tuple(
            _campus(campus, case, position.get(campus.site)) for campus in stated.campuses
        ),
        links=tuple(Link(**link.model_dump()) for link in stated.links),
        shared_spans=tuple(
            SharedSpans(
                shared.spans,
                shared.km,
                tuple((link.from_site, link.to_site) for link in shared.links),
                shared.disconnects,
            )
            for shared in stated.shared_spans
        ),
    )


def _campus(stated: _Campus, case: Case, i: int | None) -> Campus:
    """The campus, with what the case knows of its site; an unknown site is the audit's to tell."""
    contracts = tuple(Contract(contract.supply, contract.mwh) for contract in stated.contracts)
    region, price_usd_per_mwh, clean_fraction = None, 0.0, 0.0
    if i is not None:
        region = case.regions[case.region[i]] if case.region[i] >= 0 else None
        price_usd_per_mwh = float(case.price_usd_per_mwh[i])
        energy_mwh = case.mwh_per_mw * stated.draw_mw
        contracted = sum(contract.mwh for contract in contracts) / energy_mwh if energy_mwh else 0.0
        clean_fraction = min(1.0, float(case.grid_clean_fraction[i]) + contracted)
    return Campus(
        **stated.model_dump(exclude={"contracts"}),
        region=region,
        price_usd_per_mwh=price_usd_per_mwh,
        clean_fraction=clean_fraction,
        contracts=contracts,
    )

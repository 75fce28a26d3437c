"""What is asked: the model file, validated."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Sense = Literal["minimise_cost", "maximise_mw", "minimise_fiber_km"]


class Section(BaseModel):
    """A table of the model file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class WorldSection(Section):
    """Which tables make up the world, and which part of it is kept."""

    base: str | None = None
    sites: str | None = None
    zones: str | None = None
    fiber: str | None = None
    supply: str | None = None
    regions: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    min_kv: NotNegative = 230.0
    exclude_sites: tuple[str, ...] = ()
    require_sites: tuple[str, ...] = ()
    route_factor: Annotated[float, Field(ge=1)] = 1.3


class CampusSection(Section):
    """Limits of one campus."""

    min_mw: NotNegative = 100.0
    max_mw: Positive = 2000.0
    module_mw: NotNegative = 0.0
    load_factor: Annotated[float, Field(gt=0, le=1)] = 0.9
    pue: Annotated[float, Field(ge=1)] = 1.2


class ClusterSection(Section):
    """What makes campuses one training cluster."""

    count: Annotated[int, Field(ge=1)] = 1
    target_mw: Positive | None = None
    target_it_mw: Positive | None = None
    min_campuses: Annotated[int, Field(ge=1)] = 2
    max_campuses: Annotated[int, Field(ge=1)] = 8
    network: Literal["mesh"] = "mesh"
    max_fiber_km: NotNegative = 500.0
    min_utilities: Annotated[int, Field(ge=1)] = 1
    max_utility_fraction: Annotated[float, Field(gt=0, le=1)] = 1.0
    min_regions: Annotated[int, Field(ge=1)] = 1
    keep_after_campus_loss: Fraction = 0.0
    keep_after_utility_loss: Fraction = 0.0


class PowerSection(Section):
    """The contract with the utilities."""

    curtailment: Fraction = 0.005
    headroom_scale: NotNegative = 1.0


class CleanSection(Section):
    """Annual clean energy."""

    min_fraction: Fraction = 0.0
    deliver_within: Literal["zone", "region", "interconnect", "anywhere"] = "region"
    contractable_fraction: Fraction = 0.3
    count_grid_mix: bool = True


class CostSection(Section):
    """Prices, in US dollars of ``money_year``."""

    money_year: int = 2024
    discount_rate: Annotated[float, Field(ge=0, lt=1)] = 0.08
    life_years: Positive = 20.0
    campus_musd_per_mw: NotNegative = 11.0
    campus_fixed_musd: NotNegative = 50.0
    fiber_musd_per_km: NotNegative = 0.06
    grid_usd_per_mwh: NotNegative = 60.0


class ObjectiveSection(Section):
    """What is best."""

    sense: Sense = "minimise_cost"


class SolverSection(Section):
    """Who solves, and when it may stop."""

    name: str = "highs"
    gap: Annotated[float, Field(ge=0, lt=1)] = 0.001
    time_limit_s: Positive = 300.0
    threads: Annotated[int, Field(ge=0)] = 0


class Model(Section):
    """A whole model file; attributes are its keys."""

    schema_: Literal[1] = Field(alias="schema")
    name: str
    title: str = ""
    world: WorldSection = WorldSection()
    campus: CampusSection = CampusSection()
    cluster: ClusterSection = ClusterSection()
    power: PowerSection = PowerSection()
    clean: CleanSection = CleanSection()
    cost: CostSection = CostSection()
    objective: ObjectiveSection = ObjectiveSection()
    solver: SolverSection = SolverSection()

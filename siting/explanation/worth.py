"""What binds a plan: what one more unit of each limit is worth, by solving the changed model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siting.case import Case
from siting.errors import InputError
from siting.explanation.knobs import current
from siting.explanation.laboratory import Laboratory, add_headroom
from siting.model import Model
from siting.plan import Solution

TIGHT_GAP = 1e-6
"""Gap of both answers of a comparison [1]."""


@dataclass(frozen=True)
class Step:
    """A limit, relaxed by a small step.

    Parameters
    ----------
    name
        The key, or the zone.
    to
        The key's new value, or the zone's added headroom [MW].
    units
        How many units the step has.
    unit
        What a unit is.
    """

    name: str
    to: object
    units: float
    unit: str
    is_zone: bool = False


@dataclass(frozen=True)
class Worth:
    """What relaxing a limit is worth.

    Parameters
    ----------
    limit
        The key, or ``headroom of 'zone'``.
    change
        The step that was solved, in words.
    unit
        What the values are for: a MW, a km, a percent, one.
    least, most
        What is proven of the gain for each unit, in the unit of the objective.
    found
        The gain for each unit between the plans that were found.
    """

    limit: str
    change: str
    unit: str
    least: float
    most: float
    found: float

    @property
    def binds(self) -> bool:
        """It is proven that relaxing the limit gives a better plan."""
        return self.least > 0


def measure(lab: Laboratory, case: Case, base: Solution) -> tuple[list[Worth], list[str]]:
    """What every limit is worth, dearest first in its unit, and what was not decided in time."""
    worths, open_ = [], []
    for step in _steps(lab.model, case, base):
        if lab.over():
            open_.append(step.name)
            continue
        try:
            changed = (
                add_headroom(case, {step.name: float(step.units)})
                if step.is_zone
                else lab.case({step.name: step.to})
            )
        except InputError:
            continue
        better = lab.best(changed, gap=TIGHT_GAP)
        if better is None:
            open_.append(step.name)
            continue
        sign = -1.0 if case.sense == "maximise_mw" else 1.0
        limit = f"headroom of '{step.name}'" if step.is_zone else step.name
        asked = None if step.is_zone else current(lab.model, step.name)
        change = (
            f"+{step.units:,.0f} MW" if step.is_zone else f"{_shown(asked)} to {_shown(step.to)}"
        )
        worths.append(
            Worth(
                limit,
                change,
                step.unit,
                least=max(0.0, (base.bound - better.objective) * sign / step.units),
                most=max(0.0, (base.objective - better.bound) * sign / step.units),
                found=max(0.0, (base.objective - better.objective) * sign / step.units),
            )
        )
    worths.sort(key=lambda worth: (not worth.binds, -worth.found, worth.limit))
    return worths, open_


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _steps(model: Model, case: Case, base: Solution) -> list[Step]:
    # What the model asks: the question may have less, what synchronises in time.
    cluster, clean, campus = model.cluster, model.clean, model.campus
    steps: list[Step] = []
    for key in ("target_mw", "target_it_mw"):
        target = getattr(cluster, key)
        if target is not None and case.sense != "maximise_mw":
            by = target / 100
            steps.append(Step(f"cluster.{key}", target - by, by, "MW"))
    steps.append(Step("cluster.max_fiber_km", cluster.max_fiber_km + 10, 10, "km"))
    steps.append(Step("cluster.max_campuses", cluster.max_campuses + 1, 1, "campus"))
    steps += _in_time(model)
    if cluster.network == "ring":
        steps.append(Step("cluster.max_ring_km", cluster.max_ring_km + 10, 10, "km"))
    if cluster.keep_after_span_loss:
        steps.append(Step("cluster.keep_after_span_loss", False, 1, "all of it"))
    steps += [
        Step(f"cluster.{key}", getattr(cluster, key) - 1, 1, "one fewer")
        for key in ("min_campuses", "min_utilities", "min_regions")
        if getattr(cluster, key) > 1
    ]
    if clean.min_fraction > 0:
        steps.append(Step("clean.min_fraction", max(0, clean.min_fraction - 0.01), 1, "percent"))
        if clean.contractable_fraction < 1:
            more = min(1.0, clean.contractable_fraction + 0.01)
            steps.append(Step("clean.contractable_fraction", more, 1, "percent"))
    if cluster.max_utility_fraction < 1:
        more = min(1.0, cluster.max_utility_fraction + 0.01)
        steps.append(Step("cluster.max_utility_fraction", more, 1, "percent"))
    steps += [
        Step(f"cluster.{key}", max(0.0, getattr(cluster, key) - 0.01), 1, "percent")
        for key in ("keep_after_campus_loss", "keep_after_utility_loss")
        if getattr(cluster, key) > 0
    ]
    steps.append(Step("campus.max_mw", campus.max_mw + 10, 10, "MW"))
    if campus.min_mw > 0:
        steps.append(
            Step("campus.min_mw", max(0.0, campus.min_mw - 10), min(10, campus.min_mw), "MW")
        )
    return [*steps, *_full_zones(case, base)]


def _in_time(model: Model) -> list[Step]:
    """Limits on synchronisation, each a little weaker."""
    cluster = model.cluster
    steps = []
    if cluster.max_sync_s is not None:
        steps.append(Step("cluster.max_sync_s", 1.1 * cluster.max_sync_s, 10, "percent of it"))
    if cluster.min_compute_utilisation is not None:
        less = cluster.min_compute_utilisation - 0.01
        steps.append(Step("cluster.min_compute_utilisation", max(0.001, less), 1, "percent"))
    return steps


def _full_zones(case: Case, base: Solution) -> list[Step]:
    """Zones that the plan uses up."""
    position = {site: i for i, site in enumerate(case.site_ids)}
    used_mw = np.zeros(len(case.zone_ids))
    for draws in base.draw_mw:
        for site, mw in draws.items():
            used_mw[list(case.ancestry[case.zone[position[site]]])] += mw
    full = np.flatnonzero((used_mw > 0) & (used_mw >= case.headroom_mw - 1e-3))
    return [Step(case.zone_ids[z], None, 10.0, "MW", is_zone=True) for z in full]

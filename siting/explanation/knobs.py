"""Which keys of a model can be relaxed, in which steps, and what such a change is called."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from siting.explanation.laboratory import ANY_KM, Laboratory
from siting.model import Model
from siting.model.bounds import most_of
from siting.model.sections import SECTIONS
from siting.wording import number
from siting.world.columns import HEADROOM_CURTAILMENT

PERCENT = 0.01
"""Step of a fraction [0-1]."""

MORE_CAMPUSES = 24
"""How many campuses more than are allowed are tried at the most."""

MOST_HEADROOM = 10.0
"""By how much all headroom is scaled at the most [1]."""


@dataclass(frozen=True)
class Knob:
    """A key that can be relaxed.

    Parameters
    ----------
    key
        Its path in the model.
    verb
        ``raise``, ``lower`` or ``change``.
    values
        What it is relaxed to, step by step: each value allows every plan that the one before
        allows.
    unit
        Unit of the values, for people; empty for counts and words.
    step
        The tolerance to which the smallest change is found, for people.
    """

    key: str
    verb: str
    values: Sequence[object]
    unit: str
    step: str


def knobs(lab: Laboratory) -> list[Knob]:
    """Every key that can still be relaxed, those that planners change most first."""
    found = [make(lab) for make in (_target, _fiber, _campuses_most)]
    found += [_count(lab.model, key) for key in COUNTS]
    found += [_fraction(lab.model, key, verb) for key, verb in FRACTIONS]
    found += [make(lab) for make in OTHERS]
    allowed = [_allowed(knob) for knob in found if knob is not None]
    return [knob for knob in allowed if len(knob.values) > 0]


def _allowed(knob: Knob) -> Knob:
    """A knob without the values that the model cannot have."""
    section, name = knob.key.split(".")
    most = most_of(SECTIONS[section].model_fields[name])
    if math.isinf(most) or len(knob.values) == 0:
        return knob
    return replace(knob, values=[v for v in knob.values if cast("float", v) <= most])


def current(model: Model, key: str) -> object:
    """The value of a key."""
    section, name = key.split(".")
    return getattr(getattr(model, section), name)


def _target(lab: Laboratory) -> Knob | None:
    case = lab.question
    cluster = case.cluster
    key = "target_mw" if cluster.target_mw is not None else "target_it_mw"
    target = getattr(cluster, key)
    if target is None:
        return None
    step = 1 if target <= 2000 else 10
    least = cluster.min_campuses * case.campus.min_mw if key == "target_mw" else 0.0
    last = max(step, math.ceil(least / step) * step)
    first = math.ceil(target / step) * step - step
    unit = "MW" if key == "target_mw" else "MW of IT load"
    values = range(first, last - 1, -step)
    return Knob(f"cluster.{key}", "lower", values, unit, f"{step} MW")


def _fiber(lab: Laboratory) -> Knob | None:
    # The question may have less than the model asks: what synchronises in time.
    limit_km = lab.model.cluster.max_fiber_km
    furthest_km = lab.far_km()
    if furthest_km == ANY_KM:
        far = lab.case({"cluster.max_fiber_km": ANY_KM}).reach
        furthest_km = math.ceil(float(far.km.max(initial=0.0)))
    values = range(math.floor(limit_km) + 1, math.floor(furthest_km) + 1)
    return Knob("cluster.max_fiber_km", "raise", values, "km", "1 km")


def _campuses_most(lab: Laboratory) -> Knob | None:
    most = lab.model.cluster.max_campuses
    last = min(int(lab.question.usable.sum()), most + MORE_CAMPUSES)
    return Knob("cluster.max_campuses", "raise", range(most + 1, last + 1), "", "1 campus")


COUNTS = (
    "cluster.min_campuses",
    "cluster.min_utilities",
    "cluster.min_regions",
    "cluster.count",
)
"""Counts that are lowered, down to 1."""


def _count(model: Model, key: str) -> Knob:
    asked = current(model, key)
    assert isinstance(asked, int)
    return Knob(key, "lower", range(asked - 1, 0, -1), "", "1")


FRACTIONS = (
    ("clean.min_fraction", "lower"),
    ("clean.contractable_fraction", "raise"),
    ("cluster.max_utility_fraction", "raise"),
    ("cluster.keep_after_campus_loss", "lower"),
    ("cluster.keep_after_utility_loss", "lower"),
    ("cluster.min_compute_utilisation", "lower"),
)
"""Fractions, and whether they are raised to 1 or lowered to 0."""


def _fraction(model: Model, key: str, verb: str) -> Knob | None:
    if key.split(".")[1] not in type(getattr(model, key.split(".", maxsplit=1)[0])).model_fields:
        return None
    asked = current(model, key)
    if asked is None or (key == "clean.contractable_fraction" and model.clean.min_fraction == 0):
        return None
    assert isinstance(asked, float)
    steps = round(1 / PERCENT)
    if verb == "lower":
        values = [n / steps for n in range(math.ceil(asked * steps - 1e-9) - 1, -1, -1)]
    else:
        values = [n / steps for n in range(math.floor(asked * steps + 1e-9) + 1, steps + 1)]
    return Knob(key, verb, values, "", "0.01")


def _tour(lab: Laboratory) -> Knob | None:
    cluster = lab.model.cluster
    if cluster.network != "ring":
        return None
    # A longer tour than its hops can make is of no use.
    hop_km = float(lab.question.reach.km.max(initial=0.0))
    longest_km = cluster.max_campuses * hop_km
    values = range(math.floor(cluster.max_ring_km) + 1, math.ceil(longest_km) + 1)
    return Knob("cluster.max_ring_km", "raise", values, "km", "1 km")


def _span_loss(lab: Laboratory) -> Knob | None:
    asked = lab.model.cluster.keep_after_span_loss
    return Knob("cluster.keep_after_span_loss", "change", (False,) if asked else (), "", "")


def _sync(lab: Laboratory) -> Knob | None:
    case = lab.question
    asked = getattr(case.cluster, "max_sync_s", None)
    if asked is None:
        return None
    values = [float(f"{asked * 1.01**n:.3g}") for n in range(1, 700)]
    return Knob("cluster.max_sync_s", "raise", sorted(set(values)), "s", "1 %")


def _deliver(lab: Laboratory) -> Knob | None:
    case = lab.question
    areas = ("zone", "region", "interconnect", "anywhere")
    if case.clean.min_fraction == 0:
        return None
    wider = areas[areas.index(case.clean.deliver_within) + 1 :]
    return Knob("clean.deliver_within", "change", wider, "", "")


def _grid_mix(lab: Laboratory) -> Knob | None:
    case = lab.question
    if case.clean.min_fraction == 0 or case.clean.count_grid_mix:
        return None
    return Knob("clean.count_grid_mix", "change", (True,), "", "")


def _campus_most(lab: Laboratory) -> Knob | None:
    case = lab.question
    asked = case.campus.max_mw
    largest = float(case.max_mw.max(initial=0.0))
    step = 10 if largest > 500 else 1
    first = math.floor(asked / step + 1e-9) * step + step
    values = range(first, math.ceil(largest / step) * step + 1, step)
    return Knob("campus.max_mw", "raise", values, "MW", f"{step} MW")


def _campus_least(lab: Laboratory) -> Knob | None:
    case = lab.question
    asked = case.campus.min_mw
    step = 10 if asked > 100 else 1
    values = range(math.ceil(asked / step - 1e-9) * step - step, -1, -step)
    return Knob("campus.min_mw", "lower", values, "MW", f"{step} MW")


def _module(lab: Laboratory) -> Knob | None:
    case = lab.question
    return Knob("campus.module_mw", "change", (0,) if case.campus.module_mw > 0 else (), "MW", "")


def _scale(lab: Laboratory) -> Knob | None:
    asked = lab.model.power.headroom_scale
    steps = round(1 / PERCENT)
    first = math.floor(asked * steps + 1e-9) + 1
    values = [n / steps for n in range(first, round(max(1.0, asked) * MOST_HEADROOM * steps) + 1)]
    return Knob("power.headroom_scale", "raise", values, "", "0.01")


def _curtailment(lab: Laboratory) -> Knob | None:
    zones, asked = lab.world.zones, lab.model.power.curtailment
    stated = [at for column, at in HEADROOM_CURTAILMENT.items() if column in zones]
    if not stated or ("headroom_mw" in zones and bool(zones["headroom_mw"].notna().all())):
        return None
    per = 2000  # steps of 0.05 % of the energy
    values = [
        n / per for n in range(math.floor(asked * per + 1e-9) + 1, round(max(stated) * per) + 1)
    ]
    return Knob("power.curtailment", "raise", values, "", "0.0005")


def _network(lab: Laboratory) -> Knob | None:
    case = lab.question
    if case.cluster.network != "mesh":
        return None
    # A mesh is a hub network around any of its campuses.
    return Knob("cluster.network", "change", ("hub",), "", "")


OTHERS: tuple[Callable[[Laboratory], Knob | None], ...] = (
    _tour,
    _span_loss,
    _sync,
    _deliver,
    _grid_mix,
    _network,
    _curtailment,
    _campus_most,
    _campus_least,
    _module,
    _scale,
)


def site_knobs(model: Model) -> list[Knob]:
    """Required sites without one of them, and filters of the world taken away."""
    required = model.world.require_sites
    without_one = [
        Knob("world.require_sites", "change", ([s for s in required if s != site],), "", "")
        for site in required
    ]
    filters = [
        Knob(f"world.{key}", "change", ([],), "", "")
        for key in ("regions", "states", "exclude_sites")
        if getattr(model.world, key)
    ]
    return [*without_one, *filters]


def words(knob: Knob, model: Model, value: object) -> str:
    """What a change is called: ``raise cluster.max_fiber_km from 80 to 112 km``."""
    asked = current(model, knob.key)
    if knob.key == "world.require_sites":
        assert isinstance(asked, tuple)
        assert isinstance(value, list)
        (dropped,) = set(asked) - set(value)
        return f"take '{dropped}' out of world.require_sites"
    if value == []:
        return f"take everything out of {knob.key}"
    unit = f" {knob.unit}" if knob.unit else ""
    return f"{knob.verb} {knob.key} from {_shown(asked)} to {_shown(value)}{unit}"


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | np.number):
        return number(float(value))
    return f'"{value}"'

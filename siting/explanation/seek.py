"""The smallest changes of a model that give a plan, each solved and audited."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from siting.case import Case
from siting.explanation.knobs import Knob, knobs, site_knobs, words
from siting.explanation.laboratory import Headroom, Keys, Laboratory
from siting.program.any_plan import find_any_plan
from siting.program.backends.deadline import Deadline
from siting.program.diagnosis.elastic_headroom import find_missing_headroom, without_headroom_limits

OPEN_QUESTIONS = 2
"""Questions on one key that may stay open before its search ends."""

MOST_ZONES = 40
"""Up to this many zones each is tried by itself."""

SHOWN_ZONES = 5
"""Zones of which more headroom is proposed at the most."""


@dataclass(frozen=True)
class Change:
    """A change of the question that gives a plan; solved, and the plan audited.

    Parameters
    ----------
    text
        In words.
    keys
        Keys of the model and their new values.
    headroom_mw
        Zones and the headroom that they are given [MW].
    tolerance
        To which step the change is the smallest, if it is one of size.
    smallest
        One step less was proven to give no plan.
    """

    text: str
    keys: Keys = field(default_factory=dict)
    headroom_mw: Headroom = field(default_factory=dict)
    tolerance: str = ""
    smallest: bool = True


@dataclass
class Findings:
    """What the search for changes found.

    Parameters
    ----------
    changes
        Single changes that give a plan.
    together
        Changes that give a plan together, where no single one does.
    useless
        What gives no plan by itself, however far it is relaxed: proven.
    open
        What was not decided in time.
    """

    changes: list[Change] = field(default_factory=list)
    together: list[Change] = field(default_factory=list)
    useless: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


def seek_changes(lab: Laboratory) -> Findings:
    """Look for single changes that give a plan, then for several together."""
    found = Findings()
    everything = [*knobs(lab), *site_knobs(lab.model)]
    # First whether a key helps at all, so that no key takes the time of another.
    help_ = [knob for knob in everything if _helps(lab, knob, found)]
    for place, knob in enumerate(help_):
        with lab.share(1.0 / (len(help_) - place + 1)):
            found.changes.append(_smallest(lab, knob, {}))
    _try_headroom(lab, found)
    if not found.changes:
        found.together = _try_together(lab, everything)
    return found


def _helps(lab: Laboratory, knob: Knob, found: Findings) -> bool:
    """Whether a key gives a plan where it is relaxed as far as can be."""
    loosest = knob.values[-1]
    answer = lab.has_plan({knob.key: loosest})
    if answer is None:
        found.open.append(words(knob, lab.model, loosest))
    elif not answer:
        found.useless.append(words(knob, lab.model, loosest))
    return bool(answer)


def _smallest(lab: Laboratory, knob: Knob, others: Keys) -> Change:
    """The smallest change of a key that gives a plan beside others; its loosest value does."""
    low, high = -1, len(knob.values) - 1
    if knob.key == "cluster.target_mw" and not others:
        low, high = _around_largest(lab, knob)
    at, smallest = _first_true(
        low, high, lambda n: lab.has_plan({**others, knob.key: knob.values[n]})
    )
    value = knob.values[at]
    return Change(
        words(knob, lab.model, value), {knob.key: value}, {}, knob.step, smallest=smallest
    )


def _around_largest(lab: Laboratory, knob: Knob) -> tuple[int, int]:
    """The last target above what is proven to be possible, and the first that a plan reaches.

    The most draw is an objective of its own: a plan that has it is a plan for every lower target.
    """
    low, high = -1, len(knob.values) - 1
    largest = lab.largest_target_mw()
    if largest is not None:
        size_mw, bound_mw = largest
        targets = np.array(knob.values, np.float64)
        above = np.flatnonzero(targets > bound_mw * (1 + 1e-9))
        below = np.flatnonzero(targets <= size_mw + 1e-6)
        low = int(above[-1]) if len(above) else low
        high = int(below[0]) if len(below) else high
    return low, high


def _first_true(low: int, high: int, ask: Callable[[int], bool | None]) -> tuple[int, bool]:
    """First step whose answer is yes, and whether that is proven.

    The answer of step ``high`` is known to be yes, that of ``low`` to be no.
    """
    count, open_questions, proven = high + 1, 0, True
    # Small changes are tried first: most that help are small.
    stride = 1
    while high - low > 1:
        middle = low + stride if low + stride < high else (low + high) // 2
        answer = ask(middle)
        if answer:
            high = middle
            stride = count
        else:
            if answer is None:
                open_questions += 1
                proven = False
                if open_questions > OPEN_QUESTIONS:
                    break
            low = middle
            stride *= 4
    return high, proven


def _try_headroom(lab: Laboratory, found: Findings) -> None:
    """More headroom in one zone, in a zone and those that hold it, or in several."""
    case = lab.question
    solver = lab.model.solver.model_copy(update={"time_limit_s": 20.0})
    if lab.over():
        found.open.append("give more headroom")
        return
    verdict = find_any_plan(without_headroom_limits(case), solver=solver, interrupted=lab.over)
    if verdict.infeasible:
        found.useless.append("give every zone as much headroom as could be wanted")
        return
    ways = find_missing_headroom(case, solver=solver, deadline=Deadline(60.0, lab.over))
    alone: list[tuple[float, Change]] = []
    for zones in _zones_to_try(case, ways):
        change = _zone_change(lab, _most_useful_mw(case), zones)
        if change is not None:
            alone.append((max(change.headroom_mw.values()), change))
    alone.sort(key=lambda pair: (pair[0], pair[1].text))
    found.changes += [change for _, change in alone[:SHOWN_ZONES]]
    if not alone:
        found.changes += _several_zones(lab, ways)
        if not found.changes and not ways:
            found.open.append("give more headroom to several zones")


def _zones_to_try(case: Case, ways: list[dict[str, float]]) -> list[tuple[str, ...]]:
    """Zones one by one, then each with the zones that hold it."""
    with_sites = set(case.zone.tolist())
    leaves = sorted(with_sites)
    if len(leaves) > MOST_ZONES:
        needed = {zone for way in ways for zone in way}
        leaves = [z for z in leaves if case.zone_ids[z] in needed]
    singles = sorted({z for leaf in leaves for z in case.ancestry[leaf]})
    chains = [case.ancestry[leaf] for leaf in leaves if len(case.ancestry[leaf]) > 1]
    tried = [(z,) for z in singles]
    return [tuple(case.zone_ids[z] for z in zones) for zones in [*tried, *chains]]


def _most_useful_mw(case: Case) -> float:
    """Headroom beyond which no zone can be of more use [MW]."""
    cluster = case.cluster
    largest = cluster.max_campuses * case.campus.max_mw
    of_cluster = min(largest, float(np.max(case.pue)) * (case.target or largest))
    return (1 if case.asks_most else case.count) * of_cluster


def _zone_change(lab: Laboratory, most_mw: float, zones: tuple[str, ...]) -> Change | None:
    step = 10 if most_mw > 5000 else 1
    steps = math.ceil(most_mw / step)

    def ask(n: int) -> bool | None:
        return lab.has_plan({}, dict.fromkeys(zones, float((n + 1) * step)))

    if not ask(steps - 1):
        return None
    at, smallest = _first_true(-1, steps - 1, ask)
    added = float((at + 1) * step)
    where = " and in ".join(f"'{zone}'" for zone in zones)
    each = " each" if len(zones) > 1 else ""
    return Change(
        f"add {added:,.0f} MW of headroom{each} in {where}",
        {},
        dict.fromkeys(zones, added),
        f"{step} MW",
        smallest=smallest,
    )


def _several_zones(lab: Laboratory, ways: list[dict[str, float]]) -> list[Change]:
    for way in ways:
        # Rounded up, so that rounding does not take the plan away again.
        rounded = {zone: float(math.ceil(mw + 1e-3)) for zone, mw in sorted(way.items())}
        if lab.has_plan({}, rounded):
            parts = [f"{mw:,.0f} MW in '{zone}'" for zone, mw in rounded.items()]
            text = f"add headroom: {', '.join(parts)}"
            return [Change(text, {}, rounded, "1 MW", smallest=False)]
    return []


def _try_together(lab: Laboratory, everything: list[Knob]) -> list[Change]:
    """Changes none of which can be left out, each then made as small as the others allow."""
    loosest: dict[str, object] = {}
    by_key: dict[str, Knob] = {}
    for knob in everything:
        if knob.key in by_key:
            continue  # required sites: the first that may go is enough here
        if lab.has_plan({**loosest, knob.key: knob.values[-1]}) is not None:
            by_key[knob.key], loosest[knob.key] = knob, knob.values[-1]
    if not lab.has_plan(loosest):
        return []
    # The last ones are tried first, so that the keys that planners change most are left.
    for key in reversed(list(loosest)):
        fewer = {k: v for k, v in loosest.items() if k != key}
        if fewer and lab.has_plan(fewer):
            loosest = fewer
    changes = []
    for key in list(loosest):
        others = {k: v for k, v in loosest.items() if k != key}
        change = _smallest(lab, by_key[key], others)
        loosest[key] = change.keys[key]
        changes.append(change)
    return changes

"""Whether the answers to one instance can all be true."""

from __future__ import annotations

from typing import Any

ROUNDING = 1e-5
"""What rounding may do to an objective or a bound, relative to it [1]."""


def disagreements(runs: list[dict[str, Any]]) -> list[str]:
    """What cannot be true together, in words; none if all is well.

    Every plan must be one, no bound may be above any plan, plans that are proven may differ by
    the gap at the most, and where there is a plan nobody may have proven that there is none.
    """
    by_instance: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        by_instance.setdefault(run["name"], []).append(run)
    found = []
    for name, here in sorted(by_instance.items()):
        found += [f"{name}: {r['rival']}: {fault}" for r in here for fault in r.get("faults", [])]
        plans = [(r["objective"], r["rival"]) for r in here if r.get("objective") is not None]
        bounds = [(r["bound"], r["rival"]) for r in here if r.get("bound") is not None]
        without = [r["rival"] for r in here if r["status"] == "infeasible"]
        if plans and without:
            found.append(f"{name}: {min(plans)[1]} has a plan, {without[0]} proved there is none")
        if plans and bounds:
            (cost, planner), (bound, prover) = min(plans), max(bounds)
            if bound > cost * (1 + ROUNDING):
                found.append(
                    f"{name}: {prover} proved {bound:.3f}, {planner} has a plan of {cost:.3f} "
                    "MUSD/year"
                )
        proven = [(r["objective"], r["rival"]) for r in here if r["status"] == "proven"]
        if proven:
            (least, one), (most, other) = min(proven), max(proven)
            asked = max(r["gap_asked"] for r in here)
            if most > least * (1 + asked + ROUNDING):
                found.append(f"{name}: {one} proved {least:.3f} best, {other} {most:.3f} MUSD/year")
    return found


def count_compared(runs: list[dict[str, Any]]) -> tuple[int, int]:
    """Instances that more than one finished by proof, and runs that did so on them."""
    finished: dict[str, int] = {}
    for run in runs:
        if run["status"] in ("proven", "infeasible"):
            finished[run["name"]] = finished.get(run["name"], 0) + 1
    several = [number for number in finished.values() if number > 1]
    return len(several), sum(several)

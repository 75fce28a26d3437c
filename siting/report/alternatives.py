"""Several plans of one question side by side: how they differ, as text and as files."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from siting.plan import Plan
from siting.report.folder import LAYER_FILES, MAP_FILE, check_folder_of, place_folder
from siting.report.geojson import to_geojson
from siting.report.layers import to_geodataframes
from siting.report.map import draw_maps
from siting.report.text import OBJECTIVES, Column, counted, describe_reading, percent, table
from siting.report.write import to_json
from siting.wording import printable

if TYPE_CHECKING:
    from siting.world import World

SCHEMA = 1
"""Version of ``alternatives.json``."""

SUMMARY_FILE = "alternatives.json"


@dataclass(frozen=True)
class AlternativePlans:
    """Plans within a fraction of the best that differ as much as possible; each is audited.

    Parameters
    ----------
    model_name, sense
        Of the model that was asked.
    within
        Fraction by which a plan may be worse than the best [1].
    plans
        The best plan first.
    reused
        For each plan how many campuses of a cluster are at most in zones (at sites) of the plans
        before it.
    by
        For each plan what was counted: ``zone`` or ``site``.
    proven
        For each plan whether it is proven that none within the fraction reuses fewer.
    excluded
        Utilities and zones that said no.
    ended
        Why there are fewer plans than were asked; empty where there are as many.
    """

    model_name: str
    sense: str
    within: float
    plans: tuple[Plan, ...]
    reused: tuple[int, ...]
    by: tuple[str, ...]
    proven: tuple[bool, ...]
    excluded: tuple[str, ...]
    ended: str

    def __len__(self) -> int:
        return len(self.plans)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the plans: ``p1`` is the best."""
        return tuple(f"p{n}" for n in range(1, len(self.plans) + 1))

    def difference(self, a: int, b: int, *, by: str = "site") -> float:
        """Share of the campuses of the smaller plan that the other does not have [0-1].

        Parameters
        ----------
        a, b
            Positions of two plans.
        by
            ``site``, ``zone`` or ``utility``: what makes two campuses the same.
        """
        one, other = (_places(self.plans[n], by) for n in (a, b))
        both = one & other
        return 1.0 - len(both) / min(len(one), len(other))

    def to_dict(self) -> dict[str, Any]:
        """The content of ``alternatives.json``."""
        return {
            "schema": SCHEMA,
            "model": self.model_name,
            "within": self.within,
            "excluded": list(self.excluded),
            "ended": self.ended,
            "plans": [
                {
                    "name": name,
                    "objective": plan.objective,
                    "worse": _worse(self.plans[0], plan),
                    "reused": reused,
                    "by": by,
                    "proven": proven,
                    "plan": plan.to_dict(),
                }
                for name, plan, reused, by, proven in zip(
                    self.names, self.plans, self.reused, self.by, self.proven, strict=True
                )
            ],
            "differences": [
                {
                    "plans": [self.names[a], self.names[b]],
                    **{by: self.difference(a, b, by=by) for by in ("site", "zone", "utility")},
                }
                for a, b in combinations(range(len(self.plans)), 2)
            ],
        }


def _places(plan: Plan, by: str) -> set[str]:
    return {getattr(campus, by) for cluster in plan.clusters for campus in cluster.campuses}


def _worse(best: Plan, plan: Plan) -> float:
    return abs(plan.objective - best.objective) / abs(best.objective) if best.objective else 0.0


def describe_alternatives(found: AlternativePlans, *, caveat: str | None = None) -> str:
    """Describe plans beside each other, and how they differ pair by pair."""
    measure, unit, _ = OBJECTIVES[found.sense]
    head = (
        f"{found.model_name}: {counted(len(found), 'plan', 'plans')} within "
        f"{percent(found.within, 1)} of the best, as different as possible; each is audited"
    )
    if found.excluded:
        head += f"\nWithout {', '.join(found.excluded)}"
    rows = [
        (
            name,
            f"{plan.objective:,.2f}",
            f"+{100 * _worse(found.plans[0], plan):.2f}"
            if plan.sense != "maximise_mw"
            else f"-{100 * _worse(found.plans[0], plan):.2f}",
            f"{sum(len(cluster.campuses) for cluster in plan.clusters)}",
            f"{sum(cluster.draw_mw for cluster in plan.clusters):,.0f}",
            f"{max(cluster.max_fiber_km for cluster in plan.clusters):,.0f}",
            ", ".join(sorted({u for cluster in plan.clusters for u in cluster.utilities})),
        )
        for name, plan in zip(found.names, found.plans, strict=True)
    ]
    columns = [
        Column("plan"),
        Column(measure, unit),
        Column("to best", "%"),
        Column("campuses", ""),
        Column("draw", "MW"),
        Column("longest link", "km"),
        Column("utilities"),
    ]
    blocks = [head, "\n".join(table(columns, rows))]
    for by, things in (("site", "sites"), ("zone", "zones")):
        if len(found) > 1:
            lines = table(
                [Column("plan"), *(Column(name, "%") for name in found.names)],
                [
                    (
                        found.names[a],
                        *(
                            "-" if a == b else f"{100 * found.difference(a, b, by=by):.0f}"
                            for b in range(len(found))
                        ),
                    )
                    for a in range(len(found))
                ],
            )
            what = f"Share of the {things} of the smaller plan that the other does not use"
            blocks.append("\n".join([what, *lines]))
    blocks.append("\n".join(_describe_proofs(found)))
    as_read = describe_reading(found.plans[0].left_out, found.plans[0].notices)
    if as_read:
        blocks.append("\n".join(as_read))
    if caveat:
        blocks.append(printable(caveat))
    return "\n\n".join(blocks)


def _describe_proofs(found: AlternativePlans) -> list[str]:
    lines = ["How different each plan is from all before it"]
    for name, reused, by, proven in list(
        zip(found.names, found.reused, found.by, found.proven, strict=True)
    )[1:]:
        place = "in zones" if by == "zone" else "at sites"
        count = f"at most {counted(reused, 'campus', 'campuses')} of a cluster" if reused else ""
        what = f"{count or 'no campus'} {place} that they use"
        less = "" if reused == 0 and by == "zone" else ": fewer is not possible within the fraction"
        lines.append(f"  {name}: {what}{less if proven else ' (fewer was not decided in time)'}")
    if found.ended:
        lines.append(f"  {found.ended}")
    return lines if len(lines) > 1 else []


def write_alternatives(found: AlternativePlans, world: World, folder: str | Path) -> Path:
    """Write plans into one folder: a summary, a file each, and layers of all of them.

    ``alternatives.json``, ``p1.json`` and so on (each as ``plan.json``), the GeoJSON layers with a
    property ``plan``, and ``map.html`` with a switch.

    Parameters
    ----------
    found
        The plans.
    world
        The world that they were made on.
    folder
        Where to write. A folder that holds earlier alternatives is replaced.

    Returns
    -------
    Path
        The folder, as an absolute path.
    """
    texts = {SUMMARY_FILE: json.dumps(found.to_dict(), indent=2, ensure_ascii=False) + "\n"}
    named = dict(zip(found.names, found.plans, strict=True))
    texts |= {f"{name}.json": to_json(plan) for name, plan in named.items()}
    layers = {name: to_geodataframes(plan, world) for name, plan in named.items()}
    for file in LAYER_FILES:
        layer = file.removesuffix(".geojson")
        parts = []
        for name in named:
            part = getattr(layers[name], layer).copy()
            part.insert(0, "plan", name)
            parts.append(part)
        texts[file] = to_geojson(pd.concat(parts, ignore_index=True))
    switch = {
        f"{name}: {plan.objective:,.0f} {OBJECTIVES[plan.sense][1]}": plan
        for name, plan in named.items()
    }
    texts[MAP_FILE] = draw_maps(switch, world).html
    return place_folder(check_alternatives_folder(folder), texts, check_alternatives_folder)


def check_alternatives_folder(folder: str | Path) -> Path:
    """Refuse a folder whose replacement would lose what a user put there."""
    return check_folder_of(
        folder,
        lambda name: (
            name in {SUMMARY_FILE, MAP_FILE, *LAYER_FILES}
            or (name.startswith("p") and name.removeprefix("p").removesuffix(".json").isdigit())
        ),
        SUMMARY_FILE,
        {"schema", "model", "within", "plans"},
    )

"""Whether a model can be asked on a world: enough sites, and regions where they matter."""

from __future__ import annotations

from siting.errors import InputError, Problem
from siting.model import Model
from siting.wording import shown
from siting.world.world import World

LISTED = 10
"""So many zones are named; the others are counted."""


def check_question(model: Model, world: World) -> None:
    """Check that a model can be asked on a world: enough sites, and regions where they matter.

    Raises
    ------
    InputError
        With every problem.
    """
    where = f"model '{model.name}'"
    found = [*_asks_for_sites(model, world), *_asks_for_areas(model, world)]
    if found:
        raise InputError(Problem(where, what) for what in found)


def _asks_for_sites(model: Model, world: World) -> list[str]:
    cluster, sites = model.cluster, len(world.plain("sites"))
    fewest = 1 if cluster.count == "most" else cluster.count
    asked = fewest * cluster.min_campuses
    if asked <= sites:
        return []
    left = ", ".join(f"{key} leaves out {n:,}" for key, n in world.dropped.items())
    have = "is 1 site" if sites == 1 else f"are {sites:,} sites"
    what = (
        f"cluster.count = {shown(cluster.count)} and cluster.min_campuses = {cluster.min_campuses} "
        f"ask for {asked:,} campuses, but there {have}{f' ({left})' if left else ''}; ask for "
        "fewer campuses, or give more sites"
    )
    return [what]


def _asks_for_areas(model: Model, world: World) -> list[str]:
    reasons: dict[str, list[str]] = {}
    within = model.clean.deliver_within
    if model.clean.min_fraction > 0 and within in ("region", "interconnect"):
        reasons[within] = [f'clean.deliver_within is "{within}"']
    if model.cluster.min_regions > 1:
        reasons.setdefault("region", []).append(
            f"cluster.min_regions is {model.cluster.min_regions}"
        )
    wrong = []
    for column, reason in reasons.items():
        sites = world.plain("sites")
        areas = zip(sites.texts("zone"), sites.texts(column), strict=True)
        zones = sorted({str(zone) for zone, area in areas if area is None})
        if not zones:
            continue
        shown = ", ".join(f"'{name}'" for name in zones[:LISTED])
        more = f" and {len(zones) - LISTED:,} more" if len(zones) > LISTED else ""
        who, have = ("zone", "has") if len(zones) == 1 else ("zones", "have")
        wrong.append(
            f"{' and '.join(reason)}, but {who} {shown}{more} {have} no "
            f"{column} in {world.files.get('zones', 'zones')}; fill in the column {column}, or "
            + (
                "lower min_regions"
                if "min_regions" in reason[-1]
                else "ask for delivery within a zone"
            )
        )
    return wrong

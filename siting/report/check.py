"""What a model and its world hold, counted before anything is solved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.distances import join_sites
from siting.fiber import Pieces, pieces_of

if TYPE_CHECKING:
    from siting.case import Case
    from siting.distances import Distances
    from siting.fiber.reach import FloatArray
    from siting.model import Model
    from siting.notices import LeftOut, Notice
    from siting.world import World


@dataclass(frozen=True)
class RegionCheck:
    """What a region holds.

    Parameters
    ----------
    region
        Its name; None for sites whose region is not known.
    sites, usable_sites
        All sites, and those where a campus of the least size fits.
    capacity_mw
        Largest campuses of the usable sites, each alone [MW].
    headroom_mw
        What the zones of all sites can give together, under the zones that they lie in [MW].
    drawable_mw
        The most that the usable sites can draw together, under that headroom [MW].
    """

    region: str | None
    sites: int
    usable_sites: int
    capacity_mw: float
    headroom_mw: float
    drawable_mw: float


@dataclass(frozen=True)
class CheckReport:
    """What a model and its world hold.

    Parameters
    ----------
    model, world_name, world_title, caveat
        What was read.
    rows
        For each table the rows that are kept; of plants those that take part, so that they and
        what is left out are all there are.
    left_out, notices
        What the model's filters and outlines leave out, and what was done to the files.
    regions
        By region, sorted by name.
    reach_km
        Longest link: ``cluster.max_fiber_km``, or less where campuses must be in time [km].
    in_time
        For each number of campuses that has a length of its own then, the longest link, or the
        longest tour of a ring [km]; empty without such limits.
    pairs, possible_pairs
        Pairs of sites within ``reach_km``, and all pairs.
    alone
        Ids of sites that no other site is within reach of.
    fiber_km
        Length of all spans [km].
    component_sites
        Sites on each connected component of the fiber that has any, most first.
    pieces
        The same with where the components come nearest to each other.
    between_ends
        Sites that join a span between its ends.
    contractable_mwh
        Clean energy that can be contracted in a year [MWh/year].
    seconds
        Time that reading and measuring took [s].
    """

    model: Model
    world_name: str
    world_title: str
    caveat: str | None
    rows: dict[str, int]
    left_out: tuple[LeftOut, ...]
    notices: tuple[Notice, ...]
    regions: tuple[RegionCheck, ...]
    reach_km: float
    in_time: tuple[tuple[int, float], ...]
    pairs: int
    possible_pairs: int
    alone: tuple[str, ...]
    fiber_km: float
    component_sites: tuple[int, ...]
    pieces: Pieces
    between_ends: int
    contractable_mwh: float
    seconds: float

    @property
    def sites(self) -> int:
        """Number of sites."""
        return sum(region.sites for region in self.regions)

    @property
    def usable_sites(self) -> int:
        """Number of sites where a campus of the least size fits."""
        return sum(region.usable_sites for region in self.regions)


def check_case(
    model: Model,
    world: World,
    distances: Distances,
    case: Case,
    *,
    seconds: float,
) -> CheckReport:
    """Count what a case holds.

    Parameters
    ----------
    model, world
        What was read.
    distances, case
        What was made of it: kilometres by fiber, and the question as numbers.
    seconds
        Time that all of it took [s].
    """
    count = len(case.site_ids)
    pieces = pieces_of(distances.graph, distances.access.node)
    alone = np.flatnonzero(case.reach.neighbours == 0)
    return CheckReport(
        model=model,
        world_name=world.name,
        world_title=world.title,
        caveat=world.caveat,
        rows={
            "sites": len(world.sites),
            "zones": len(world.zones),
            "fiber spans": len(world.fiber),
            "plants": len(world.supply) - world.stray_plants,
            **({} if world.nodes is None else {"fiber nodes": len(world.nodes)}),
        },
        left_out=world.left_out,
        notices=world.notices,
        regions=_regions(case),
        reach_km=case.reach.limit_km,
        in_time=tuple(case.lengths_in_time),
        pairs=case.reach.pairs,
        possible_pairs=count * (count - 1) // 2,
        alone=tuple(case.site_ids[i] for i in alone),
        fiber_km=float(world.spans().km.sum()),
        component_sites=pieces.sites,
        pieces=pieces,
        between_ends=join_sites(world).between,
        contractable_mwh=float(case.contractable_mwh.sum()),
        seconds=seconds,
    )


def _regions(case: Case) -> tuple[RegionCheck, ...]:
    cap_mw = np.where(case.usable, case.cap_mw, 0.0)
    checks = []
    for number in np.unique(case.region):
        inside = case.region == number
        checks.append(
            RegionCheck(
                region=case.regions[number] if number >= 0 else None,
                sites=int(inside.sum()),
                usable_sites=int((inside & case.usable).sum()),
                capacity_mw=float(cap_mw[inside].sum()),
                headroom_mw=most_drawn_mw(case, np.where(inside, np.inf, 0.0)),
                drawable_mw=most_drawn_mw(case, np.where(inside, cap_mw, 0.0)),
            )
        )
    return tuple(sorted(checks, key=lambda check: (check.region is None, check.region or "")))


def most_drawn_mw(case: Case, cap_mw: FloatArray) -> float:
    """The most that sites can draw together, each up to its cap, under all zones' headroom [MW].

    From the leaves upwards a zone can draw what its sites and the zones in it can, and no more
    than its own headroom.

    Parameters
    ----------
    case
        The zones, and which of them each site is in.
    cap_mw
        ``(I,)`` the most that each site can draw [MW].
    """
    drawn_mw = np.bincount(case.zone, weights=cap_mw, minlength=len(case.zone_ids))
    roots_mw = 0.0
    for z in sorted(range(len(case.zone_ids)), key=lambda z: -len(case.ancestry[z])):
        drawn_mw[z] = min(drawn_mw[z], case.headroom_mw[z])
        if case.parent[z] >= 0:
            drawn_mw[case.parent[z]] += drawn_mw[z]
        else:
            roots_mw += drawn_mw[z]
    return float(roots_mw)

"""What a world holds, counted: tables, power by region, fiber, and where it all comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from siting.world.columns import HEADROOM_CURTAILMENT

if TYPE_CHECKING:
    from siting.world import DataSource, World


@dataclass(frozen=True)
class RegionSummary:
    """What a world holds in a region.

    Parameters
    ----------
    region
        Its name; None for what lies in none.
    zones, sites, plants
        Leaf zones, sites and plants in it.
    site_mw, existing_mw
        What its sites' interconnections carry, and what stands there already [MW].
    headroom_mw
        For each column of headroom that the zones have: what the zones can give together, under
        the zones that they lie in [MW].
    supply_mw, clean_mw
        Capacity of all plants, and of clean ones [MW].
    """

    region: str | None
    zones: int
    sites: int
    plants: int
    site_mw: float
    existing_mw: float
    headroom_mw: dict[str, float]
    supply_mw: float
    clean_mw: float


@dataclass(frozen=True)
class WorldSummary:
    """What a world holds.

    Parameters
    ----------
    name, title, caveat, sha256
        As the world says.
    rows
        For each table its rows.
    regions
        By region, sorted by name.
    fiber_km
        For each kind of span its length [km].
    nodes
        Nodes of the fiber.
    sources
        Where the content comes from, and under which licence.
    """

    name: str
    title: str
    caveat: str | None
    sha256: str
    rows: dict[str, int]
    regions: tuple[RegionSummary, ...]
    fiber_km: dict[str, float]
    nodes: int
    sources: tuple[DataSource, ...]


def summarise(world: World) -> WorldSummary:
    """Count what a world holds."""
    spans = world.spans()
    kinds = _column(world.fiber, "kind", "any")
    km = pd.Series(spans.km).groupby(kinds.to_numpy()[spans.row]).sum()
    return WorldSummary(
        name=world.name,
        title=world.title,
        caveat=world.caveat,
        sha256=world.sha256,
        rows={
            "sites": len(world.sites),
            "zones": len(world.zones),
            "fiber spans": len(world.fiber),
            "plants": len(world.supply),
        },
        regions=_regions(world),
        fiber_km={str(kind): float(length) for kind, length in km.items()},
        nodes=len(spans.node_ids),
        sources=tuple(world.sources),
    )


def _regions(world: World) -> tuple[RegionSummary, ...]:
    region_of = dict(zip(world.zones["id"], _column(world.zones, "region", None), strict=True))
    region_of = {zone: None if pd.isna(name) else str(name) for zone, name in region_of.items()}
    parents = set(_column(world.zones, "parent", None).dropna())
    headroom = _headroom(world, region_of)
    sites = world.sites.assign(_region=[region_of[zone] for zone in world.sites["zone"]])
    supply = world.supply.assign(_region=[region_of.get(zone) for zone in world.supply["zone"]])
    present = {*region_of.values(), *supply["_region"]}
    summaries = []
    for region in sorted(present, key=lambda name: (name is None, name or "")):
        here, plants = (table[_equal(table["_region"], region)] for table in (sites, supply))
        zones = [zone for zone, name in region_of.items() if name == region]
        summaries.append(
            RegionSummary(
                region=region,
                zones=sum(zone not in parents for zone in zones),
                sites=len(here),
                plants=len(plants),
                site_mw=float(here["max_mw"].sum()),
                existing_mw=float(_column(here, "existing_mw", 0.0).fillna(0.0).sum()),
                headroom_mw={column: mw.get(region, 0.0) for column, mw in headroom.items()},
                supply_mw=float(plants["mw"].sum()),
                clean_mw=float(plants["mw"][plants["clean"].astype(bool)].sum()),
            )
        )
    return tuple(summaries)


def _headroom(world: World, region_of: dict[str, str | None]) -> dict[str, dict[str | None, float]]:
    """For each column of headroom, what each region's zones can give together [MW]."""
    parent = {
        zone: None if pd.isna(name) else str(name)
        for zone, name in zip(world.zones["id"], _column(world.zones, "parent", None), strict=True)
    }
    depth: dict[str, int] = {}
    for zone in parent:
        chain = [zone]
        while (above := parent[chain[-1]]) is not None:
            chain.append(above)
        depth[zone] = len(chain)
    found = {}
    for column in ("headroom_mw", *HEADROOM_CURTAILMENT):
        if column not in world.zones or world.zones[column].isna().all():
            continue
        own = dict(zip(world.zones["id"], world.zones[column].astype(float), strict=True))
        inside: dict[str, float] = {}
        total: dict[str | None, float] = {}
        for zone in sorted(parent, key=lambda name: -depth[name]):
            mw = float(np.nanmin([own[zone], inside.get(zone, np.inf)]))
            above = parent[zone]
            if above is not None:
                inside[above] = inside.get(above, 0.0) + mw
            if above is None or region_of[above] != region_of[zone]:
                total[region_of[zone]] = total.get(region_of[zone], 0.0) + mw
        found[column] = total
    return found


def _column(table: pd.DataFrame, name: str, missing: object) -> pd.Series[Any]:
    if name in table:
        return table[name]
    return pd.Series([missing] * len(table), index=table.index, dtype=object)


def _equal(values: pd.Series[Any], value: str | None) -> pd.Series[bool]:
    return values.isna() if value is None else values == value

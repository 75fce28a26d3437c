"""Zones: balancing areas with headroom, nested in regions."""

from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import MultiPolygon, Polygon

from us_world.facts import CURTAILMENTS, Facts, headroom_ratio, region_headroom_mw
from us_world.geometry import tile, union
from us_world.network import Network
from us_world.packages import Archives

MAPPING = "powersimdata/design/investment/data/mapping"
CO2 = "codecarbon/data/private_infra/2023/usa_emissions.json"
KG_PER_LB = 0.45359237
TOLERANCE_DEG = 0.01
INTERCONNECTS = {"wscc": "Western", "eastern": "Eastern", "texas": "Texas"}
MERGED = {"p32": "p23"}
"""The Black Hills have no bus in the network; their land goes to the neighbour of their utility."""


def read_areas(archives: Archives) -> pd.DataFrame:
    """State, RTO code and interconnect of the areas in the US, by area, from hierarchy.csv."""
    file = archives.open("powersimdata", f"{MAPPING}/hierarchy.csv")
    areas = pd.read_csv(file).drop_duplicates("rb").set_index("rb")
    areas = areas[areas["country"] == "usa"][["st", "rto", "interconnect"]]
    order = sorted(areas.index, key=lambda area: int(area[1:]))
    return areas.loc[order].assign(
        state=lambda t: t["st"].str.upper(),
        interconnect=lambda t: t["interconnect"].map(INTERCONNECTS),
    )


def read_polygons(archives: Archives, areas: pd.Index) -> dict[str, MultiPolygon]:
    """Polygons of the areas from the vertex list of gis_rb.csv (no area of the US has holes)."""
    vertices = pd.read_csv(archives.open("powersimdata", f"{MAPPING}/gis_rb.csv"))
    vertices = vertices[vertices["id"].isin(areas)].sort_values(["id", "piece", "order"])
    assert not vertices["hole"].any()
    rings: dict[str, list[Polygon]] = {}
    for (area, _), ring in vertices.groupby(["id", "piece"]):
        rings.setdefault(str(area), []).append(Polygon(ring[["long", "lat"]].to_numpy()))
    return {area: MultiPolygon(rings[area]) for area in areas}


def merge_areas(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Give the land of areas without a bus to their neighbour."""
    shapes = shapes.copy()
    for area, neighbour in MERGED.items():
        shapes[neighbour] = union(shapes[[neighbour, area]].to_numpy())
        shapes = shapes.drop(area)
    return shapes


def build_zones(archives: Archives, network: Network, facts: Facts) -> gpd.GeoDataFrame:
    """Leaf zones, then one parent for each region; ``grid_clean_fraction`` is added later.

    For a leaf: ``headroom_mw = peak_mw * ratio`` of its authorities, price and CO2 of its state.
    For a parent: headroom is the sum over its leaves, or what the authorities of the region were
    computed to have together, whichever is less; price and CO2 are means weighted by peak.
    """
    areas = read_areas(archives)
    shapes = merge_areas(tile(read_polygons(archives, areas.index), TOLERANCE_DEG))
    leaf = areas.loc[areas.index.difference(list(MERGED), sort=False)].copy()
    known = facts.zones.loc[leaf.index]
    leaf["utility"], leaf["region"] = known["utility"], known["region"]
    leaf["authorities"] = known["authorities"]
    leaf["name"] = [f"{u} ({s}, {i})" for i, u, s in leaf[["utility", "state"]].itertuples()]
    leaf["parent"] = "region_" + leaf["region"]
    leaf["peak_mw"] = network.areas.reindex(leaf.index).round(1)
    for part in CURTAILMENTS:
        ratio = [headroom_ratio(facts.authorities, a, part) for a in leaf["authorities"]]
        leaf[f"headroom_mw_{part}"] = (leaf["peak_mw"] * ratio).round(1)
    leaf["price_usd_per_mwh"] = leaf["state"].map(facts.state_prices["industrial_usd_per_mwh"])
    leaf["co2_kg_per_mwh"] = leaf["state"].map(read_co2(archives)).round(1)
    leaf["geometry"] = shapes
    leaf.insert(0, "id", leaf.index)
    parents = [_parent(str(r), rows, facts) for r, rows in leaf.groupby("region")]
    table = pd.concat([leaf, pd.DataFrame(parents)], ignore_index=True)
    return gpd.GeoDataFrame(table, geometry="geometry", crs=4326)


def _parent(region: str, rows: pd.DataFrame, facts: Facts) -> dict[str, object]:
    names = {name for a in rows["authorities"] for name in a.split("+")}
    # A region is an RTO, whose code differs in ISO-NE alone, or the leading authority itself.
    title = facts.authorities["name"][rows["authorities"].iloc[0].split("+")[0]]
    parent: dict[str, object] = {
        "id": f"region_{region}",
        "name": title,
        "utility": title,
        "region": region,
        "interconnect": rows["interconnect"].iloc[0],
        "state": None,
        "parent": None,
        "peak_mw": round(rows["peak_mw"].sum(), 1),
    }
    assert (rows["interconnect"] == parent["interconnect"]).all()
    for part in CURTAILMENTS:
        total = rows[f"headroom_mw_{part}"].sum()
        cap = region_headroom_mw(facts.authorities, names, part)
        parent[f"headroom_mw_{part}"] = round(min(total, cap), 1)
    for column, places in (("price_usd_per_mwh", 1), ("co2_kg_per_mwh", 1)):
        parent[column] = round(float(np.average(rows[column], weights=rows["peak_mw"])), places)
    parent["geometry"] = union(rows["geometry"].to_numpy())
    return parent


def read_co2(archives: Archives) -> pd.Series:
    """CO2-equivalent rate of generation by state [kg/MWh], eGRID 2023, from lb/MWh."""
    rates = json.load(archives.open("codecarbon", CO2))
    return pd.Series(
        {
            row["regionCode"]: row["emissions"] * KG_PER_LB
            for name, row in rates.items()
            if not name.startswith("_")
        }
    )


def add_clean_fraction(zones: gpd.GeoDataFrame, supply: pd.DataFrame) -> None:
    """Clean share of the energy of the plants of each zone's region.

    For every region: ``sum of mw * capacity_factor of clean plants / sum over all plants``.
    A region's mix, not a zone's or a state's: power flows freely inside a region.
    """
    region = supply["zone"].map(zones.set_index("id")["region"])
    energy = supply["mw"] * supply["capacity_factor"]
    fraction = (energy * supply["clean"]).groupby(region).sum() / energy.groupby(region).sum()
    zones["grid_clean_fraction"] = zones["region"].map(fraction).round(3)

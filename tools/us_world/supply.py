"""Supply: plants in service, by substation and kind."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd

from us_world.facts import Facts
from us_world.geometry import locate
from us_world.network import Network
from us_world.sites import site_id

NOT_BUILT = ("wind_offshore",)
"""Lease areas and projects, in service in the network but not on any grid."""


def build_supply(network: Network, zones: gpd.GeoDataFrame, facts: Facts) -> pd.DataFrame:
    """Table of plants: units of one kind at one substation are one row.

    Columns: ``id``, ``lon``, ``lat`` [degrees], ``kind``, ``mw`` (sum of Pmax),
    ``capacity_factor`` (of its kind, national), ``zone`` (of its substation), ``clean``.
    """
    units = network.plants[~network.plants["type"].isin(NOT_BUILT)]
    by = units.groupby(["sub_id", "type"], as_index=False)
    plants = by.agg({"mw": "sum", "lon": "first", "lat": "first"})
    plants["mw"] = plants["mw"].round(1)
    plants = plants[plants["mw"] > 0].reset_index(drop=True)
    kinds = facts.kinds.loc[plants["type"]].reset_index(drop=True)
    plants[["kind", "capacity_factor", "clean"]] = kinds[["kind", "capacity_factor", "clean"]]
    leaf = zones[zones["parent"].notna()].set_index("id")
    plants["zone"], _ = locate(plants, leaf.geometry)
    plants.insert(0, "id", plants["sub_id"].map(site_id) + "_" + plants["kind"])
    return pd.DataFrame(plants)

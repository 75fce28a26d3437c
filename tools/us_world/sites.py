"""Sites: the substations."""

from __future__ import annotations

import tempfile
from pathlib import Path

import geopandas as gpd
import pandas as pd

from us_world.geometry import locate
from us_world.network import Network
from us_world.packages import Archives

CELLS = "tests/data/downscale/inputs/grid_char_weighted_scores.gpkg"


def site_id(sub_id: int) -> str:
    """Id of a substation; the network's own names are synthetic and are never shown."""
    return f"us_{sub_id:05d}"


def withdrawal_mw(lines: pd.DataFrame) -> pd.Series:
    """Draw that a substation can take with its largest line out [MW], by ``sub_id``.

    For every substation, over its lines ``l``::

        max_mw = max(0, sum of rate_mw[l] - max of rate_mw[l] - sum of |flow_mw[l]|)

    The flow of the lost line must go over the others, so all flows are taken off what remains.
    """
    ends = pd.concat([lines.assign(sub_id=lines[end]) for end in ("a", "b")])
    by = ends.groupby("sub_id")
    left = by["rate_mw"].sum() - by["rate_mw"].max() - by["flow_mw"].sum()
    return left.clip(lower=0)


def build_sites(network: Network, zones: gpd.GeoDataFrame, archives: Archives) -> pd.DataFrame:
    """Table of sites, ordered by substation.

    Columns: ``id``, ``lon``, ``lat`` [degrees], ``max_mw`` (N-1 withdrawal), ``zone`` (the leaf
    zone that holds the point, or the nearest where the simplified coast leaves it outside),
    ``state``, ``region``, ``kv``, ``existing_mw`` and ``land_mw`` (see :func:`share_cells`), and
    ``outside_km``, which is not written.
    """
    sites = network.substations.copy()
    sites["max_mw"] = withdrawal_mw(network.lines).reindex(sites.index, fill_value=0.0).round(1)
    leaf = zones[zones["parent"].notna()].set_index("id")
    sites["zone"], sites["outside_km"] = locate(sites, leaf.geometry)
    sites["state"] = sites["zone"].map(leaf["state"])
    sites["region"] = sites["zone"].map(leaf["region"])
    sites = sites.join(share_cells(sites, read_cells(archives)))
    sites.insert(0, "id", [site_id(int(s)) for s in sites.index])
    return sites


def read_cells(archives: Archives) -> gpd.GeoDataFrame:
    """Cells of 46 km with developable capacity and existing datacenters [MW]."""
    with tempfile.TemporaryDirectory() as folder:
        # Read from a file with its own ending: GDAL warns about a GeoPackage that has none.
        path = Path(folder) / "cells.gpkg"
        path.write_bytes(archives.open("nlr-reveal", CELLS).read())
        return gpd.read_file(path)


def share_cells(sites: pd.DataFrame, cells: gpd.GeoDataFrame) -> pd.DataFrame:
    """Share land and existing datacenters of 46 km cells among the sites in them.

    ``land_mw`` is the cell's developable capacity divided evenly among its sites. ``existing_mw``
    is divided evenly too; a cell that has datacenters but no site gives them to the site nearest
    its centre, so that the total is kept.
    """
    where = gpd.GeoSeries(gpd.points_from_xy(sites["lon"], sites["lat"]), sites.index, crs=4326)
    flat = gpd.GeoDataFrame(geometry=where.to_crs(cells.crs))
    joined = flat.sjoin(cells, predicate="within")
    joined = joined[~joined.index.duplicated()]
    number = joined.groupby("gid")["gid"].transform("size")
    land = (joined["developable_capacity_mw"] / number).reindex(sites.index, fill_value=0.0)
    existing = (joined["dc_capacity_mw_existing"] / number).reindex(sites.index, fill_value=0.0)
    left = cells[(cells["dc_capacity_mw_existing"] > 0) & ~cells["gid"].isin(joined["gid"])]
    centre = gpd.GeoDataFrame(
        {"mw": left["dc_capacity_mw_existing"]}, geometry=left.centroid, crs=cells.crs
    )
    near = centre.sjoin_nearest(flat).reset_index(names="cell").drop_duplicates("cell")
    existing = existing.add(near.groupby("sub_id")["mw"].sum(), fill_value=0.0)
    return pd.DataFrame({"existing_mw": existing.round(2), "land_mw": land.round(0).astype(int)})

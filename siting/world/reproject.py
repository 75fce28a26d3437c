"""From any coordinate system to WGS 84 degrees."""

from __future__ import annotations

import geopandas as gpd
import shapely

WGS84 = "EPSG:4326"


def in_degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The rows of a frame in WGS 84 degrees, flat, with their geometry in ``geometry``."""
    flat = frame.set_geometry(shapely.force_2d(frame.geometry.to_numpy()), crs=frame.crs)
    if flat.geometry.name != "geometry":
        flat = flat.rename_geometry("geometry")
    if flat.crs is None or flat.crs == WGS84:
        return flat.set_crs(WGS84, allow_override=True)
    return flat.to_crs(WGS84)

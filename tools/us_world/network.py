"""The synthetic transmission network of the powersimdata package."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from us_world.packages import Archives

DATA = "powersimdata/network/usa_tamu/data"
AREAS = "powersimdata/design/investment/data/buses_ReEDS_region.csv"
TRANSMISSION_KV = 230
"""Lines of at least this are corridors with fiber of the long-haul kind [kV]."""

ReadTable = Callable[[str, list[str]], pd.DataFrame]
"""Reads columns of a table of the network."""


@dataclass(frozen=True)
class Network:
    """What the world takes from the network; substations are known by ``sub_id``.

    Attributes
    ----------
    areas
        Peak load [MW] by ReEDS balancing area.
    substations
        Those of at least ``min_kv``: ``lon``, ``lat`` [degrees, 5 decimals] and ``kv``, the
        highest voltage [kV], by ``sub_id``.
    lines
        Lines of at least ``min_kv`` between two substations: ``a``, ``b`` (sub_id, a < b),
        ``rate_mw``, ``flow_mw`` (magnitude at the operating point), ``kv``.
    plants
        Units in service with capacity, at any voltage: ``sub_id``, ``type``, ``mw``, ``lon``,
        ``lat``.
    """

    areas: pd.Series
    substations: pd.DataFrame
    lines: pd.DataFrame
    plants: pd.DataFrame


def read_network(archives: Archives, min_kv: float) -> Network:
    """Read buses, substations, lines and plants, and join them to substations.

    Parameters
    ----------
    archives
        The downloads.
    min_kv
        Least voltage of the substations and lines that are kept [kV].
    """

    def table(name: str, columns: list[str]) -> pd.DataFrame:
        return pd.read_csv(archives.open("powersimdata", f"{DATA}/{name}.csv"), usecols=columns)

    bus = table("bus", ["bus_id", "Pd", "baseKV"]).set_index("bus_id")
    bus["sub_id"] = table("bus2sub", ["bus_id", "sub_id"]).set_index("bus_id")["sub_id"]
    area = pd.read_csv(archives.open("powersimdata", AREAS), usecols=["bus_id", "rb"])
    bus["area"] = area.set_index("bus_id")["rb"]

    substations = table("sub", ["sub_id", "lon", "lat"]).set_index("sub_id").round(5)
    # A base of 1 kV marks the star point of a three-winding transformer, never the highest.
    substations["kv"] = bus.groupby("sub_id")["baseKV"].max().astype(int)

    return Network(
        areas=bus.groupby("area")["Pd"].sum(),
        substations=substations[substations["kv"] >= min_kv].sort_index(),
        lines=_lines(table, bus, min_kv),
        plants=_plants(table, bus).join(substations[["lon", "lat"]], on="sub_id"),
    )


def _lines(table: ReadTable, bus: pd.DataFrame, min_kv: float) -> pd.DataFrame:
    columns = ["from_bus_id", "to_bus_id", "rateA", "Pf", "branch_device_type"]
    branch = table("branch", columns)
    line = branch[branch["branch_device_type"] == "Line"]
    start, end = bus.loc[line["from_bus_id"]], bus.loc[line["to_bus_id"]]
    lines = pd.DataFrame(
        {
            "a": start["sub_id"].to_numpy(),
            "b": end["sub_id"].to_numpy(),
            "rate_mw": line["rateA"].to_numpy(),
            "flow_mw": line["Pf"].abs().to_numpy(),
            "kv": start["baseKV"].to_numpy(),
        }
    )
    # Ties inside a substation have no rating and are no limit.
    lines = lines[(lines["kv"] >= min_kv) & (lines["a"] != lines["b"])]
    lines[["a", "b"]] = lines[["a", "b"]].agg(["min", "max"], axis=1)
    lines = lines.sort_values(["a", "b"], kind="stable", ignore_index=True)
    return pd.DataFrame(lines)


def _plants(table: ReadTable, bus: pd.DataFrame) -> pd.DataFrame:
    plant = table("plant", ["plant_id", "bus_id", "status", "Pmax", "type"])
    plant = plant[(plant["status"] == 1) & (plant["Pmax"] > 0)]
    return pd.DataFrame(
        {
            "sub_id": bus.loc[plant["bus_id"], "sub_id"].to_numpy(),
            "type": plant["type"].to_numpy(),
            "mw": plant["Pmax"].to_numpy(),
        }
    )

"""The typed facts beside the packages, each with its source (``tools/us_world_facts``)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).parents[1] / "us_world_facts"
CURTAILMENTS = ("0p25", "0p5", "1p0")


@dataclass(frozen=True)
class Facts:
    """Tables of facts, indexed by their first column.

    Attributes
    ----------
    rto_codes
        Names of the codes ``rto1`` ... ``rto18`` of hierarchy.csv; empty outside an RTO.
    zones
        Region, authorities (joined by ``+``) and leading utility of each area.
    authorities
        Peak and headroom [GW] of balancing authorities; empty where none was computed.
    state_prices
        Average industrial price [USD/MWh] by state.
    kinds
        Kind, capacity factor and cleanness by the type of a plant in the source.
    """

    rto_codes: pd.DataFrame
    zones: pd.DataFrame
    authorities: pd.DataFrame
    state_prices: pd.DataFrame
    kinds: pd.DataFrame


def read_facts() -> Facts:
    """Read all tables of facts."""
    return Facts(
        rto_codes=_read("rto_codes"),
        zones=_read("zones"),
        authorities=_read("authorities"),
        state_prices=_read("state_prices"),
        kinds=_read("capacity_factors"),
    )


def _read(name: str) -> pd.DataFrame:
    return pd.read_csv(FOLDER / f"{name}.csv", index_col=0)


def headroom_ratio(authorities: pd.DataFrame, names: str, curtailment: str) -> float:
    """Headroom of a zone per unit of its peak.

    ``ratio = sum of headroom_gw over its authorities / sum of their peak_gw``. A zone whose
    authority has no row of headroom gets the ratio pooled over all authorities that have one.

    Parameters
    ----------
    authorities
        ``Facts.authorities``.
    names
        Codes joined by ``+``, as in ``Facts.zones``.
    curtailment
        ``0p25``, ``0p5`` or ``1p0``: percent of the load's energy that may be curtailed.
    """
    known = authorities.dropna(subset=["peak_gw"])
    mine = known.loc[known.index.isin(names.split("+"))]
    rows = mine if len(mine) else known
    return float(rows[f"headroom_gw_{curtailment}"].sum() / rows["peak_gw"].sum())


def region_headroom_mw(authorities: pd.DataFrame, names: set[str], curtailment: str) -> float:
    """Headroom of all authorities of a region [MW]; infinite if one of them has none computed."""
    rows = authorities.loc[sorted(names), f"headroom_gw_{curtailment}"]
    return float("inf") if rows.isna().any() else float(rows.sum() * 1000)

"""Instances: sites of a bundled world, some of them, with a field of prices drawn anew.

The places, the headroom and the fiber are those of the world. The price of energy, which decides
who is cheap, comes from a seed, so that there are as many instances as are wanted: either smooth
over the map, as real prices are, or independent from site to site, as they are not. All numbers
are known exactly from the name of the instance and the world.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

import siting
from siting.case import Case, build_case
from siting.distances import reach_of
from siting.fiber.reach import FloatArray
from siting.units import USD_PER_MUSD

LONGEST_KM = 1000.0
"""The base case of the smaller world holds distances up to here [km]."""

PRICE_USD_PER_MWH = (30.0, 90.0)
"""Least and largest price of every field [USD/MWh]."""

BUMPS = 12
"""Gaussians that a smooth field is the sum of."""

BUMP_WIDTH_KM = (150.0, 600.0)
"""Least and largest standard deviation of a Gaussian [km]."""

TARGET_MW = {800.0: 3000.0, 2000.0: 5000.0}
"""Draw asked of a cluster, by the largest draw of a campus [MW]."""

MAX_CAMPUSES = 8

Prices = Literal["smooth", "independent"]


@dataclass(frozen=True)
class Instance:
    """What distinguishes one instance from another.

    Parameters
    ----------
    sites
        How many sites of the world are kept, drawn at random by the seed.
    prices
        Kind of the field of prices.
    seed
        Of the sites that are kept and of the prices.
    cap_mw
        Largest draw of a campus [MW]; the target of a cluster follows from it.
    reach_km
        Longest fiber between two campuses of a cluster [km].
    clusters
        How many clusters are asked.
    world
        Name of a bundled world.
    """

    sites: int
    prices: Prices = "smooth"
    seed: int = 1
    cap_mw: float = 2000.0
    reach_km: float = 500.0
    clusters: int = 1
    world: str = "us"

    @property
    def name(self) -> str:
        """A name that is safe in a file name."""
        return (
            f"{self.world}-n{self.sites}-{self.prices}{self.seed}-cap{self.cap_mw:g}"
            f"-reach{self.reach_km:g}-x{self.clusters}"
        )


def base_case(world_name: str, reach_km: float) -> Case:
    """All sites of a bundled world, and the plainest question: one mesh at least cost."""
    model = siting.read_model(
        "us_5gw",
        set={
            "world.base": world_name,
            "world.min_kv": 0.0,
            "cluster.max_fiber_km": reach_km,
            "cluster.max_campuses": MAX_CAMPUSES,
            "cluster.min_utilities": 1,
            "clean.min_fraction": 0.0,
        },
    )
    world = siting.read_world(model)
    return build_case(model, world, reach_of(model, world))


def make_case(base: Case, instance: Instance) -> Case:
    """One instance of a base case.

    Raises
    ------
    ValueError
        When the base case has fewer sites, or no distances as long.
    """
    if instance.sites > len(base.site_ids):
        raise ValueError(f"{instance.name}: the world has {len(base.site_ids)} sites")
    random = np.random.default_rng(instance.seed)
    # The same seed keeps the same sites and more of them as the number grows.
    kept = np.sort(random.permutation(len(base.site_ids))[: instance.sites])
    case = priced(base, instance.prices, instance.seed).take(kept)
    campus = case.campus.model_copy(update={"max_mw": instance.cap_mw})
    cluster = case.cluster.model_copy(
        update={
            "count": instance.clusters,
            "target_mw": TARGET_MW[instance.cap_mw],
            "max_fiber_km": instance.reach_km,
        }
    )
    reach = case.reach.within(instance.reach_km)
    return replace(case, campus=campus, cluster=cluster, reach=reach, routes=None)


def priced(case: Case, prices: Prices, seed: int) -> Case:
    """The same case with another price of energy at every site."""
    field = smooth_field if prices == "smooth" else independent_field
    price_usd_per_mwh = field(case.lon, case.lat, np.random.default_rng([seed, 1]))
    more_usd_per_mwh = price_usd_per_mwh - case.price_usd_per_mwh
    return replace(
        case,
        price_usd_per_mwh=price_usd_per_mwh,
        variable_musd_per_mw_year=case.variable_musd_per_mw_year
        + case.mwh_per_mw * more_usd_per_mwh / USD_PER_MUSD,
    )


def smooth_field(lon: FloatArray, lat: FloatArray, random: np.random.Generator) -> FloatArray:
    """Prices as a sum of Gaussians over the map, some up and some down [USD/MWh].

    Parameters
    ----------
    lon, lat
        ``(I,)`` positions [degrees].
    random
        Where centres, widths and heights come from.
    """
    km_per_degree = 111.2
    x_km = lon * km_per_degree * np.cos(np.radians(lat.mean()))
    y_km = lat * km_per_degree
    height = np.zeros(len(lon))
    for _ in range(BUMPS):
        centre_x_km = random.uniform(x_km.min(), x_km.max())
        centre_y_km = random.uniform(y_km.min(), y_km.max())
        width_km = random.uniform(*BUMP_WIDTH_KM)
        squared = ((x_km - centre_x_km) ** 2 + (y_km - centre_y_km) ** 2) / width_km**2
        height += random.uniform(-1.0, 1.0) * np.exp(-squared / 2)
    least, largest = PRICE_USD_PER_MWH
    share = (height - height.min()) / (height.max() - height.min())
    return np.asarray(least + (largest - least) * share, np.float64)


def independent_field(lon: FloatArray, lat: FloatArray, random: np.random.Generator) -> FloatArray:
    """Prices drawn one by one, without regard to place [USD/MWh]; as ``smooth_field``."""
    assert len(lon) == len(lat)
    return random.uniform(*PRICE_USD_PER_MWH, len(lon))

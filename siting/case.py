"""The question as numbers: arrays over sites, zones and supply, without geometry.

A case is made from a model, a world and a reach by ``build_case``, or directly from numbers in
tests and studies. Everything below it works without a map.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from siting.fiber.reach import FloatArray, IntArray, Reach
from siting.model import CampusSection, CleanSection, ClusterSection, Sense
from siting.units import HOURS_PER_YEAR, USD_PER_MUSD

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Case:
    """The question as numbers.

    Sites are sorted by id, zones and supply too. Shapes: ``I`` sites, ``Z`` zones, ``R`` supply.

    Parameters
    ----------
    campus, cluster, clean, sense
        The limits asked, as the model states them.
    site_ids, lon, lat
        ``(I,)`` ids and WGS 84 positions [degrees].
    max_mw
        ``(I,)`` what the site's own interconnection can carry [MW].
    pue
        ``(I,)`` power usage effectiveness [1].
    fixed_musd_per_year, variable_musd_per_mw_year
        ``(I,)`` annual cost of a campus, and of each MW that it draws [MUSD/year], [MUSD/MW/year].
    price_usd_per_mwh
        ``(I,)`` energy price, part of the variable cost; kept for reports [USD/MWh].
    grid_clean_fraction
        ``(I,)`` clean fraction of the zone's own mix; 0 where it does not count [0-1].
    zone
        ``(I,)`` position of the site's leaf zone in ``zone_ids``.
    utility, region
        ``(I,)`` positions in ``utilities`` and ``regions``; region is -1 where none is known.
    area
        ``(I,)`` number of the area within which clean supply can be delivered to the site.
    required
        ``(I,)`` sites that must be used.
    zone_ids, zone_utility
        ``(Z,)`` ids and utilities' names of all zones, leaves and parents.
    headroom_mw
        ``(Z,)`` what a zone and all zones in it may draw together [MW].
    parent
        ``(Z,)`` position of the zone's parent, -1 for none.
    supply_ids, supply_area
        ``(R,)`` ids of clean supply, and the number of its delivery area.
    contractable_mwh, premium_usd_per_mwh
        ``(R,)`` energy that can be contracted in a year [MWh/year] and its premium [USD/MWh].
    reach
        Kilometres by fiber between sites.
    """

    campus: CampusSection
    cluster: ClusterSection
    clean: CleanSection
    sense: Sense

    site_ids: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    max_mw: FloatArray
    pue: FloatArray
    fixed_musd_per_year: FloatArray
    variable_musd_per_mw_year: FloatArray
    price_usd_per_mwh: FloatArray
    grid_clean_fraction: FloatArray
    zone: IntArray
    utility: IntArray
    region: IntArray
    area: IntArray
    required: BoolArray

    utilities: tuple[str, ...]
    regions: tuple[str, ...]

    zone_ids: tuple[str, ...]
    zone_utility: tuple[str, ...]
    headroom_mw: FloatArray
    parent: IntArray

    supply_ids: tuple[str, ...]
    supply_area: IntArray
    contractable_mwh: FloatArray
    premium_usd_per_mwh: FloatArray

    reach: Reach

    @property
    def sites(self) -> range:
        """Positions of all sites."""
        return range(len(self.site_ids))

    @property
    def mwh_per_mw(self) -> float:
        """Energy of a year for each MW drawn at peak [MWh/MW/year]."""
        return HOURS_PER_YEAR * self.campus.load_factor

    @cached_property
    def ancestry(self) -> tuple[tuple[int, ...], ...]:
        """For every zone the zone itself and its parents, from the leaf upwards."""
        chains = []
        for z in range(len(self.zone_ids)):
            chain = [z]
            while self.parent[chain[-1]] >= 0:
                chain.append(int(self.parent[chain[-1]]))
            chains.append(tuple(chain))
        return tuple(chains)

    @cached_property
    def cap_mw(self) -> FloatArray:
        """``(I,)`` largest draw of a campus here: site, campus, zone and parents, whole modules."""
        zone_cap = np.array([self.headroom_mw[list(chain)].min() for chain in self.ancestry])
        cap = np.minimum(self.max_mw, self.campus.max_mw)
        if len(zone_cap):
            cap = np.minimum(cap, zone_cap[self.zone])
        if self.campus.module_mw > 0:
            # The small addition forgives a cap that is a whole multiple but for rounding.
            cap = np.floor(cap / self.campus.module_mw + 1e-9) * self.campus.module_mw
        return cap

    @cached_property
    def min_mw(self) -> float:
        """Least draw of a campus [MW], in whole modules if there are modules."""
        module_mw = self.campus.module_mw
        if module_mw == 0:
            return self.campus.min_mw
        return float(np.ceil(max(self.campus.min_mw, 0.0) / module_mw - 1e-9)) * module_mw

    @cached_property
    def usable(self) -> BoolArray:
        """``(I,)`` sites where a campus of the least size fits."""
        return (self.cap_mw >= self.min_mw) & (self.cap_mw > 0)

    @property
    def target(self) -> float | None:
        """What each cluster must reach [MW of draw, or of IT load if that is what is asked]."""
        if self.cluster.target_it_mw is not None:
            return self.cluster.target_it_mw
        return self.cluster.target_mw

    @cached_property
    def target_per_mw(self) -> FloatArray:
        """``(I,)`` what a MW drawn adds to the target: 1, or 1 / PUE for an IT target."""
        if self.cluster.target_it_mw is not None:
            return 1.0 / self.pue
        return np.ones(len(self.site_ids))

    @cached_property
    def sites_in_zone(self) -> dict[int, IntArray]:
        """Sites of every zone that has any, those of its descendants included."""
        inside: dict[int, list[int]] = {}
        for i in self.sites:
            for z in self.ancestry[self.zone[i]]:
                inside.setdefault(z, []).append(i)
        return {z: np.array(inside[z]) for z in sorted(inside)}

    @property
    def premium_musd_per_mwh(self) -> FloatArray:
        """``(R,)`` premium of contracted energy [MUSD/MWh]."""
        return self.premium_usd_per_mwh / USD_PER_MUSD

    def take(self, sites: IntArray) -> Case:
        """The same question on some of the sites (ascending positions)."""
        return replace(
            self,
            site_ids=tuple(self.site_ids[i] for i in sites),
            reach=self.reach.take(sites),
            **{name: getattr(self, name)[sites] for name in SITE_ARRAYS},
        )


SITE_ARRAYS = (
    "lon",
    "lat",
    "max_mw",
    "pue",
    "fixed_musd_per_year",
    "variable_musd_per_mw_year",
    "price_usd_per_mwh",
    "grid_clean_fraction",
    "zone",
    "utility",
    "region",
    "area",
    "required",
)

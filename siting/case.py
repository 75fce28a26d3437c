"""The question as numbers: arrays over sites, zones and supply, without geometry.

A case is made from a model, a world and its distances by ``build_case``, or directly from numbers
in tests and studies. Everything below it works without a map.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from siting.distances import Distances
from siting.errors import Problems
from siting.fiber import Routes
from siting.fiber.reach import FloatArray, IntArray, Reach
from siting.model import (
    CampusSection,
    CleanSection,
    ClusterSection,
    FiberSection,
    Model,
    Sense,
)
from siting.training import Training, longest_km_by_campuses, resolve
from siting.units import HOURS_PER_YEAR, USD_PER_MUSD, annual_mwh, capital_recovery_factor
from siting.wording import listing, named
from siting.world.columns import HEADROOM_CURTAILMENT

if TYPE_CHECKING:
    from siting.world import World
    from siting.world.plain import PlainTable

BoolArray = NDArray[np.bool_]

LEAST_DRAW_MW = 0.001
"""A campus draws this much at the least [MW], however small one may be: a kilowatt."""


@dataclass(frozen=True, eq=False)
class Case:
    """The question as numbers.

    Sites are sorted by id, zones and supply too. Shapes: ``I`` sites, ``Z`` zones, ``R`` supply.

    Parameters
    ----------
    campus, cluster, clean, sense
        The limits asked, as the model states them; but no more ``max_campuses`` than can
        synchronise in time, and no longer ``max_ring_km``.
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
        ``(I,)`` position of the site's zone in ``zone_ids``: a leaf, or a parent that holds sites
        of its own.
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
        Kilometres by fiber between sites. They obey the triangle inequality, as shortest routes
        do; the proof of the least fiber relies on it.
    reused, max_reused
        ``(I,)`` sites that count as used by other plans, where a plan is asked that differs from
        them, and how many campuses of a cluster may be such sites.
    stray_ids, stray_mwh
        Clean supply that lies in no delivery area, and what of its energy could be contracted if
        it did [MWh/year]; for reasons.
    least_zone_mw
        ``(Z,)`` what each cluster draws from a zone at the least [MW], where a part of all plans is
        asked about; 0 where nothing is asked.
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
    routes: Routes | None = None
    fiber: FiberSection = field(default_factory=FiberSection)
    training: Training | None = None
    km_by_campuses: tuple[float, ...] = ()
    reused: BoolArray | None = None
    max_reused: int = 0
    least_zone_mw: FloatArray | None = None
    stray_ids: tuple[str, ...] = ()
    stray_mwh: float = 0.0

    @property
    def asks_most(self) -> bool:
        """Whether as many clusters are asked as there is room for."""
        return self.cluster.count == "most"

    @property
    def count(self) -> int:
        """How many clusters are asked.

        Raises
        ------
        ValueError
            As many are asked as there is room for.
        """
        if self.cluster.count == "most":
            raise ValueError("the number of clusters is not known before the most were found")
        return self.cluster.count

    def of_clusters(self, count: int) -> Case:
        """The same question for so many clusters."""
        return replace(self, cluster=self.cluster.model_copy(update={"count": count}))

    @property
    def sites(self) -> range:
        """Positions of all sites."""
        return range(len(self.site_ids))

    def link_limit_km(self, campuses: int) -> float:
        """Longest link of a cluster of so many campuses [km].

        More campuses take longer to synchronise, so ``cluster.max_sync_s`` and
        ``cluster.min_compute_utilisation`` may leave them shorter links.
        """
        limit_km = self.cluster.max_fiber_km
        if self.cluster.network == "ring" or campuses >= len(self.km_by_campuses):
            return limit_km
        return min(limit_km, self.km_by_campuses[campuses])

    def ring_limit_km(self, campuses: int) -> float:
        """Longest tour of a ring of so many campuses [km]; likewise."""
        limit_km = self.cluster.max_ring_km
        if self.cluster.network != "ring" or campuses >= len(self.km_by_campuses):
            return limit_km
        return min(limit_km, self.km_by_campuses[campuses])

    @property
    def size_steps(self) -> list[tuple[int, float]]:
        """``(m, km)``: a cluster of more than ``m`` campuses has links of at most ``km`` [km].

        Of a ring, a tour of at most ``km``. Only where that is less than for smaller clusters.
        """
        ring = self.cluster.network == "ring"
        limit_km = self.ring_limit_km if ring else self.link_limit_km
        shortest_km = self.cluster.max_ring_km if ring else self.reach.limit_km
        steps = []
        for campuses in range(2, self.cluster.max_campuses + 1):
            if (km := limit_km(campuses)) < shortest_km:
                steps.append((campuses - 1, km))
                shortest_km = km
        return steps

    @property
    def lengths_in_time(self) -> list[tuple[int, float]]:
        """What `size_steps` and the fewest campuses leave, by the number of campuses [km].

        Empty without limits on synchronisation.
        """
        if not self.km_by_campuses:
            return []
        ring = self.cluster.network == "ring"
        limit_km = self.ring_limit_km if ring else self.link_limit_km
        fewest = max(2, self.cluster.min_campuses)
        steps = [(m + 1, km) for m, km in self.size_steps if m + 1 > fewest]
        return [(fewest, limit_km(fewest)), *steps] if self.cluster.max_campuses >= fewest else []

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
        zone_cap = np.array(
            [self.headroom_mw[list(chain)].min() for chain in self.ancestry], np.float64
        )
        cap = np.minimum(np.minimum(self.max_mw, self.campus.max_mw), zone_cap[self.zone])
        return self._in_modules(cap)

    @cached_property
    def drawable_mw(self) -> FloatArray:
        """``(Z,)`` what campuses of a zone can draw together: its headroom, in whole modules."""
        return self._in_modules(self.headroom_mw)

    def _in_modules(self, mw: FloatArray) -> FloatArray:
        if self.campus.module_mw == 0:
            return mw
        # The small addition forgives what is a whole multiple but for rounding.
        return np.floor(mw / self.campus.module_mw + 1e-9) * self.campus.module_mw

    @cached_property
    def min_mw(self) -> float:
        """Least draw of a campus [MW], in whole modules if there are modules.

        More than nothing, even where ``campus.min_mw`` is 0: a campus that draws nothing is none,
        and would meet limits on campuses, utilities and regions on paper alone.
        """
        module_mw = self.campus.module_mw
        if module_mw == 0:
            return max(self.campus.min_mw, LEAST_DRAW_MW)
        modules = max(1.0, float(np.ceil(self.campus.min_mw / module_mw - 1e-9)))
        return modules * module_mw

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

    def take(self, sites: IntArray) -> Case:
        """The same question on some of the sites (ascending positions)."""
        return replace(
            self,
            site_ids=tuple(self.site_ids[i] for i in sites),
            reach=self.reach.take(sites),
            routes=None if self.routes is None else self.routes.take(sites),
            reused=None if self.reused is None else self.reused[sites],
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


def build_case(model: Model, world: World, distances: Distances) -> Case:
    """Turn a model, a world and its distances into numbers.

    Where a site has a price or a cost of its own it counts; else that of its zone, else that of
    the model. The annual cost of a campus is::

        fixed_musd_per_year       = crf * (campus_fixed_musd + fiber_musd_per_km * access_km)
        variable_musd_per_mw_year = crf * campus_musd_per_mw
                                    + 8760 * load_factor * price_usd_per_mwh / 1e6
        crf                       = discount_rate / (1 - (1 + discount_rate) ** -life_years)

    Supply that is not clean cannot be contracted and is left out; so is supply that lies in no
    zone, region or interconnect, where delivery asks for one, or in one without a site. A site in
    none can be delivered nothing.

    Parameters
    ----------
    model
        What is asked.
    world
        What exists.
    distances
        Kilometres by fiber between the world's sites, from `reach_of`; they may hold more sites,
        and pairs further apart, than are asked.

    Raises
    ------
    InputError
        When the world was read for a model that keeps other sites or names other tables, zones do
        not state their headroom at the model's curtailment, or a required site is not there.
    """
    problems = Problems()
    zones, sites, supply = (world.plain(table) for table in ("zones", "sites", "supply"))
    headroom_mw = _headroom_mw(zones, model, problems)
    _check_world_is_the_models(model, world, problems)
    for missing in sorted(set(model.world.require_sites).difference(sites.ids)):
        what = f"site {missing!r} is not in this world; take it out, or read the world again"
        problems.add(f"model '{model.name}'", f"world.require_sites: {what}")
    training = _training(model, problems)
    problems.raise_if_any()

    here = distances.take(sites.ids)

    parent = _positions(zones.texts("parent"), zones.ids)
    zone = _positions(sites.texts("zone"), zones.ids)
    utilities, utility = _numbered(sites.texts("utility"))
    regions, region = _numbered(sites.texts("region"))
    site_area, supply_area = _areas(sites, supply, model.clean.deliver_within)
    clean = supply.flags("clean") & np.isin(supply_area, site_area)
    stray = supply.flags("clean") & (supply_area < 0)
    capacity_mwh = HOURS_PER_YEAR * supply.numbers("capacity_factor") * supply.numbers("mw")

    cost = model.cost
    crf = capital_recovery_factor(cost.discount_rate, cost.life_years)
    price_usd_per_mwh = sites.numbers(
        "price_usd_per_mwh", zones.numbers("price_usd_per_mwh", cost.grid_usd_per_mwh)[zone]
    )
    campus_musd_per_mw = sites.numbers("campus_musd_per_mw", cost.campus_musd_per_mw)
    campus_fixed_musd = sites.numbers("campus_fixed_musd", cost.campus_fixed_musd)
    fiber_musd = cost.fiber_musd_per_km * here.access.km
    energy_mwh_per_mw = annual_mwh(1.0, model.campus.load_factor)
    grid_clean_fraction = zones.numbers("grid_clean_fraction", 0.0)[zone]

    case = Case(
        campus=model.campus,
        cluster=model.cluster,
        clean=model.clean,
        sense=model.objective.sense,
        site_ids=sites.ids,
        lon=sites.lon,
        lat=sites.lat,
        max_mw=sites.numbers("max_mw"),
        pue=sites.numbers("pue", model.campus.pue),
        fixed_musd_per_year=crf * (campus_fixed_musd + fiber_musd),
        variable_musd_per_mw_year=crf * campus_musd_per_mw
        + energy_mwh_per_mw * price_usd_per_mwh / USD_PER_MUSD,
        price_usd_per_mwh=price_usd_per_mwh,
        grid_clean_fraction=grid_clean_fraction * model.clean.count_grid_mix,
        zone=zone,
        utility=utility,
        region=region,
        area=site_area,
        required=np.isin(np.array(sites.ids, object), list(model.world.require_sites)),
        utilities=utilities,
        regions=regions,
        zone_ids=zones.ids,
        zone_utility=tuple(str(name) for name in zones.texts("utility")),
        headroom_mw=headroom_mw,
        parent=parent,
        supply_ids=tuple(np.array(supply.ids, object)[clean]),
        supply_area=supply_area[clean],
        contractable_mwh=(model.clean.contractable_fraction * capacity_mwh)[clean],
        stray_ids=tuple(np.array(supply.ids, object)[stray]),
        stray_mwh=float(model.clean.contractable_fraction * capacity_mwh[stray].sum()),
        premium_usd_per_mwh=supply.numbers("premium_usd_per_mwh", 0.0)[clean],
        reach=here.reach.within(model.cluster.max_fiber_km),
        routes=Routes(here.graph, here.access),
        fiber=model.fiber,
    )
    return case if training is None else limit_by_time(case, training)


def limit_by_time(case: Case, training: Training) -> Case:
    """A case with what it trains, and without what can never synchronise in time.

    ``cluster.max_sync_s`` and ``min_compute_utilisation`` become lengths by the number of
    campuses (`longest_km_by_campuses`). No cluster needs a longer reach than the smallest may
    have, or more campuses than can be in time at all; between the two, `shorten_large_clusters`
    of the program holds every cluster to the length of its size.
    """
    case = replace(case, training=training)
    cluster = case.cluster
    if cluster.max_sync_s is None and cluster.min_compute_utilisation is None:
        return case
    lengths = longest_km_by_campuses(training, cluster, cluster.network)
    most = max(campuses for campuses, km in enumerate(lengths) if km >= 0)
    least = max(cluster.min_campuses, 2)
    longest_km = lengths[least] if least <= most else math.inf
    changes: dict[str, object] = {"max_campuses": most}
    if cluster.network == "ring":
        changes["max_ring_km"] = min(cluster.max_ring_km, longest_km)
        longest_km = math.inf
    return replace(
        case,
        cluster=cluster.model_copy(update=changes),
        km_by_campuses=lengths[: most + 1],
        reach=case.reach.within(min(case.reach.limit_km, longest_km)),
    )


def _training(model: Model, problems: Problems) -> Training | None:
    """What is trained; a problem if not even the fewest campuses can synchronise in time."""
    if model.training is None:
        return None
    training = resolve(
        model.training,
        link_tbps=model.fiber.bandwidth_tbps,
        pair_tbps=model.fiber.pair_tbps,
        curtailed_fraction=model.power.curtailment,
    )
    cluster = model.cluster
    asked = []
    if cluster.max_sync_s is not None:
        asked.append(f"cluster.max_sync_s is {cluster.max_sync_s:g} s")
    if cluster.min_compute_utilisation is not None:
        asked.append(f"cluster.min_compute_utilisation is {cluster.min_compute_utilisation:g}")
    lengths = longest_km_by_campuses(training, cluster, cluster.network)
    if asked and lengths[cluster.min_campuses] < 0:
        problems.add(
            f"model '{model.name}'",
            f"{listing(asked)}, but {cluster.min_campuses} campuses that exchange "
            f"{training.parameters:g} parameters of {training.bits_per_parameter:g} bit over "
            f"{training.bandwidth_gbps:,.10g} Gbit/s cannot do so at any distance: once over the "
            f"wire takes {training.exchange_s:.4g} s; raise training.bandwidth_gbps or "
            "training.inner_steps, or relax the limit",
        )
    return training


def _check_world_is_the_models(model: Model, world: World, problems: Problems) -> None:
    """A world is read, and filtered, for one ``world`` table; the required sites aside."""
    if world.asked is None:
        return
    read_for, asked = dict(world.asked), dict(model.world)
    changed = [key for key in asked if key != "require_sites" and asked[key] != read_for[key]]
    if changed:
        keys = listing(f"world.{key}" for key in changed)
        what = f"{keys} changed since the world was read; read it again with read_world(model)"
        problems.add(f"model '{model.name}'", what)


def zone_headroom_mw(world: World, model: Model) -> FloatArray:
    """Headroom of each zone of a world [MW], in their order, at the model's curtailment, scaled.

    Raises
    ------
    InputError
        When zones do not state their headroom at the model's curtailment.
    """
    problems = Problems()
    headroom_mw = _headroom_mw(world.plain("zones"), model, problems)
    problems.raise_if_any()
    return headroom_mw


def _headroom_mw(zones: PlainTable, model: Model, problems: Problems) -> FloatArray:
    """Headroom of each zone [MW] at the model's curtailment, scaled."""
    curtailment = model.power.curtailment
    stated = np.array([zones.numbers(column) for column in HEADROOM_CURTAILMENT])
    at = np.array(list(HEADROOM_CURTAILMENT.values()))
    headroom_mw = zones.numbers("headroom_mw")
    beyond: dict[tuple[float, ...], list[str]] = {}
    for z in np.flatnonzero(np.isnan(headroom_mw)):
        known = ~np.isnan(stated[:, z])
        if known.any() and at[known].min() <= curtailment <= at[known].max():
            headroom_mw[z] = np.interp(curtailment, at[known], stated[known, z])
        else:
            beyond.setdefault(tuple(at[known]), []).append(zones.ids[z])
    for known_at, ids in beyond.items():
        zone = named("zone", ids[:5]).rpartition(" ")[0] + (" and others" if len(ids) > 5 else "")
        columns = [f"{100 * column:g} %" for column in known_at]
        problems.add(
            f"model '{model.name}'",
            f"power.curtailment is {100 * curtailment:g} %, but {zone} "
            f"{'states' if len(ids) == 1 else 'state'} headroom "
            f"{f'at {listing(columns)} only' if columns else 'at no curtailment'}; "
            "choose a curtailment between them, or give headroom_mw",
        )
    return np.asarray(headroom_mw * model.power.headroom_scale, np.float64)


def _areas(sites: PlainTable, supply: PlainTable, within: str) -> tuple[IntArray, IntArray]:
    """Numbers of the delivery areas of sites and of supply.

    Supply that is in no area is -1. A site that is in none has a number that no supply has.
    """
    if within == "anywhere":
        return np.zeros(len(sites.ids), np.int64), np.zeros(len(supply.ids), np.int64)
    areas, number = _numbered(sites.texts(within) + supply.texts(within))
    site_area, supply_area = np.split(number, [len(sites.ids)])
    return np.where(site_area < 0, len(areas), site_area), supply_area


def _positions(names: Iterable[str | None], ids: Sequence[str]) -> IntArray:
    """Position of each name among ids; -1 for none."""
    at = {name: n for n, name in enumerate(ids)}
    return np.array([-1 if name is None else at[name] for name in names], np.int64)


def _numbered(names: Iterable[str | None]) -> tuple[tuple[str, ...], IntArray]:
    """Different names, sorted, and for each name its position among them; -1 for none."""
    names = list(names)
    different = tuple(sorted({name for name in names if name is not None}))
    return different, _positions(names, different)

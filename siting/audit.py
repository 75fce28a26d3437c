"""The referee: rechecks a plan against its case by arithmetic, without the solver.

Of a plan only the ids, draws and contracts are believed. Everything else that it states (loads,
costs, lengths, totals, objective) is worked out again from the case and compared. ``CHECKS`` is
the table of contents: one function a limit, and the name under which a failure is reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from itertools import combinations
from typing import TypeVar

import numpy as np

from siting.case import BoolArray, Case
from siting.errors import AuditError
from siting.fiber import tier_of
from siting.fiber.reach import FloatArray, IntArray
from siting.plan import AuditReport, Campus, Cluster, Plan, SharedSpans
from siting.training import ClusterTraining, train_cluster
from siting.units import fiber_delay_ms

TOLERANCE_MW = 1e-3
"""Slack on a limit of draw [MW]: 1 kW, a thousand times what solvers leave on a row (1e-6), and
far below what a meter of such a load resolves."""

TOLERANCE_KM = 1e-3
"""Slack on a stated length [km]: 1 m, within which the ends of fiber are snapped. The limit on
reach itself has no slack, for both sides of it come from the same table."""

TOLERANCE_RELATIVE = 1e-6
"""Slack on money, energy and everything stated, as a part of the value [1]: a sum over thousands
of rounded terms is good to far more than that, and a planner reads six digits at most."""

TOLERANCE_FRACTION = 1e-6
"""Slack on a stated fraction or gap [1]."""


@dataclass(frozen=True)
class Placed:
    """A cluster of the plan by positions in the case; campuses at unknown sites are left out.

    Parameters
    ----------
    stated
        The cluster as the plan states it.
    campuses
        Its campuses at sites that the case knows, in the order of the plan.
    sites
        ``(n,)`` positions of their sites.
    draw_mw
        ``(n,)`` their draws [MW].
    contract_campus, contract_supply, contract_mwh
        ``(m,)`` position of the campus in ``campuses``, of the plant in the case, and the
        contracted energy [MWh/year].
    km
        ``(n, n)`` kilometres by fiber, ``inf`` where the case holds none, 0 on the diagonal.
    """

    stated: Cluster
    campuses: tuple[Campus, ...]
    sites: IntArray
    draw_mw: FloatArray
    contract_campus: IntArray
    contract_supply: IntArray
    contract_mwh: FloatArray
    km: FloatArray

    @property
    def links(self) -> list[tuple[int, int]]:
        """The stated links between two different campuses, by positions in ``campuses``."""
        position = {campus.site: a for a, campus in enumerate(self.campuses)}
        pairs = ((position.get(x.from_site), position.get(x.to_site)) for x in self.stated.links)
        return [(a, b) for a, b in pairs if a is not None and b is not None and a != b]

    @property
    def links_km(self) -> FloatArray:
        """Kilometres of these links [km]."""
        return np.array([self.km[pair] for pair in self.links], dtype=np.float64)


@dataclass(frozen=True)
class Hearing:
    """What every check may look at.

    Parameters
    ----------
    case, plan
        The question and the answer.
    clusters
        The plan's clusters by positions in the case.
    gap_asked
        The gap within which a plan may call itself optimal [1]; ``None`` where it is not known.
    """

    case: Case
    plan: Plan
    clusters: tuple[Placed, ...]
    gap_asked: float | None


Check = Callable[[Hearing], Iterator[str]]
_Thing = TypeVar("_Thing", bound=Hashable)


def audit(case: Case, plan: Plan, *, gap_asked: float | None = None) -> AuditReport:
    """Recheck every limit of a plan, and every number that it states.

    Parameters
    ----------
    case
        The question as numbers.
    plan
        The answer; its own ``audit`` is not looked at.
    gap_asked
        The gap [1] that the model asks of the solver. Where it is given, a plan that calls itself
        ``optimal`` must be within it.

    Returns
    -------
    AuditReport
        Names of the checks, all passed.

    Raises
    ------
    AuditError
        With every check that failed, by name of the limit and with the values found.
    """
    hearing = Hearing(case, plan, tuple(_place(case, c) for c in plan.clusters), gap_asked)
    # What is infinite makes NaN on the way, which no comparison lets pass.
    with np.errstate(invalid="ignore"):
        failures = [(name, what) for name, check in CHECKS for what in check(hearing)]
    if failures:
        raise AuditError(failures)
    return AuditReport(passed=True, checks=tuple(name for name, _ in CHECKS))


# --- Ids and numbers: what the rest stands on ---------------------------------------------------


def ids_are_known(hearing: Hearing) -> Iterator[str]:
    """Every site, plant and zone of the plan is one of the case; ids of clusters are unique."""
    case, plan = hearing.case, hearing.plan
    sites, plants, zones = set(case.site_ids), set(case.supply_ids), set(case.zone_ids)
    for cluster in plan.clusters:
        for campus in cluster.campuses:
            if campus.site not in sites:
                yield f"{_where(cluster, campus)}: there is no such site"
            for contract in campus.contracts:
                if contract.supply not in plants:
                    yield (
                        f"{_where(cluster, campus)}: contracts {contract.mwh:,.3f} MWh from "
                        f"{contract.supply!r}, but there is no such plant"
                    )
    for used in plan.zones:
        if used.id not in zones:
            yield f"zone {used.id!r}: there is no such zone"
    for cluster_id in _repeated(cluster.id for cluster in plan.clusters):
        yield f"cluster {cluster_id!r}: the id is given to more than one cluster"


def numbers_are_finite(hearing: Hearing) -> Iterator[str]:
    """No number of the plan is NaN or infinite."""
    for where, value in _numbers("plan", hearing.plan):
        if not math.isfinite(value):
            yield f"{where} is {value}"


def sense_is_as_asked(hearing: Hearing) -> Iterator[str]:
    """The plan answers the question that was asked."""
    if hearing.plan.sense != hearing.case.sense:
        yield f"the plan is for {hearing.plan.sense}, but {hearing.case.sense} is asked"


def campus_facts_are_the_sites(hearing: Hearing) -> Iterator[str]:
    """Zone, utility, region, price and position of a campus are those of its site."""
    case = hearing.case
    for cluster in hearing.clusters:
        for campus, i in zip(cluster.campuses, cluster.sites, strict=True):
            region = case.regions[case.region[i]] if case.region[i] >= 0 else None
            facts: tuple[tuple[str, object, object], ...] = (
                ("zone", campus.zone, case.zone_ids[case.zone[i]]),
                ("utility", campus.utility, case.utilities[case.utility[i]]),
                ("region", campus.region, region),
            )
            for what, stated, known in facts:
                if stated != known:
                    yield (
                        f"{_where(cluster.stated, campus)}: {what} {stated!r} is stated, but "
                        f"its site is in {known!r}"
                    )
            numbers = (
                ("price_usd_per_mwh", campus.price_usd_per_mwh, case.price_usd_per_mwh[i]),
                ("lon", campus.lon, case.lon[i]),
                ("lat", campus.lat, case.lat[i]),
            )
            for what, number, expected in numbers:
                if not _same(number, expected):
                    yield (
                        f"{_where(cluster.stated, campus)}: {what} {number} is stated, but its "
                        f"site has {expected}"
                    )


# --- A campus -----------------------------------------------------------------------------------


def campuses_draw_at_least(hearing: Hearing) -> Iterator[str]:
    """No campus draws less than ``campus.min_mw``, and none draws nothing."""
    least_mw = hearing.case.campus.min_mw
    for where, draw_mw in _draws(hearing):
        if not draw_mw > 0:
            yield f"{where}: draws {_mw(draw_mw)}, and a campus that draws nothing is none"
        elif not draw_mw >= least_mw - TOLERANCE_MW:
            yield f"{where}: draws {_mw(draw_mw)}, less than {_mw(least_mw)}"


def campuses_draw_at_most(hearing: Hearing) -> Iterator[str]:
    """No campus draws more than ``campus.max_mw``."""
    most_mw = hearing.case.campus.max_mw
    for where, draw_mw in _draws(hearing):
        if not draw_mw <= most_mw + TOLERANCE_MW:
            yield f"{where}: draws {_mw(draw_mw)}, more than {_mw(most_mw)}"


def campuses_draw_whole_modules(hearing: Hearing) -> Iterator[str]:
    """Every draw is a whole number of modules, where ``campus.module_mw`` is given."""
    module_mw = hearing.case.campus.module_mw
    if module_mw == 0:
        return
    for where, draw_mw in _draws(hearing):
        modules = np.round(draw_mw / module_mw)
        if not abs(draw_mw - modules * module_mw) <= TOLERANCE_MW:
            yield f"{where}: draws {_mw(draw_mw)}, not whole modules of {_mw(module_mw)}"


def campuses_fit_their_sites(hearing: Hearing) -> Iterator[str]:
    """No campus draws more than its site's interconnection can carry."""
    for cluster in hearing.clusters:
        most_mw = hearing.case.max_mw[cluster.sites]
        for campus, draw_mw, site_mw in zip(
            cluster.campuses, cluster.draw_mw, most_mw, strict=True
        ):
            if not draw_mw <= site_mw + TOLERANCE_MW:
                yield (
                    f"{_where(cluster.stated, campus)}: draws {_mw(draw_mw)}, but the site "
                    f"carries {_mw(site_mw)}"
                )


def sites_are_used_once(hearing: Hearing) -> Iterator[str]:
    """A site holds one campus, of one cluster."""
    used = (campus.site for cluster in hearing.plan.clusters for campus in cluster.campuses)
    for site in _repeated(used):
        yield f"site {site!r}: has more than one campus"


def required_sites_are_used(hearing: Hearing) -> Iterator[str]:
    """Every site of ``world.require_sites`` has a campus."""
    case = hearing.case
    used = _used_sites(hearing)
    for i in np.flatnonzero(case.required & ~used):
        yield f"site {case.site_ids[i]!r}: is required, but has no campus"


# --- Zones --------------------------------------------------------------------------------------


def zones_have_headroom(hearing: Hearing) -> Iterator[str]:
    """No zone, leaf or parent, gives more than its headroom over all clusters."""
    case = hearing.case
    used_mw = _zone_draw_mw(hearing)
    for z, zone_id in enumerate(case.zone_ids):
        if not used_mw[z] <= case.headroom_mw[z] + TOLERANCE_MW:
            yield (
                f"zone {zone_id!r}: {_mw(used_mw[z])} are drawn, but it has "
                f"{_mw(case.headroom_mw[z])} left"
            )


def zones_state_their_use(hearing: Hearing) -> Iterator[str]:
    """``zones`` lists every zone that holds a campus, once, with its use and headroom."""
    case = hearing.case
    used_mw = _zone_draw_mw(hearing)
    position = {zone_id: z for z, zone_id in enumerate(case.zone_ids)}
    for zone_id in _repeated(used.id for used in hearing.plan.zones):
        yield f"zone {zone_id!r}: is listed more than once"
    for used in hearing.plan.zones:
        z = position.get(used.id)
        if z is None:
            continue
        if used.utility != case.zone_utility[z]:
            yield (
                f"zone {used.id!r}: utility {used.utility!r} is stated, but it is "
                f"{case.zone_utility[z]!r}"
            )
        for what, stated_mw, known_mw in (
            ("used_mw", used.used_mw, used_mw[z]),
            ("headroom_mw", used.headroom_mw, case.headroom_mw[z]),
        ):
            if not _same(stated_mw, known_mw, TOLERANCE_MW):
                yield (
                    f"zone {used.id!r}: {what} {_mw(stated_mw)} is stated, but it is "
                    f"{_mw(known_mw)}"
                )
    listed = {used.id for used in hearing.plan.zones}
    # A campus draws on its zone and on every zone that holds that one.
    for z in _zones_drawn_on(hearing):
        if case.zone_ids[z] not in listed:
            yield f"zone {case.zone_ids[z]!r}: holds a campus, but is not listed"


# --- A cluster ----------------------------------------------------------------------------------


def clusters_are_as_many_as_asked(hearing: Hearing) -> Iterator[str]:
    """There are ``cluster.count`` clusters; of the most, no more than are said to be possible."""
    found, most = len(hearing.plan.clusters), hearing.plan.most_clusters
    if not hearing.case.asks_most:
        if found != hearing.case.count:
            yield f"{found} clusters, but {hearing.case.count} are asked"
        if most is not None:
            yield f"at most {most} clusters are stated, but a number of clusters is asked"
    elif most is None:
        yield "the most clusters are asked, but it is not stated what no plan has more of"
    elif not 1 <= found <= most:
        yield f"{found} clusters, but no plan is said to have more than {most}"


def clusters_reach_the_target(hearing: Hearing) -> Iterator[str]:
    """Every cluster draws at least ``cluster.target_mw``."""
    target_mw = hearing.case.cluster.target_mw
    if target_mw is None:
        return
    for cluster in hearing.clusters:
        draw_mw = cluster.draw_mw.sum()
        if not draw_mw >= target_mw - TOLERANCE_MW:
            yield f"{_where(cluster.stated)}: draws {_mw(draw_mw)}, but {_mw(target_mw)} are asked"


def clusters_reach_the_it_target(hearing: Hearing) -> Iterator[str]:
    """The IT load of every cluster is at least ``cluster.target_it_mw``."""
    target_mw = hearing.case.cluster.target_it_mw
    if target_mw is None:
        return
    for cluster in hearing.clusters:
        it_mw = (cluster.draw_mw / hearing.case.pue[cluster.sites]).sum()
        if not it_mw >= target_mw - TOLERANCE_MW:
            yield (
                f"{_where(cluster.stated)}: {_mw(it_mw)} of IT load, but {_mw(target_mw)} are asked"
            )


def clusters_have_enough_campuses(hearing: Hearing) -> Iterator[str]:
    """Every cluster has ``cluster.min_campuses`` or more."""
    least = hearing.case.cluster.min_campuses
    for cluster in hearing.plan.clusters:
        if len(cluster.campuses) < least:
            yield f"{_where(cluster)}: {len(cluster.campuses)} campuses, fewer than {least}"


def clusters_have_few_campuses(hearing: Hearing) -> Iterator[str]:
    """Every cluster has ``cluster.max_campuses`` or fewer."""
    most = hearing.case.cluster.max_campuses
    for cluster in hearing.plan.clusters:
        if len(cluster.campuses) > most:
            yield f"{_where(cluster)}: {len(cluster.campuses)} campuses, more than {most}"


def links_are_within_reach(hearing: Hearing) -> Iterator[str]:
    """Every link is at most ``cluster.max_fiber_km`` of fiber.

    Of a mesh these are all pairs of campuses, whether they are stated as links or not.
    """
    limit_km = hearing.case.cluster.max_fiber_km
    for cluster in hearing.clusters:
        links = cluster.links
        if hearing.case.cluster.network == "mesh":
            links = list(combinations(range(len(cluster.sites)), 2))
        for a, b in links:
            km = cluster.km[a, b]
            if km <= limit_km:
                continue
            length = f"{km:,.3f} km of fiber" if math.isfinite(km) else "no fiber within reach"
            yield (
                f"{_where(cluster.stated)}: {length} between {cluster.campuses[a].site!r} and "
                f"{cluster.campuses[b].site!r}, but at most {limit_km:,.3f} km are allowed"
            )


def rings_are_short(hearing: Hearing) -> Iterator[str]:
    """The tour of a ring is at most ``cluster.max_ring_km`` long."""
    limit_km = hearing.case.cluster.max_ring_km
    if hearing.case.cluster.network != "ring":
        return
    for cluster in hearing.clusters:
        km = _network_km(hearing.case, cluster)
        if not km <= limit_km:
            yield (
                f"{_where(cluster.stated)}: a tour of {km:,.3f} km, but at most "
                f"{limit_km:,.3f} km are allowed"
            )


def clusters_synchronise_in_time(hearing: Hearing) -> Iterator[str]:
    """No synchronisation takes longer than ``cluster.max_sync_s``."""
    most_s = hearing.case.cluster.max_sync_s
    for where, trained in _trained(hearing):
        if most_s is not None and not trained.sync_s <= most_s * (1 + TOLERANCE_FRACTION):
            yield f"{where}: synchronises in {trained.sync_s:.6g} s, more than {most_s:.6g} s"


def clusters_compute_enough(hearing: Hearing) -> Iterator[str]:
    """No cluster waits so long that less than ``cluster.min_compute_utilisation`` is left."""
    least = hearing.case.cluster.min_compute_utilisation
    for where, trained in _trained(hearing):
        if least is not None and not trained.compute_utilisation >= least - TOLERANCE_FRACTION:
            yield f"{where}: compute utilisation {trained.compute_utilisation:.4%} of {least:.4%}"


def clusters_survive_a_span(hearing: Hearing) -> Iterator[str]:
    """Without any one span the links that are left connect all campuses of every cluster."""
    if not hearing.case.cluster.keep_after_span_loss:
        return
    if hearing.case.routes is None:
        yield "the case does not say where fiber runs"
        return
    for cluster in hearing.clusters:
        position = {campus.site: a for a, campus in enumerate(cluster.campuses)}
        for span in sorted({span for link in cluster.stated.links for span in link.spans}):
            kept = [
                (position[link.from_site], position[link.to_site])
                for link in cluster.stated.links
                if span not in link.spans and {link.from_site, link.to_site} <= position.keys()
            ]
            cut_off = _not_reached(len(cluster.campuses), kept)
            if cut_off:
                names = ", ".join(repr(cluster.campuses[a].site) for a in cut_off)
                yield (f"{_where(cluster.stated)}: without span {span!r} no link leads to {names}")


def clusters_have_enough_utilities(hearing: Hearing) -> Iterator[str]:
    """The campuses of every cluster have ``cluster.min_utilities`` utilities or more."""
    least = hearing.case.cluster.min_utilities
    for cluster in hearing.clusters:
        found = len(np.unique(hearing.case.utility[cluster.sites]))
        if found < least:
            yield f"{_where(cluster.stated)}: {found} utilities, fewer than {least}"


def utilities_have_small_shares(hearing: Hearing) -> Iterator[str]:
    """No utility has more than ``cluster.max_utility_fraction`` of a cluster's draw."""
    case = hearing.case
    most = case.cluster.max_utility_fraction
    for cluster in hearing.clusters:
        total_mw = cluster.draw_mw.sum()
        for u, utility_mw in _by_utility(case, cluster, cluster.draw_mw):
            if not utility_mw <= most * total_mw + TOLERANCE_MW:
                yield (
                    f"{_where(cluster.stated)}: {_mw(utility_mw)} of {_mw(total_mw)} are from "
                    f"{case.utilities[u]!r}, more than {most:.2%}"
                )


def clusters_have_enough_regions(hearing: Hearing) -> Iterator[str]:
    """The campuses of every cluster are in ``cluster.min_regions`` regions or more.

    A site whose region is not known counts for none, unless it takes no region to count.
    """
    least = hearing.case.cluster.min_regions
    for cluster in hearing.clusters:
        regions = np.unique(hearing.case.region[cluster.sites])
        found = int((regions >= 0).sum())
        if found < least and least > 1:
            yield f"{_where(cluster.stated)}: {found} regions, fewer than {least}"


def clusters_survive_a_campus(hearing: Hearing) -> Iterator[str]:
    """Without any one campus the others still hold the fraction of the target that is asked."""
    case = hearing.case
    keep = case.cluster.keep_after_campus_loss
    if keep == 0:
        return
    target_mw = _target_mw(case)
    if target_mw is None:
        yield f"{keep:.2%} of the target must be left, but there is no target"
        return
    for cluster in hearing.clusters:
        load_mw = cluster.draw_mw * _target_per_mw(case)[cluster.sites]
        for campus, lost_mw in zip(cluster.campuses, load_mw, strict=True):
            left_mw = load_mw.sum() - lost_mw
            if not left_mw >= keep * target_mw - TOLERANCE_MW:
                yield (
                    f"{_where(cluster.stated)}: {_mw(left_mw)} are left without "
                    f"{campus.site!r}, but {keep:.2%} of {_mw(target_mw)} must be"
                )


def clusters_survive_a_utility(hearing: Hearing) -> Iterator[str]:
    """Without any one utility the others still hold the fraction of the target that is asked."""
    case = hearing.case
    keep = case.cluster.keep_after_utility_loss
    if keep == 0:
        return
    target_mw = _target_mw(case)
    if target_mw is None:
        yield f"{keep:.2%} of the target must be left, but there is no target"
        return
    for cluster in hearing.clusters:
        load_mw = cluster.draw_mw * _target_per_mw(case)[cluster.sites]
        for u, lost_mw in _by_utility(case, cluster, load_mw):
            left_mw = load_mw.sum() - lost_mw
            if not left_mw >= keep * target_mw - TOLERANCE_MW:
                yield (
                    f"{_where(cluster.stated)}: {_mw(left_mw)} are left without utility "
                    f"{case.utilities[u]!r}, but {keep:.2%} of {_mw(target_mw)} must be"
                )


# --- Clean energy -------------------------------------------------------------------------------


def clusters_are_clean(hearing: Hearing) -> Iterator[str]:
    """Contracts and grid mix are at least ``clean.min_fraction`` of every cluster's energy."""
    case = hearing.case
    least = case.clean.min_fraction
    for cluster in hearing.clusters:
        energy_mwh = cluster.draw_mw * case.mwh_per_mw
        # A campus never counts for more than its own energy.
        clean_mwh = np.minimum(_clean_mwh(case, cluster), energy_mwh).sum()
        asked_mwh = least * energy_mwh.sum()
        if not clean_mwh >= asked_mwh - _slack_mwh(case, asked_mwh):
            yield (
                f"{_where(cluster.stated)}: {clean_mwh:,.0f} MWh of {energy_mwh.sum():,.0f} MWh "
                f"are clean, less than {least:.2%}"
            )


def contracts_can_be_delivered(hearing: Hearing) -> Iterator[str]:
    """A contract is from a plant in the campus's own area of delivery."""
    case = hearing.case
    for cluster in hearing.clusters:
        for campus, plant, mwh in _contracts(cluster):
            area = case.area[cluster.sites[campus]]
            if case.supply_area[plant] != area or area < 0:
                yield (
                    f"{_where(cluster.stated, cluster.campuses[campus])}: {mwh:,.3f} MWh from "
                    f"{case.supply_ids[plant]!r}, which cannot deliver within "
                    f"the same {case.clean.deliver_within}"
                )


def contracts_are_not_negative(hearing: Hearing) -> Iterator[str]:
    """No contract is for less than nothing."""
    for cluster in hearing.clusters:
        for campus, plant, mwh in _contracts(cluster):
            if not mwh >= -_slack_mwh(hearing.case, 0.0):
                yield (
                    f"{_where(cluster.stated, cluster.campuses[campus])}: {mwh:,.3f} MWh from "
                    f"{hearing.case.supply_ids[plant]!r}"
                )


def plants_are_not_oversold(hearing: Hearing) -> Iterator[str]:
    """Over all clusters no plant sells more than ``clean.contractable_fraction`` of its output."""
    case = hearing.case
    sold_mwh = np.zeros(len(case.supply_ids))
    for cluster in hearing.clusters:
        np.add.at(sold_mwh, cluster.contract_supply, cluster.contract_mwh)
    for r, plant in enumerate(case.supply_ids):
        can_mwh = case.contractable_mwh[r]
        if not sold_mwh[r] <= can_mwh + _slack_mwh(case, can_mwh):
            yield (
                f"plant {plant!r}: {sold_mwh[r]:,.0f} MWh are contracted, but only "
                f"{can_mwh:,.0f} MWh can be"
            )


def contracts_are_within_own_energy(hearing: Hearing) -> Iterator[str]:
    """Contracts and grid mix of a campus are not more than its own energy."""
    case = hearing.case
    for cluster in hearing.clusters:
        energy_mwh = cluster.draw_mw * case.mwh_per_mw
        clean_mwh = _clean_mwh(case, cluster)
        bought = np.isin(np.arange(len(cluster.sites)), cluster.contract_campus)
        for a in np.flatnonzero(bought):
            if not clean_mwh[a] <= energy_mwh[a] + _slack_mwh(case, energy_mwh[a]):
                yield (
                    f"{_where(cluster.stated, cluster.campuses[a])}: {clean_mwh[a]:,.0f} MWh of "
                    f"contracts and grid mix, but it uses {energy_mwh[a]:,.0f} MWh"
                )


# --- What the plan states -----------------------------------------------------------------------


def it_load_is_draw_by_pue(hearing: Hearing) -> Iterator[str]:
    """``it_mw`` of a campus is ``draw_mw / pue``."""
    case = hearing.case
    for cluster in hearing.clusters:
        it_mw = cluster.draw_mw / case.pue[cluster.sites]
        for campus, expected in zip(cluster.campuses, it_mw, strict=True):
            yield from _differs(_where(cluster.stated, campus), "it_mw", campus.it_mw, expected)


def costs_are_recomputed(hearing: Hearing) -> Iterator[str]:
    """``cost_musd_per_year`` of a campus is its fixed and variable cost and its premiums."""
    case = hearing.case
    for cluster in hearing.clusters:
        for campus, expected in zip(cluster.campuses, _cost_musd(case, cluster), strict=True):
            yield from _differs(
                _where(cluster.stated, campus),
                "cost_musd_per_year",
                campus.cost_musd_per_year,
                expected,
            )


def clean_fractions_are_recomputed(hearing: Hearing) -> Iterator[str]:
    """``clean_fraction`` of campuses and clusters is contracts and grid mix by energy."""
    case = hearing.case
    for cluster in hearing.clusters:
        energy_mwh = cluster.draw_mw * case.mwh_per_mw
        clean_mwh = _clean_mwh(case, cluster)
        stated = [
            (_where(cluster.stated, campus), campus.clean_fraction, clean_mwh[a], energy_mwh[a])
            for a, campus in enumerate(cluster.campuses)
        ]
        stated.append(
            (
                _where(cluster.stated),
                cluster.stated.clean_fraction,
                clean_mwh.sum(),
                energy_mwh.sum(),
            )
        )
        for where, fraction, clean, energy in stated:
            if not abs(fraction * energy - clean) <= TOLERANCE_FRACTION * energy:
                yield (
                    f"{where}: clean_fraction {fraction:.6f} is stated, but {clean:,.0f} of "
                    f"{energy:,.0f} MWh are clean"
                )


def totals_are_sums(hearing: Hearing) -> Iterator[str]:
    """A cluster's draw, IT load, cost, longest link and utilities are those of its campuses."""
    case = hearing.case
    for cluster in hearing.clusters:
        stated, where = cluster.stated, _where(cluster.stated)
        draw_mw = cluster.draw_mw.sum()
        it_mw = (cluster.draw_mw / case.pue[cluster.sites]).sum()
        yield from _differs(where, "draw_mw", stated.draw_mw, draw_mw)
        yield from _differs(where, "it_mw", stated.it_mw, it_mw)
        yield from _differs(
            where,
            "cost_musd_per_year",
            stated.cost_musd_per_year,
            _cost_musd(case, cluster).sum(),
        )
        yield from _differs(
            where,
            "max_fiber_km",
            stated.max_fiber_km,
            cluster.links_km.max(initial=0.0),
            TOLERANCE_KM,
        )
        yield from _differs(
            where, "fiber_km", stated.fiber_km, _network_km(case, cluster), TOLERANCE_KM
        )
        utilities = {case.utilities[u] for u in case.utility[cluster.sites]}
        if sorted(stated.utilities) != sorted(utilities):
            yield (
                f"{where}: utilities {', '.join(stated.utilities)} are stated, but its campuses "
                f"have {', '.join(sorted(utilities))}"
            )


def links_make_the_network(hearing: Hearing) -> Iterator[str]:
    """Links join two campuses, no two of them the same, and together make the network asked.

    A mesh links every pair. A hub is linked to every other campus; of those that can be the hub
    it has the shortest links. A ring is one closed tour, in the order of its links.
    """
    case = hearing.case
    for placed in hearing.clusters:
        cluster = placed.stated
        members = {campus.site for campus in cluster.campuses}
        linked = [frozenset((link.from_site, link.to_site)) for link in cluster.links]
        for link, pair in zip(cluster.links, linked, strict=True):
            if len(pair) < 2 or not pair <= members:
                yield (
                    f"{_where(cluster)}: a link from {link.from_site!r} to {link.to_site!r} does "
                    "not join two of its campuses"
                )
        for pair in _repeated(linked):
            yield f"{_where(cluster)}: more than one link of {_names(pair)}"
        if cluster.network != case.cluster.network:
            yield (
                f"{_where(cluster)}: a {cluster.network} is stated, but a "
                f"{case.cluster.network} is asked"
            )
        yield from _NETWORKS[case.cluster.network](case, placed)


def _is_a_mesh(case: Case, placed: Placed) -> Iterator[str]:  # noqa: ARG001 - as the others
    members = {campus.site for campus in placed.stated.campuses}
    yield from _links_just(placed.stated, {frozenset(pair) for pair in combinations(members, 2)})
    if placed.stated.hub is not None:
        yield f"{_where(placed.stated)}: {placed.stated.hub!r} is stated as hub of a mesh"


def _links_just(cluster: Cluster, wanted: set[frozenset[str]]) -> Iterator[str]:
    linked = {frozenset((link.from_site, link.to_site)) for link in cluster.links}
    for what, pairs in (("no link of", wanted - linked), ("an odd link of", linked - wanted)):
        for pair in sorted(pairs, key=sorted):
            yield f"{_where(cluster)}: {what} {_names(pair)}"


def _is_a_tour(case: Case, placed: Placed) -> Iterator[str]:  # noqa: ARG001 - as the others
    """Each link starts where the one before it ends, and all campuses are passed once."""
    cluster = placed.stated
    members = {campus.site for campus in cluster.campuses}
    starts = [link.from_site for link in cluster.links]
    ends = [link.to_site for link in cluster.links]
    if len(members) == 2 and len(starts) == 1:
        # The one link of two campuses leads there and back.
        starts, ends = [*starts, *ends], [*ends, *starts]
    if len(members) > 1 and (
        sorted(starts) != sorted(members) or ends != [*starts[1:], *starts[:1]]
    ):
        yield f"{_where(cluster)}: its links are no closed tour through all of its campuses"
    if cluster.hub is not None:
        yield f"{_where(cluster)}: {cluster.hub!r} is stated as hub of a ring"


def _is_the_best_hub(case: Case, placed: Placed) -> Iterator[str]:
    """The hub is a campus that all others are within reach of, with the shortest links."""
    cluster = placed.stated
    members = {campus.site for campus in cluster.campuses}
    spokes = {frozenset((str(cluster.hub), site)) for site in members - {cluster.hub}}
    yield from _links_just(cluster, spokes)
    stars_km = _stars_km(case, placed)
    position = {campus.site: a for a, campus in enumerate(placed.campuses)}
    hub = position.get(placed.stated.hub or "")
    if hub is None:
        yield f"{_where(placed.stated)}: {placed.stated.hub!r} is stated as hub, but is no campus"
    elif not math.isfinite(stars_km[hub]):
        yield f"{_where(placed.stated)}: {placed.stated.hub!r} cannot be the hub of all others"
    elif not stars_km[hub] <= stars_km.min() + TOLERANCE_KM:
        yield (
            f"{_where(placed.stated)}: the links of {placed.stated.hub!r} are "
            f"{stars_km[hub]:,.3f} km, but those of another hub are {stars_km.min():,.3f} km"
        )


_NETWORKS = {"mesh": _is_a_mesh, "hub": _is_the_best_hub, "ring": _is_a_tour}


def links_have_their_length(hearing: Hearing) -> Iterator[str]:
    """``km`` of a link is the kilometres by fiber of its pair."""
    for cluster in hearing.clusters:
        position = {campus.site: a for a, campus in enumerate(cluster.campuses)}
        for link in cluster.stated.links:
            a, b = position.get(link.from_site), position.get(link.to_site)
            if a is None or b is None:
                continue
            yield from _differs(
                f"{_where(cluster.stated)}, link {link.from_site!r} to {link.to_site!r}",
                "km",
                link.km,
                cluster.km[a, b],
                TOLERANCE_KM,
            )


def links_have_their_delay(hearing: Hearing) -> Iterator[str]:
    """``delay_ms`` is light in glass over the link, ``rtt_ms`` there and back."""
    for cluster in hearing.plan.clusters:
        for link in cluster.links:
            where = f"{_where(cluster)}, link {link.from_site!r} to {link.to_site!r}"
            delay_ms = fiber_delay_ms(link.km)
            yield from _differs(where, "delay_ms", link.delay_ms, delay_ms)
            yield from _differs(where, "rtt_ms", link.rtt_ms, 2 * delay_ms)


def training_is_recomputed(hearing: Hearing) -> Iterator[str]:
    """What is trained is as asked, and how every cluster trains follows from its links and load."""
    case, plan = hearing.case, hearing.plan
    if plan.training != case.training:
        yield "plan: what is trained is not what the model asks"
    expected = dict(_trained(hearing))
    for cluster in hearing.clusters:
        where = _where(cluster.stated)
        stated, right = cluster.stated.training, expected.get(where)
        if (stated is None) != (right is None):
            yield f"{where}: how it trains is {'not ' if stated is None else ''}stated"
            continue
        if stated is None or right is None:
            continue
        numbers = dict(_numbers(f"{where}, training", stated))
        wanted = dict(_numbers(f"{where}, training", right))
        for name in sorted(numbers.keys() ^ wanted.keys()):
            yield f"{name} is {'stated, but there is none' if name in numbers else 'not stated'}"
        for name in sorted(numbers.keys() & wanted.keys()):
            yield from _differs("plan", name, numbers[name], wanted[name])
        if [share.site for share in stated.batch] != [share.site for share in right.batch]:
            yield f"{where}: the batch is not shared among its campuses"


def links_have_their_tier(hearing: Hearing) -> Iterator[str]:
    """``tier`` is the one of the link's length."""
    for cluster in hearing.plan.clusters:
        for link in cluster.links:
            # A length that is none has no tier; the checks of numbers and lengths report it.
            if 0 <= link.km < math.inf and link.tier != tier_of(link.km):
                yield (
                    f"{_where(cluster)}, link {link.from_site!r} to {link.to_site!r}: tier "
                    f"{link.tier!r} is stated, but {link.km:,.3f} km are {tier_of(link.km)!r}"
                )


def links_follow_their_spans(hearing: Hearing) -> Iterator[str]:
    """The spans of a link lead from the one site's fiber node to the other's, over its length."""
    routes = hearing.case.routes
    for cluster in hearing.clusters:
        position = {c.site: i for c, i in zip(cluster.campuses, cluster.sites, strict=True)}
        for link in cluster.stated.links:
            where = f"{_where(cluster.stated)}, link {link.from_site!r} to {link.to_site!r}"
            if routes is None:
                if link.spans:
                    yield f"{where}: spans are stated, but the case does not know of any"
                continue
            ends = position.get(link.from_site), position.get(link.to_site)
            if ends[0] is None or ends[1] is None:
                continue
            node = int(routes.access.node[ends[0]])
            km = float(routes.access.km[ends[0]] + routes.access.km[ends[1]])
            for span in link.spans:
                here, there, span_km = routes.graph.ends_of_span.get(span, (-1, -1, 0.0))
                if node not in (here, there):
                    yield f"{where}: span {span!r} does not lead on from there"
                    break
                node, km = (there if node == here else here), km + span_km
            else:
                if node != routes.access.node[ends[1]]:
                    yield f"{where}: its spans do not lead there"
                yield from _differs(where, "km", link.km, km, TOLERANCE_KM)


def links_have_their_equipment(hearing: Hearing) -> Iterator[str]:
    """Amplifier sites, fiber pairs and their price follow from length and bandwidth."""
    fiber = hearing.case.fiber
    for cluster in hearing.plan.clusters:
        for link in cluster.links:
            if not 0 <= link.km < math.inf:
                continue
            where = f"{_where(cluster)}, link {link.from_site!r} to {link.to_site!r}"
            stretches = link.km / fiber.amplifier_km
            pairs = fiber.bandwidth_tbps / fiber.pair_tbps
            # One amplifier less than stretches, one pair for each part of a capacity.
            if not stretches - 1 - 1e-6 <= link.amplifier_sites < max(stretches + 1e-6, 1):
                yield f"{where}: {link.amplifier_sites} amplifier sites, for {link.km:,.3f} km"
            if not pairs - 1e-6 <= link.pairs < pairs + 1:
                yield f"{where}: {link.pairs} pairs, for {fiber.bandwidth_tbps:,.3f} Tbit/s"
            price_musd = link.pairs * (
                fiber.pair_musd_per_km * link.km + fiber.amplifier_musd * link.amplifier_sites
            )
            yield from _differs(where, "pairs_musd", link.pairs_musd, price_musd)


def shared_spans_are_recounted(hearing: Hearing) -> Iterator[str]:
    """``shared_spans`` names, for every span of several links, just the links that it carries."""
    for cluster in hearing.clusters:
        carried: dict[str, set[tuple[str, str]]] = {}
        for link in cluster.stated.links:
            for span in link.spans:
                carried.setdefault(span, set()).add((link.from_site, link.to_site))
        known = {span: links for span, links in carried.items() if len(links) > 1}
        stated = {
            span: set(group.links) for group in cluster.stated.shared_spans for span in group.spans
        }
        where = _where(cluster.stated)
        for span in sorted(known.keys() | stated.keys()):
            if known.get(span) != stated.get(span):
                yield f"{where}: the links that span {span!r} carries are not those stated"
        for group in cluster.stated.shared_spans:
            yield from _is_as_fatal_as_stated(hearing.case, cluster, group)


def _is_as_fatal_as_stated(case: Case, cluster: Placed, group: SharedSpans) -> Iterator[str]:
    where = f"{_where(cluster.stated)}, shared span {group.spans[0]!r}"
    lost = set(group.links)
    position = {campus.site: a for a, campus in enumerate(cluster.campuses)}
    kept = [
        (position[link.from_site], position[link.to_site])
        for link in cluster.stated.links
        if (link.from_site, link.to_site) not in lost
        and {link.from_site, link.to_site} <= position.keys()
    ]
    if bool(_not_reached(len(cluster.campuses), kept)) != group.disconnects:
        yield f"{where}: disconnects {group.disconnects} is stated, but it is not so"
    if case.routes is not None:
        spans = case.routes.graph.ends_of_span
        km = sum(spans[span][2] for span in group.spans if span in spans)
        yield from _differs(where, "km", group.km, km, TOLERANCE_KM)


# --- The proof ----------------------------------------------------------------------------------


def objective_is_recomputed(hearing: Hearing) -> Iterator[str]:
    """``objective`` is the cost, the draw or the length of the networks, over all clusters."""
    case = hearing.case
    value_of: dict[str, Callable[[Placed], float]] = {
        "minimise_cost": lambda cluster: float(_cost_musd(case, cluster).sum()),
        "maximise_mw": lambda cluster: float(cluster.draw_mw.sum()),
        "minimise_fiber_km": lambda cluster: _network_km(case, cluster),
    }
    expected = sum(value_of[case.sense](cluster) for cluster in hearing.clusters)
    slack = TOLERANCE_KM if case.sense == "minimise_fiber_km" else 0.0
    yield from _differs("plan", "objective", hearing.plan.objective, expected, slack)


def bound_is_on_its_side(hearing: Hearing) -> Iterator[str]:
    """What is proven is no better than nothing: the objective does not beat the bound."""
    objective, bound = hearing.plan.objective, hearing.plan.bound
    beaten_by = bound - objective
    if hearing.case.sense == "maximise_mw":
        beaten_by = -beaten_by
    if not beaten_by <= TOLERANCE_RELATIVE * max(abs(objective), 1.0):
        yield f"the objective {objective:.9g} is better than the bound {bound:.9g}"


def gap_is_recomputed(hearing: Hearing) -> Iterator[str]:
    """``gap`` is ``|objective - bound| / |objective|``."""
    plan = hearing.plan
    distance = abs(plan.objective - plan.bound)
    slack = TOLERANCE_RELATIVE * max(abs(plan.objective), 1.0)
    if not abs(plan.gap * abs(plan.objective) - distance) <= slack or not plan.gap >= 0:
        yield (
            f"gap {plan.gap:.6g} is stated, but the objective is {plan.objective:.9g} and the "
            f"bound {plan.bound:.9g}"
        )


def status_is_earned(hearing: Hearing) -> Iterator[str]:
    """A plan is ``optimal`` if gap and number of clusters are proven, else ``feasible``."""
    plan, asked = hearing.plan, hearing.gap_asked
    if plan.status not in ("optimal", "feasible"):
        yield f"{plan.status!r} is neither 'optimal' nor 'feasible'"
    found, most = len(plan.clusters), plan.most_clusters
    if plan.status == "optimal" and most is not None and found < most:
        yield f"the plan says optimal, but has {found} clusters where {most} may be possible"
    if plan.status != "optimal" or asked is None:
        return
    distance = abs(plan.objective - plan.bound)
    slack = TOLERANCE_RELATIVE * max(abs(plan.objective), 1.0)
    if not distance <= asked * abs(plan.objective) + slack:
        yield (
            f"the plan says optimal, but the objective {plan.objective:.9g} and the bound "
            f"{plan.bound:.9g} are further apart than the gap of {asked:.4%} asked"
        )


def seconds_are_times(hearing: Hearing) -> Iterator[str]:
    """No stage took less than no time."""
    for where, value in _numbers("seconds", hearing.plan.seconds):
        if not value >= 0:
            yield f"{where} is {value} s"


CHECKS: tuple[tuple[str, Check], ...] = (
    ("ids known", ids_are_known),
    ("numbers finite", numbers_are_finite),
    ("objective.sense", sense_is_as_asked),
    ("campus facts", campus_facts_are_the_sites),
    ("campus.min_mw", campuses_draw_at_least),
    ("campus.max_mw", campuses_draw_at_most),
    ("campus.module_mw", campuses_draw_whole_modules),
    ("site.max_mw", campuses_fit_their_sites),
    ("site used once", sites_are_used_once),
    ("world.require_sites", required_sites_are_used),
    ("zone.headroom_mw", zones_have_headroom),
    ("zones used_mw", zones_state_their_use),
    ("cluster.count", clusters_are_as_many_as_asked),
    ("cluster.target_mw", clusters_reach_the_target),
    ("cluster.target_it_mw", clusters_reach_the_it_target),
    ("cluster.min_campuses", clusters_have_enough_campuses),
    ("cluster.max_campuses", clusters_have_few_campuses),
    ("cluster.max_fiber_km", links_are_within_reach),
    ("cluster.max_ring_km", rings_are_short),
    ("cluster.max_sync_s", clusters_synchronise_in_time),
    ("cluster.min_compute_utilisation", clusters_compute_enough),
    ("cluster.min_utilities", clusters_have_enough_utilities),
    ("cluster.max_utility_fraction", utilities_have_small_shares),
    ("cluster.min_regions", clusters_have_enough_regions),
    ("cluster.keep_after_campus_loss", clusters_survive_a_campus),
    ("cluster.keep_after_utility_loss", clusters_survive_a_utility),
    ("cluster.keep_after_span_loss", clusters_survive_a_span),
    ("clean.min_fraction", clusters_are_clean),
    ("clean.deliver_within", contracts_can_be_delivered),
    ("clean.contractable_fraction", plants_are_not_oversold),
    ("contracts not negative", contracts_are_not_negative),
    ("contracts within own energy", contracts_are_within_own_energy),
    ("it_mw", it_load_is_draw_by_pue),
    ("cost", costs_are_recomputed),
    ("clean_fraction", clean_fractions_are_recomputed),
    ("totals", totals_are_sums),
    ("links make the network", links_make_the_network),
    ("links km", links_have_their_length),
    ("links delay", links_have_their_delay),
    ("links tier", links_have_their_tier),
    ("links spans", links_follow_their_spans),
    ("links equipment", links_have_their_equipment),
    ("shared spans", shared_spans_are_recounted),
    ("training", training_is_recomputed),
    ("objective", objective_is_recomputed),
    ("bound", bound_is_on_its_side),
    ("gap", gap_is_recomputed),
    ("status", status_is_earned),
    ("seconds", seconds_are_times),
)
"""Every check, in the order of the report: its name, and the function that states its rule."""


# --- Arithmetic ---------------------------------------------------------------------------------


def _place(case: Case, cluster: Cluster) -> Placed:
    """A cluster by positions in the case."""
    site_position = {site_id: i for i, site_id in enumerate(case.site_ids)}
    plant_position = {supply_id: r for r, supply_id in enumerate(case.supply_ids)}
    campuses = tuple(c for c in cluster.campuses if c.site in site_position)
    sites = np.array([site_position[c.site] for c in campuses], dtype=np.int64)
    contracts = [
        (a, plant_position[contract.supply], contract.mwh)
        for a, campus in enumerate(campuses)
        for contract in campus.contracts
        if contract.supply in plant_position
    ]
    return Placed(
        stated=cluster,
        campuses=campuses,
        sites=sites,
        draw_mw=np.array([c.draw_mw for c in campuses], dtype=np.float64),
        contract_campus=np.array([a for a, _, _ in contracts], dtype=np.int64),
        contract_supply=np.array([r for _, r, _ in contracts], dtype=np.int64),
        contract_mwh=np.array([mwh for _, _, mwh in contracts], dtype=np.float64),
        km=_km_between(case, sites),
    )


def _km_between(case: Case, sites: IntArray) -> FloatArray:
    """``(n, n)`` kilometres by fiber; ``inf`` where the case holds none, 0 for a site itself."""
    km = np.full((len(sites), len(sites)), np.inf)
    for a, i in enumerate(sites):
        others, others_km = case.reach.of(int(i))
        known = dict(zip(others.tolist(), others_km.tolist(), strict=True))
        known[int(i)] = 0.0
        km[a] = [known.get(int(j), np.inf) for j in sites]
    return km


def _network_km(case: Case, cluster: Placed) -> float:
    """Length of a cluster's network [km]; of a ring it is that of the stated tour."""
    if case.cluster.network == "hub":
        return float(_stars_km(case, cluster).min(initial=np.inf))
    if case.cluster.network == "ring":
        there_and_back = 2.0 if len(cluster.sites) == 2 else 1.0
        return float(cluster.links_km.sum()) * there_and_back
    return float(cluster.km[np.triu_indices(len(cluster.sites), 1)].sum())


def _stars_km(case: Case, cluster: Placed) -> FloatArray:
    """``(n,)`` length of the links of each campus to all others [km].

    Infinite for those that cannot be the hub: others are beyond reach, or further than so many
    campuses can synchronise in time, or, where the loss of a span must be survived, join the fiber
    at another node and so depend on a span.
    """
    can = cluster.km <= case.link_limit_km(len(cluster.sites))
    if case.cluster.keep_after_span_loss and case.routes is not None:
        node = case.routes.access.node[cluster.sites]
        can &= node[:, None] == node[None, :]
    stars_km: FloatArray = np.where(can, cluster.km, np.inf).sum(axis=1)
    return stars_km


def _not_reached(campuses: int, links: list[tuple[int, int]]) -> list[int]:
    """Campuses that no links lead to from the first one."""
    reached, waiting = {0}, [0]
    while waiting:
        here = waiting.pop()
        for a, b in links:
            if here in (a, b):
                there = b if here == a else a
                if there not in reached:
                    reached.add(there)
                    waiting.append(there)
    return [a for a in range(campuses) if a not in reached]


def _trained(hearing: Hearing) -> Iterator[tuple[str, ClusterTraining]]:
    """Each cluster in words, and how it trains, worked out from its links and draws."""
    case = hearing.case
    if case.training is None:
        return
    for cluster in hearing.clusters:
        if len(cluster.sites) == 0:
            continue
        network = case.cluster.network
        links_km = cluster.links_km
        if network == "mesh":
            links_km = cluster.km[np.triu_indices(len(cluster.sites), 1)]
        km = _network_km(case, cluster) if network == "ring" else links_km.max(initial=0.0)
        yield (
            _where(cluster.stated),
            train_cluster(
                case.training,
                network=network,
                km=float(km),
                sites=[campus.site for campus in cluster.campuses],
                it_mw=(cluster.draw_mw / case.pue[cluster.sites]).tolist(),
            ),
        )


def _used_sites(hearing: Hearing) -> BoolArray:
    """``(I,)`` whether a site has a campus."""
    used = np.zeros(len(hearing.case.site_ids), dtype=np.bool_)
    for cluster in hearing.clusters:
        used[cluster.sites] = True
    return used


def _zones_of(case: Case, i: int) -> list[int]:
    """The zone of a site, its parent, and so on up."""
    zones = []
    z = int(case.zone[i])
    while z >= 0:
        zones.append(z)
        z = int(case.parent[z])
    return zones


def _zone_draw_mw(hearing: Hearing) -> FloatArray:
    """``(Z,)`` draw over all clusters from a zone and all zones in it [MW]."""
    used_mw = np.zeros(len(hearing.case.zone_ids))
    for cluster in hearing.clusters:
        for i, draw_mw in zip(cluster.sites, cluster.draw_mw, strict=True):
            used_mw[_zones_of(hearing.case, int(i))] += draw_mw
    return used_mw


def _zones_drawn_on(hearing: Hearing) -> list[int]:
    """Zones that hold a campus, themselves or in a zone of theirs."""
    sites = {int(i) for cluster in hearing.clusters for i in cluster.sites}
    return sorted({z for i in sites for z in _zones_of(hearing.case, i)})


def _target_mw(case: Case) -> float | None:
    """What a cluster must reach [MW of draw, or of IT load if that is what is asked]."""
    cluster = case.cluster
    return cluster.target_mw if cluster.target_it_mw is None else cluster.target_it_mw


def _target_per_mw(case: Case) -> FloatArray:
    """``(I,)`` what a MW of draw counts toward the target [1]."""
    return np.ones(len(case.pue)) if case.cluster.target_it_mw is None else 1.0 / case.pue


def _by_utility(case: Case, cluster: Placed, load_mw: FloatArray) -> Iterator[tuple[int, float]]:
    """Each utility of a cluster and the load [MW] that it feeds."""
    utility = case.utility[cluster.sites]
    for u in np.unique(utility):
        yield int(u), float(load_mw[utility == u].sum())


def _clean_mwh(case: Case, cluster: Placed) -> FloatArray:
    """``(n,)`` contracts and grid mix of each campus [MWh/year]."""
    grid_fraction = case.grid_clean_fraction if case.clean.count_grid_mix else np.zeros(1)
    grid_fraction = np.broadcast_to(grid_fraction, case.pue.shape)[cluster.sites]
    clean_mwh: FloatArray = grid_fraction * cluster.draw_mw * case.mwh_per_mw
    np.add.at(clean_mwh, cluster.contract_campus, cluster.contract_mwh)
    return clean_mwh


def _cost_musd(case: Case, cluster: Placed) -> FloatArray:
    """``(n,)`` cost of each campus [MUSD/year]."""
    cost_musd: FloatArray = (
        case.fixed_musd_per_year[cluster.sites]
        + case.variable_musd_per_mw_year[cluster.sites] * cluster.draw_mw
    )
    premium_musd = case.premium_usd_per_mwh[cluster.contract_supply] * cluster.contract_mwh / 1e6
    np.add.at(cost_musd, cluster.contract_campus, premium_musd)
    return cost_musd


def _slack_mwh(case: Case, mwh: float) -> float:
    """Slack on energy [MWh/year]: a part of it, and the energy of the slack on draws."""
    return TOLERANCE_RELATIVE * abs(mwh) + TOLERANCE_MW * case.mwh_per_mw


# --- Words --------------------------------------------------------------------------------------


def _draws(hearing: Hearing) -> Iterator[tuple[str, float]]:
    """Each campus in words, and its draw [MW]."""
    for cluster in hearing.plan.clusters:
        for campus in cluster.campuses:
            yield _where(cluster, campus), campus.draw_mw


def _contracts(cluster: Placed) -> Iterator[tuple[int, int, float]]:
    """Each contract: position of the campus in the cluster, of the plant in the case, and MWh."""
    yield from zip(
        cluster.contract_campus.tolist(),
        cluster.contract_supply.tolist(),
        cluster.contract_mwh.tolist(),
        strict=True,
    )


def _where(cluster: Cluster, campus: Campus | None = None) -> str:
    """A cluster or a campus in words."""
    place = f"cluster {cluster.id!r}"
    return place if campus is None else f"{place}, campus {campus.site!r}"


def _mw(value: float) -> str:
    """A power in words, to the kW."""
    return f"{value:,.3f} MW"


def _names(pair: frozenset[str]) -> str:
    return " and ".join(repr(name) for name in sorted(pair))


def _same(stated: float, expected: float, slack: float = 0.0) -> bool:
    """Whether two numbers are the same but for rounding; NaN never is."""
    # The least slack is for a value near 0, of which there is no part to speak of.
    slack = max(slack, TOLERANCE_RELATIVE * abs(expected), 1e-9)
    if not math.isfinite(expected):
        return stated == expected
    return bool(abs(stated - expected) <= slack)


def _differs(
    where: str, name: str, stated: float, expected: float, slack: float = 0.0
) -> Iterator[str]:
    """Say so if a stated number is not what it is worked out to be."""
    if not _same(stated, expected, slack):
        yield f"{where}: {name} {stated:,.6f} is stated, but it is {expected:,.6f}"


def _repeated(things: Iterable[_Thing]) -> list[_Thing]:
    """What occurs more than once, each thing once, in order of the second occurrence."""
    seen: set[_Thing] = set()
    again: dict[_Thing, None] = {}
    for thing in things:
        if thing in seen:
            again[thing] = None
        seen.add(thing)
    return list(again)


def _numbers(where: str, thing: object) -> Iterator[tuple[str, float]]:
    """Every number in a value made of dataclasses and tuples, and where it is."""
    if isinstance(thing, float | int) and not isinstance(thing, bool):
        yield where, thing
    elif isinstance(thing, tuple):
        for n, item in enumerate(thing):
            yield from _numbers(f"{where}[{n}]", item)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from _numbers(f"{where}.{field.name}", getattr(thing, field.name))

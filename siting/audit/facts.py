"""Ids, numbers and sums: what the rest of a plan stands on."""

from __future__ import annotations

import math
from collections.abc import Iterator

from siting.audit.cost import cost_musd_of
from siting.audit.hearing import TOLERANCE_KM, Hearing
from siting.audit.network import network_km
from siting.audit.words import differs, numbers_of, repeated, said, same


def ids_are_known(hearing: Hearing) -> Iterator[str]:
    """Every site, plant and zone of the plan is one of the case; ids of clusters are unique."""
    case, plan = hearing.case, hearing.plan
    sites, plants, zones = set(case.site_ids), set(case.supply_ids), set(case.zone_ids)
    for cluster in plan.clusters:
        for campus in cluster.campuses:
            if campus.site not in sites:
                yield f"{said(cluster, campus)}: there is no such site"
            for contract in campus.contracts:
                if contract.supply not in plants:
                    yield (
                        f"{said(cluster, campus)}: contracts {contract.mwh:,.3f} MWh from "
                        f"{contract.supply!r}, but there is no such plant"
                    )
    for used in plan.zones:
        if used.id not in zones:
            yield f"zone {used.id!r}: there is no such zone"
    for cluster_id in repeated(cluster.id for cluster in plan.clusters):
        yield f"cluster {cluster_id!r}: the id is given to more than one cluster"


def numbers_are_finite(hearing: Hearing) -> Iterator[str]:
    """No number of the plan is NaN or infinite."""
    for where, value in numbers_of("plan", hearing.plan):
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
                        f"{said(cluster.stated, campus)}: {what} {stated!r} is stated, but "
                        f"its site is in {known!r}"
                    )
            numbers = (
                ("price_usd_per_mwh", campus.price_usd_per_mwh, case.price_usd_per_mwh[i]),
                ("lon", campus.lon, case.lon[i]),
                ("lat", campus.lat, case.lat[i]),
            )
            for what, number, expected in numbers:
                if not same(number, expected):
                    yield (
                        f"{said(cluster.stated, campus)}: {what} {number} is stated, but its "
                        f"site has {expected}"
                    )


def it_load_is_draw_by_pue(hearing: Hearing) -> Iterator[str]:
    """``it_mw`` of a campus is ``draw_mw / pue``."""
    case = hearing.case
    for cluster in hearing.clusters:
        it_mw = cluster.draw_mw / case.pue[cluster.sites]
        for campus, expected in zip(cluster.campuses, it_mw, strict=True):
            yield from differs(said(cluster.stated, campus), "it_mw", campus.it_mw, expected)


def totals_are_sums(hearing: Hearing) -> Iterator[str]:
    """A cluster's draw, IT load, cost, longest link and utilities are those of its campuses."""
    case = hearing.case
    for cluster in hearing.clusters:
        stated, where = cluster.stated, said(cluster.stated)
        draw_mw = cluster.draw_mw.sum()
        it_mw = (cluster.draw_mw / case.pue[cluster.sites]).sum()
        yield from differs(where, "draw_mw", stated.draw_mw, draw_mw)
        yield from differs(where, "it_mw", stated.it_mw, it_mw)
        yield from differs(
            where,
            "cost_musd_per_year",
            stated.cost_musd_per_year,
            cost_musd_of(case, cluster).sum(),
        )
        yield from differs(
            where,
            "max_fiber_km",
            stated.max_fiber_km,
            cluster.links_km.max(initial=0.0),
            TOLERANCE_KM,
        )
        yield from differs(
            where, "fiber_km", stated.fiber_km, network_km(case, cluster), TOLERANCE_KM
        )
        utilities = {case.utilities[u] for u in case.utility[cluster.sites]}
        if sorted(stated.utilities) != sorted(utilities):
            yield (
                f"{where}: utilities {', '.join(stated.utilities)} are stated, but its campuses "
                f"have {', '.join(sorted(utilities))}"
            )


def seconds_are_times(hearing: Hearing) -> Iterator[str]:
    """No stage took less than no time."""
    for where, value in numbers_of("seconds", hearing.plan.seconds):
        if not value >= 0:
            yield f"{where} is {value} s"

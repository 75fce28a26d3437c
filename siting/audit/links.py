"""Checks of what a plan states of its links: length, delay, spans, equipment."""

from __future__ import annotations

import math
from collections.abc import Iterator

from siting.audit.hearing import TOLERANCE_KM, Hearing, Placed
from siting.audit.network import not_reached
from siting.audit.words import differs, said
from siting.case import Case
from siting.fiber import tier_of
from siting.plan import SharedSpans
from siting.units import fiber_delay_ms


def links_have_their_length(hearing: Hearing) -> Iterator[str]:
    """``km`` of a link is the kilometres by fiber of its pair."""
    for cluster in hearing.clusters:
        position = {campus.site: a for a, campus in enumerate(cluster.campuses)}
        for link in cluster.stated.links:
            a, b = position.get(link.from_site), position.get(link.to_site)
            if a is None or b is None:
                continue
            yield from differs(
                f"{said(cluster.stated)}, link {link.from_site!r} to {link.to_site!r}",
                "km",
                link.km,
                cluster.km[a, b],
                TOLERANCE_KM,
            )


def links_have_their_delay(hearing: Hearing) -> Iterator[str]:
    """``delay_ms`` is light in glass over the link, ``rtt_ms`` there and back."""
    for cluster in hearing.plan.clusters:
        for link in cluster.links:
            where = f"{said(cluster)}, link {link.from_site!r} to {link.to_site!r}"
            delay_ms = fiber_delay_ms(link.km)
            yield from differs(where, "delay_ms", link.delay_ms, delay_ms)
            yield from differs(where, "rtt_ms", link.rtt_ms, 2 * delay_ms)


def links_have_their_tier(hearing: Hearing) -> Iterator[str]:
    """``tier`` is the one of the link's length."""
    for cluster in hearing.plan.clusters:
        for link in cluster.links:
            # A length that is none has no tier; the checks of numbers and lengths report it.
            if 0 <= link.km < math.inf and link.tier != tier_of(link.km):
                yield (
                    f"{said(cluster)}, link {link.from_site!r} to {link.to_site!r}: tier "
                    f"{link.tier!r} is stated, but {link.km:,.3f} km are {tier_of(link.km)!r}"
                )


def links_follow_their_spans(hearing: Hearing) -> Iterator[str]:
    """The spans of a link lead from the one site's fiber node to the other's, over its length."""
    routes = hearing.case.routes
    for cluster in hearing.clusters:
        position = {c.site: i for c, i in zip(cluster.campuses, cluster.sites, strict=True)}
        for link in cluster.stated.links:
            where = f"{said(cluster.stated)}, link {link.from_site!r} to {link.to_site!r}"
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
                yield from differs(where, "km", link.km, km, TOLERANCE_KM)


def links_have_their_equipment(hearing: Hearing) -> Iterator[str]:
    """Amplifier sites, fiber pairs and their price follow from length and bandwidth."""
    fiber = hearing.case.fiber
    for cluster in hearing.plan.clusters:
        for link in cluster.links:
            if not 0 <= link.km < math.inf:
                continue
            where = f"{said(cluster)}, link {link.from_site!r} to {link.to_site!r}"
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
            yield from differs(where, "pairs_musd", link.pairs_musd, price_musd)


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
        where = said(cluster.stated)
        for span in sorted(known.keys() | stated.keys()):
            if known.get(span) != stated.get(span):
                yield f"{where}: the links that span {span!r} carries are not those stated"
        for group in cluster.stated.shared_spans:
            yield from _is_as_fatal_as_stated(hearing.case, cluster, group)


def _is_as_fatal_as_stated(case: Case, cluster: Placed, group: SharedSpans) -> Iterator[str]:
    where = f"{said(cluster.stated)}, shared span {group.spans[0]!r}"
    lost = set(group.links)
    position = {campus.site: a for a, campus in enumerate(cluster.campuses)}
    kept = [
        (position[link.from_site], position[link.to_site])
        for link in cluster.stated.links
        if (link.from_site, link.to_site) not in lost
        and {link.from_site, link.to_site} <= position.keys()
    ]
    if bool(not_reached(len(cluster.campuses), kept)) != group.disconnects:
        yield f"{where}: disconnects {group.disconnects} is stated, but it is not so"
    if case.routes is not None:
        spans = case.routes.graph.ends_of_span
        km = sum(spans[span][2] for span in group.spans if span in spans)
        yield from differs(where, "km", group.km, km, TOLERANCE_KM)

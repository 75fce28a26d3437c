"""Checks of networks: how far campuses are apart, how they are linked, and how they train."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from siting.audit.hearing import TOLERANCE_FRACTION, TOLERANCE_KM, Hearing, Placed
from siting.audit.words import differs, numbers_of, pair_in_words, repeated, said
from siting.case import Case
from siting.fiber.reach import FloatArray
from siting.plan import Cluster
from siting.training import ClusterTraining, train_cluster


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
                f"{said(cluster.stated)}: {length} between {cluster.campuses[a].site!r} and "
                f"{cluster.campuses[b].site!r}, but at most {limit_km:,.3f} km are allowed"
            )


def rings_are_short(hearing: Hearing) -> Iterator[str]:
    """The tour of a ring is at most ``cluster.max_ring_km`` long."""
    limit_km = hearing.case.cluster.max_ring_km
    if hearing.case.cluster.network != "ring":
        return
    for cluster in hearing.clusters:
        km = network_km(hearing.case, cluster)
        if not km <= limit_km:
            yield (
                f"{said(cluster.stated)}: a tour of {km:,.3f} km, but at most "
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
            cut_off = not_reached(len(cluster.campuses), kept)
            if cut_off:
                names = ", ".join(repr(cluster.campuses[a].site) for a in cut_off)
                yield (f"{said(cluster.stated)}: without span {span!r} no link leads to {names}")


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
                    f"{said(cluster)}: a link from {link.from_site!r} to {link.to_site!r} does "
                    "not join two of its campuses"
                )
        for pair in repeated(linked):
            yield f"{said(cluster)}: more than one link of {pair_in_words(pair)}"
        if cluster.network != case.cluster.network:
            yield (
                f"{said(cluster)}: a {cluster.network} is stated, but a "
                f"{case.cluster.network} is asked"
            )
        yield from _NETWORKS[case.cluster.network](case, placed)


def _is_a_mesh(case: Case, placed: Placed) -> Iterator[str]:  # noqa: ARG001 - as the others
    members = {campus.site for campus in placed.stated.campuses}
    yield from _links_just(placed.stated, {frozenset(pair) for pair in combinations(members, 2)})
    if placed.stated.hub is not None:
        yield f"{said(placed.stated)}: {placed.stated.hub!r} is stated as hub of a mesh"


def _links_just(cluster: Cluster, wanted: set[frozenset[str]]) -> Iterator[str]:
    linked = {frozenset((link.from_site, link.to_site)) for link in cluster.links}
    for what, pairs in (("no link of", wanted - linked), ("an odd link of", linked - wanted)):
        for pair in sorted(pairs, key=sorted):
            yield f"{said(cluster)}: {what} {pair_in_words(pair)}"


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
        yield f"{said(cluster)}: its links are no closed tour through all of its campuses"
    if cluster.hub is not None:
        yield f"{said(cluster)}: {cluster.hub!r} is stated as hub of a ring"


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
        yield f"{said(placed.stated)}: {placed.stated.hub!r} is stated as hub, but is no campus"
    elif not math.isfinite(stars_km[hub]):
        yield f"{said(placed.stated)}: {placed.stated.hub!r} cannot be the hub of all others"
    elif not stars_km[hub] <= stars_km.min() + TOLERANCE_KM:
        yield (
            f"{said(placed.stated)}: the links of {placed.stated.hub!r} are "
            f"{stars_km[hub]:,.3f} km, but those of another hub are {stars_km.min():,.3f} km"
        )


_NETWORKS = {"mesh": _is_a_mesh, "hub": _is_the_best_hub, "ring": _is_a_tour}


def training_is_recomputed(hearing: Hearing) -> Iterator[str]:
    """What is trained is as asked, and how every cluster trains follows from its links and load."""
    case, plan = hearing.case, hearing.plan
    if plan.training != case.training:
        yield "plan: what is trained is not what the model asks"
    expected = dict(_trained(hearing))
    for cluster in hearing.clusters:
        where = said(cluster.stated)
        stated, right = cluster.stated.training, expected.get(where)
        if (stated is None) != (right is None):
            yield f"{where}: how it trains is {'not ' if stated is None else ''}stated"
            continue
        if stated is None or right is None:
            continue
        numbers = dict(numbers_of(f"{where}, training", stated))
        wanted = dict(numbers_of(f"{where}, training", right))
        for name in sorted(numbers.keys() ^ wanted.keys()):
            yield f"{name} is {'stated, but there is none' if name in numbers else 'not stated'}"
        for name in sorted(numbers.keys() & wanted.keys()):
            yield from differs("plan", name, numbers[name], wanted[name])
        if [share.site for share in stated.batch] != [share.site for share in right.batch]:
            yield f"{where}: the batch is not shared among its campuses"


def network_km(case: Case, cluster: Placed) -> float:
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


def not_reached(campuses: int, links: list[tuple[int, int]]) -> list[int]:
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
        km = network_km(case, cluster) if network == "ring" else links_km.max(initial=0.0)
        yield (
            said(cluster.stated),
            train_cluster(
                case.training,
                network=network,
                km=float(km),
                sites=[campus.site for campus in cluster.campuses],
                it_mw=(cluster.draw_mw / case.pue[cluster.sites]).tolist(),
            ),
        )

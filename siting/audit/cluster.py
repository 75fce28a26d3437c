"""Checks of each cluster: its size, its campuses, and what it outlives."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from siting.audit.hearing import TOLERANCE_MW, Hearing, Placed
from siting.audit.words import in_mw, said
from siting.case import Case
from siting.fiber.reach import FloatArray


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
            where = said(cluster.stated)
            yield f"{where}: draws {in_mw(draw_mw)}, but {in_mw(target_mw)} are asked"


def clusters_reach_the_it_target(hearing: Hearing) -> Iterator[str]:
    """The IT load of every cluster is at least ``cluster.target_it_mw``."""
    target_mw = hearing.case.cluster.target_it_mw
    if target_mw is None:
        return
    for cluster in hearing.clusters:
        it_mw = (cluster.draw_mw / hearing.case.pue[cluster.sites]).sum()
        if not it_mw >= target_mw - TOLERANCE_MW:
            where = said(cluster.stated)
            yield f"{where}: {in_mw(it_mw)} of IT load, but {in_mw(target_mw)} are asked"


def clusters_have_enough_campuses(hearing: Hearing) -> Iterator[str]:
    """Every cluster has ``cluster.min_campuses`` or more."""
    least = hearing.case.cluster.min_campuses
    for cluster in hearing.plan.clusters:
        if len(cluster.campuses) < least:
            yield f"{said(cluster)}: {len(cluster.campuses)} campuses, fewer than {least}"


def clusters_have_few_campuses(hearing: Hearing) -> Iterator[str]:
    """Every cluster has ``cluster.max_campuses`` or fewer."""
    most = hearing.case.cluster.max_campuses
    for cluster in hearing.plan.clusters:
        if len(cluster.campuses) > most:
            yield f"{said(cluster)}: {len(cluster.campuses)} campuses, more than {most}"


def clusters_have_enough_utilities(hearing: Hearing) -> Iterator[str]:
    """The campuses of every cluster have ``cluster.min_utilities`` utilities or more."""
    least = hearing.case.cluster.min_utilities
    for cluster in hearing.clusters:
        found = len(np.unique(hearing.case.utility[cluster.sites]))
        if found < least:
            yield f"{said(cluster.stated)}: {found} utilities, fewer than {least}"


def utilities_have_small_shares(hearing: Hearing) -> Iterator[str]:
    """No utility has more than ``cluster.max_utility_fraction`` of a cluster's draw."""
    case = hearing.case
    most = case.cluster.max_utility_fraction
    for cluster in hearing.clusters:
        total_mw = cluster.draw_mw.sum()
        for u, utility_mw in _by_utility(case, cluster, cluster.draw_mw):
            if not utility_mw <= most * total_mw + TOLERANCE_MW:
                yield (
                    f"{said(cluster.stated)}: {in_mw(utility_mw)} of {in_mw(total_mw)} are from "
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
            yield f"{said(cluster.stated)}: {found} regions, fewer than {least}"


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
                    f"{said(cluster.stated)}: {in_mw(left_mw)} are left without "
                    f"{campus.site!r}, but {keep:.2%} of {in_mw(target_mw)} must be"
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
                    f"{said(cluster.stated)}: {in_mw(left_mw)} are left without utility "
                    f"{case.utilities[u]!r}, but {keep:.2%} of {in_mw(target_mw)} must be"
                )


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

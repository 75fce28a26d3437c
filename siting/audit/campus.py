"""Checks of each campus: how much it draws, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from siting.audit.hearing import TOLERANCE_MW, Hearing
from siting.audit.words import in_mw, repeated, said, stated_draws
from siting.case import BoolArray


def campuses_draw_at_least(hearing: Hearing) -> Iterator[str]:
    """No campus draws less than ``campus.min_mw``, and none draws nothing."""
    least_mw = hearing.case.campus.min_mw
    for where, draw_mw in stated_draws(hearing):
        if not draw_mw > 0:
            yield f"{where}: draws {in_mw(draw_mw)}, and a campus that draws nothing is none"
        elif not draw_mw >= least_mw - TOLERANCE_MW:
            yield f"{where}: draws {in_mw(draw_mw)}, less than {in_mw(least_mw)}"


def campuses_draw_at_most(hearing: Hearing) -> Iterator[str]:
    """No campus draws more than ``campus.max_mw``."""
    most_mw = hearing.case.campus.max_mw
    for where, draw_mw in stated_draws(hearing):
        if not draw_mw <= most_mw + TOLERANCE_MW:
            yield f"{where}: draws {in_mw(draw_mw)}, more than {in_mw(most_mw)}"


def campuses_draw_whole_modules(hearing: Hearing) -> Iterator[str]:
    """Every draw is a whole number of modules, where ``campus.module_mw`` is given."""
    module_mw = hearing.case.campus.module_mw
    if module_mw == 0:
        return
    for where, draw_mw in stated_draws(hearing):
        modules = np.round(draw_mw / module_mw)
        if not abs(draw_mw - modules * module_mw) <= TOLERANCE_MW:
            yield f"{where}: draws {in_mw(draw_mw)}, not whole modules of {in_mw(module_mw)}"


def campuses_fit_their_sites(hearing: Hearing) -> Iterator[str]:
    """No campus draws more than its site's interconnection can carry."""
    for cluster in hearing.clusters:
        most_mw = hearing.case.max_mw[cluster.sites]
        for campus, draw_mw, site_mw in zip(
            cluster.campuses, cluster.draw_mw, most_mw, strict=True
        ):
            if not draw_mw <= site_mw + TOLERANCE_MW:
                yield (
                    f"{said(cluster.stated, campus)}: draws {in_mw(draw_mw)}, but the site "
                    f"carries {in_mw(site_mw)}"
                )


def sites_are_used_once(hearing: Hearing) -> Iterator[str]:
    """A site holds one campus, of one cluster."""
    used = (campus.site for cluster in hearing.plan.clusters for campus in cluster.campuses)
    for site in repeated(used):
        yield f"site {site!r}: has more than one campus"


def required_sites_are_used(hearing: Hearing) -> Iterator[str]:
    """Every site of ``world.require_sites`` has a campus."""
    case = hearing.case
    used = _used_sites(hearing)
    for i in np.flatnonzero(case.required & ~used):
        yield f"site {case.site_ids[i]!r}: is required, but has no campus"


def _used_sites(hearing: Hearing) -> BoolArray:
    """``(I,)`` whether a site has a campus."""
    used = np.zeros(len(hearing.case.site_ids), dtype=np.bool_)
    for cluster in hearing.clusters:
        used[cluster.sites] = True
    return used

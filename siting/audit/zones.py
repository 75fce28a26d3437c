"""Checks of zones: what is drawn from each, those inside it included."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from siting.audit.hearing import TOLERANCE_MW, Hearing
from siting.audit.words import in_mw, repeated, same
from siting.case import Case
from siting.fiber.reach import FloatArray


def zones_have_headroom(hearing: Hearing) -> Iterator[str]:
    """No zone, leaf or parent, gives more than its headroom over all clusters."""
    case = hearing.case
    used_mw = _zone_draw_mw(hearing)
    for z, zone_id in enumerate(case.zone_ids):
        if not used_mw[z] <= case.headroom_mw[z] + TOLERANCE_MW:
            yield (
                f"zone {zone_id!r}: {in_mw(used_mw[z])} are drawn, but it has "
                f"{in_mw(case.headroom_mw[z])} left"
            )


def zones_state_their_use(hearing: Hearing) -> Iterator[str]:
    """``zones`` lists every zone that holds a campus, once, with its use and headroom."""
    case = hearing.case
    used_mw = _zone_draw_mw(hearing)
    position = {zone_id: z for z, zone_id in enumerate(case.zone_ids)}
    for zone_id in repeated(used.id for used in hearing.plan.zones):
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
            if not same(stated_mw, known_mw, TOLERANCE_MW):
                yield (
                    f"zone {used.id!r}: {what} {in_mw(stated_mw)} is stated, but it is "
                    f"{in_mw(known_mw)}"
                )
    listed = {used.id for used in hearing.plan.zones}
    # A campus draws on its zone and on every zone that holds that one.
    for z in _zones_drawn_on(hearing):
        if case.zone_ids[z] not in listed:
            yield f"zone {case.zone_ids[z]!r}: holds a campus, but is not listed"


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

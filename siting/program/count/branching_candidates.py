"""Branching candidates: sets of classes for which the number of clusters is a whole number.

A generic scheme in the sense of Vanderbeck 2011, "Branching in branch-and-price: a generic scheme",
Mathematical Programming 130.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from siting.fiber.reach import FloatArray
from siting.program.cluster_types.master import WHOLE
from siting.program.cluster_types.pricing import ClusterType
from siting.program.cluster_types.site_assignment import SiteAssignment
from siting.program.relaxations.duals import Candidate

AROUND = (2, 3, 4, 6, 8, 12)
"""Zones of the parts of the country around a zone."""


@dataclass(frozen=True)
class Candidates:
    """Candidates of a case.

    Parameters
    ----------
    classes
        How many there are.
    places
        As in `places`.
    """

    classes: int
    places: list[Candidate] = field(repr=False)

    @classmethod
    def of(cls, compatible: SiteAssignment) -> Candidates:
        """Of what can be in one cluster."""
        return cls(len(compatible.classes), places(compatible))

    def numbers(self, parts: list[tuple[ClusterType, float]]) -> dict[Candidate, float]:
        """Candidates for which a number of clusters counts that is not whole.

        Parameters
        ----------
        parts
            What part of each cluster type there is [1]. Beside places, any two of its classes and
            all of them are candidates.
        """
        has, part = classes_of(parts, self.classes)
        inside = np.zeros((len(self.places), self.classes))
        for at, (classes,) in enumerate(self.places):
            inside[at, list(classes)] = 1.0
        number = part @ (has @ inside.T > 0)
        numbers = {p: float(n) for p, n in zip(self.places, number, strict=True)}
        for one, other in np.argwhere(np.triu(has.T @ has > 0, 1)).tolist():
            numbers[((one,), (other,))] = float(part @ (has[:, one] * has[:, other]))
        numbers |= {p: n for p, n in together(has, part).items() if len(p) > 2}
        return not_whole(numbers)


def classes_of(
    parts: list[tuple[ClusterType, float]], classes: int
) -> tuple[FloatArray, FloatArray]:
    """``(parts, C)`` whether each type of cluster has a class, and ``(parts,)`` its part."""
    has = np.zeros((len(parts), classes))
    for at, (cluster_type, _) in enumerate(parts):
        has[at, list(cluster_type.draw_mw)] = 1.0
    return has, np.array([part for _, part in parts])


def together(has: FloatArray, part: FloatArray) -> dict[Candidate, float]:
    """Of all classes of each cluster type, how many clusters have every one of them [1]."""
    return {
        tuple((k,) for k in np.flatnonzero(row).tolist()): float(part @ (has @ row >= row.sum()))
        for row in np.unique(has, axis=0)
    }


def not_whole(numbers: dict[Candidate, float]) -> dict[Candidate, float]:
    """Those numbers of clusters that are not whole [1]."""
    return {p: n for p, n in numbers.items() if min(n % 1.0, -n % 1.0) > 10 * WHOLE}


def places(compatible: SiteAssignment) -> list[Candidate]:
    """Zones, parts of the country around each zone, and what lies on one side of a line."""
    case, classes = compatible.case, compatible.classes
    of_zone: dict[int, list[int]] = {}
    for k in range(len(classes)):
        for z in case.ancestry[classes.zone(k)]:
            of_zone.setdefault(z, []).append(k)
    leaves = sorted({classes.zone(k) for k in range(len(classes))})
    tops = [z for z in sorted(of_zone) if case.parent[z] < 0 and z not in leaves]
    sets = [[z] for z in sorted(of_zone)]
    sets += [[one, other] for one in tops for other in tops if one < other]
    sets += [[leaves[i] for i in part] for part in _parts(compatible, leaves)]
    by_class = (tuple(sorted({k for z in zones for k in of_zone[z]})) for zones in sets)
    return [(of,) for of in dict.fromkeys(by_class)]


def _parts(compatible: SiteAssignment, zones: list[int]) -> list[list[int]]:
    """Places of zones in their list that lie around one of them or on one side of a line."""
    case, zone_of = compatible.case, compatible.classes.keys[compatible.classes.of_site, 0]
    lat = np.array([case.lat[zone_of == z].mean() for z in zones])
    lon = np.array([case.lon[zone_of == z].mean() for z in zones])
    x, y = lon * math.cos(math.radians(float(lat.mean()))), lat
    parts = []
    for along in (x, y, x + y, x - y):
        order = np.argsort(along, kind="stable").tolist()
        for cut in range(2, len(order) - 1, 2):
            parts += [order[:cut], order[cut:]]
    for i in range(len(zones)):
        nearest = np.argsort(np.hypot(x - x[i], y - y[i]), kind="stable").tolist()
        parts += [nearest[:number] for number in AROUND]
    return parts

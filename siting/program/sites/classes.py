"""Aggregation of sites into classes: those of one zone, utility, region and delivery area.

Whatever a cluster shares with others and most of what is asked of it, it has by its classes: which
sites of a class it has matters only for what they can carry and for how far apart they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from siting.case import Case
from siting.fiber.reach import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Classes:
    """The classes of a case. Shapes: ``C`` classes, ``I`` sites.

    Parameters
    ----------
    keys
        ``(C, 4)`` leaf zone, utility, region and delivery area of each.
    of_site
        ``(I,)`` number of the class of each site.
    size_per_mw
        ``(C,)`` what the best site of a class makes of a MW, in the unit of the target [1].
    grid_clean_fraction
        ``(C,)`` clean fraction of the mix of the zone, of the best site [0-1].
    offered_mw
        Draw that the clean energy of an area can cover [MW].
    """

    keys: IntArray
    of_site: IntArray
    size_per_mw: FloatArray
    grid_clean_fraction: FloatArray
    offered_mw: dict[int, float]

    @classmethod
    def of(cls, case: Case) -> Classes:
        """The classes of all sites of a case."""
        keys = np.column_stack((case.zone, case.utility, case.region, case.area))
        keys, number = np.unique(keys, axis=0, return_inverse=True)
        of_site = number.ravel()
        size_per_mw, grid = np.zeros(len(keys)), np.zeros(len(keys))
        np.maximum.at(size_per_mw, of_site, case.target_per_mw)
        np.maximum.at(grid, of_site, case.grid_clean_fraction)
        offered = case.contractable_mwh / case.mwh_per_mw
        offered_mw = {
            int(a): float(offered[case.supply_area == a].sum()) for a in np.unique(case.area)
        }
        return cls(keys, of_site, size_per_mw, grid, offered_mw)

    def __len__(self) -> int:
        return len(self.keys)

    def zone(self, k: int) -> int:
        """The leaf zone of a class."""
        return int(self.keys[k, 0])

    def utility(self, k: int) -> int:
        """The utility of a class."""
        return int(self.keys[k, 1])

    def area(self, k: int) -> int:
        """The delivery area of a class."""
        return int(self.keys[k, 3])

    def by(self, kind: int, classes: list[int]) -> dict[int, list[int]]:
        """Some classes by their utility (1) or region (2); those without a region are left out."""
        groups: dict[int, list[int]] = {}
        for k in classes:
            if (name := int(self.keys[k, kind])) >= 0:
                groups.setdefault(name, []).append(k)
        return groups

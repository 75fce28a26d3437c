"""Which instances are solved, by whom, and for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.instances import Instance
from benchmarks.rivals.registry import OURS, RIVALS

ALL_SIZES = (50, 150, 300, 600, 1200, 2400, 4062)
FIVE = (1, 2, 3, 4, 5)
CHEAP = (OURS, "greedy", "greedy-starts")
"""They need seconds, so they solve every seed of every family."""


@dataclass(frozen=True)
class Family:
    """Instances that differ in size and seed only.

    Parameters
    ----------
    name, title
        For files and for readers.
    like
        One of them.
    sizes
        Numbers of sites, ascending.
    seeds
        Of prices; how many of them a slow rival solves is up to its time.
    rivals
        Who takes part.
    limit_s
        For building and solving one instance [s].
    """

    name: str
    title: str
    like: Instance
    sizes: tuple[int, ...]
    seeds: tuple[int, ...] = FIVE
    rivals: tuple[str, ...] = tuple(RIVALS)
    limit_s: float = 30.0

    def instance(self, sites: int, seed: int) -> Instance:
        """One of them."""
        return replace(self.like, sites=sites, seed=seed)


@dataclass(frozen=True)
class Suite:
    """Families that are solved in one run.

    Parameters
    ----------
    name
        For files.
    families
        The first is the one of the plot of time against sites.
    """

    name: str
    families: tuple[Family, ...]

    def within(self, limit_s: float) -> Suite:
        """The same with another limit for every instance [s]."""
        return replace(self, families=tuple(replace(f, limit_s=limit_s) for f in self.families))


ONE = Instance(0)

FULL = Suite(
    "full",
    (
        Family("one", "one cluster", ONE, ALL_SIZES, limit_s=600.0),
        Family(
            "independent",
            "one cluster, independent prices",
            replace(ONE, prices="independent"),
            ALL_SIZES,
        ),
        Family(
            "cap800",
            "one cluster, campuses of at most 800 MW",
            replace(ONE, cap_mw=800.0),
            (50, 150, 300, 600, 1200, 4062),
        ),
        Family(
            "reach100",
            "one cluster, 100 km",
            replace(ONE, reach_km=100.0),
            (150, 300, 600, 1200, 4062),
        ),
        Family(
            "reach1000",
            "one cluster, 1,000 km",
            replace(ONE, reach_km=1000.0),
            (50, 150, 300, 600, 1200, 4062),
        ),
        Family("two", "two clusters", replace(ONE, clusters=2), (100, 150, 300, 600, 1200, 4062)),
        Family("four", "four clusters", replace(ONE, clusters=4), (300, 600, 1200, 4062)),
        Family("eight", "eight clusters", replace(ONE, clusters=8), (600, 1200, 4062)),
        Family(
            "all",
            "one cluster, every substation",
            replace(ONE, world="us_all"),
            (41083,),
            rivals=(OURS, "greedy"),
            limit_s=600.0,
        ),
    ),
)
"""Some hours; what was solved is kept, so it can be stopped and taken up again. Ten minutes where
it is asked how far others come at all, half a minute where it is asked what the kind of question
changes."""

QUICK = Suite(
    "quick",
    (
        Family("one", "one cluster", ONE, (50, 150, 300, 600, 1200, 4062), seeds=(1,)),
        Family("two", "two clusters", replace(ONE, clusters=2), (100,), seeds=(1,)),
        Family(
            "two-all",
            "two clusters, all sites",
            replace(ONE, clusters=2),
            (4062,),
            seeds=(1,),
            rivals=CHEAP,
        ),
    ),
).within(6.0)
"""Less than five minutes on two cores; too few instances and too little time to conclude from."""

SUITES = {suite.name: suite for suite in (FULL, QUICK)}

"""Combinatorial branch and bound for the best ring by cost or draw: where its tour stops.

A ring either has a campus in a zone or it has none. A node of the tree asks for campuses at some
**stops**, sets of sites each, and leaves out other sites. Its bound is the least penalty of a
closed walk through its stops (`siting.program.one_cluster.rings.penalties`,
`siting.program.one_cluster.rings.walk_relaxation`): two cheap zones that no hop joins are far from
cheap together, for the tour needs other campuses between them, on both ways. What no better ring
through the stops has is left out: by its penalty, and where it makes the tour too long or takes too
many hops.

The number of campuses is fixed at the root, a tree for each: what a hop and a tour may have, and
what the multiplier of the count gives, depends on it.

Distances are those between **places**, sites of a zone near each other, of which the nearest pair
counts. Where sites are few each is a place; where few are left the program of them is solved, with
every rule that the bounds leave out. A stop of several sites is halved, so the tree is finite.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from siting.case import BoolArray, Case
from siting.fiber import RoutedReach
from siting.fiber.reach import FloatArray, IntArray
from siting.program.one_cluster.anchor_queue import apart, halves
from siting.program.one_cluster.best_first import Search
from siting.program.one_cluster.rings.penalties import Penalty, penalties_of_cost, penalties_of_draw
from siting.program.one_cluster.rings.walk_relaxation import closed, shortest_through, walks
from siting.program.one_cluster.with_cutoff import solve_with_cutoff
from siting.program.proof import Proof
from siting.program.relaxations.knapsack import Knapsack, largest_sizes
from siting.program.sites.presolve import least_campuses
from siting.program.sites.sets import Rows
from siting.sphere import great_circle_km

PLACES = 400
"""Places at the most, where there are not as many zones."""

FEW_SITES = 12
"""Number of sites up to which the program of a node is solved."""

TOUR_SITES = 500
"""Number of sites up to which the shortest tour through areas is found."""

MOST_STOPS = 8
"""Stops that a walk must pass at the most; of more, those that lie farthest apart."""

MOST_HOPS = 10
"""Where a ring has more campuses than this beside its stops, hops are not counted."""

MOST_AIMS = 4
"""How often rings are sought first that are nearly as good as the bound."""

AIM = 0.4
"""How much worse than the bound these may be, in units of how much worse the best one is [1]."""

SCARCE = 1.25
"""Sizes of all campuses over the target, up to which penalties of size are added up, too [1]."""

ROUNDING = 1e-9
"""What rounding may do to the length of a tour [1]."""


@dataclass(frozen=True, eq=False)
class Places:
    """Sites near each other as one point.

    Parameters
    ----------
    of_site
        ``(n,)`` number of the place of each site.
    km
        ``(p, p)`` a hop between two places is no shorter; infinite where none leads [km].
    """

    of_site: IntArray
    km: FloatArray

    @classmethod
    def of(cls, case: Case, sites: IntArray, area: IntArray) -> Places:
        """Places of some sites: each within one zone and one area, or beside all areas."""
        place = np.arange(len(sites))
        if len(sites) > PLACES:
            near = list(_near_each_other(case, sites, area))
            if isinstance(case.reach, RoutedReach):
                return cls._by_centres(case, sites, near)
            for number, members in enumerate(near):
                place[members] = number
        count = int(place.max()) + 1
        reach = case.reach.take(sites)
        km = np.full((count, count), np.inf)
        row = np.repeat(np.arange(len(sites)), np.diff(reach.indptr))
        np.minimum.at(km, (place[row], place[reach.indices]), reach.km)
        return cls(place, _with_own_km(km, place))

    @classmethod
    def _by_centres(cls, case: Case, sites: IntArray, near: list[IntArray]) -> Places:
        """The same where distances are routed, by a search for each place."""
        groups, km = apart(case, [sites[members] for members in near])
        place = np.empty(len(sites), dtype=np.int64)
        for number, group in enumerate(groups):
            place[np.searchsorted(sites, group)] = number
        return cls(place, _with_own_km(km, place))

    def take(self, kept: BoolArray) -> Places:
        """Some of the sites, and the places that they leave."""
        places, of_site = np.unique(self.of_site[kept], return_inverse=True)
        return Places(of_site.ravel(), self.km[np.ix_(places, places)])

    def least(self, values: FloatArray) -> FloatArray:
        """``(..., p)`` the least value of any site of each place, of ``(..., n)`` values."""
        least = np.full((*values.shape[:-1], len(self.km)), np.inf)
        np.minimum.at(least.T, self.of_site, values.T)
        return least


def _with_own_km(km: FloatArray, place: IntArray) -> FloatArray:
    """A hop within a place may be of any length; a single site has none."""
    np.fill_diagonal(km, np.where(np.bincount(place) > 1, 0.0, np.inf))
    return km


def _near_each_other(case: Case, sites: IntArray, area: IntArray) -> Iterator[IntArray]:
    """Positions of sites of one zone and one area, halved by where they lie into small sets."""
    _, group = np.unique(np.column_stack((case.zone[sites], area)), axis=0, return_inverse=True)
    groups = [np.flatnonzero(group.ravel() == g) for g in range(int(group.max()) + 1)]
    splits = [0] * len(groups)
    count = len(groups)
    while count < min(PLACES, len(sites)):
        sizes = [len(members) / 2**s for members, s in zip(groups, splits, strict=True)]
        largest = int(np.argmax(sizes))
        count += 2 ** splits[largest]
        splits[largest] += 1
    for members, s in zip(groups, splits, strict=True):
        yield from halves(case, sites, members, s)


@dataclass(frozen=True, eq=False)
class Question:
    """The question for rings of a number of campuses.

    Parameters
    ----------
    case
        Usable sites, with reach as long as a hop of such a ring can be.
    campuses
        How many campuses.
    ring_km
        How long the tour may be [km].
    sizes, valued
        The sites, with sizes in the unit of the target, and of what the sense is about.
    """

    case: Case
    campuses: int
    ring_km: float
    sizes: Knapsack
    valued: Knapsack

    @classmethod
    def of(cls, case: Case, campuses: int) -> Question:
        """The question of a case for a number of campuses."""
        asked = {"min_campuses": campuses, "max_campuses": campuses}
        cluster = case.cluster.model_copy(update=asked)
        ring_km = case.ring_limit_km(campuses)
        reach = case.reach.within(min(case.reach.limit_km, ring_km / 2))
        case = replace(case, cluster=cluster, reach=reach)
        sizes = Knapsack.of(case)
        valued = sizes if case.sense == "minimise_cost" else Knapsack.of_draws(case)
        return cls(case, campuses, ring_km, sizes, valued)

    def penalties(
        self, sites: IntArray, area: IntArray, asked: Sequence[int], cutoff: float
    ) -> list[Penalty]:
        """Penalties of rings among some sites, the best first; none where there is no such ring."""
        if self.case.sense == "minimise_cost":
            part = self.valued.take(sites).below(cutoff)
            penalties = penalties_of_cost(part, self.campuses, area, asked)
        else:
            penalties = penalties_of_draw(self.valued.take(sites), self.campuses, area, asked)
        target = self.sizes.target * (1 - ROUNDING)
        if not penalties or target == 0:
            return penalties
        sizes = self.sizes.take(sites)
        largest = float(largest_sizes(sizes, Rows.all_of(len(sites)), campuses=self.campuses)[0])
        if largest >= SCARCE * target:
            return penalties
        # Of rings that need hardly all that there is, few are large enough.
        size = penalties_of_draw(sizes, self.campuses, area, asked)[0]
        return [*penalties, replace(size, limit=-target)] if -size.least >= target else []

    def full(self, sites: IntArray, area: IntArray, asked: Sequence[int]) -> tuple[bool, BoolArray]:
        """Whether zones hold what is asked, and ``(n,)`` sites whose zones hold no campus more."""
        no_more = np.zeros(len(sites), dtype=np.bool_)
        first = [int(np.argmax(area == a)) for a in range(len(asked))]
        for zone_of_site, headroom in self.valued.zones:
            zone = zone_of_site[sites]
            least = np.full(len(headroom), np.inf)
            inside = zone >= 0
            np.minimum.at(least, zone[inside], self.valued.least[sites][inside])
            count = np.zeros(len(headroom))
            for at, often in zip(first, asked, strict=True):
                if zone[at] >= 0:
                    count[zone[at]] += often
            with np.errstate(invalid="ignore"):
                if np.any(count * least > headroom * (1 + ROUNDING)):
                    return False, no_more
                room = (count + 1) * least <= headroom * (1 + ROUNDING)
            no_more |= inside & ~room[zone]
        return True, no_more


@dataclass(frozen=True, eq=False)
class Node:
    """Rings that have campuses in some areas, and none at some sites.

    Shapes: ``n`` sites, ``a`` areas.

    Parameters
    ----------
    question
        For how many campuses.
    sites
        ``(n,)`` sites that they can have, ascending.
    area
        ``(n,)`` number of the area of each site, each of one zone; -1 where it is beside all.
    asked
        ``(a,)`` how many campuses there are in each area at the least.
    closed
        ``(a,)`` whether there are no more.
    places
        The sites in places.
    placed
        How many sites there were when places were made.
    bound
        None of these rings is better (as a cost).
    one_more
        ``(n,)`` none with the site beside those that are asked is better (as a cost).
    takes
        ``(n,)`` what the bound takes of each site [MW].
    passing
        ``(n,)`` what a campus beside those that are asked adds to the bound.
    staying
        ``(n,)`` what is added where one of those that are asked is at this site.
    """

    question: Question
    sites: IntArray
    area: IntArray
    asked: tuple[int, ...]
    closed: tuple[bool, ...]
    places: Places
    placed: int
    bound: float = -math.inf
    one_more: FloatArray = field(default_factory=lambda: np.empty(0))
    takes: FloatArray = field(default_factory=lambda: np.empty(0))
    passing: FloatArray = field(default_factory=lambda: np.empty(0))
    staying: FloatArray = field(default_factory=lambda: np.empty(0))

    @property
    def whole(self) -> bool:
        """Whether it is known in which area each campus is."""
        return sum(self.asked) == self.question.campuses

    @property
    def shut(self) -> BoolArray:
        """``(n,)`` sites of closed areas: none of them is one more."""
        return np.append(np.array(self.closed, dtype=np.bool_), False)[self.area]

    def take(self, kept: BoolArray) -> Node:
        """The node without some of its sites."""
        if kept.all():
            return self
        return replace(
            self, sites=self.sites[kept], area=self.area[kept], places=self.places.take(kept)
        )

    def placed_anew(self) -> Node:
        """The node with smaller places, now that it has fewer sites."""
        places = Places.of(self.question.case, self.sites, self.area)
        return replace(self, places=places, placed=len(self.sites))

    def also_in(self, where: BoolArray) -> Node:
        """The node with a campus more among some sites: those of an area, or a new one."""
        a = int(self.area[where][0])
        if a >= 0:
            asked = (*self.asked[:a], self.asked[a] + 1, *self.asked[a + 1 :])
            return replace(self, asked=asked)
        area = np.where(where, len(self.asked), self.area)
        node = replace(self, area=area, asked=(*self.asked, 1), closed=(*self.closed, False))
        # Places keep within areas.
        lowest = node.places.least(area.astype(np.float64))[node.places.of_site]
        return node if np.array_equal(lowest, area) else node.placed_anew()

    def no_more_in(self, where: BoolArray) -> Node:
        """The node without a campus more among some sites: those of an area, or others."""
        a = int(self.area[where][0])
        if a < 0:
            return self.take(~where)
        return replace(self, closed=(*self.closed[:a], True, *self.closed[a + 1 :]))


def best_ring(search: Search) -> Proof:
    """Search the ring that is best by cost or draw.

    The better a ring must be, the more is left out. So rings are sought first that are nearly as
    good as the bound: that there is none is soon known, and is a better bound; if there is one,
    all that is sought afterwards must be better still.
    """
    routed: dict[float, Places] = {}
    for _ in range(MOST_AIMS):
        away = search.cutoff() - search.floor
        # Within the gap there is little to aim at.
        if not math.isfinite(away) or away <= search.solver.gap * abs(search.floor):
            break
        bound, stopped = _grow(search, search.floor + AIM * away, routed)
        search.floor = max(search.floor, bound)
        if stopped:
            return search.proof(search.floor, stopped=True)
    if search.proven:
        return search.proof(search.floor, stopped=False)
    bound, stopped = _grow(search, math.inf, routed)
    return search.proof(bound, stopped=stopped)


def _grow(search: Search, aim: float, routed: dict[float, Places]) -> tuple[float, bool]:
    """The tree of rings that are better than an aim (as a cost), and than the best one so far.

    ``routed`` keeps places, see `_root`. Returns what no ring is better than, and whether the time
    was up first.
    """
    case, queue = search.case, _Queue()
    required = np.flatnonzero(case.required)

    def cutoff() -> float:
        return min(search.cutoff(), aim)

    fewest = max(1, least_campuses(case), len(required))
    for campuses in range(fewest, case.cluster.max_campuses + 1):
        if search.deadline.reached():
            return -math.inf, True
        root = _root(Question.of(case, campuses), required, cutoff(), routed)
        queue.put(_bounded(root, cutoff()) if root is not None else None)
    proven, done = math.inf, 0
    while (node := queue.best(cutoff())) is not None:
        if search.deadline.reached():
            return min(proven, node.bound), True
        if len(node.sites) <= max(FEW_SITES, node.question.campuses):
            proven = min(proven, max(node.bound, _solve(search, node)))
        else:
            for child in _branches(search, node):
                queue.put(_bounded(child, cutoff()))
        done += 1
        search.tell("rings", min(proven, queue.least(cutoff())), done, done + len(queue))
    return min(proven, cutoff()), search.deadline.reached() and proven < cutoff()


class _Queue:
    """Nodes that are open, the best first."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Node]] = []
        self._put = 0

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, node: Node | None) -> None:
        """Add a node, if there is one."""
        if node is not None:
            # Of equal nodes the newest comes first: it is the deepest.
            heapq.heappush(self._heap, (node.bound, -self._put, node))
            self._put += 1

    def least(self, cutoff: float) -> float:
        """No ring of any open node is better; the cutoff, if that is less."""
        return min(cutoff, self._heap[0][0]) if self._heap else cutoff

    def best(self, cutoff: float) -> Node | None:
        """Take the best node, none if it is no better than the cutoff."""
        if self.least(cutoff) >= cutoff:
            return None
        return heapq.heappop(self._heap)[2]


def _root(
    question: Question, required: IntArray, cutoff: float, routed: dict[float, Places]
) -> Node | None:
    """The node of all rings; none where their penalties alone are too high.

    ``routed`` keeps the places of all sites by how far a hop leads, for routes take time.
    """
    case = question.case
    sites = np.arange(len(case.site_ids))
    area = np.full(len(sites), -1, dtype=np.int64)
    area[required] = np.arange(len(required))
    asked = (1,) * len(required)
    penalties = question.penalties(sites, area, asked, cutoff)
    if not penalties or penalties[0].least >= cutoff:
        return None
    best = _worst(penalties, [penalty.least + penalty.passing for penalty in penalties])
    kept = (best < cutoff) | (area >= 0)
    if kept.sum() < question.campuses:
        return None
    if isinstance(case.reach, RoutedReach) and len(sites) > PLACES:
        if case.reach.limit_km not in routed:
            routed[case.reach.limit_km] = Places.of(case, sites, area)
        places = routed[case.reach.limit_km].take(kept)
    else:
        places = Places.of(case, sites[kept], area[kept])
    sites, area = sites[kept], area[kept]
    return Node(question, sites, area, asked, (True,) * len(required), places, len(sites))


def _bounded(node: Node, cutoff: float) -> Node | None:
    """The node with its bound, and without sites of no better ring; none if it has none."""
    while True:
        possible = _possible(node)
        if possible is None:
            return None
        node = possible
        penalties = node.question.penalties(node.sites, node.area, node.asked, cutoff)
        if not penalties:
            return None
        bound, one_more, at_stop = _along_walks(node, penalties)
        bound = max(bound, node.bound)
        if not node.whole:
            # There is one more somewhere.
            bound = max(bound, float(one_more.min()))
        if bound >= cutoff:
            return None
        staying = _worst(penalties, [penalty.least + penalty.staying for penalty in penalties])
        at_stop = np.maximum(at_stop, staying)
        # A site of an area may be one of those that are asked for there.
        each = np.where(node.area < 0, one_more, np.minimum(one_more, at_stop))
        kept = each < cutoff
        if kept.all():
            best = penalties[0]
            return replace(
                node,
                bound=bound,
                one_more=one_more,
                takes=best.takes,
                passing=best.passing,
                staying=best.staying,
            )
        node = replace(node.take(kept), bound=bound)


def _possible(node: Node) -> Node | None:
    """The node as counts and headroom leave it; none if they leave no ring."""
    question, asked = node.question, node.asked
    if sum(asked) > question.campuses:
        return None
    if node.whole:
        node = node.take(node.area >= 0)
    of_area = np.bincount(node.area + 1, minlength=len(asked) + 1)[1:]
    if len(node.sites) < question.campuses or np.any(of_area < asked):
        return None
    holds, no_more = question.full(node.sites, node.area, asked)
    if not holds:
        return None
    node = replace(
        node,
        closed=tuple(
            node.whole or shut or of_area[a] == asked[a] or bool(no_more[node.area == a].all())
            for a, shut in enumerate(node.closed)
        ),
    )
    if np.any(no_more & (node.area < 0)):
        return _possible(node.take(~no_more | (node.area >= 0)))
    if 2 * len(node.sites) <= node.placed or PLACES >= len(node.sites) > len(node.places.km):
        return node.placed_anew()
    return node


def _along_walks(node: Node, penalties: list[Penalty]) -> tuple[float, FloatArray, FloatArray]:
    """What no ring of a node is better than (as a cost); infinite where there is none.

    Returns
    -------
    bound
        Any ring of the node.
    one_more
        ``(n,)`` those with each site beside the campuses that are asked for.
    at_stop
        ``(n,)`` those where one of the campuses that are asked for is at each site of an area.
    """
    least = np.array([penalty.least for penalty in penalties])
    passing = np.array([penalty.passing for penalty in penalties])
    passing[:, node.shut] = np.inf
    at_stop = np.full(len(node.sites), -math.inf)
    if len(node.asked) == 0:
        return penalties[0].least, _worst(penalties, least[:, None] + passing), at_stop
    stops, left = _far_apart(node)
    least = least + np.array([penalty.stopping for penalty in penalties])[:, stops].sum(axis=1)
    # Other stops are passed, and the penalty of stops is no more than theirs.
    passing[:, np.isin(node.area, left)] = 0.0
    of_place = node.places.least(passing)
    # Without penalties, walks are as short as any.
    blocked = np.where(np.isfinite(of_place.min(axis=0)), 0.0, np.inf)
    per_km = np.concatenate(([1.0], np.zeros(len(penalties))))
    paid = np.concatenate((blocked[None], of_place))
    place = node.places.of_site
    stop_places = [np.unique(place[node.area == a]) for a in stops]
    more = node.question.campuses - len(stops)
    counted = more if more <= MOST_HOPS else None
    found = walks(node.places.km, paid, per_km, stop_places, counted)
    if counted is None:
        # As many for the walks with a place more, which takes a hop.
        found = np.repeat(found, 2, axis=0)
    all_stops, with_each, at_each = closed(found, stop_places, paid)
    longest_km = node.question.ring_km * (1 + ROUNDING)

    def value(paid: FloatArray) -> FloatArray:
        """The bound of what is paid, ``(1 + penalties, ...)``; infinite where it is too long."""
        worth = _worst(penalties, (paid[1:].T + least).T)
        return np.where(paid[0] > longest_km, math.inf, worth)

    for a in set(stops):
        sites = np.flatnonzero(node.area == a)
        each = [value(at_each[:, s, place[sites]]) for s, at in enumerate(stops) if at == a]
        at_stop[sites] = np.min(each, axis=0)
    with np.errstate(invalid="ignore"):
        dearer = np.nan_to_num(passing - of_place[:, place], nan=0.0)
    one_more = with_each[:, place]
    one_more[1:] += dearer
    one_more = np.where(node.shut, math.inf, value(one_more))
    return float(value(all_stops)), one_more, at_stop


def _worst(penalties: list[Penalty], values: Iterable[FloatArray]) -> FloatArray:
    """``(...)`` the largest sum of a penalty; infinite where one is above its limit."""
    bounds = [penalty.within(of) for penalty, of in zip(penalties, values, strict=True)]
    return np.asarray(np.max(bounds, axis=0))


def _far_apart(node: Node) -> tuple[list[int], list[int]]:
    """Areas of the stops that a walk must pass, and those of other stops.

    Of many, each the farthest from those before it, by the first site of each.
    """
    stops = [a for a, often in enumerate(node.asked) for _ in range(often)]
    if len(stops) <= MOST_STOPS:
        return stops, []
    case = node.question.case
    sites = np.array([node.sites[np.argmax(node.area == a)] for a in stops])
    km = great_circle_km(
        case.lon[sites][:, None], case.lat[sites][:, None], case.lon[sites], case.lat[sites]
    )
    chosen = [int(np.argmax(km.sum(axis=1)))]
    while len(chosen) < MOST_STOPS:
        away_km = km[chosen].min(axis=0)
        away_km[chosen] = -1.0
        chosen.append(int(np.argmax(away_km)))
    others = [a for at, a in enumerate(stops) if at not in chosen]
    return [stops[at] for at in sorted(chosen)], others


def _branches(search: Search, node: Node) -> Iterator[Node]:
    """The same rings in several nodes."""
    if not node.whole:
        where = _where_one_more(node)
        yield node.no_more_in(where)
        yield node.also_in(where)
    elif len(node.sites) > TOUR_SITES or _has_tour(search, node):
        yield from _halved(node)


def _has_tour(search: Search, node: Node) -> bool:
    """Whether a tour through the areas is short enough, and may be better than the best ring.

    The shortest one is tried as a plan.
    """
    areas = [np.flatnonzero(node.area == a) for a in range(len(node.asked))]
    km = node.question.case.reach.take(node.sites).dense()
    np.fill_diagonal(km, np.inf)
    limit_km = node.question.ring_km * (1 + ROUNDING)
    hop_km = node.question.case.reach.limit_km
    tour = shortest_through(km, areas, node.asked, hop_km=hop_km, limit_km=limit_km)
    if tour is None:
        return False
    if len(set(tour)) == len(tour):
        search.try_sites((tuple(sorted(node.sites[tour].tolist())),))
    return node.bound < search.cutoff()


def _where_one_more(node: Node) -> BoolArray:
    """Sites of an area, or of a zone beside the areas, where it matters most if there is one more.

    Where the cheapest walk passes and pays for it, else where the bound takes most.
    """
    zone = node.question.case.zone[node.sites]
    dear = ~node.shut & (node.passing > 0)
    reached = np.where(dear, node.one_more, np.inf)
    at = int(np.argmin(reached))
    if reached[at] > node.bound + ROUNDING * abs(node.bound):
        # What is taken of an area beside the campuses that are asked there.
        beside = node.area < 0
        takes = np.bincount(zone[beside], weights=node.takes[beside], minlength=zone.max() + 1)
        best, most = -1, float(takes.max(initial=0.0))
        z = int(np.argmax(takes))
        for a, often in enumerate(node.asked):
            taken = np.sort(node.takes[node.area == a])[::-1]
            if not node.closed[a] and (extra := float(taken[often:].sum())) > most:
                best, most = a, extra
        if most > 0:
            return np.asarray(node.area == best if best >= 0 else beside & (zone == z))
        at = int(np.argmin(np.where(node.shut, np.inf, node.one_more)))
    same = node.area == node.area[at]
    return np.asarray(same if node.area[at] >= 0 else same & (zone == zone[at]))


def _halved(node: Node) -> Iterator[Node]:
    """An area in two halves, with each number of campuses in one: by penalties, else by place."""
    of_area = [np.flatnonzero(node.area == a) for a in range(len(node.asked))]
    spread = [float(np.ptp(node.staying[sites])) for sites in of_area]
    if max(spread) > ROUNDING * abs(node.bound):
        a = int(np.argmax(spread))
        penalty = node.staying[of_area[a]]
        dear = penalty > (penalty.min() + penalty.max()) / 2
        parts = [of_area[a][~dear], of_area[a][dear]]
    else:
        a = int(np.argmax([len(sites) / q for sites, q in zip(of_area, node.asked, strict=True)]))
        parts = list(halves(node.question.case, node.sites, of_area[a], 1))
    one, other = parts
    often = node.asked[a]
    for left_out in (other, one):
        kept = np.ones(len(node.sites), dtype=np.bool_)
        kept[left_out] = False
        yield node.take(kept)
    for in_other in range(1, often):
        area = node.area.copy()
        area[other] = len(node.asked)
        asked = (*node.asked[:a], often - in_other, *node.asked[a + 1 :], in_other)
        yield replace(node, area=area, asked=asked, closed=(*node.closed, True)).placed_anew()


def _solve(search: Search, node: Node) -> float:
    """Solve the program of a node's sites; returns its bound as a cost."""
    case = node.question.case
    required = case.required.copy()
    for a, often in enumerate(node.asked):
        at = node.sites[node.area == a]
        if len(at) == often:
            required[at] = True
    part = replace(case, required=required).take(node.sites)
    proof = solve_with_cutoff(part, search.solver, search.deadline, search.cutoff())
    search.solved += 1
    if proof.best is not None:
        search.keep(proof.best, node.sites)
    return min(proof.bound * search.sign, search.cutoff())

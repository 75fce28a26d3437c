"""Primal heuristics of the packing: greedy by prices, dives, and a large-neighbourhood search.

Clusters are placed beside each other until there is no room, or until there are enough.

Each is the one that uses least of what is scarce in what the others leave, by the prices of the
fleets there (`siting.program.relaxations.region_milp`). Then all clusters are priced
(`siting.program.count.upper_bound`), and one more is sought by diving
(`siting.program.count.diving`), as long as it is found. Then, in turn, the bound on their number is
sharpened, and clusters that lie near each other are taken out and what they leave is filled anew,
where there may be room for one more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from siting.case import Case
from siting.fiber.reach import IntArray
from siting.program.backends.deadline import Deadline
from siting.program.backends.pulp_backend import Solver
from siting.program.cluster_types.pricing import ClusterType
from siting.program.cluster_types.restricted_master_milp import choose
from siting.program.count.diving import dive
from siting.program.count.upper_bound import CountBound
from siting.program.formulation.combine import take_apart
from siting.program.formulation.fixed_sites import settle
from siting.program.one_cluster.solve import solve_one_cluster
from siting.program.proof import Settled
from siting.program.relaxations.duals import at_prices
from siting.program.relaxations.region_milp import (
    Fleets,
    Group,
    Relaxation,
    first_groups,
    most_clusters,
    of_any_cluster,
    whole_clusters,
)
from siting.program.sites.presolve import required_unusable
from siting.program.sites.residual import nearest, residual
from siting.progress import Progress, ProgressCallback

BOUND_SHARE = 0.3
"""Part of the time in which the bound is sought [1]."""

FILL_SHARE = 0.7
"""Part of the time that is left then, in which clusters are placed [1]."""

LEAST_PART = 0.01
"""Part of a cluster from which a fleet counts as having any [1]."""

COARSE = 0.2
"""Gap at which a cluster is good enough to be placed [1]."""

TRIED = 3
"""Groups in which the next cluster is sought; the best one is placed."""

TURNS = 12
"""How often the bound is sharpened and more clusters are sought, in turn, at the most."""

CUT_SHARE = 0.8
"""Part of the time that is left then, in which the bound is sharpened [1]."""

CHOICE_LIMIT_S = 30.0
"""Time for one choice among the clusters that are known [s]."""

GLANCE_LIMIT_S = 1.0
"""Time for one choice among the few clusters in the last optimum of the proof [s]."""

CHOOSE_EVERY = 10
"""Attempts, or steps of the proof, between two choices among all known clusters."""

PROVE_MORE = 3
"""Growth of the steps of the proof from turn to turn [1]."""

AT_ONCE = 8
"""Clusters that there seems to be room for, for each one placed before prices are renewed."""

TAKEN_OUT = (2, 3, 4)
"""How many clusters are taken out at once, in turn."""

ANEW_LIMIT_S = 5.0
"""Time for one cluster sought everywhere where some were taken out [s]."""

ATTEMPTS = 20
"""How often clusters are taken out in a turn, at the most."""

NOISE = 0.3
"""By what part prices are raised at random, so that other clusters are found [1]."""


@dataclass
class Packing:
    """Places clusters one beside the other until there is no room, or enough of them.

    Parameters
    ----------
    one
        The question for one cluster, in the order of the anchors.
    origin
        The position of each of its sites in the question that was asked.
    groups
        Of the anchors.
    counting
        What is known of how many clusters there is room for without required sites.
    solver, deadline, progress
        As in ``solve_one_cluster``.
    enough
        Clusters that are enough, or whatever there is room for.
    """

    one: Case
    origin: IntArray
    groups: list[Group]
    counting: CountBound
    solver: Solver
    deadline: Deadline
    progress: ProgressCallback | None
    enough: int | None

    @classmethod
    def of(
        cls,
        one: Case,
        solver: Solver,
        deadline: Deadline,
        progress: ProgressCallback | None,
        *,
        enough: int | None = None,
    ) -> Packing:
        """What is known of how many clusters there is room for, before any is placed.

        Parameters
        ----------
        one
            The question for one cluster; some of its sites are usable, and all required ones.
        solver, deadline, progress
            As in ``solve_one_cluster``; not all of the time is used.
        enough
            Clusters that are enough [1].

        Raises
        ------
        ValueError
            A required site takes no campus: it would be left out in silence.
        """
        if required_unusable(one):
            raise ValueError("a required site takes no campus, so there is no plan to seek")
        free, origin = of_any_cluster(one)
        ordered = replace(free, required=one.required[origin])
        groups = first_groups(free)
        share = deadline.within(BOUND_SHARE * deadline.left_s())
        at_most = most_clusters(free, groups, share)
        prices = Fleets(free, groups).relaxed().prices if at_most else None
        counting = CountBound(free, at_most, solver, prices)
        share = deadline.within(FILL_SHARE * deadline.left_s())
        return cls(ordered, origin, groups, counting, solver, share, progress, enough)

    @property
    def goal(self) -> int:
        """Number of clusters that ends the search [1]."""
        at_most = self.counting.at_most
        return at_most if self.enough is None else min(at_most, self.enough)

    @property
    def out_of_room(self) -> bool:
        """Whether it is proven that there is no room for enough."""
        return self.counting.at_most < (1 if self.enough is None else self.enough)

    @property
    def _coarse(self) -> Solver:
        """For clusters that need not be the best."""
        return replace(self.solver, gap=max(COARSE, self.solver.gap))

    def best(self) -> list[Settled]:
        """The most clusters that are found, up to enough; none where required sites find no place.

        Their positions are those of the question that was asked.
        """
        return [found.at(self.origin) for found in self._best()]

    def beside(self, placed: list[Settled]) -> list[Settled]:
        """Enough clusters, the first of them as placed so far as there is room beside them.

        Positions are those of the question that was asked. Where none can stay, as in `best`.
        """
        if self.out_of_room:
            return []
        here = np.full(int(self.origin.max()) + 1, -1)
        here[self.origin] = np.arange(len(self.origin))
        stay = [found.at(here) for found in placed]
        while stay and not self.deadline.reached():
            if len(stay) + self._room_beside(stay) < self.goal:
                stay = stay[:-1]
                continue
            found = self.fill(stay, None)
            if len(found) >= self.goal:
                return [one.at(self.origin) for one in found]
            stay = stay[: len(stay) // 2]
        return self.best()

    def _best(self) -> list[Settled]:
        if self.out_of_room:
            return []
        # Required sites are in the first cluster, which stays.
        stay: list[Settled] = []
        if self.one.required.any():
            prices = self.counting.first_prices
            assert prices is not None
            first = solve_one_cluster(at_prices(self.one, prices), self._coarse, self.deadline)
            if first.best is None:
                return []
            stay = [first.best]
        noise = np.random.default_rng(0)
        best = self._priced(self.fill(stay, None))
        for turn in range(TURNS):
            if len(best) >= self.goal or self.out_of_room or self.deadline.reached():
                break
            attempts = range(turn * ATTEMPTS, (turn + 1) * ATTEMPTS)
            steps = self.counting.steps
            taken_out = self._taken_out(
                self._prove(best, CHOOSE_EVERY * PROVE_MORE**turn), len(stay), attempts, noise
            )
            more, best = len(taken_out) > len(best), taken_out
            if not more and self.counting.steps == steps:
                break
        return best

    def _priced(self, best: list[Settled]) -> list[Settled]:
        """Price all clusters, and dive for more of them."""
        while len(best) < self.goal and not self.counting.settled:
            if not self.counting.sharpen(self._short_of(best), self.deadline):
                break
            self._tell(best)
        return self._dived(best)

    def _dived(self, best: list[Settled]) -> list[Settled]:
        """One cluster more, as long as a dive finds it, or a choice among what that has found.

        Where sites are required, the first cluster stays, and there is no dive.
        """
        counting, more = self.counting, True
        while more and counting.settled and not self.one.required.any() and len(best) < self.goal:
            count = len(best) + 1
            found = dive(counting.cluster_types, counting.master, count, self.solver, self.deadline)
            before, best = best, self._placed(found, best) if found else self._chosen(best)
            more = len(best) > len(before)
            self._tell(best)
        return best

    def _taken_out(
        self, best: list[Settled], stay: int, attempts: range, noise: np.random.Generator
    ) -> list[Settled]:
        """Take out clusters near each other and fill what they leave anew; the first ones stay."""
        for attempt in attempts:
            self._tell(best)
            out = TAKEN_OUT[attempt % len(TAKEN_OUT)]
            if len(best) >= self.goal or len(best) <= stay or self.deadline.reached():
                break
            kept = self._without_near(best, stay, attempt // len(TAKEN_OUT), out)
            if len(kept) + self._room_beside(kept) <= len(best):
                continue
            found = self.fill(kept, noise)
            # As many elsewhere may leave room for another.
            if len(found) >= len(best):
                best = found
            if attempt % CHOOSE_EVERY == CHOOSE_EVERY - 1:
                best = self._chosen(best)
        self._tell(best)
        return best

    def _prove(self, best: list[Settled], steps: int) -> list[Settled]:
        """Sharpen the bound by some steps, and dive again, with the clusters found by that."""
        deadline = self.deadline.within(CUT_SHARE * self.deadline.left_s())
        step = 0
        while step < steps and len(best) < self.goal:
            if not self.counting.sharpen(self._short_of(best), deadline):
                break
            step += 1
            best = self._glance(best)
            self._tell(best)
        return best if step == 0 else self._dived(best)

    def _short_of(self, best: list[Settled]) -> int:
        """A bound of this says that there is no room for more, or not for enough [1]."""
        return len(best) if self.enough is None else self.enough - 1

    def _chosen(self, best: list[Settled]) -> list[Settled]:
        """More clusters, where more of the known ones fit beside each other."""
        return self._one_more(best, self.counting.thrifty(), CHOICE_LIMIT_S)

    def _glance(self, best: list[Settled]) -> list[Settled]:
        """More clusters, where those in the last optimum of the proof fit beside each other."""
        return self._one_more(best, self.counting.parts(), GLANCE_LIMIT_S)

    def _one_more(
        self, best: list[Settled], known: list[ClusterType], limit_s: float
    ) -> list[Settled]:
        """More clusters, where more of some cluster types fit beside each other.

        Where sites are required, the first cluster stays, and nothing is chosen.
        """
        if self.one.required.any() or not known or len(best) >= self.goal:
            return best
        compatible, threads = self.counting.cluster_types.compatible, self.solver.threads
        limit = self.deadline.within(limit_s)
        choice = choose(compatible, known, threads, limit, fewest=len(best) + 1)
        return self._placed(choice, best) if choice else best

    def _placed(self, choice: list[tuple[int, ...]], best: list[Settled]) -> list[Settled]:
        """The clusters of a choice, and what fits beside them, unless those before are more."""
        asked = replace(self.counting.case, sense="minimise_cost")
        plan = None
        for sites in choice:
            more = (*(() if plan is None else plan.choice), sites)
            plan = settle(asked.of_clusters(len(more)), more, self.solver) or plan
        if plan is None:
            return best
        found = self.fill(take_apart(asked, plan, self.solver), None)
        return found if len(found) >= len(best) else best

    def fill(self, clusters: list[Settled], noise: np.random.Generator | None) -> list[Settled]:
        """Place clusters beside others until there is no room for another."""
        clusters = list(clusters)
        while len(clusters) < self.goal and not self.deadline.reached():
            left = residual(self.counting.case, clusters)
            relaxed = Fleets(left, self.groups).relaxed()
            if whole_clusters(relaxed.clusters) == 0:
                break
            question = at_prices(self.counting.case, relaxed.prices)
            places = self._places(relaxed)
            if noise is not None:
                raised = 1 + NOISE * noise.random(len(question.site_ids))
                question = replace(
                    question,
                    variable_musd_per_mw_year=question.variable_musd_per_mw_year * raised,
                )
            at_once = 1 + int(relaxed.clusters) // AT_ONCE
            found = self._place(question, clusters, places, at_once)
            if not found:
                limit = self.deadline if noise is None else self.deadline.within(ANEW_LIMIT_S)
                whole = solve_one_cluster(residual(question, clusters), self._coarse, limit)
                found = [] if whole.best is None else [whole.best]
            if not found:
                break
            clusters += found
            self._tell(clusters)
        return clusters

    def _place(
        self, question: Case, clusters: list[Settled], places: list[IntArray], at_once: int
    ) -> list[Settled]:
        """Place some clusters where the fleets have most."""
        placed: list[Settled] = []
        while places and len(placed) < at_once and not self.deadline.reached():
            tried, places = places[:TRIED], places[TRIED:]
            left = residual(question, clusters + placed)
            found = [plan for sites in tried if (plan := self._within(left, sites))]
            if found:
                placed.append(min(found, key=lambda plan: (plan.objective, plan.choice)))
        return placed

    def _places(self, relaxed: Relaxation) -> list[IntArray]:
        """Where clusters are sought: the sites that fleets draw from, then all around those."""
        by_share = np.argsort(-relaxed.by_group, kind="stable")
        used = by_share[relaxed.by_group[by_share] > LEAST_PART].tolist()
        return [relaxed.drawn[g] for g in used] + [self.groups[g].sites for g in used]

    def _within(self, left: Case, sites: IntArray) -> Settled | None:
        """A cluster of some sites that uses little of what is scarce."""
        sites = sites[left.usable[sites]]
        if len(sites) == 0:
            return None
        found = solve_one_cluster(left.take(sites), self._coarse, self.deadline).best
        if found is None:
            return None
        found = found.at(sites)
        self.counting.know(found)
        return found

    def _without_near(
        self, clusters: list[Settled], stay: int, turn: int, out: int
    ) -> list[Settled]:
        """The clusters without one of them and those nearest to it; the first ones stay."""
        middle = stay + turn % (len(clusters) - stay)
        near = nearest(self.counting.case, clusters, middle, out, stay)
        return [found for c, found in enumerate(clusters) if c not in near]

    def _room_beside(self, clusters: list[Settled]) -> int:
        """No more clusters than this fit beside some."""
        left = residual(self.counting.case, clusters)
        relaxed = Fleets(left, self.groups).relaxed()
        return min(whole_clusters(relaxed.clusters), self.counting.beside(left))

    def _tell(self, clusters: list[Settled]) -> None:
        if self.progress is not None:
            stage = "counting clusters" if self.enough is None else "placing clusters"
            message = f"no plan has more than {self.counting.at_most}"
            if self.enough is None:
                message = f"{len(clusters)} found, {message}"
            done = Progress(stage, done=len(clusters), total=self.enough or 0, message=message)
            self.progress(done)

"""How the clusters of a solved folder train, as it was asked or with other settings."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from siting.errors import InputError, Problem
from siting.model import Network, make_model
from siting.plan import training_to_dict
from siting.report.read import PlanFile, read_plan_file
from siting.training import (
    ClusterTraining,
    Comparison,
    Training,
    compare,
    measure_km,
    resolve,
    train_cluster,
)
from siting.training.facts import LEVELS, PAPERS
from siting.training.task import GBPS_PER_TBPS

WHAT_IS_TRAINED = (
    "parameters",
    "active_parameters",
    "layers",
    "bits_per_parameter",
    "step_s",
    "tokens_per_batch",
)
"""Keys of ``[training]`` that a recipe gives."""

WHAT_COMPUTES = ("watts_per_accelerator", "flop_per_s_per_accelerator")
"""Keys of ``[training]`` that an accelerator gives."""

NOT_KEYS = ("pair_gbps", "curtailed_fraction")
"""What a resolved training holds beside keys of ``[training]``."""


@dataclass(frozen=True)
class TrainedCluster:
    """A cluster of a plan, and how it trains.

    Parameters
    ----------
    id, network, campuses
        Of the plan; how many campuses.
    km
        The length that its latency counts: the longest link, or a ring's tour [km].
    training
        How it trains.
    """

    id: str
    network: Network
    campuses: int
    km: float
    training: ClusterTraining


@dataclass(frozen=True)
class TrainReport:
    """How the clusters of a plan train.

    Parameters
    ----------
    model_name, world_name
        Of the plan.
    training
        What is trained.
    clusters
        In the order of the plan.
    """

    model_name: str
    world_name: str
    training: Training
    clusters: tuple[TrainedCluster, ...]

    def to_dict(self) -> dict[str, Any]:
        """The report as ``siting train --json`` prints it; keys as in ``plan.json``."""
        return {
            "model": self.model_name,
            "world": self.world_name,
            "training": training_to_dict(self.training),
            "clusters": [
                {
                    "id": cluster.id,
                    "network": cluster.network,
                    "campuses": cluster.campuses,
                    "km": cluster.km,
                    "training": training_to_dict(cluster.training),
                }
                for cluster in self.clusters
            ],
        }


def train(path: str | Path, changes: Mapping[str, object] | None = None) -> TrainReport:
    """Work out how the clusters of a solved folder train.

    Parameters
    ----------
    path
        A folder that ``siting solve --out`` wrote, or its ``plan.json``.
    changes
        Keys of ``[training]``, such as ``{"bandwidth_gbps": 1e5}``, in place of those that the
        plan was solved with. A recipe or an accelerator replaces all that it gives. A plan that
        was solved without ``[training]`` needs a recipe here.

    Raises
    ------
    InputError
        When the plan cannot be read, it does not say what is trained, or a change is wrong.
    """
    plan = read_plan_file(path)
    training = _resolved(plan, dict(changes or {}), str(path))
    clusters = []
    for cluster in plan.clusters:
        km = measure_km(cluster.network, longest_km=cluster.max_fiber_km, fiber_km=cluster.fiber_km)
        trained = train_cluster(
            training,
            network=cluster.network,
            km=km,
            sites=[campus.site for campus in cluster.campuses],
            it_mw=[campus.it_mw for campus in cluster.campuses],
        )
        clusters.append(
            TrainedCluster(cluster.id, cluster.network, len(cluster.campuses), km, trained)
        )
    return TrainReport(plan.model.name, plan.world.name, training, tuple(clusters))


def _resolved(plan: PlanFile, changes: dict[str, object], where: str) -> Training:
    stated = plan.training
    if stated is None and "recipe" not in changes and "parameters" not in changes:
        what = (
            "was solved without [training], so nothing says what is trained; name a recipe with "
            "--recipe, such as llama3_405b, or solve it with --set training.recipe=llama3_405b"
        )
        raise InputError([Problem(where, what)])
    values = {} if stated is None else training_to_dict(stated)
    for key in NOT_KEYS:
        values.pop(key, None)
    if "recipe" in changes:
        values = {key: value for key, value in values.items() if key not in WHAT_IS_TRAINED}
    if "accelerator" in changes:
        values = {key: value for key, value in values.items() if key not in WHAT_COMPUTES}
    if "tokens_per_batch" in changes:
        values.pop("step_s", None)
    if "step_s" in changes:
        values.pop("tokens_per_batch", None)
    values |= changes
    model = make_model(
        {
            "schema": 1,
            "name": plan.model.name,
            "cluster": {"target_mw": 1000.0},
            "training": {key: value for key, value in values.items() if value is not None},
        },
        where=where,
    )
    assert model.training is not None
    if stated is not None:
        link_tbps = 0.0  # the bandwidth that it gave is among the values
        pair_tbps, curtailed = stated.pair_gbps / GBPS_PER_TBPS, stated.curtailed_fraction
    elif plan.asked is not None:
        asked = make_model(plan.asked, where=where)
        link_tbps, pair_tbps = asked.fiber.bandwidth_tbps, asked.fiber.pair_tbps
        curtailed = asked.power.curtailment
    else:
        what = (
            "does not hold what was asked, as a plan of an earlier version, so neither its "
            "curtailment nor the capacity of its fiber pairs is known; solve the model again"
        )
        raise InputError([Problem(where, what)])
    return resolve(
        model.training,
        link_tbps=link_tbps,
        pair_tbps=pair_tbps,
        curtailed_fraction=curtailed,
    )


def report_to_json(report: TrainReport) -> str:
    """The report as the text that ``siting train DIR --json`` prints."""
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def compare_all() -> tuple[Comparison, ...]:
    """All published tables of bandwidths beside ours."""
    return tuple(compare(paper) for paper in PAPERS)


def comparisons_to_json(comparisons: Sequence[Comparison]) -> str:
    """Published tables beside ours as the text that ``siting train --table --json`` prints.

    A bandwidth that is beyond the searched grid is null.
    """
    papers = [
        {
            "paper": PAPERS[comparison.paper][1],
            "cells": comparison.cells,
            "same_point": comparison.within(0),
            "within_one_point": comparison.within(1),
            "compute_utilisation": list(LEVELS),
            "rows": [
                {
                    "model": row.row.model,
                    "parameters": row.row.parameters,
                    "layers": row.row.layers,
                    "step_s": row.row.step_s,
                    "bits_per_parameter": row.row.bits_per_parameter,
                    "inner_steps": row.row.inner_steps,
                    "fragment_layers": row.row.fragment_layers,
                    "overlapped_steps": row.row.overlapped_steps,
                    "published_gbps": [_finite(gbps) for gbps in row.row.gbps],
                    "ours_gbps": [_finite(gbps) for gbps in row.ours_gbps],
                    "points_apart": list(row.steps_apart),
                }
                for row in comparison.rows
            ],
        }
        for comparison in comparisons
    ]
    return json.dumps({"papers": papers}, indent=2, allow_nan=False) + "\n"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None

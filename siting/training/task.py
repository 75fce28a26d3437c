"""What a model file asks about training, resolved; and what a cluster gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from siting.model import ClusterSection, TrainingSection
from siting.model.sections import Network
from siting.training.collectives import (
    Collective,
    Exchange,
    batch_fractions,
    exchange_of,
    stall_fractions,
)
from siting.training.compute import (
    accelerators_of,
    best_checkpoint_s,
    effective_flop_per_s,
    goodput,
    hours_between_failures,
    step_of_batch_s,
)
from siting.training.facts import LEVELS, accelerators, recipes
from siting.training.steps import (
    BIT_PER_GBIT,
    exchange_s,
    exposed_budget_s,
    exposed_of,
    longest_exchange_s,
    utilisation_of,
)

DEFAULT_GBPS = 1_000_000.0
"""Bandwidth where none is asked [Gbit/s]: 1 Pbit/s, the target of published plans for regions."""

DEFAULT_BITS = 16.0
"""Bits exchanged for each parameter where none are asked [bit]: gradients in bf16."""

GBPS_PER_TBPS = 1000.0
S_PER_H = 3600.0

ROUNDING = 1e-9
"""What a length may be longer than its limit in time gives, for rounding's sake [1]."""

NO_KM = -1.0
"""Less than any link: no length is short enough."""


@dataclass(frozen=True)
class Training:
    """What is trained, with everything that the model file leaves to a recipe filled in.

    Parameters
    ----------
    recipe
        Its name; ``None`` where the model gives its own numbers.
    parameters, active_parameters, layers, bits_per_parameter
        What is exchanged and what works on a token [1], layers [1], bits [bit].
    step_s, tokens_per_batch
        One of the two: the time of a step [s], or the tokens of its batch [1].
    inner_steps
        Steps between two synchronisations [1].
    collective
        How campuses exchange.
    bandwidth_gbps, pair_gbps
        From a campus to the others, and capacity of a fiber pair [Gbit/s].
    accelerator
        Its name.
    watts_per_accelerator, flop_per_s_per_accelerator
        IT load [W] and dense peak [FLOP/s] of one.
    mfu
        Model FLOP utilisation inside a campus [0-1].
    failure_hours_per_100k
        Mean time between failures of 100,000 accelerators [h]; ``None``: not counted.
    restart_s, checkpoint_write_s, checkpoint_interval_s
        Of the recovery from failures [s]; no interval: the one that loses least.
    curtailed_fraction
        Share of the hours in which a campus is curtailed [0-1].
    """

    recipe: str | None
    parameters: float
    active_parameters: float
    layers: int
    bits_per_parameter: float
    step_s: float | None
    tokens_per_batch: float | None
    inner_steps: int
    collective: Collective
    bandwidth_gbps: float
    pair_gbps: float
    accelerator: str
    watts_per_accelerator: float
    flop_per_s_per_accelerator: float
    mfu: float
    failure_hours_per_100k: float | None
    restart_s: float
    checkpoint_write_s: float
    checkpoint_interval_s: float | None
    curtailed_fraction: float

    @property
    def exchange_s(self) -> float:
        """All gradients over the bandwidth, once [s]."""
        return float(
            exchange_s(
                parameters=self.parameters,
                bits_per_parameter=self.bits_per_parameter,
                bandwidth_gbps=self.bandwidth_gbps,
            )
        )


@dataclass(frozen=True)
class Need:
    """What a compute utilisation takes.

    Parameters
    ----------
    compute_utilisation
        The utilisation [0-1].
    bandwidth_gbps
        From a campus to the others [Gbit/s]; ``None`` where light alone takes too long.
    fiber_pairs
        Pairs that carry it.
    """

    compute_utilisation: float
    bandwidth_gbps: float | None
    fiber_pairs: int | None


@dataclass(frozen=True)
class BatchShare:
    """Share of every batch that a campus works on [0-1], so that all finish together."""

    site: str
    batch_fraction: float


@dataclass(frozen=True)
class ClusterTraining:
    """How a cluster trains.

    Parameters
    ----------
    exchange_s, latency_s, sync_s
        A synchronisation: bits on the wire, light on its way, and both [s].
    step_s, exposed_s
        A step without communication, and what a synchronisation adds to it [s].
    compute_utilisation
        Share of the time in which accelerators do not wait for other campuses [0-1].
    accelerators
        That the IT load feeds [1].
    peak_flop_per_s, effective_flop_per_s
        Dense peak, and what trains: times MFU, utilisation and goodput [FLOP/s].
    goodput
        Share of the work that survives failures [0-1]; 1 where they are not counted.
    one_campus_flop_per_s, one_campus_fraction
        The same IT load on one campus [FLOP/s], and the cluster's share of that [0-1].
    stall_fraction, asynchronous_stall_fraction
        Share of the time lost to curtailment at worst, and if campuses did not wait for each other
        [0-1]; not part of ``effective_flop_per_s``.
    fiber_pairs
        That carry the bandwidth from a campus.
    needs
        Bandwidth and pairs for 50, 80, 90, 95 and 99 % utilisation.
    batch
        Share of each campus.
    """

    exchange_s: float
    latency_s: float
    sync_s: float
    step_s: float
    exposed_s: float
    compute_utilisation: float
    accelerators: float
    peak_flop_per_s: float
    goodput: float
    effective_flop_per_s: float
    one_campus_flop_per_s: float
    one_campus_fraction: float
    stall_fraction: float
    asynchronous_stall_fraction: float
    fiber_pairs: int
    needs: tuple[Need, ...]
    batch: tuple[BatchShare, ...]


def resolve(
    section: TrainingSection,
    *,
    link_tbps: float = 0.0,
    pair_tbps: float = 121.6,
    curtailed_fraction: float = 0.0,
) -> Training:
    """Fill in what a ``[training]`` leaves to its recipe, its accelerator and the fiber.

    Parameters
    ----------
    section
        ``[training]`` of a valid model.
    link_tbps, pair_tbps
        ``fiber.bandwidth_tbps`` and ``fiber.pair_tbps`` [Tbit/s].
    curtailed_fraction
        ``power.curtailment``, taken as a share of hours in which a campus stands still [0-1].
    """
    recipe = recipes()[section.recipe] if section.recipe is not None else None
    accelerator = accelerators()[section.accelerator]
    parameters = section.parameters or (recipe.parameters if recipe else math.nan)
    # A recipe's active parameters are those of its own size.
    own_size = recipe is not None and section.parameters is None
    active = section.active_parameters or (
        recipe.active_parameters if recipe and own_size else parameters
    )
    step_s = section.step_s
    if step_s is None and section.tokens_per_batch is None and recipe:
        step_s = recipe.step_s
    return Training(
        recipe=section.recipe,
        parameters=parameters,
        active_parameters=active,
        layers=section.layers or (recipe.layers if recipe else 1),
        bits_per_parameter=section.bits_per_parameter
        or (recipe.bits_per_parameter if recipe else DEFAULT_BITS),
        step_s=step_s,
        tokens_per_batch=section.tokens_per_batch,
        inner_steps=section.inner_steps,
        collective=section.collective,
        bandwidth_gbps=section.bandwidth_gbps or link_tbps * GBPS_PER_TBPS or DEFAULT_GBPS,
        pair_gbps=pair_tbps * GBPS_PER_TBPS,
        accelerator=section.accelerator,
        watts_per_accelerator=section.watts_per_accelerator or accelerator.watts,
        flop_per_s_per_accelerator=section.flop_per_s_per_accelerator
        or accelerator.bf16_flop_per_s,
        mfu=section.mfu,
        failure_hours_per_100k=section.failure_hours_per_100k,
        restart_s=section.restart_s,
        checkpoint_write_s=section.checkpoint_write_s,
        checkpoint_interval_s=section.checkpoint_interval_s,
        curtailed_fraction=curtailed_fraction,
    )


def measure_km(network: Network, *, longest_km: float, fiber_km: float) -> float:
    """The length of a network that counts for its latency [km]: a ring's tour, else a link."""
    return fiber_km if network == "ring" else longest_km


def train_cluster(
    training: Training, *, network: Network, km: float, sites: Sequence[str], it_mw: Sequence[float]
) -> ClusterTraining:
    """How a cluster trains.

    Parameters
    ----------
    training
        What is trained.
    network, km
        How the campuses are linked, and its length that counts, of `measure_km` [km].
    sites, it_mw
        ``(n,)`` ids and IT load of the campuses [MW].
    """
    exchange = exchange_of(training.collective, network, len(sites))
    on_wire_s = exchange.traffic * training.exchange_s
    latency_s = exchange.latency_s_per_km * km
    total_mw = math.fsum(it_mw)
    count = float(accelerators_of(total_mw, watts_per_accelerator=training.watts_per_accelerator))
    peak = count * training.flop_per_s_per_accelerator
    step_s = step_of(training, peak)
    exposed = float(exposed_of(on_wire_s, step_s=step_s, layers=training.layers)) + latency_s
    utilisation = float(utilisation_of(exposed, step_s=step_s, inner_steps=training.inner_steps))
    good = goodput_of(training, count)
    alone = float(
        effective_flop_per_s(
            peak_flop_per_s=peak, mfu=training.mfu, compute_utilisation=1.0, goodput=good
        )
    )
    loads = np.asarray(it_mw, np.float64)
    stall, asynchronous = stall_fractions(loads, np.full(len(loads), training.curtailed_fraction))
    return ClusterTraining(
        exchange_s=on_wire_s,
        latency_s=latency_s,
        sync_s=on_wire_s + latency_s,
        step_s=step_s,
        exposed_s=exposed,
        compute_utilisation=utilisation,
        accelerators=count,
        peak_flop_per_s=peak,
        goodput=good,
        effective_flop_per_s=alone * utilisation,
        one_campus_flop_per_s=alone,
        one_campus_fraction=utilisation,
        stall_fraction=stall,
        asynchronous_stall_fraction=asynchronous,
        fiber_pairs=math.ceil(training.bandwidth_gbps / training.pair_gbps - 1e-9)
        if len(sites) > 1
        else 0,
        needs=tuple(_need(training, exchange, latency_s, step_s, level) for level in LEVELS),
        batch=tuple(
            BatchShare(site, float(share))
            for site, share in zip(sites, batch_fractions(loads), strict=True)
        ),
    )


def step_of(training: Training, peak_flop_per_s: float) -> float:
    """Time of a step on accelerators of so much peak [s]."""
    if training.tokens_per_batch is None:
        assert training.step_s is not None
        return training.step_s
    return float(
        step_of_batch_s(
            tokens_per_batch=training.tokens_per_batch,
            active_parameters=training.active_parameters,
            peak_flop_per_s=peak_flop_per_s,
            mfu=training.mfu,
        )
    )


def goodput_of(training: Training, count: float) -> float:
    """Share of the work of so many accelerators that survives failures [0-1]."""
    if training.failure_hours_per_100k is None:
        return 1.0
    hours = hours_between_failures(count, hours_per_100k=training.failure_hours_per_100k)
    mtbf_s = float(hours) * S_PER_H
    interval_s = training.checkpoint_interval_s
    if interval_s is None:
        interval_s = float(
            best_checkpoint_s(between_failures_s=mtbf_s, write_s=training.checkpoint_write_s)
        )
    return float(
        goodput(
            between_failures_s=mtbf_s,
            restart_s=training.restart_s,
            write_s=training.checkpoint_write_s,
            interval_s=interval_s,
        )
    )


def longest_km_by_campuses(
    training: Training, cluster: ClusterSection, network: Network
) -> tuple[float, ...]:
    """What ``max_sync_s`` and ``min_compute_utilisation`` leave of a network's length.

    Both bound the latency of a cluster of ``m`` campuses, and latency grows with the kilometres::

        latency_s_per_km * km  <=  max_sync_s - exchange_s
        latency_s_per_km * km  <=  budget_s - exposed part of exchange_s
        budget_s                =  inner_steps * step_s * (1 / min_compute_utilisation - 1)

    Traffic and hops never fall with the number of campuses, so neither do these lengths rise.

    Parameters
    ----------
    training
        What is trained.
    cluster
        The limits, and ``max_campuses``.
    network
        How the campuses are linked.

    Returns
    -------
    ``(max_campuses + 1,)`` for every number of campuses the longest link, or the longest tour of a
    ring [km]; ``inf`` where nothing limits it, and `NO_KM` where no length is short enough. The
    entry for no campus at all is ``inf``.
    """
    lengths = [math.inf]
    for campuses in range(1, cluster.max_campuses + 1):
        exchange = exchange_of(training.collective, network, campuses)
        left_s = latency_budget_s(training, cluster, exchange)
        if left_s < 0:
            km = NO_KM
        elif exchange.latency_s_per_km == 0:
            km = math.inf
        else:
            km = left_s / exchange.latency_s_per_km * (1 + ROUNDING)
        lengths.append(min(km, lengths[-1]))
    return tuple(lengths)


def latency_budget_s(training: Training, cluster: ClusterSection, exchange: Exchange) -> float:
    """Longest latency that the limits of a cluster leave beside its bits on the wire [s]."""
    on_wire_s = exchange.traffic * training.exchange_s
    left_s = math.inf
    if cluster.max_sync_s is not None:
        left_s = cluster.max_sync_s - on_wire_s
    if cluster.min_compute_utilisation is not None:
        assert training.step_s is not None
        budget_s = exposed_budget_s(
            step_s=training.step_s,
            inner_steps=training.inner_steps,
            compute_utilisation=cluster.min_compute_utilisation,
        )
        hidden_less = exposed_of(on_wire_s, step_s=training.step_s, layers=training.layers)
        left_s = min(left_s, float(budget_s) - float(hidden_less))
    return left_s


def _need(
    training: Training, exchange: Exchange, latency_s: float, step_s: float, level: float
) -> Need:
    if exchange.traffic == 0:
        return Need(level, 0.0, 0)
    budget_s = (
        float(
            exposed_budget_s(
                step_s=step_s, inner_steps=training.inner_steps, compute_utilisation=level
            )
        )
        - latency_s
    )
    if budget_s <= 0:
        return Need(level, None, None)
    longest_s = float(longest_exchange_s(budget_s, step_s=step_s, layers=training.layers))
    bits = exchange.traffic * training.bits_per_parameter * training.parameters
    gbps = bits / longest_s / BIT_PER_GBIT
    return Need(level, gbps, math.ceil(gbps / training.pair_gbps - 1e-9))

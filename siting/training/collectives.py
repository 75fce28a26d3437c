"""How long campuses take to agree: exchanges over fiber whose length counts.

Every exchange is ``traffic * bits_per_parameter * parameters / bandwidth + latency``. The
bandwidth is what a campus sends to the others of its cluster, or to its next on a ring. Gradients
are first added up inside each campus and handed out there at the end, which a single campus does
as well, so only what comes on top is counted unless the bandwidth inside is given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from siting.training.steps import FloatArray, Numbers, exchange_s
from siting.units import fiber_delay_ms

Collective = Literal["hierarchical", "ring", "bidirectional_ring"]
NetworkName = Literal["mesh", "hub", "ring"]

RING_KM_PER_S = 200_000.0
"""Speed of light in fiber of the published 10 GW study [km/s]; the group index of silica, with
which all other delays here are worked out, gives 204,218."""

MS_PER_S = 1000.0


def delay_s(km: Numbers) -> Numbers:
    """One-way delay of light over a fiber route [s]: ``km * 1.468 / 299,792.458``."""
    return km * fiber_delay_ms(1.0) / MS_PER_S


def ring_sync_s(
    *,
    parameters: Numbers,
    bits_per_parameter: Numbers,
    bandwidth_gbps: Numbers,
    ring_km: Numbers,
    campuses: Numbers,
    bidirectional: bool,
) -> Numbers:
    """Time of an all-reduce around a ring of campuses [s]; 0 for one campus.

    One way round, a part of the gradients makes ``2 (campuses - 1)`` hops, of ``ring_km /
    campuses`` each::

        2 (campuses - 1) / campuses * exchange_s + 2 (campuses - 1) * delay of a hop

    (Patarasuk and Yuan 2009, doi:10.1016/j.jpdc.2008.09.002). Both ways round at once, as in the
    published 10 GW network (Epoch AI 2025)::

        exchange_s + ring_km / 200,000 km/s

    Parameters
    ----------
    parameters, bits_per_parameter
        What is exchanged [1], [bit].
    bandwidth_gbps
        Of the weakest hop, each way [Gbit/s].
    ring_km
        Fiber of the closed tour [km].
    campuses
        On the ring [1].
    bidirectional
        Whether both ways round are used at once.

    Examples
    --------
    The published 10 GW network: 192 ms on the wire and 24 ms of light.

    >>> float(round(ring_sync_s(parameters=72e12, bits_per_parameter=16, bandwidth_gbps=6e6,
    ...                         ring_km=4800, campuses=23, bidirectional=True), 6))
    0.216
    """
    exchange = exchange_s(
        parameters=parameters, bits_per_parameter=bits_per_parameter, bandwidth_gbps=bandwidth_gbps
    )
    collective: Collective = "bidirectional_ring" if bidirectional else "ring"
    traffic, latency = _ring(collective, campuses, np.asarray(ring_km, np.float64))
    several = np.greater(campuses, 1)
    sync: Numbers = np.where(several, traffic * exchange + latency, 0.0)[()]
    return sync


def hierarchical_sync_s(
    *,
    parameters: Numbers,
    bits_per_parameter: Numbers,
    bandwidth_gbps: Numbers,
    longest_km: Numbers,
    campuses: Numbers,
    campus_gbps: Numbers = np.inf,
) -> Numbers:
    """Time to reduce inside each campus, exchange between campuses and hand out again [s].

    Every campus adds up its own gradients, sends each other campus the part that it is to finish,
    and gets the finished parts back: two ways of the longest link, whatever the number of
    campuses::

        2 * exchange inside + 2 (campuses - 1) / campuses * exchange_s + 2 * delay of the link

    (The three stages are those of NVIDIA NeMo 25.02's training over two sites.)

    Parameters
    ----------
    parameters, bits_per_parameter
        What is exchanged [1], [bit].
    bandwidth_gbps
        From a campus to all others together [Gbit/s].
    longest_km
        Longest link between two campuses [km].
    campuses
        Campuses of the cluster [1].
    campus_gbps
        Bandwidth of the reduction inside a campus [Gbit/s]; ``inf`` leaves it out.
    """
    inside = exchange_s(
        parameters=parameters, bits_per_parameter=bits_per_parameter, bandwidth_gbps=campus_gbps
    )
    between = exchange_s(
        parameters=parameters, bits_per_parameter=bits_per_parameter, bandwidth_gbps=bandwidth_gbps
    )
    traffic = 2 * (campuses - 1) / campuses
    latency = np.where(np.greater(campuses, 1), 2 * delay_s(longest_km), 0.0)
    sync: Numbers = (2 * inside + traffic * between + latency)[()]
    return sync


@dataclass(frozen=True)
class Exchange:
    """What a collective costs on a network.

    Parameters
    ----------
    traffic
        Times that all gradients pass a campus's fiber [1].
    latency_s_per_km
        Time of light for each km of the network's measure [s/km]: its longest link, or the whole
        tour of a ring.
    """

    traffic: float
    latency_s_per_km: float


def exchange_of(collective: Collective, network: NetworkName, campuses: int) -> Exchange:
    """What a collective costs on a network of so many campuses.

    ==================  ===========================  =====================  ======================
    collective          mesh, per km of the longest  hub, per km of the     ring, per km of the
                        link                         longest spoke          tour
    ==================  ===========================  =====================  ======================
    hierarchical        2 (M - 1) / M; 2 links       2; 2 spokes            1; the tour once
    ring                2 (M - 1) / M; 2 (M - 1)     2 (M - 1) / M;         2 (M - 1) / M;
                        links                        4 (M - 1) spokes       2 (M - 1) / M tours
    bidirectional_ring  1; M links                   2; 2 M spokes          1; the tour once
    ==================  ===========================  =====================  ======================

    Each cell says the traffic, and how far light goes one after the other. On a mesh and on a hub
    every hop counts as the longest one: a ring moves at the pace of its slowest hop, whatever its
    order. Two campuses of a hub are one link, as in a mesh. One campus exchanges nothing.

    Parameters
    ----------
    collective
        How the gradients are exchanged.
    network
        How the campuses are linked.
    campuses
        ``M`` of them.
    """
    if campuses < 2:
        return Exchange(0.0, 0.0)
    if network == "ring":
        way: Collective = "ring" if collective == "ring" else "bidirectional_ring"
        traffic, per_km = _ring(way, campuses, np.float64(1.0))
        return Exchange(float(traffic), float(per_km))
    through_hub = network == "hub" and campuses > 2
    hop = 2.0 if through_hub else 1.0
    around = 2.0 * (campuses - 1)
    if collective == "ring":
        return Exchange(around / campuses, around * hop * float(delay_s(1.0)))
    if collective == "bidirectional_ring":
        # Both ways round leave a campus by its one spoke.
        return Exchange(hop, campuses * hop / RING_KM_PER_S)
    return Exchange(2.0 if through_hub else around / campuses, 2.0 * float(delay_s(1.0)))


def batch_fractions(it_mw: FloatArray) -> FloatArray:
    """Share of a batch for each campus, so that all finish together [0-1].

    In proportion to the IT load; the slowest campus sets the step, so any other share waits.

    Parameters
    ----------
    it_mw
        ``(n,)`` IT load of the campuses [MW].
    """
    fractions: FloatArray = np.asarray(it_mw, np.float64) / np.sum(it_mw)
    return fractions


def step_with_shares_s(step_s: float, it_mw: FloatArray, batch: FloatArray) -> float:
    """Step time when the batch is shared as given [s]: that of the slowest campus.

    Parameters
    ----------
    step_s
        A step when the batch is shared in proportion to IT load [s].
    it_mw
        ``(n,)`` IT load of the campuses [MW].
    batch
        ``(n,)`` shares of the batch, together 1 [0-1].
    """
    return float(step_s * np.max(np.asarray(batch) / batch_fractions(it_mw)))


def stall_fractions(it_mw: FloatArray, curtailed_fraction: FloatArray) -> tuple[float, float]:
    """What curtailed campuses cost a cluster: synchronous, and asynchronous [0-1].

    A synchronous cluster stands still whenever one campus does. When campuses are curtailed in
    different hours, the worst case, these hours add up. An asynchronous one only loses the
    curtailed campus's share.

    Parameters
    ----------
    it_mw
        ``(n,)`` IT load of the campuses [MW].
    curtailed_fraction
        ``(n,)`` share of the hours in which a campus is curtailed [0-1].
    """
    hours = np.asarray(curtailed_fraction, np.float64)
    return float(min(1.0, hours.sum())), float((batch_fractions(it_mw) * hours).sum())


def _ring(
    collective: Collective, campuses: Numbers, ring_km: FloatArray | np.float64
) -> tuple[Numbers, Numbers]:
    """Traffic and latency [s] of an all-reduce around a ring of two or more campuses."""
    if collective == "bidirectional_ring":
        return 1.0, ring_km / RING_KM_PER_S
    hops = 2 * (campuses - 1)
    return hops / campuses, hops * delay_s(ring_km / campuses)

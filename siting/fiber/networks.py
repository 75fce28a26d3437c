"""Networks of a cluster: which pairs of its campuses are linked, and what fails together.

Campuses are positions 0, 1, ... of a small matrix of kilometres; links are pairs of positions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from siting.fiber.reach import FloatArray

Pair = tuple[int, int]


def mesh_links(campuses: int) -> list[Pair]:
    """A link for every pair of campuses."""
    return [(a, b) for a in range(campuses) for b in range(a + 1, campuses)]


def star_links(campuses: int, hub: int) -> list[Pair]:
    """A link from the hub to every other campus, the lower position first."""
    return [(min(a, hub), max(a, hub)) for a in range(campuses) if a != hub]


def ring_links(tour: Sequence[int]) -> list[Pair]:
    """The links of a closed tour, in its order; two campuses have one link, one has none."""
    if len(tour) < 3:
        return [(tour[0], tour[1])] if len(tour) == 2 else []
    return list(zip(tour, [*tour[1:], tour[0]], strict=True))


def hub_of(km: FloatArray, limit_km: float, can: Sequence[bool] | None = None) -> int | None:
    """The campus that all others are within reach of, with the shortest links to them.

    Parameters
    ----------
    km
        ``(n, n)`` kilometres between the campuses, infinite where there is no route.
    limit_km
        Longest link [km].
    can
        ``(n,)`` campuses that may be the hub; by default all.

    Returns
    -------
    The first of the best, or ``None`` if no campus can be the hub.
    """
    star_km = np.where(km <= limit_km, km, np.inf).sum(axis=1)
    if can is not None:
        star_km = np.where(can, star_km, np.inf)
    hub = int(np.argmin(star_km))
    return hub if np.isfinite(star_km[hub]) else None


def first_way_round(tour: Sequence[int]) -> list[int]:
    """The same closed tour from its lowest position, towards the lower of its neighbours."""
    start = list(tour).index(min(tour))
    turned = [*tour[start:], *tour[:start]]
    if len(turned) > 2 and turned[1] > turned[-1]:
        turned[1:] = turned[:0:-1]
    return turned


def parts_of(campuses: int, links: Iterable[Pair]) -> list[list[int]]:
    """Campuses that links connect, part by part: one part if they connect all."""
    part = list(range(campuses))

    def root(a: int) -> int:
        while part[a] != a:
            part[a] = part[part[a]]
            a = part[a]
        return a

    for a, b in links:
        part[max(root(a), root(b))] = min(root(a), root(b))
    parts: dict[int, list[int]] = {}
    for a in range(campuses):
        parts.setdefault(root(a), []).append(a)
    return list(parts.values())


def failing_together(spans_of_link: Sequence[Iterable[str]]) -> dict[tuple[int, ...], list[str]]:
    """Links (by position) that fail together, and the spans, sorted, whose loss cuts just them."""
    links_of_span: dict[str, list[int]] = {}
    for link, spans in enumerate(spans_of_link):
        for span in spans:
            links_of_span.setdefault(span, []).append(link)
    spans_of_links: dict[tuple[int, ...], list[str]] = {}
    for span in sorted(links_of_span):
        spans_of_links.setdefault(tuple(links_of_span[span]), []).append(span)
    return spans_of_links


def fatal_spans(
    campuses: int, links: Sequence[Pair], spans_of_link: Sequence[Iterable[str]]
) -> dict[str, list[list[int]]]:
    """Spans whose loss disconnects the campuses, sorted, and the parts that each leaves."""
    fatal = {}
    for lost, spans in failing_together(spans_of_link).items():
        kept = [pair for link, pair in enumerate(links) if link not in lost]
        parts = parts_of(campuses, kept)
        if len(parts) > 1:
            fatal.update(dict.fromkeys(spans, parts))
    return dict(sorted(fatal.items()))

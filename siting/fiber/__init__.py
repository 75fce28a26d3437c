"""Fiber: the route graph, distances between sites, tiers. Numbers only, no geometry."""

from siting.fiber.cache import cached_reach
from siting.fiber.distances import compute_reach, reach_of_access
from siting.fiber.graph import Access, FiberGraph, access_of
from siting.fiber.lines import amplifier_sites, pairs_needed
from siting.fiber.pieces import Gap, Pieces, pieces_of
from siting.fiber.reach import Reach
from siting.fiber.routed import RoutedReach
from siting.fiber.routes import Route, Routes, find_routes
from siting.fiber.tiers import TIERS, Tier, tier_of

__all__ = [
    "TIERS",
    "Access",
    "FiberGraph",
    "Gap",
    "Pieces",
    "Reach",
    "Route",
    "RoutedReach",
    "Routes",
    "Tier",
    "access_of",
    "amplifier_sites",
    "cached_reach",
    "compute_reach",
    "find_routes",
    "pairs_needed",
    "pieces_of",
    "reach_of_access",
    "tier_of",
]

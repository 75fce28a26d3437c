"""Rings: a tour and the campuses that it visits, chosen together (orienteering)."""

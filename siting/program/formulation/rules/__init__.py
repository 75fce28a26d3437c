"""Constraints of the program, one function a rule.

Read in the order of `siting.program.formulation.build`: what a campus is, what the grid gives, what
makes a cluster, how far its campuses may be from each other, what makes its energy clean. ``case``
holds the numbers, ``x`` the decisions; ``c`` is a cluster, ``i`` and ``j`` are sites, ``z`` a zone.
"""

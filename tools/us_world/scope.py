"""The worlds that are built from the sources: how much of the network each has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """A world of the United States.

    Attributes
    ----------
    name, heading, title
        Name of the world, heading of its README, and what it is, in one line.
    command
        The command that builds it.
    min_kv
        Least voltage of its substations and lines [kV].
    substations, lines
        What they are called in its README.
    corridors
        What its README says of the corridors, with ``corridors`` and ``low_corridors``, their
        numbers, to fill in.
    quirk
        What is odd about its substations.
    """

    name: str
    heading: str
    title: str
    command: str
    min_kv: float
    substations: str
    corridors: str
    quirk: str


US = Scope(
    name="us",
    heading="The bundled US world",
    title="The United States, lower 48: a synthetic grid on the real footprint",
    command="python tools/build_us_world.py --out data/us",
    min_kv=230,
    substations="substations of at least 230 kV",
    corridors="{corridors:,} corridors of lines of at least 230 kV, as ground-wire fiber",
    quirk="Delaware has no substation at 230 kV in the network. "
    "Some substations share coordinates.",
)
US_ALL = Scope(
    name="us_all",
    heading="The US world with every substation",
    title="The United States, lower 48, every substation: a synthetic grid on the real footprint",
    command="python tools/build_us_world.py --world us_all",
    min_kv=0,
    substations="substations, all of the network",
    corridors="{corridors:,} corridors of lines of at least 230 kV and {low_corridors:,} of lower "
    "ones only (kind `low_corridor`), both as ground-wire fiber",
    quirk="Few lines of low voltage carry fiber today; here all do, so that every substation joins "
    "and distances are short. Some substations share coordinates.",
)
SCOPES = {scope.name: scope for scope in (US, US_ALL)}

"""The world as a value: zones, sites, fiber and supply that passed every check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from siting.arcs import Lines
from siting.model import WorldSection
from siting.notices import LeftOut, Notice
from siting.world.joining import Joins, join_spans
from siting.world.plain import PlainTable, plain_table
from siting.world.spans import Spans

if TYPE_CHECKING:
    import geopandas as gpd

    from siting.world.kept import KeptTables


@dataclass(frozen=True)
class DataSource:
    """Where the content of a world comes from, and under which licence."""

    name: str
    version: str = ""
    package: str = ""
    licence: str = ""
    attribution: str = ""
    used_for: str = ""


@dataclass(frozen=True, eq=False)
class World:
    """What exists, as far as the model keeps it; made by `read_world`.

    Tables are sorted by id and in WGS 84 degrees. They hold the columns that their files hold,
    and those that are worked out here.

    Parameters
    ----------
    name, title, caveat
        Short name; one line for people; a line that every report on this world shows, or None.
    sha256
        Fingerprint of the content of the tables as read, before anything was left out.
    sources
        Where the content comes from.
    sites
        Sites that the model keeps; ``zone``, ``utility``, ``region`` and ``interconnect`` filled
        in.
    zones
        Zones that the model keeps, with the zones that they lie in.
    fiber
        All spans.
    supply
        Plants, those of zones that are not kept among them; ``zone``, ``region``,
        ``interconnect``, ``clean``, ``capacity_factor`` and ``premium_usd_per_mwh`` filled in.
    outlines
        Outlines for maps, or None.
    route_factor
        Fiber km for each great-circle km of an access [1].
    files
        The file of each table, as the model names it.
    dropped
        How many sites each filter of the model leaves out, by key; a site may be left out by
        several. ``world.zones``: sites of the base that lie in none of the model's own zones.
    left_out
        What the model's filters, and outlines, leave out: each row once, by the first of them.
    notices
        What was repaired, joined, taken or left otherwise than it stands in the files.
    asked
        The table ``world`` of the model that it was read for; None for a world made from values.
    line_route_factor
        Fiber km for each km of line, where a span has no km of its own; None is ``route_factor``
        [1].
    fiber_snap_m
        Ends of spans that are so close to another span are joined to it [m].
    """

    name: str
    title: str
    caveat: str | None
    sha256: str
    sources: tuple[DataSource, ...]
    sites: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    fiber: gpd.GeoDataFrame
    supply: gpd.GeoDataFrame
    outlines: gpd.GeoDataFrame | None
    route_factor: float
    files: Mapping[str, str] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    asked: WorldSection | None = None
    left_out: tuple[LeftOut, ...] = ()
    notices: tuple[Notice, ...] = ()
    line_route_factor: float | None = None
    fiber_snap_m: float = 1.0

    @classmethod
    def of_kept(cls, tables: KeptTables, joined: tuple[Spans, Joins], **about: Any) -> World:
        """Make a world of tables from the cache; ``about`` are the other parameters."""
        nothing: Any = None
        names = ("sites", "zones", "fiber", "supply", "outlines")
        world = cls(**dict.fromkeys(names, nothing), **about)
        for name in names:
            del vars(world)[name]
        vars(world).update(_kept=tables, _joined=joined)
        return world

    def spans(self) -> Spans:
        """Give the fiber as numbers.

        A span has the length of its ``km``, else that of its line on the sphere times
        ``line_route_factor``. Its nodes are its ``from`` and ``to``; spans without them are joined
        where their lines meet (`join_spans`).
        """
        return self._joined[0]

    @property
    def free_spans(self) -> NDArray[np.bool_]:
        """``(rows,)`` rows of the fiber that do not name their nodes."""
        return np.array([name is None for name in self.plain("fiber").texts("from")], np.bool_)

    def plain(self, table: str) -> PlainTable:
        """One of the tables, ``sites``, ``zones``, ``fiber`` or ``supply``, as arrays."""
        if table in vars(self):  # a frame that somebody asked for may have been changed since
            return plain_table(getattr(self, table))
        kept: KeptTables = vars(self)["_kept"]
        return kept.plain(table)

    def __getattr__(self, name: str) -> Any:
        # Tables of a world from the cache become frames when somebody asks for them: importing
        # pandas takes longer than to read them.
        kept: KeptTables | None = vars(self).get("_kept")
        if kept is None or name not in kept:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        vars(self)[name] = kept.frame(name)
        return vars(self)[name]

    def with_notices(self, notices: Iterable[Notice]) -> World:
        """The same world with these notices; what is known of its fiber stays known."""
        told = replace(self, notices=tuple(notices))
        if "_joined" in vars(self):
            vars(told)["_joined"] = self._joined
        return told

    def joins(self) -> Joins:
        """Say how the spans without node ids were joined."""
        return self._joined[1]

    @cached_property
    def _joined(self) -> tuple[Spans, Joins]:
        lines = lines_of(self.fiber.geometry.to_numpy())
        factor = self.route_factor if self.line_route_factor is None else self.line_route_factor
        fiber = self.plain("fiber")
        km = fiber.numbers("km", lines.km * factor)
        start, end = (np.array(fiber.texts(name), dtype=object) for name in ("from", "to"))
        return join_spans(fiber.ids, lines, km, (start, end), self.fiber_snap_m / 1000.0)


def lines_of(shapes: NDArray[np.object_]) -> Lines:
    """The positions of lines."""
    import shapely

    positions, line = shapely.get_coordinates(shapes, return_index=True)
    return Lines(positions, np.searchsorted(line, np.arange(len(shapes) + 1)).astype(np.int64))

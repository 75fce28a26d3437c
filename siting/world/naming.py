"""What columns are called: names of a file as the registry has them."""

from __future__ import annotations

from dataclasses import replace

from siting.errors import Problems
from siting.notices import Notices
from siting.world.files import Raw

SHAPEFILE_NAME_LENGTH = 10


def name_columns(raw: Raw, problems: Problems, notices: Notices) -> Raw:  # noqa: ARG001
    """Undo the cut of a Shapefile's names where one column of the registry fits."""
    if raw.source.path.suffix.lower() != ".shp":
        return raw
    frame, table = raw.frame, raw.table
    whole = {}
    for name in frame.columns:
        if len(name) != SHAPEFILE_NAME_LENGTH:
            continue
        fits = [column.name for column in table.columns if column.name.startswith(name)]
        if len(fits) == 1 and fits[0] not in frame.columns:
            whole[name] = fits[0]
    return replace(raw, frame=frame.rename(columns=whole))

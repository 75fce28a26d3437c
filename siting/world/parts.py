"""Several layers, sheets or files as one table."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def join_rows(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of several frames under each other; a column that one lacks is blank there.

    Numbers stay as they are: pandas would make floats of whole numbers beside blanks, and a float
    holds 15 digits.
    """
    if len(frames) == 1:
        return frames[0]
    names = list(dict.fromkeys(name for frame in frames for name in frame.columns))
    columns = {}
    for name in names:
        held = [frame.get(name) for frame in frames]
        dtypes = {None if values is None else values.dtype for values in held}
        if len(dtypes) == 1:
            columns[name] = pd.concat(held, ignore_index=True)
            continue
        values: list[object] = []
        for frame, column in zip(frames, held, strict=True):
            values += [None] * len(frame) if column is None else column.to_numpy(object).tolist()
        columns[name] = pd.Series(values, dtype=object)
    return pd.DataFrame(columns)

"""Values of a column as text and as numbers, and what of them cannot be read as they stand."""

from __future__ import annotations

import decimal
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from siting.sphere import FloatArray

ObjectArray = NDArray[np.object_]
BoolArray = NDArray[np.bool_]

EXACT = 2.0**53
"""From here on a number of double precision can stand for several whole numbers."""

# str.strip() takes white space, NO-BREAK SPACE among it; these are as invisible at an end.
_INVISIBLE = "".join(map(chr, range(32))) + "\x7f\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
_OUTER = _INVISIBLE + "".join(c for c in map(chr, range(0x3001)) if c.isspace())


_NONE = np.array(None, dtype=object)


@dataclass(frozen=True)
class Texts:
    """A column as text.

    Parameters
    ----------
    text
        ``(rows,)`` what each row holds without outer white space, None where it is blank.
    trimmed
        Rows that had outer white space, or other characters that are not seen.
    lost
        Rows with a whole number that is too large for its digits to be known.
    exact
        From here on whole numbers of the column's type stand for several.
    """

    text: ObjectArray
    trimmed: NDArray[np.int64]
    lost: NDArray[np.int64]
    exact: float = EXACT


def read_texts(given: pd.Series[Any]) -> Texts:
    """Text as the user wrote it; a whole number is its digits, and white space is blank."""
    held: ObjectArray = given.to_numpy(dtype=object)
    blank = given.isna().to_numpy(dtype=bool)
    none = np.empty(0, dtype=np.int64)
    if _is_tidy(held[~blank]):
        return Texts(np.where(blank, _NONE, held), none, none)
    written = [text_of(value) for value in held]
    tidy = [value if value is None else tidied(value) for value in written]
    pairs = enumerate(zip(tidy, written, strict=True))
    trimmed = [row for row, (a, b) in pairs if a and a != b]
    exact = _exact_below(given)
    lost = [row for row, value in enumerate(held) if _is_lost(value, exact)]
    text = np.array([value or None for value in tidy], dtype=object)
    return Texts(text, np.array(trimmed, np.int64), np.array(lost, np.int64), exact)


def _is_tidy(texts: ObjectArray) -> bool:
    """Whether all is text that stands as it is: looked at all together, for speed."""
    if set(map(type, texts)) - {str}:
        return False
    around = f"|{'|'.join(texts)}|"
    return around.isprintable() and not any(mark in around for mark in ("||", " |", "| "))


def tidied(text: str) -> str:
    """Text without the white space and the invisible characters around it."""
    text = text.strip()
    return text if text.isprintable() else text.strip(_OUTER)


def text_of(value: object) -> str | None:
    """One value as text, None where there is none; a whole number is its digits."""
    match value:
        case str():
            text: str | None = value if value.strip() else None
        case bool() | np.bool_():
            text = "true" if value else "false"
        case float() | np.floating() | decimal.Decimal():
            text = _digits_of(value)
        case bytes():
            text = value.decode("utf-8", "replace")
        case _:
            text = None if value is None or value is pd.NaT or value is pd.NA else str(value)
    return text


def _digits_of(value: float | np.floating[Any] | decimal.Decimal) -> str | None:
    if math.isnan(value):
        return None
    whole = math.isfinite(value) and value == math.floor(value)
    return str(int(value)) if whole else str(value)


def _exact_below(given: pd.Series[Any]) -> float:
    """The whole number from which on floats of a column's type leave some out."""
    size = getattr(given.dtype, "itemsize", 8)
    return {2: 2.0**11, 4: 2.0**24}.get(size, EXACT) if given.dtype.kind == "f" else EXACT


def _is_lost(value: object, exact: float) -> bool:
    if not isinstance(value, float | np.floating):
        return False
    return math.isfinite(value) and abs(float(value)) >= exact


def read_numbers(given: pd.Series[Any]) -> tuple[FloatArray, BoolArray]:
    """Numbers, NaN where blank or refused, and which values were refused."""
    none = np.zeros(len(given), dtype=bool)
    if pd.api.types.is_bool_dtype(given.dtype):
        refused = ~given.isna().to_numpy(dtype=bool)
        return np.full(len(given), np.nan), refused
    if pd.api.types.is_numeric_dtype(given.dtype):
        return given.to_numpy(dtype=float, na_value=np.nan), none
    held = given.to_numpy(dtype=object)
    values = _read_all(held, given.isna().to_numpy(dtype=bool))
    return (values, none) if values is not None else _read_each(held)


def _read_all(held: ObjectArray, blank: BoolArray) -> FloatArray | None:
    """All numbers at once, or None where one of them has to be looked at."""
    texts = held[~blank]
    # float() also reads digits apart by "_"; only text is sure not to be true or false.
    if set(map(type, texts)) - {str} or "_" in "".join(texts):
        return None
    values = np.full(len(held), np.nan)
    try:
        values[~blank] = texts.astype(float)
    except ValueError:
        return None
    # float() also reads "nan", which is no number of a table.
    return values if np.array_equal(np.isnan(values), blank) else None


def _read_each(held: ObjectArray) -> tuple[FloatArray, BoolArray]:
    values = np.full(len(held), np.nan)
    refused = np.zeros(len(held), dtype=bool)
    for row, value in enumerate(held):
        text = text_of(value)
        if text is None or not tidied(text):
            continue
        text = tidied(text)
        try:
            values[row] = float(text)
        except ValueError:
            refused[row] = True
        refused[row] |= bool(np.isnan(values[row])) or "_" in text
    values[refused] = np.nan
    return values, refused

"""A table of cells, of a text file or a spreadsheet: where its header is, and its columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import pandas as pd

from siting.wording import listing
from siting.world.columns import POSITION
from siting.world.positions import LAT_NAMES, LON_NAMES, SHAPE_NAMES
from siting.world.raw import Source, UnreadableError, fold

HEADER_WITHIN = 20
"""Among so many rows the header is looked for."""

# Digits that a number keeps: 007 is text.
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d+)?")

Cell = str | int | float | bool | None


@dataclass
class Grid:
    """Rows of cells as a file has them; rows without any cell are left out already.

    Parameters
    ----------
    rows, numbers
        The cells of each row, and the number of the row in its file.
    word
        What a row is called: a line or a row.
    blank
        Numbers of the rows that were left out as they have cells, but nothing in them.
    """

    rows: list[Sequence[Cell]]
    numbers: list[int]
    word: str
    blank: list[int] = field(default_factory=list)

    def place(self, index: int) -> str:
        """What to call a row in messages."""
        return f"{self.word} {self.numbers[index]}"


@dataclass
class Laid:
    """A grid with its header found: columns by name, and the number of each row."""

    columns: dict[str, pd.Series]
    numbers: list[int]

    def __len__(self) -> int:
        return len(self.numbers)


def known_names(source: Source) -> frozenset[str]:
    """Folded names of all columns that mean something in a table."""
    ours = [column.name for column in (*source.table.columns, *POSITION)]
    return frozenset(fold(name) for name in (*ours, *source.told())) | SHAPE_NAMES


def needed_names(source: Source) -> list[frozenset[str]]:
    """For each column that every row needs the folded names that it may have here."""
    columns = [column.name for column in source.table.columns if column.required]
    ways = [frozenset(map(fold, (name, *source.read_from(name)))) for name in columns]
    if source.table.geometry == "point":
        for name, names in (("lon", LON_NAMES), ("lat", LAT_NAMES)):
            of_model = frozenset(map(fold, source.read_from(name)))
            ways.append(names | SHAPE_NAMES | of_model)
    return ways


def score(cells: Sequence[Cell], known: frozenset[str]) -> int:
    """How many different cells of a row are names of columns that are known."""
    return len({fold(cell) for cell in cells if isinstance(cell, str)} & known)


def find_header(grid: Grid, source: Source) -> int:
    """Find the row of column names: the one of most known names among the first.

    Raises
    ------
    UnreadableError
        If the model names a row that is not there.
    """
    if source.header_row is not None and source.header_row not in grid.numbers:
        last = grid.numbers[-1] if grid.numbers else 0
        raise UnreadableError(
            f"header_rows.{source.table.name} is {source.header_row}, but {grid.word} "
            f"{source.header_row} is {'blank' if source.header_row < last else 'not there'}; "
            f"give the {grid.word} that has the names of the columns"
        )
    known = known_names(source) | LON_NAMES | LAT_NAMES
    first = grid.rows[:HEADER_WITHIN]
    scores = [score(cells, known) for cells in first]
    best = max(scores, default=0)
    if source.header_row is not None:
        given = grid.numbers.index(source.header_row)
        if best >= 2 and score(grid.rows[given], known) == 0:
            likely = scores.index(best)
            names = _known_among(grid.rows[likely], known)
            raise UnreadableError(
                f"header_rows.{source.table.name} is {source.header_row}, but {grid.place(given)} "
                f"has no name of a column that is known, and {grid.place(likely)} has "
                f"{listing(names)}; without header_rows the row is found, in each sheet by itself"
            )
        return given
    if best >= 2 or (best == 1 and scores[0] == 1):
        return scores.index(best)
    _refuse_far_below(grid, known, source)
    # No name is known: names are a row of text as wide as the table.
    width = max((held_cells(cells) for cells in first), default=0)
    for index, cells in enumerate(first):
        texts = sum(isinstance(cell, str) and not _NUMBER.fullmatch(cell) for cell in cells)
        if 2 * texts > width and texts == held_cells(cells):
            return index
    return 0


def _refuse_far_below(grid: Grid, known: frozenset[str], source: Source) -> None:
    """Name the row of column names that lies below those among which it is looked for."""
    for index in range(HEADER_WITHIN, len(grid.rows)):
        cells = grid.rows[index]
        if score(cells, known) < 2:
            continue
        names = _known_among(cells, known)
        raise UnreadableError(
            f"the names of the columns are not among the first {HEADER_WITHIN} {grid.word}s with "
            f"cells, but {grid.place(index)} has {listing(names)}; if it has the names, say so in "
            f"the model: [header_rows] {source.table.name} = {grid.numbers[index]}"
        )


def _known_among(cells: Sequence[Cell], known: frozenset[str]) -> list[str]:
    return list(dict.fromkeys(str(cell).strip() for cell in cells if fold(str(cell)) in known))


def _tell_guess(grid: Grid, header: int, source: Source, tell: Callable[[str], object]) -> None:
    """Tell where the row of names is a guess, as it has no name that is known."""
    known = known_names(source) | LON_NAMES | LAT_NAMES
    names = score(grid.rows[header], known)
    if source.header_row is None and names < 2 and not (names == 1 and header == 0):
        tell(
            f"{grid.place(header)} is taken for the row of names, though it has "
            f"{'one' if names else 'none'} that is known; if it is another one, say which in the "
            f"model: [header_rows] {source.table.name} = {grid.numbers[header]}"
        )


def held_cells(cells: Sequence[Cell]) -> int:
    """How many cells of a row hold something."""
    return sum(cell is not None and cell != "" for cell in cells)


def lay_out(grid: Grid, source: Source, tell: Callable[[str], object]) -> Laid:
    """Find the header of a grid and make columns of what is below it.

    Raises
    ------
    UnreadableError
        If that cannot be, with the first reason.
    """
    if not grid.rows:
        raise UnreadableError(f"has no {grid.word} of column names; write the table again")
    header = find_header(grid, source)
    names = _name(grid.rows[header])
    _tell_guess(grid, header, source, tell)
    rows, numbers = grid.rows[header + 1 :], grid.numbers[header + 1 :]
    _check_widths(grid, header)
    if not rows:
        raise UnreadableError(say_empty(source))
    above = len([number for number in grid.numbers[:header] if number])
    if above:
        lines = f"{grid.word}{'s' * (above > 1)}"
        tell(
            f"{grid.place(header)} has the names of the columns; {above} {lines} above it "
            f"{'are' if above > 1 else 'is'} no part of the table"
        )
    blank = [number for number in grid.blank if numbers[0] <= number <= numbers[-1]]
    if blank:
        many = len(blank) > 1
        tell(
            f"{len(blank)} blank {grid.word}{'s' * many} {'are' if many else 'is'} left out"
            f" ({some_numbers(blank)})"
        )
    keep = known_names(source) | LON_NAMES | LAT_NAMES
    columns = {}
    for index, values in enumerate(zip(*rows, strict=True)):
        name = names[index]
        if name is None and held_cells(values) == 0:
            continue
        called = name or f"column_{index + 1}"
        columns[called] = column_of(values, keep_text=fold(called) in keep)
    return Laid(columns, numbers)


def some_numbers(numbers: list[int]) -> str:
    """The first numbers of some rows."""
    return (
        listing(map(str, numbers)) if len(numbers) <= 5 else f"{listing(map(str, numbers[:5]))}..."
    )


def _name(header: Sequence[Cell]) -> list[str | None]:
    """Names of the columns; None where there is none."""
    names = [" ".join(str(cell).split()) if cell is not None else "" for cell in header]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        again = "is there twice" if len(twice) == 1 else "are there twice"
        raise UnreadableError(f"column {listing(twice)} {again}; keep one of each")
    return [name or None for name in names]


def _check_widths(grid: Grid, header: int) -> None:
    width = len(grid.rows[header])
    if set(map(len, grid.rows[header:])) == {width}:
        return
    for index in range(header + 1, len(grid.rows)):
        fields = len(grid.rows[index])
        if fields != width:
            raise UnreadableError(
                f"{grid.place(index)}: has {fields} field{'s' * (fields != 1)}, but there are "
                f"{width} columns; put text that holds a comma in quotes"
            )


def say_empty(source: Source) -> str:
    """What is said of a table without rows."""
    table = source.table
    what = f"the table is empty, but needs one {table.a_row} or more"
    return what if table.required else f"{what}; leave {table.name} out of the model if it is none"


def column_of(fields: Sequence[Cell], *, keep_text: bool) -> pd.Series:
    """A column as the file has it; one that is only passed on is numbers if all of it is."""
    # Blanks are sought among different values, as there are few: tables repeat themselves.
    texts = set(fields)
    if set(map(type, texts)) != {str}:
        texts = {field for field in texts if isinstance(field, str)}
    blank = set(filter(str.isspace, cast("set[str]", texts))) | ({""} & texts)
    given = [None if field in blank else field for field in fields] if blank else list(fields)
    if not keep_text and all(map(_is_number, given)):
        if all(map(_is_whole, given)):
            return pd.Series([int(field or 0) for field in given])
        return pd.Series([None if field is None else float(field) for field in given], dtype=float)
    if not keep_text and not set(map(type, given)) <= {str, type(None)}:
        given = [None if field is None else _as_text(field) for field in given]
    return pd.Series(given, dtype=object)


def _is_number(field: Cell) -> bool:
    if isinstance(field, str):
        return _NUMBER.fullmatch(field) is not None
    return not isinstance(field, bool)


def _is_whole(field: Cell) -> bool:
    return isinstance(field, int) or (isinstance(field, str) and "." not in field)


def _as_text(field: Cell) -> str:
    if isinstance(field, bool):
        return "true" if field else "false"
    if isinstance(field, float) and field.is_integer():
        return str(int(field))
    return str(field)

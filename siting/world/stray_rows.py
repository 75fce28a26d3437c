"""Rows of a table that are no rows of it: notes, names again, units, sums, another table beside."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from siting.wording import listing, number, shown
from siting.world.columns import POSITION, TABLES
from siting.world.grids import Cell, Grid, held_cells, known_names, score, some_numbers
from siting.world.positions import LAT_NAMES, LON_NAMES
from siting.world.raw import Source, UnreadableError, fold

_TOTAL = re.compile(
    r"\W*((grand|sub|running|overall|system|report|net)[\s-]*)?"
    r"(totals?|sums?|overall|summe|zwischensumme|gesamt|gesamtsumme|insgesamt|endsumme|somme"
    r"|sous-total|total g\u00e9n\u00e9ral|suma|somma|totale|totaal|subtotaal|razem|celkem)"
    r"(\s+(mw|gw|general|g\u00e9n\u00e9ral|generale|all|rows|sites|plants|zones))?"
    r"(\s*\([^)]*\))?\W*",
    re.IGNORECASE,
)
_STEMS = re.compile("total|sum|gesamt|somm|totaal|overall|razem|celkem", re.IGNORECASE)
# Words that may be an id as well, such as SUM: they say something below the rows alone.
_BELOW = re.compile(r"\W*(sums?|overall|suma|somma|somme|razem|celkem)\W*", re.IGNORECASE)
# Words that may be a name as well: told of, or refused where the numbers bear them out.
_SUMMARY = re.compile(
    r"\W*(all|average|avg|mean|median|min|minimum|max|maximum|count|mittelwert|durchschnitt"
    r"|moyenne|media)\W*",
    re.IGNORECASE,
)
_NOTE = re.compile(
    r"\s*(source|sources|note|notes|quelle|hinweis|remark|as of|data |prepared|generated|created"
    r"|last update|updated|printed|page |legend|disclaimer|copyright|\u00a9|\*|\u2020|\d\)|\(\d\))",
    re.IGNORECASE,
)
_SENTENCE_WORDS = 5
_LEAST_WIDTH = 3
"""A row of fewer columns may hold one cell alone."""

_SUMMED_OF = 3
"""A number that is the sum of fewer rows may be so by chance."""

_UNIT_WORDS = frozenset(
    (
        *("mw", "kw", "gw", "w", "mva", "kva", "kv", "v", "km", "m", "mi", "miles", "ft", "deg"),
        *("degrees", "degree", "decimaldegrees", "dd", "usdmwh", "mwh", "usdkwh", "kwh", "usd"),
        *("musd", "musdmw", "kgmwh", "tmwh", "fraction", "share", "percent", "year"),
    )
)
_DEGREES = frozenset(("deg", "degree", "degrees", "decimaldegrees", "dd"))

Tell = Callable[[str], object]


def take_out_strays(grid: Grid, header: int, source: Source, tell: Tell) -> None:
    """Take out of a grid what is no row of its table, and say so.

    Raises
    ------
    UnreadableError
        If what is no row cannot be told from what is one.
    """
    if source.bundled:
        return
    _cut_blank_ends(grid, header, tell)
    _take_out_names(grid, header, tell)
    _take_out_notes(grid, header, tell)
    _refuse_other_names(grid, header, source)
    _part_tables(grid, header, source, tell)
    _take_out_units(grid, header, source, tell)
    _check_totals(grid, header, source, tell)


def _without(grid: Grid, gone: Sequence[int]) -> list[int]:
    """Take rows out of a grid; the numbers that they had."""
    out = set(gone)
    numbers = [grid.numbers[index] for index in gone]
    grid.rows[:] = [row for index, row in enumerate(grid.rows) if index not in out]
    grid.numbers[:] = [number for index, number in enumerate(grid.numbers) if index not in out]
    return numbers


def _is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def _counted(grid: Grid, numbers: list[int]) -> str:
    many = len(numbers) > 1
    word = f"{grid.word}{'s' * many}"
    return f"{len(numbers):,} {word} ({some_numbers(numbers)})"


# --- Ends, names again, notes ---------------------------------------------------------------


def _cut_blank_ends(grid: Grid, header: int, tell: Tell) -> None:
    """Cut blank fields behind the last column: some programs write as many as they have seen."""
    width = len(grid.rows[header])
    cut = []
    for index in range(header + 1, len(grid.rows)):
        row = grid.rows[index]
        if len(row) > width and all(map(_is_blank, row[width:])):
            grid.rows[index] = row[:width]
            cut.append(grid.numbers[index])
    if cut:
        tell(f"blank fields behind the last column are left out of {_counted(grid, cut)}")


def _take_out_names(grid: Grid, header: int, tell: Tell) -> None:
    names = [fold(str(cell)) if cell is not None else "" for cell in grid.rows[header]]
    first = next((index for index, name in enumerate(names) if name), None)
    if first is None:
        return
    start = str(grid.rows[header][first]).strip().casefold()
    again = [
        index
        for index in range(header + 1, len(grid.rows))
        if len(grid.rows[index]) == len(names)
        and isinstance(cell := grid.rows[index][first], str)
        and cell.strip().casefold() == start
        and [fold(str(c)) if c is not None else "" for c in grid.rows[index]] == names
    ]
    if again:
        many = len(again) > 1
        tell(
            f"{_counted(grid, _without(grid, again))} {'hold' if many else 'holds'} the names of "
            f"the columns again, and {'are' if many else 'is'} left out"
        )


def _take_out_notes(grid: Grid, header: int, tell: Tell) -> None:
    """Take out text below the table that stands in one cell alone."""
    if held_cells(grid.rows[header]) < _LEAST_WIDTH:
        return
    notes = []
    for index in range(len(grid.rows) - 1, header, -1):
        row = grid.rows[index]
        held = [cell for cell in row if not _is_blank(cell)]
        if not held:
            break
        # In text a note with a comma is several fields, but seldom as many as there are columns.
        is_short = len(row) < len(grid.rows[header]) and _NOTE.match(str(held[0])) is not None
        if not is_short and (len(held) != 1 or not _is_note(held[0])):
            break
        notes.append(index)
    if notes and len(grid.rows) - 1 - len(notes) > header:
        notes.reverse()
        text = next(str(cell) for cell in grid.rows[notes[0]] if not _is_blank(cell))
        many = len(notes) > 1
        tell(
            f"{_counted(grid, _without(grid, notes))} below the table {'are' if many else 'is'} "
            f"taken for {'notes' if many else 'a note'} and left out: {shown(text)}"
        )


def _is_note(cell: Cell) -> bool:
    if not isinstance(cell, str):
        return False
    return _NOTE.match(cell) is not None or len(cell.split()) >= _SENTENCE_WORDS


# --- Another table below or beside ----------------------------------------------------------


def _refuse_other_names(grid: Grid, header: int, source: Source) -> None:
    """Refuse a second row of names: of a table below, or of a header of two rows."""
    known = known_names(source).union(
        LON_NAMES, LAT_NAMES, *(map(fold, (c.name for c in t.columns)) for t in TABLES.values())
    )
    numbers = _numbers_of(source, grid.rows[header])
    id_at = _id_column(grid.rows[header], source)
    likely = next(iter(numbers), 0)
    for index in range(header + 1, len(grid.rows)):
        row = grid.rows[index]
        first = row[likely] if likely < len(row) else None
        if isinstance(first, int | float) or (first and first[-1].isdigit()):
            continue  # nearly every row: looked at alone, for speed
        held = [row[column] for column in numbers if column < len(row)]
        said = [cell for cell in held if not _is_blank(cell)]
        if not all(isinstance(cell, str) and fold(cell) in known for cell in said):
            continue
        if not said and not (id_at is not None and id_at < len(row) and _is_blank(row[id_at])):
            continue
        if score(row, known) < 2:
            continue
        names = dict.fromkeys(str(c).strip() for c in row if fold(str(c)) in known)
        raise UnreadableError(
            f"{grid.place(index)}: holds names of columns, {listing(names)}, and no numbers; if it "
            f"is the row of names, say so in the model: [header_rows] {source.table.name} = "
            f"{grid.numbers[index]}; if another table begins there, put each table on its own"
        )


def _part_tables(grid: Grid, header: int, source: Source, tell: Tell) -> None:
    """Tell two tables that stand side by side from one that has a blank column."""
    names = grid.rows[header]
    rows = grid.rows[header + 1 :]
    if not any(_is_blank(cell) for cell in names) or {len(row) for row in rows} != {len(names)}:
        return
    known = known_names(source) | LON_NAMES | LAT_NAMES
    blocks = _blocks(names, rows)
    if len(blocks) < 2:
        return
    ours = [block for block in blocks if score([names[c] for c in block], known)]
    filled = [
        [any(not _is_blank(row[column]) for column in block) for row in rows] for block in blocks
    ]
    if len(ours) == 1:
        own = filled[blocks.index(ours[0])]
        beside = [header + 1 + n for n, is_filled in enumerate(own) if not is_filled]
        if beside and len(beside) < len(rows):
            columns = [str(names[c]) for block in blocks if block is not ours[0] for c in block]
            hold, are = ("hold", "are") if len(beside) > 1 else ("holds", "is")
            tell(
                f"{_counted(grid, _without(grid, beside))} {hold} cells of another table alone, "
                f"which stands beside ({_listed(columns)}), and {are} left out"
            )
        return
    if len(ours) < 2:
        return
    first, *others = ours
    expected = filled[blocks.index(first)]
    for block in others:
        columns = [str(names[c]) for c in block]
        those = f"column{'s' * (len(columns) > 1)} {_listed(columns)}"
        stand, are = ("stand", "are") if len(columns) > 1 else ("stands", "is")
        if filled[blocks.index(block)] != expected:
            raise UnreadableError(
                f"{those} {stand} behind a blank column and {are} filled in other {grid.word}s "
                "than those before it, so perhaps it is another table; put each table on its own, "
                "or take the blank column out if it is one"
            )
        tell(f"{those} {stand} behind a blank column, and {are} read as part of the table")


def _listed(names: list[str]) -> str:
    return listing(names if len(names) <= 5 else [*names[:5], f"{len(names) - 5} more"])


def _blocks(names: Sequence[Cell], rows: list[Sequence[Cell]]) -> list[list[int]]:
    """Columns that stand together, apart by columns with nothing in them at all."""
    blocks: list[list[int]] = [[]]
    for column, name in enumerate(names):
        if _is_blank(name) and all(_is_blank(row[column]) for row in rows):
            blocks.append([])
        elif not _is_blank(name):
            blocks[-1].append(column)
    return [block for block in blocks if block]


def _id_column(names: Sequence[Cell], source: Source) -> int | None:
    ways = {fold(name) for name in ("id", *source.read_from("id"))}
    return next((index for index, name in enumerate(names) if fold(str(name)) in ways), None)


# --- Units ----------------------------------------------------------------------------------


def _numbers_of(source: Source, names: Sequence[Cell]) -> dict[int, str]:
    """Columns of numbers that are read, with the unit that they have in the registry."""
    units: dict[int, str] = {}
    for column in (*source.table.columns, *POSITION):
        if column.kind in ("number", "integer"):
            ways = {fold(name) for name in (column.name, *source.read_from(column.name))}
            ways |= {"lon": LON_NAMES, "lat": LAT_NAMES}.get(column.name, frozenset())
            units |= {
                index: column.unit for index, name in enumerate(names) if fold(str(name)) in ways
            }
    return units


def _take_out_units(grid: Grid, header: int, source: Source, tell: Tell) -> None:
    """Take out a row of units under the names, where they are those of the registry."""
    if len(grid.rows) < header + 3:
        return
    units = _numbers_of(source, grid.rows[header])
    row = grid.rows[header + 1]
    there = [index for index in sorted(units) if index < len(row)]
    held = {index: row[index] for index in there if not _is_blank(row[index])}
    said = {index: str(cell).strip("[]() ") for index, cell in held.items()}
    if not said or any(any(c.isdigit() for c in text) for text in said.values()):
        return
    if not any(fold(text) in _UNIT_WORDS for text in said.values()):
        return
    others = [
        text
        for index, text in said.items()
        if fold(text) != fold(units[index])
        and not (units[index] == "degrees" and (fold(text) in _DEGREES or text == "\u00b0"))
    ]
    place = grid.place(header + 1)
    if others:
        raise UnreadableError(
            f"{place}: has the units of the columns ({listing(dict.fromkeys(said.values()))}) and "
            f"no values, and {listing(dict.fromkeys(others))} may be another than ours; take the "
            f"{grid.word} out, and where a unit is not ours say the factor in "
            f"[columns.{source.table.name}]"
        )
    _without(grid, [header + 1])
    tell(f"{place} has the units of the columns, which are ours, and is left out")


# --- Sums -----------------------------------------------------------------------------------


def _check_totals(grid: Grid, header: int, source: Source, tell: Tell) -> None:
    if len(grid.rows) <= header + 1:
        return
    names = [fold(str(name)) if name is not None else "" for name in grid.rows[header]]
    own = {fold(name) for ours in ("id", "name") for name in (ours, *source.read_from(ours))}
    told = [index for index, name in enumerate(names) if name in own]
    last = len(grid.rows) - 1
    between = range(header + 1, last) if _may_hold_sums(grid, header, told) else ()
    found = [
        (index, text)
        for index in (*between, last)
        for text in _labels(grid.rows[index], told, is_last=index == last)
        if _TOTAL.fullmatch(text) and (index == last or not _BELOW.fullmatch(text))
    ]
    if found:
        index, text = found[0]
        more = len({index for index, _ in found}) - 1
        others = f" ({more:,} more such {grid.word}{'s' * (more > 1)})" if more else ""
        it = "them" if more else "it"
        is_one = "they are rows" if more else f"it is a {source.table.a_row}"
        raise UnreadableError(
            f"{grid.place(index)}: begins with {shown(text)}, so it is perhaps a sum of the rows "
            f"above{others}; take {it} out, or call {it} otherwise if {is_one}"
        )
    _check_last(grid, header, source, names, tell)


def _may_hold_sums(grid: Grid, header: int, told: list[int]) -> bool:
    """Whether a word for a sum is anywhere among ids and names: all at once, for speed."""
    held = (row[index] for row in grid.rows[header + 1 :] for index in told if index < len(row))
    return _STEMS.search("\n".join(cell for cell in held if isinstance(cell, str))) is not None


def _labels(row: Sequence[Cell], told: list[int], *, is_last: bool) -> list[str]:
    """What may say that a row is a sum: its id, its name, and in the last the first text."""
    held = [row[index] for index in told if index < len(row)]
    if is_last:
        held.append(next((c for c in row if isinstance(c, str) and c.strip()), None))
    return list(dict.fromkeys(cell.strip() for cell in held if isinstance(cell, str)))


def _check_last(grid: Grid, header: int, source: Source, names: list[str], tell: Tell) -> None:
    """Look whether the last row sums up those above, whatever it is called."""
    rows = grid.rows[header + 1 :]
    last = rows[-1]
    place = grid.place(len(grid.rows) - 1)
    first = next((c.strip() for c in last if isinstance(c, str) and c.strip()), "")
    is_summary = _SUMMARY.fullmatch(first) is not None
    id_at = _id_column(grid.rows[header], source)
    own = None if id_at is None or id_at >= len(last) else last[id_at]
    is_nameless = id_at is not None and (
        _is_blank(own) or any(own == row[id_at] for row in rows[:-1] if id_at < len(row))
    )
    above = len(rows) - 1
    for index, unit in _numbers_of(source, grid.rows[header]).items():
        how = None
        if unit in ("MW", "km"):
            how = _summary_of(rows, index, sums_only=not is_summary)
        if how is None:
            continue
        name = grid.rows[header][index]
        value = number(_number(last[index]) or 0)
        what = f"{name} is {value}, the {how} of the {above:,} {grid.word}s above"
        if is_summary or (is_nameless and above > 1):
            why = f"begins with {shown(first)}" if is_summary else "has no id of its own"
            raise UnreadableError(
                f"{place}: {why}, and its {what}, so it is perhaps no row of the table; take it "
                "out, or give it an id of its own"
            )
        if above >= _SUMMED_OF and not _is_parent(own, rows, names, source):
            tell(
                f"{place}: {what}; it is read as {source.table.a_row} {shown(own)}: take it out if "
                "it is their total"
            )
            return
    if is_summary:
        tell(
            f"{place} begins with {shown(first)}, and is read as any other {grid.word}; take it "
            "out if it sums up those above"
        )


def _is_parent(own: Cell, rows: list[Sequence[Cell]], names: list[str], source: Source) -> bool:
    """Whether other rows lie in the last one, whose number may well be the sum of theirs."""
    ways = {fold(name) for name in ("parent", *source.read_from("parent"))}
    at = next((index for index, name in enumerate(names) if name in ways), None)
    return at is not None and any(row[at] == own for row in rows[:-1])


def _summary_of(rows: list[Sequence[Cell]], index: int, *, sums_only: bool) -> str | None:
    """How the number of the last row comes from those above: their sum, their mean, and so on."""
    try:
        numbers = [_number(row[index]) for row in rows]
    except (ValueError, IndexError):
        return None
    *above, last = numbers
    given = [value for value in above if value is not None]
    if last is None or last == 0 or len(given) < 2:
        return None
    total = sum(given)  # infinite where it overflows
    ways = {"sum": total}
    if not sums_only:
        ways |= {"mean": total / len(given), "least": min(given), "largest": max(given)}
    if sum(value != 0 for value in given) < 2:
        return None
    return next((how for how, value in ways.items() if math.isclose(value, last)), None)


def _number(cell: Cell) -> float | None:
    if _is_blank(cell):
        return None
    return float(cell or 0)

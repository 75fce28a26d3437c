"""Which column of a file is which of the registry, by their names alone.

In this order: what the model says in ``[columns]``, exact names, names that differ by case and
separators alone, names that a Shapefile cut. What is left and nearly a name is asked about.
"""

from __future__ import annotations

import difflib
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from siting.model.sections import IGNORE
from siting.wording import did_you_mean, listing, number
from siting.world.columns import POSITION, Column, Table

CUT_LENGTH = 10
"""Letters of a column's name that a Shapefile keeps: dBASE has no room for more."""

SHAPES = ("geometry", "wkt")
"""Names in ``[columns]`` for the column that holds shapes."""

ROW_NUMBER = "#"
"""Stands in ``[columns]`` for the number of a row, for a file whose rows have no id."""

CONSTANT = "="
"""Begins in ``[columns]`` what all rows have, for a file that lacks the column: ``= 300``."""

NEAR = 0.85
"""Names are asked about where they are so alike [0-1]: one letter in seven may differ."""

LISTED = 10
"""So many columns of a file are listed; the others are counted."""

_SEPARATORS = re.compile(r"[\s_.\-\u2010-\u2015]+")
_INVISIBLE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad]")
_NUMBER = r"[+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TIMES = re.compile(rf"(?s)\s*(?P<name>.+?)\s*(?P<sign>[*/])\s*(?P<number>{_NUMBER})\s*")
_TIMES_BEFORE = re.compile(rf"(?s)\s*(?P<number>{_NUMBER})\s*(?P<sign>\*)\s*(?P<name>.+?)\s*")
_QUOTED = re.compile(r"(?s)\s*([\"'`])(?P<name>.+)\1\s*")

# Words of a name that say in which unit it is, and not what it is.
_UNITS = frozenset(
    (
        *("w", "kw", "mw", "gw", "va", "kva", "mva", "v", "kv", "mv", "kwh", "mwh", "gwh"),
        *("m", "km", "mi", "mile", "miles", "ft", "kg", "g", "t", "ton", "tons", "tonne", "lb"),
        *("lbs", "usd", "kusd", "musd", "eur", "cent", "cents", "ct", "per", "fraction"),
        *("percent", "pct", "share", "year"),
    )
)
# Words that make another column of a name: `utility_id` is not the utility.
_OTHERS = (
    *("id", "ids", "name", "code", "no", "num", "nr", "number", "type", "class", "key", "old"),
    *("new", "note", "notes", "source", "url", "date", "status", "fips", "abbr", "index", "x", "y"),
)
# Other words of the field for a column: said where it is missing, and never taken.
_SYNONYMS = {
    "kv": ("voltage", "volt", "volts", "voltagekv", "nominalkv", "basekv", "maxvolt", "vnom"),
    "km": ("length", "lengthkm", "lengthm", "distance", "distancekm", "routekm", "kmlength"),
    "price_usd_per_mwh": ("lmp", "lmpusdpermwh", "energyprice", "electricityprice", "tariff"),
    "capacity_factor": ("cf", "capfactor", "capfac"),
    "from": ("fromnode", "nodefrom", "fromid", "bus0", "frombus"),
    "to": ("tonode", "nodeto", "toid", "bus1", "tobus"),
}
# Words for a position that can mean nothing else, where rows are at degrees in columns.
_POSITION_WORDS = {"longitude": "lon", "lng": "lon", "long": "lon", "latitude": "lat"}


@dataclass(frozen=True)
class Origin:
    """The column of a file that a column of the registry is read from.

    Parameters
    ----------
    name
        Its name in the file.
    times, over
        Its numbers are multiplied by the one and divided by the other.
    constant
        What every row has instead, where there is no such column.
    """

    name: str
    times: float = 1.0
    over: float = 1.0
    constant: str | None = None

    @property
    def is_plain(self) -> bool:
        """Whether its values are taken as they are."""
        return self.times == 1 and self.over == 1

    def written(self, factor: float = 1.0) -> str:
        """How ``[columns]`` has it, with another factor on top: ``VOLTAGE / 1000``."""
        if self.constant is not None:
            is_number = re.fullmatch(_NUMBER, self.constant) is not None
            value = f"{float(self.constant) * factor:.10g}" if is_number else self.constant
            return f"{CONSTANT} {value}"
        whole = self.times / self.over * factor
        if math.isclose(whole, 1, rel_tol=1e-12):
            return self.name
        part = 1 / whole
        if whole < 1 and math.isclose(part, round(part), rel_tol=1e-9):
            return f"{self.name} / {round(part)}"
        return f"{self.name} * {whole:.10g}"


@dataclass
class Match:
    """Which columns are read from where, and what is to say about it.

    Parameters
    ----------
    origins
        By the name that the registry has.
    left_out
        Columns of the file that would be read, but are not, as the model says otherwise.
    asked
        Columns of the registry that a problem asks about, so that they are not also missing.
    problems, notices
        What cannot be decided, and what was decided.
    """

    origins: dict[str, Origin] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def folded(name: str) -> str:
    """A name but for case, spaces, hyphens, underscores, points and Unicode form."""
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", name)).casefold()
    return _SEPARATORS.sub("", plain)


def match_columns(
    names: Iterable[str],
    table: Table,
    asked: Sequence[tuple[str, str]] = (),
    *,
    with_position: bool = False,
    is_cut: bool = False,
) -> Match:
    """Find for each column of the registry the column of a file that it is read from.

    Parameters
    ----------
    names
        Columns of the file, in its order.
    table
        The table that it holds.
    asked
        ``[columns]`` of the model: our name and theirs, which may have a factor.
    with_position
        Whether rows are at positions in columns, and not drawn.
    is_cut
        Whether the file is a Shapefile, whose names have at most ten letters.
    """
    return _Matching([*dict.fromkeys(names)], table, with_position=with_position).match(
        asked, is_cut=is_cut
    )


def check_asked(
    names: Iterable[str],
    table: Table,
    asked: Sequence[tuple[str, str]],
    *,
    with_position: bool = False,
) -> Match:
    """Look only for what the model says in ``[columns]``, among all columns of a file."""
    matching = _Matching([*dict.fromkeys(names)], table, with_position=with_position)
    matching.take_asked(asked)
    return matching.found


def asked_of_part(
    asked: Sequence[tuple[str, str]],
    names: Sequence[str],
    everywhere: Sequence[str],
    *,
    is_cut: bool = False,
) -> tuple[tuple[str, str], ...]:
    """What of ``[columns]`` is for one part of a table: what names a column that it has.

    A part may spell the column in its own way, or have none: what names a column of another part
    is not for it. What no part has stays, so that it is asked about.

    >>> asked_of_part([("kv", "VOLTAGE / 1000")], ["Voltage"], ["VOLTAGE", "Voltage"])
    (('kv', 'Voltage / 1000'),)
    >>> asked_of_part([("kv", "VOLTAGE / 1000")], ["KV"], ["VOLTAGE", "KV"])
    ()
    """
    own = []
    for ours, theirs in asked:
        if _column_in(theirs, names) is not None or _parse_special(theirs.strip()) is not None:
            own.append((ours, theirs))
            continue
        wanted = _column_in(theirs, everywhere)
        if wanted is None:
            own.append((ours, theirs))
            continue
        if ours == IGNORE:
            continue  # what is left out is left out by its own name alone
        alike = [name for name in names if folded(name) == folded(wanted)]
        if not alike and is_cut and len(wanted) > CUT_LENGTH:
            alike = [n for n in names if _cut_form(n) == _cut_form(wanted[:CUT_LENGTH])]
        if len(alike) == 1:
            own.append((ours, theirs.replace(wanted.strip(), alike[0], 1)))
    return tuple(own)


def _column_in(text: str, names: Sequence[str]) -> str | None:
    """The column that a text of ``[columns]`` names, with its factor or without."""
    found = _named(text, names)
    for pattern in (_TIMES, _TIMES_BEFORE):
        match = pattern.fullmatch(text)
        if found is None and match is not None:
            found = _named(match["name"], names)
    return found


def _named(text: str, names: Sequence[str]) -> str | None:
    """The column of the file that a text names, in quotes or not."""
    quoted = _QUOTED.fullmatch(text)
    wanted = (text, text.strip(), *([quoted["name"]] if quoted else []))
    for name in wanted:
        if name in names:
            return name
    return next((name for name in names if name.strip() in wanted), None)


class _Matching:
    """One matching: steps that each take columns out of what is left."""

    def __init__(self, names: list[str], table: Table, *, with_position: bool) -> None:
        columns = (*table.columns, *(POSITION if with_position else ()))
        self.table = table
        self.with_position = with_position
        self.names = names
        self.known: dict[str, Column] = {column.name: column for column in columns}
        self.found = Match()
        self.spent: set[str] = set()

    def match(self, asked: Sequence[tuple[str, str]], *, is_cut: bool) -> Match:
        self.take_asked(asked)
        self._take_exact()
        self._take_folded()
        self._take_cut(is_cut=is_cut)
        self._ask_about_near()
        self._tell_of_synonyms()
        return self.found

    # --- What the model says ----------------------------------------------------------------

    def take_asked(self, asked: Sequence[tuple[str, str]]) -> None:
        for ours, theirs in asked:
            if ours in SHAPES:
                continue  # it has been read: shapes are no column any more
            if ours == IGNORE:
                self._ignore(theirs)
            elif ours not in self.known:
                self.found.problems.append(self._say_no_column(ours, theirs))
            else:
                self._take_asked_one(self.known[ours], theirs)

    def _ignore(self, name: str) -> None:
        if name not in self.names:
            self.found.problems.append(
                f"columns.{self.table.name}: {IGNORE} has {_quoted(name)}, which is no column of "
                f"the file; {self._say_names(name)}"
            )
            return
        self.spent.add(name)
        if name in self.known:
            self.found.left_out.append(name)
            self.found.notices.append(
                f"column '{name}' is not read, as columns.{self.table.name} says to ignore it"
            )

    def _take_asked_one(self, column: Column, text: str) -> None:
        where = f"columns.{self.table.name}: {column.name} = {_quoted(text)}"
        origin = self._parse(text)
        if isinstance(origin, str):
            self.found.problems.append(f"{where}, but {origin}")
            self.found.asked.add(column.name)
            return
        if not origin.is_plain and column.kind not in ("number", "integer"):
            what = "true or false" if column.kind == "flag" else "text"
            self.found.problems.append(
                f"{where}, but {column.name} is {what}, and a factor is for numbers; write "
                f"{column.name} = {_quoted(origin.name)}"
            )
            self.found.asked.add(column.name)
            return
        self.found.origins[column.name] = origin
        if origin.constant is not None:
            self.found.notices.append(
                f"{column.name} is {origin.constant} in every row, as columns.{self.table.name} "
                "says"
            )
        elif origin.name == ROW_NUMBER and ROW_NUMBER not in self.names:
            self.found.notices.append(
                f"{column.name} is the number of the row in the file, as "
                f"columns.{self.table.name} says"
            )
        else:
            self.spent.add(origin.name)
        if column.name in self.names and origin.name != column.name:
            self.found.left_out.append(column.name)
            if origin.constant is not None or origin.name == ROW_NUMBER:
                self.found.notices.append(
                    f"the file's own column '{column.name}' is left out, as "
                    f"columns.{self.table.name} says what {column.name} is"
                )
                return
            self.found.notices.append(
                f"{column.name} is read from '{origin.name}', as columns.{self.table.name} says; "
                f"the file's own column '{column.name}' is left out"
            )

    def _parse(self, text: str) -> Origin | str:
        """The column that a text names and its factor, or what is wrong with it."""
        plain = _named(text, self.names)
        if plain is not None:
            return Origin(plain)
        special = _parse_special(text.strip())
        if special is not None:
            return special
        for pattern in (_TIMES, _TIMES_BEFORE):
            match = pattern.fullmatch(text)
            name = None if match is None else _named(match["name"], self.names)
            if match is None or name is None:
                continue
            factor = float(match["number"])
            if not (math.isfinite(factor) and factor > 0):
                return f"its factor is {match['number']}, and a factor is a number above 0"
            if match["sign"] == "*":
                return Origin(name, times=factor)
            return Origin(name, over=factor)
        bare = match["name"] if (match := _TIMES.fullmatch(text)) else text
        bare = quoted["name"] if (quoted := _QUOTED.fullmatch(bare)) else bare
        said = f"the file has no column {_quoted(bare)}; {self._say_names(bare)}"
        if re.search(r"[*/+\-]", text) and _TIMES.fullmatch(text) is None:
            said += "; with a factor it reads NAME * 1000 or NAME / 1000"
        return said

    def _say_no_column(self, ours: str, theirs: str) -> str:
        said = f"columns.{self.table.name} has {ours} = {_quoted(theirs)}, but {ours} is no column"
        if ours in {column.name for column in POSITION} and self.table.geometry == "point":
            return f"{said} where the file has its own geometry; leave it out"
        close = did_you_mean(ours, [*self.known, IGNORE])
        hint = f"did you mean {close}?" if close else f"its columns are {listing(self.known)}"
        return f"{said} of {self.table.name}; {hint}"

    def _say_names(self, wanted: str) -> str:
        if not self.names:
            return "it has none"
        close = did_you_mean(wanted, self.names)
        shown = ", ".join(self.names[:LISTED])
        more = len(self.names) - LISTED
        has = f"it has {shown}{f' and {more:,} more' if more > 0 else ''}"
        return f"did you mean '{close}'? {has[0].upper()}{has[1:]}" if close else has

    # --- Names that fit ---------------------------------------------------------------------

    def _take_exact(self) -> None:
        for name in self.names:
            if name in self.known:
                self.spent.add(name)
                if name not in self.found.left_out and name not in self.found.asked:
                    self.found.origins.setdefault(name, Origin(name))

    def _rest(self) -> list[str]:
        return [name for name in self.names if name not in self.spent]

    def _is_free(self, ours: str) -> bool:
        return ours not in self.found.origins and ours not in self.found.asked

    def _take_folded(self) -> None:
        by_folded: dict[str, list[str]] = {}
        for name in self._rest():
            word = folded(name)
            if self.with_position:
                word = _POSITION_WORDS.get(word, word)
            by_folded.setdefault(word, []).append(name)
        taken: dict[str, str] = {}
        for ours in self.known:
            fits = by_folded.get(folded(ours), [])
            if not fits or ours in self.found.asked:
                continue
            self.spent.update(fits)
            if ours in self.found.origins:
                held = self.found.origins[ours].name
                self.found.notices.append(
                    f"{_columns(fits)} {_is_or_are(fits)} not read, as {ours} is read from '{held}'"
                )
            elif len(fits) == 1:
                self.found.origins[ours] = Origin(fits[0])
                taken[ours] = fits[0]
            else:
                self.found.asked.add(ours)
                self.found.problems.append(
                    f"{_columns(fits)} are all {ours} but for case and spaces; keep one of them, "
                    f"or say which is meant: {self._say_asked(ours, fits[0])}"
                )
        if taken:
            self.found.notices.append(
                f"{_columns(taken.values())} {_is_or_are(taken)} read as {', '.join(taken)}"
            )

    def _take_cut(self, *, is_cut: bool) -> None:
        """Names of ten letters that are the beginning of longer ones."""
        taken: dict[str, str] = {}
        long = [ours for ours in self.known if len(ours) > CUT_LENGTH]
        for start in dict.fromkeys(ours[:CUT_LENGTH] for ours in long):
            free = [o for o in long if o.startswith(start) and self._is_free(o)]
            rest = self._rest()
            heads = [name for name in rest if _cut_form(name) == start]
            twins = [name for name in rest if _is_numbered(name, start)]
            if not heads:
                # Where a word is cut in its middle and numbered, its twin was taken out.
                inside = "_" not in (start[7], start[8])
                heads, twins = (twins, []) if is_cut and inside else ([], [])
                sure = False
            else:
                sure = is_cut and not twins and len(heads) == 1
            if not free or not heads:
                continue
            self.spent.update(heads, twins)
            if sure and len(free) == 1:
                self.found.origins[free[0]] = Origin(heads[0])
                taken[free[0]] = heads[0]
                continue
            self.found.asked.update(free)
            self.found.problems.append(self._say_cut(heads, twins, free))
        if taken:
            are = "a name" if len(taken) == 1 else "names"
            self.found.notices.append(
                f"{_columns(taken.values())} {_is_or_are(taken)} read as {', '.join(taken)}: "
                f"{are} that the Shapefile cut to {CUT_LENGTH} letters"
            )

    def _say_cut(self, heads: list[str], twins: list[str], free: list[str]) -> str:
        both = [*heads, *twins]
        if twins:
            what = (
                f"{_columns(both)} are names that were cut to {CUT_LENGTH} letters and were then "
                f"the same, so which is {' or '.join(free)} is not known"
            )
        elif len(free) > 1:
            what = (
                f"column '{heads[0]}' was perhaps cut to {CUT_LENGTH} letters, and is the "
                f"beginning of {listing(free)}, so it is not known which it is"
            )
        else:
            what = (
                f"{_columns(both)} {_is_or_are(both)} not read, but perhaps {free[0]}, cut to "
                f"{CUT_LENGTH} letters"
            )
        or_twin = "".join(f" or {_quoted(name)}" for name in twins)
        return (
            f"{what}; save the table as GeoPackage, which keeps names whole, or say which it is: "
            f"{self._say_asked(free[0], heads[0])}{or_twin}, or {self._say_ignored(both)} if none"
        )

    # --- Names that nearly fit --------------------------------------------------------------

    def _ask_about_near(self) -> None:
        # What is required and missing has its own problem, and a name is for people.
        wanted = [
            ours
            for ours, column in self.known.items()
            if not column.required and ours != "name" and self._is_free(ours)
        ]
        for name in self._rest():
            near = [ours for ours in wanted if is_near(name, ours)]
            if not near:
                continue
            best = max(near, key=lambda ours: _likeness(folded(name), folded(ours)))
            self.found.asked.add(best)
            self.spent.add(name)
            self.found.problems.append(
                f"column '{name}' is not read; did you mean {best}? Rename it, or say "
                f"{self._say_asked(best, name)}, or {self._say_ignored([name])} if it is "
                "something else"
            )

    def _tell_of_synonyms(self) -> None:
        for ours, words in _SYNONYMS.items():
            if ours not in self.known or not self._is_free(ours):
                continue
            alike = [
                name
                for name in self._rest()
                if folded(name) in words or _without_brackets(name) in words
            ]
            if alike:
                self.spent.update(alike)
                is_number = self.known[ours].kind in ("number", "integer")
                factor = f", with its factor, such as {_quoted(f'{alike[0]} / 1000')}"
                self.found.notices.append(
                    f"{_columns(alike)} {_is_or_are(alike)} not read, and there is no {ours}; if "
                    f"it is that, say {self._say_asked(ours, alike[0])}{factor * is_number}"
                )

    def _say_asked(self, ours: str, theirs: str) -> str:
        return f"[columns.{self.table.name}] {ours} = {_quoted(theirs)}"

    def _say_ignored(self, names: Iterable[str]) -> str:
        return f"{IGNORE} = {json.dumps(list(names), ensure_ascii=False)}"


def _parse_special(text: str) -> Origin | str | None:
    """The number of the row, or what every row has; None for anything else."""
    if text == ROW_NUMBER:
        return Origin(ROW_NUMBER)
    if not text.startswith(CONSTANT):
        return None
    constant = text.removeprefix(CONSTANT).strip()
    return Origin("", constant=constant) if constant else f"nothing follows the {CONSTANT}"


def is_near(name: str, ours: str) -> bool:
    """Whether a name is nearly one of the registry: a slip of the pen, or another unit.

    >>> is_near("capacity_facter", "capacity_factor"), is_near("headroom", "headroom_mw")
    (True, True)
    >>> is_near("utility_id", "utility"), is_near("kv_2030", "kv"), is_near("kva", "kv")
    (False, False, False)
    """
    given, wanted = folded(name), folded(ours)
    if _without_brackets(name) == wanted != given:
        return True
    if _digits(given) != _digits(wanted):
        return False
    subject = [word for word in _words(name) if word not in _UNITS]
    if subject and subject == [word for word in _words(ours) if word not in _UNITS]:
        return True
    if any(given in (f"{wanted}{word}", f"{word}{wanted}") for word in _OTHERS):
        return False
    return _likeness(given, wanted) >= NEAR


def _words(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return [word.casefold() for word in re.split(r"[^0-9A-Za-z]+", apart) if word]


def _without_brackets(name: str) -> str:
    """A folded name but for what stands in brackets at its end: a unit, or a remark."""
    return folded(re.sub(r"\s*[(\[{][^()\[\]{}]*[)\]}]\s*$", "", name))


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdigit())


def _likeness(a: str, b: str) -> float:
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()


def _cut_form(name: str) -> str:
    return re.sub(r"[\s\-.]", "_", name).casefold()


def _is_numbered(name: str, start: str) -> bool:
    """Whether a name is what GDAL or ArcGIS make of a second name with the same ten letters.

    GDAL's driver keeps eight letters and writes ``_1`` to ``_9``, then ``10`` to ``99`` (GDAL
    3.12); others keep seven before ``_10``.
    """
    given = _cut_form(name)
    if len(given) != CUT_LENGTH or given == start:
        return False
    head, tail = given[:8], given[8:]
    if head == start[:8] and re.fullmatch(r"_\d|\d\d", tail):
        return True
    return given[:7] == start[:7] and re.fullmatch(r"_\d\d", given[7:]) is not None


def _columns(names: Iterable[str]) -> str:
    quoted = [f"'{name}'" for name in names]
    shown = [*quoted[:LISTED]]
    if len(quoted) > LISTED:
        shown.append(f"{number(len(quoted) - LISTED)} more")
    return f"column{'s' if len(quoted) > 1 else ''} {listing(shown)}"


def _is_or_are(names: Iterable[str]) -> str:
    return "is" if len(list(names)) == 1 else "are"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)

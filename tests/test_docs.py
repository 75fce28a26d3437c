"""The documentation holds together: links lead somewhere, equations name functions that exist."""

import re
import subprocess
from pathlib import Path

import pytest

from siting.program.formulation.build import RULES
from siting.program.formulation.objective import OBJECTIVES

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    page.relative_to(ROOT)
    for pattern in ("*.md", "docs/**/*.md", "models/*/README.md", "data/*/README.md")
    for page in ROOT.glob(pattern)
)


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, as code forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_relative_links_lead_somewhere(page: Path) -> None:
    broken = []
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        place = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            broken.append(target)
    assert broken == []


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {page.name for page in (ROOT / "docs").iterdir() if page.is_file()} - {"README.md"}
    assert [page for page in sorted(pages) if f"({page})" not in index] == []


def test_formulation_names_every_rule_and_objective() -> None:
    text = (ROOT / "docs" / "formulation.md").read_text(encoding="utf-8")
    functions = [*RULES, *OBJECTIVES.values()]
    assert [f.__name__ for f in functions if f"`{f.__name__}`" not in text] == []


def test_formulation_names_only_functions_that_exist() -> None:
    """Names in the form ``module.function`` or in the column of functions are in the code."""
    text = (ROOT / "docs" / "formulation.md").read_text(encoding="utf-8")
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "siting").rglob("*.py"))
    named = re.findall(r"^\*\*`(\w+)`\*\*", text, re.MULTILINE)
    assert named
    defined = set(re.findall(r"^\s*(?:def|class) (\w+)", code, re.MULTILINE))
    assert sorted(set(named) - defined) == []


def test_no_tracked_file_names_a_place_on_a_machine() -> None:
    """Absolute paths of homes and workplaces mean nothing elsewhere; tests invent ``someone``."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout: looks at the tracked files")
    place = re.compile(
        rb"(?<![\w./:])(?:/(?:home|root|Users|work)/(?!someone\b)\w|[A-Z]:\\\\?Users\\)"
    )
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    paths = [ROOT / name.decode() for name in listing.split(b"\0") if name]
    found = [
        str(path.relative_to(ROOT))
        for path in paths
        if path.is_file() and place.search(path.read_bytes())
    ]
    assert found == []


def test_words_of_the_search_are_in_the_glossary() -> None:
    """A word that a module of the program introduces in bold has a row in the nomenclature."""
    text = (ROOT / "docs" / "nomenclature.md").read_text(encoding="utf-8")
    known = {word.lower() for word in re.findall(r"\*\*([^*\n]+)\*\*", text)}
    missing = {}
    for path in sorted((ROOT / "siting" / "program").rglob("*.py")):
        words = re.findall(r"(?<!\*)\*\*([a-z][a-z -]*)\*\*(?!\*)", path.read_text("utf-8"))
        if unknown := sorted(set(words) - known):
            missing[path.name] = unknown
    assert words_with_a_field_name(text) > 20
    assert missing == {}


def words_with_a_field_name(text: str) -> int:
    """Rows of the glossary that say what the field calls a word."""
    section = text.partition("\n## Search\n")[2].partition("\n## ")[0]
    return len(re.findall(r"^\| \*\*[^|]+\| [^|\s][^|]*\|", section, re.MULTILINE))


def test_every_room_of_the_program_is_in_the_table_of_rooms() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    program = ROOT / "siting" / "program"
    rooms = {path.parent.relative_to(program).parts[0] for path in program.glob("*/**/*.py")}
    rooms -= {"__pycache__"}
    assert sorted(room for room in rooms if f"`{room}/`" not in text) == []

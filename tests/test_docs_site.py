"""The documentation builds as a site: no warning, no broken link, nothing from a network."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOOL = ROOT / "tools" / "build_docs.py"

pytest.importorskip("sphinx", reason="needs the docs extra: make docs installs it")
pytest.importorskip("furo", reason="needs the docs extra: make docs installs it")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, str(TOOL), str(out)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.mark.slow
def test_every_page_and_model_is_there(site: Path) -> None:
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"README"}
    models = {path.parent.name for path in (ROOT / "models").glob("*/README.md")}
    assert pages <= {path.stem for path in site.glob("*.html")}
    assert models == {path.stem for path in (site / "models").glob("*.html")}
    drawn = {path.stem for path in (ROOT / "docs" / "images" / "models").glob("*.png")}
    for model in drawn:
        assert f"{model}.png" in (site / "models" / f"{model}.html").read_text(encoding="utf-8")
    assert models - drawn == {"monolith_10gw", "no_plan"}


@pytest.mark.slow
def test_links_between_pages_lead_somewhere(site: Path) -> None:
    targets = [
        (page, target)
        for page in site.rglob("*.html")
        for target in re.findall(r'(?:href|src)="([^"#?]+)[^"]*"', page.read_text(encoding="utf-8"))
    ]
    broken = [
        f"{page.name}: {target}"
        for page, target in targets
        if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.slow
def test_pages_load_nothing_from_a_network(site: Path) -> None:
    loads = re.compile(r'(?:src="|rel="stylesheet"[^>]*href="|@import[^;]*)(https?:)?//')
    assert [
        page.name for page in site.rglob("*.html") if loads.search(page.read_text("utf-8"))
    ] == []


@pytest.mark.slow
def test_mathematics_is_drawn(site: Path) -> None:
    text = (site / "formulation.html").read_text(encoding="utf-8")
    assert text.count("<math") > 100
    assert "\\sum" not in text


@pytest.mark.slow
def test_reference_says_what_verbs_take(site: Path) -> None:
    text = (site / "api.html").read_text(encoding="utf-8")
    for name in ("solve", "explain", "alternatives"):
        assert f'id="siting.{name}"' in text

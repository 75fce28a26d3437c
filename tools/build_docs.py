"""Build the documentation as a site: pages from `docs/`, `models/` and the code's docstrings.

    python tools/build_docs.py [OUT]

Needs no network. A warning is an error, and so is a link that leads nowhere: to a page, to a
heading, or to a file of the repository. What links to a folder or a file that is no page becomes a
download or the text of the link.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGE = ROOT / ".cache" / "docs"
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)

GUIDE = (
    "getting_started",
    "bring_your_own_data",
    "explaining",
    "training",
    "map",
    "reading_a_gap",
    "limits",
)
REFERENCE = ("model", "tables", "nomenclature", "formulation", "networks", "data", "api")
"""Pages in the order of reading; one that is not named here comes after those of the guide."""

API = {
    "Verbs": (
        "read_model",
        "read_world",
        "solve",
        "check",
        "explain",
        "alternatives",
        "audit_plan",
        "to_geodataframes",
        "write",
        "describe_world",
        "list_models",
        "new_model",
        "draw_map",
        "redraw",
        "train",
        "draw_maps",
    ),
    "Values": ("Model", "World", "Plan"),
    "Errors": (
        "SitingError",
        "InputError",
        "InfeasibleError",
        "LimitError",
        "SolverError",
        "AuditError",
    ),
}
"""Public names, by what they are; the first words of their page."""


class Site:
    """Pages of the repository and where they are on the site."""

    def __init__(self) -> None:
        self.pages = {
            page: f"{page.stem}.md"
            for page in sorted((ROOT / "docs").glob("*.md"))
            if page.name != "README.md"
        }
        for model in sorted((ROOT / "models").glob("*/README.md")):
            self.pages[model] = f"models/{model.parent.name}.md"
        self.pages |= {
            ROOT / "docs" / "README.md": "contents.md",
            ROOT / "README.md": "readme.md",
            ROOT / "CONTRIBUTING.md": "contributing.md",
            ROOT / "CHANGELOG.md": "changelog.md",
            ROOT / "data" / "us" / "README.md": "data_us.md",
        }
        self.broken: list[str] = []

    def lay_out(self) -> None:
        """Write every page into the stage, with links as the site has them."""
        shutil.rmtree(STAGE, ignore_errors=True)
        for page, name in self.pages.items():
            place = STAGE / name
            place.parent.mkdir(parents=True, exist_ok=True)
            parts = FENCE.split(page.read_text(encoding="utf-8"))
            # Every second part is a fenced block: what looks like a link there is none.
            parts[::2] = [self._linked(part, page, name) for part in parts[::2]]
            place.write_text("".join(parts), encoding="utf-8")
        if self.broken:
            sys.exit("\n".join(["broken links:", *self.broken]))
        self._write_models()
        self._write_api()
        self._write_index()

    def _linked(self, text: str, page: Path, name: str) -> str:
        return LINK.sub(lambda match: self._link(match, page, name), text)

    def _link(self, match: re.Match[str], page: Path, name: str) -> str:
        image, words, target = match.groups()
        if re.match(r"[a-z]+:|#", target):
            return match.group()
        path, hash_, anchor = target.partition("#")
        place = (page.parent / path).resolve()
        up = "../" * name.count("/")
        if place in self.pages:
            return f"{image}[{words}]({up}{self.pages[place]}{hash_}{anchor})"
        if not place.exists():
            self.broken.append(f"{page.relative_to(ROOT)}: {target}")
        if place.is_file():
            copy = STAGE / "files" / place.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(place, copy)
            return f"{image}[{words}]({up}files/{place.relative_to(ROOT).as_posix()})"
        return words

    def _write_models(self) -> None:
        lines = [
            "# Models",
            "Bundled models, to run, copy and edit.",
            "",
            "| model | title |",
            "|---|---|",
        ]
        models = sorted(path.parent for path in (ROOT / "models").glob("*/README.md"))
        for folder in models:
            asked = (folder / "model.toml").read_text(encoding="utf-8")
            title = tomllib.loads(asked).get("title", "")
            lines.append(f"| [{folder.name}](models/{folder.name}.md) | {title} |")
            page = STAGE / "models" / f"{folder.name}.md"
            text = page.read_text(encoding="utf-8").rstrip()
            picture = ROOT / "docs" / "images" / "models" / f"{folder.name}.png"
            if picture.is_file():
                copy = STAGE / "files" / picture.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(picture, copy)
                words = f"The map of {folder.name}"
                text += f"\n\n## The map\n![{words}](../{copy.relative_to(STAGE).as_posix()})"
            page.write_text(
                f"{text}\n\n## The model file\n```toml\n{asked.rstrip()}\n```\n", encoding="utf-8"
            )
        lines += ["", _toctree("", [f"models/{folder.name}" for folder in models])]
        (STAGE / "models.md").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _write_api(self) -> None:
        import siting  # noqa: PLC0415 -- only when the site is built

        named = {name for names in API.values() for name in names}
        missing = sorted(set(siting.__all__) - named - {"__version__"})
        if missing:
            sys.exit(f"tools/build_docs.py: API leaves out {', '.join(missing)}")
        lines = ["# Library", "`import siting`: models, worlds and plans as Python values.", ""]
        for heading, names in API.items():
            lines += [f"## {heading}", "", "```{eval-rst}"]
            for name in names:
                if name not in siting.__all__:
                    continue
                value = getattr(siting, name)
                kind = "autofunction" if not isinstance(value, type) else "autoclass"
                if isinstance(value, type) and issubclass(value, Exception):
                    kind = "autoexception"
                lines += [f".. {kind}:: siting.{name}"]
                if kind == "autoclass":
                    members = {"Model": "replace, sha256, folder"}.get(name, "")
                    lines += [f"   :members: {members}".rstrip()]
                lines += [""]
            lines += ["```", ""]
        (STAGE / "api.md").write_text("\n".join(lines), encoding="utf-8")

    def _write_index(self) -> None:
        docs = {name.removesuffix(".md") for name in self.pages.values() if "/" not in name}
        docs = {*docs, "api"} - {"contents", "readme", "contributing", "changelog", "data_us"}
        guide = [page for page in GUIDE if page in docs]
        reference = [page for page in REFERENCE if page in docs]
        rest = sorted(docs - {*guide, *reference})
        text = (STAGE / "readme.md").read_text(encoding="utf-8").rstrip()
        (STAGE / "readme.md").unlink()
        trees = [
            _toctree("Guide", [*guide, *rest, "models"]),
            _toctree("Reference", [*reference, "Sources of the US world <data_us>"]),
            _toctree("Project", ["contents", "contributing", "changelog"]),
        ]
        (STAGE / "index.md").write_text("\n\n".join([text, *trees]) + "\n", encoding="utf-8")
        # What pointed to the project's README points to the first page.
        for page in STAGE.rglob("*.md"):
            page_text = page.read_text(encoding="utf-8")
            page.write_text(page_text.replace("readme.md", "index.md"), encoding="utf-8")


def _toctree(caption: str, pages: list[str]) -> str:
    head = ["```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), ""]
    return "\n".join([*head, *pages, "```"])


def main() -> None:
    """Build the site."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "out" / "docs"
    Site().lay_out()
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "sphinx", "--builder", "html", "--fail-on-warning"]
    command += ["--keep-going", "--quiet", "--conf-dir", str(ROOT / "tools" / "docs")]
    command += ["--doctree-dir", str(STAGE.parent / "doctrees"), str(STAGE), str(out)]
    done = subprocess.run(command, check=False)
    if done.returncode:
        sys.exit(done.returncode)
    print(f"The documentation: {out / 'index.html'}")


if __name__ == "__main__":
    main()

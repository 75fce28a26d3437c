"""How the documentation becomes a site; `tools/build_docs.py` lays out its pages and runs this."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from latex2mathml.converter import convert
from pygments.lexers.special import TextLexer
from sphinx.highlighting import lexers

import siting

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.writers.html5 import HTML5Translator

project = "siting"
author = "The authors of siting"
project_copyright = "The authors of siting"
version = release = siting.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns: list[str] = []

# As code forges read Markdown: mathematics in dollars and fences, anchors made of headings.
myst_enable_extensions = ["dollarmath"]
myst_fence_as_directive = ["math"]
myst_heading_anchors = 4
suppress_warnings: list[str] = []

autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

# Pygments knows no CSV.
lexers["csv"] = TextLexer()

html_theme = "furo"
html_title = f"siting {version}"
html_math_renderer = "mathml"
html_copy_source = False
html_show_sphinx = False


def _plain(latex: str) -> str:
    """Text within mathematics without what only LaTeX needs to escape."""
    return re.sub(r"\\text\{[^}]*\}", lambda text: text.group().replace(r"\_", "_"), latex)


def _inline(translator: HTML5Translator, node: Any) -> None:
    from docutils.nodes import SkipNode  # noqa: PLC0415 -- only while a page is written

    translator.body.append(convert(_plain(node.astext())))
    raise SkipNode


def _block(translator: HTML5Translator, node: Any) -> None:
    from docutils.nodes import SkipNode  # noqa: PLC0415 -- only while a page is written

    mathml = convert(_plain(node.astext()), display="block")
    translator.body.append(
        f'<div class="math" style="overflow: auto hidden; padding: 0.3em 0">{mathml}</div>\n'
    )
    raise SkipNode


def setup(app: Sphinx) -> None:
    """Write mathematics as MathML, which browsers draw themselves: no script, no network."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))

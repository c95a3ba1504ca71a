"""What mkdocs calls while it builds the site: cards become pages, equations become MathML.

A browser draws MathML by itself, so the site needs no script for equations and asks the network for nothing.
"""

from __future__ import annotations

import html
import re
from pathlib import Path

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

CARDS = ("datasets", "baselines", "reference_policies")
"""Folders of the project with a card (`README.md`) in each of theirs."""

WHOLE_PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "baselines/README.md")
"""Files of the project that are pages as they are."""

EQUATION = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\(?P<open>[(\[])(?P<tex>.*?)\\[)\]]</(?P=tag)>', re.S
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the cards and other files of the project, which are kept where they belong, as pages."""
    root = Path(config.config_file_path).parent
    pages = {name: root / name for name in WHOLE_PAGES}
    for folder in CARDS:
        pages |= {
            f"{folder}/{card.parent.name}.md": card for card in sorted((root / folder).glob("*/README.md"))
        }
    for uri, path in pages.items():
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def on_page_content(content: str, **_: object) -> str:
    """Equations, as the extension arithmatex leaves them, to MathML."""
    return EQUATION.sub(_mathml, content)


def _mathml(match: re.Match[str]) -> str:
    display = match["open"] == "["
    mathml = convert(html.unescape(match["tex"]).strip(), display="block" if display else "inline")
    return f'<div class="equation" tabindex="0">{mathml}</div>' if display else mathml

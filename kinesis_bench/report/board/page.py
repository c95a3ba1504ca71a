"""The leaderboards as one HTML page that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from pathlib import Path

from kinesis_bench.report.board.sheets import Sheet
from kinesis_bench.report.board.words import EXPLANATIONS, HEADINGS, LEAD, TITLE, WAY_IN
from kinesis_bench.report.templates import template

HERE = Path(__file__).parent

STYLES = (HERE.parent / "style.css", HERE / "board.css")
"""The look of all pages, and what only this one has."""

SCRIPT = HERE / "board.js"
"""Sorts and filters; the page is whole without it."""


def page(sheets: Sequence[Sheet]) -> str:
    """The text of ``index.html``."""
    kinds = {
        heading: [sheet for sheet in sheets if sheet.kind == kind]
        for kind, heading in HEADINGS.items()
        if any(sheet.kind == kind for sheet in sheets)
    }
    style = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    script = SCRIPT.read_text(encoding="utf-8")
    return template(HERE / "board.html.j2").render(
        title=TITLE,
        lead=LEAD,
        way_in=WAY_IN,
        kinds=kinds,
        columns={
            heading: {head.label: head.about for sheet in own for head in sheet.heads if head.about}
            for heading, own in kinds.items()
        },
        bodies=sorted({sheet.body for sheet in sheets}),
        explanations=EXPLANATIONS,
        style=style,
        script=script,
        policy=f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'",
    )


def _digest(text: str) -> str:
    """The source expression that allows this text and no other (W3C, Content Security Policy Level 3)."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"

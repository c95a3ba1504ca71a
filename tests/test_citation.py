"""CITATION.cff holds what its format requires, and says what the package says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import kinesis_bench

yaml = pytest.importorskip("yaml", reason="to read CITATION.cff: pip install pyyaml")

CHECKOUT = Path(__file__).resolve().parent.parent


def test_the_citation_is_whole_and_of_this_version():
    citation = yaml.safe_load((CHECKOUT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation), "required by the format, 1.2.0"
    assert (citation["cff-version"], citation["type"], citation["license"]) == (
        "1.2.0",
        "software",
        "Apache-2.0",
    )
    assert citation["version"] == kinesis_bench.__version__
    assert citation["authors"] == [{"name": "The kinesis-bench developers"}]
    for reference in citation["references"]:
        assert {"type", "title", "authors"} <= set(reference)
        assert all(person["family-names"] for person in reference["authors"])


def test_the_changelog_tells_of_this_version():
    text = (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"\b{re.escape(kinesis_bench.__version__)}\b", text)
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.M)) <= kinds

"""The drawing scripts of docs/ run: from motions, and from a recording."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from filmed import need_opengl, recorded
from PIL import Image

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_a_row_a_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_opengl()
    path, motions, _ = recorded(tmp_path, frames=5)
    monkeypatch.syspath_prepend(str(DOCS))
    seen = []
    for file in (motions, path):
        out = tmp_path / f"{file.stem}.png"
        keys = ("synthetic/0", "synthetic/1")
        monkeypatch.setattr(
            sys, "argv", ["render_strip.py", str(file), *keys, "--frames", "2", "--out", str(out)]
        )
        runpy.run_path(str(DOCS / "render_strip.py"), run_name="__main__")
        seen.append(np.asarray(Image.open(out)).astype(int))
    assert seen[0].shape == seen[1].shape == (2 * 390, 2 * 220, 3)
    assert ((seen[0][..., 2] - seen[0][..., 0]) > 60).any(), "no dot of a keypoint"
    assert (seen[0] != seen[1]).any()

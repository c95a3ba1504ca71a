"""Plots are sound SVG, put things where they belong, and say what they show."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.report.page.plots import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Axis, Plot, spread

SVG = "{http://www.w3.org/2000/svg}"


def drawn(plot: Plot, title: str = "title", finding: str = "finding") -> ET.Element:
    svg = str(plot.svg("p", title, finding))
    return ET.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def square() -> Plot:
    return Plot(Axis(0, 10, (0, 5, 10), "x [s]"), Axis(-1, 1, (-1, 0, 1), "y [m]"), height=210)


def test_ends_of_the_axes_are_the_corners() -> None:
    plot = square()
    plot.line([0, 10], [-1, 1], "model")
    path = drawn(plot).find(f".//{SVG}g/{SVG}path")
    assert path is not None
    assert path.attrib["d"] == f"M{LEFT} {210 - BOTTOM}L{WIDTH - RIGHT} {TOP}"
    assert path.attrib["class"] == "line model"


def test_logarithmic_axis_by_hand() -> None:
    axis = Axis(1, 100, (1, 10, 100), "mm", log=True)
    assert axis.part([1, 10, 100]) == pytest.approx([0, 0.5, 1])
    assert axis.part(0.0) < 0


def test_alternative_text_and_names_are_escaped() -> None:
    plot = square()
    plot.text(1, 0, "<b>&", "strong")
    root = drawn(plot, "<script>alert(1)</script>", 'a "quote" & <more>')
    assert root.attrib["role"] == "img"
    labels = root.attrib["aria-labelledby"].split()
    texts = {
        element.attrib["id"]: element.text for element in root if "id" in element.attrib and element.text
    }
    assert [texts[label] for label in labels] == ["<script>alert(1)</script>", 'a "quote" & <more>']
    assert "<b>&" in [text.text for text in root.iter(f"{SVG}text")]
    assert not list(root.iter(f"{SVG}script"))


def test_ticks_have_true_minus_signs_and_the_axes_their_names() -> None:
    words = [text.text for text in drawn(square()).iter(f"{SVG}text")]
    assert words == ["0", "5", "10", "−1", "0", "1", "x [s]", "y [m]"]


def test_what_is_not_finite_is_left_out() -> None:
    plot = square()
    plot.line([0, 1, 2, 3], [0, np.nan, np.inf, 0], "model")
    plot.dots([1], [np.nan], "model")
    text = plot.svg("p", "t", "f")
    assert "nan" not in text.lower()
    assert "inf" not in text.lower()
    assert "circle" not in text


def test_bars_bands_and_crosses() -> None:
    plot = square()
    plot.bar(0, 5, 0, 10, "people")
    plot.band([0, 10], [-1, -1], [1, 1], "people")
    plot.crosses([5], [0], "failed", 4)
    root = drawn(plot)
    bar = next(box for box in root.iter(f"{SVG}rect") if box.get("class") == "bar people")
    middle = (TOP + 210 - BOTTOM) / 2
    assert float(bar.attrib["width"]) == pytest.approx((WIDTH - RIGHT - LEFT) / 2, abs=0.06)
    assert float(bar.attrib["y"]) + 5 == pytest.approx(middle, abs=0.06)
    band = next(path for path in root.iter(f"{SVG}path") if path.get("class") == "area people")
    assert band.attrib["d"].count("L") == 3
    assert band.attrib["d"].endswith("Z")


@given(st.floats(-1e4, 1e4), st.floats(1e-3, 1e4), st.integers(2, 8))
def test_spread_is_round_and_inside(low: float, width: float, count: int) -> None:
    ticks = spread(low, low + width, count)
    assert 1 <= len(ticks) <= 2 * count + 1
    slack = 1e-8 * (abs(low) + width) + 1e-9
    assert all(low - slack <= tick <= low + width + slack for tick in ticks)
    assert np.allclose(np.diff(ticks), np.diff(ticks)[0]) if len(ticks) > 1 else True


def test_spread_by_hand() -> None:
    assert spread(0, 1) == (0, 0.25, 0.5, 0.75, 1)
    assert spread(-20, 60) == (-20, 0, 20, 40, 60)
    assert spread(-187, 187) == (-100, 0, 100)

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.hub.names import PULLED, PUSHED, travels, unsafe_names

PARTS = st.sampled_from(
    ["..", ".", "", "a", "b.csv", "C:", "~", "...", " ", "a\\..", "\0", "\x1b[2J", "é" * 128]
)


@given(st.lists(st.lists(PARTS, min_size=1, max_size=4).map("/".join), max_size=4))
def test_names_that_pass_stay_inside_and_apart(names: list[str]):
    if unsafe_names(names):
        return
    folder = Path("/somewhere/made")
    places = {(folder / name).resolve() for name in names}
    assert all(place.is_relative_to(folder) and place != folder for place in places)
    assert len(places) == len(names)
    assert not any(one in other.parents for one in places for other in places)


@pytest.mark.parametrize(
    "name",
    [
        "../a.csv",
        "a/../../b.csv",
        "/etc/a.csv",
        "a//b.csv",
        "a/",
        "",
        "C:/a.csv",
        "a\\b.csv",
        "a\nb.csv",
        "\ud800",
    ],
)
def test_names_that_lead_out_are_shown_as_they_may_be_printed(name: str):
    (shown,) = unsafe_names(["README.md", name])
    assert shown == ascii(name)


@pytest.mark.parametrize("names", [["a.csv", "A.csv"], ["a.csv", "a.csv/b.csv"], ["a.csv", "a.csv"]])
def test_names_in_one_anothers_way(names: list[str]):
    assert unsafe_names(names)


def test_types():
    assert all(travels(name, PULLED) for name in ("policy.onnx", "a/B.JSON", "LICENSE", "motions.h5"))
    code = ("a.py", "a.pkl", "a.pt", "a.pth", "a.bin", "a.onnx.py", "a.sh", "a.html", "a.svg", "a.zip", "a")
    hidden = (".gitattributes", ".git/config.json", "a/.b.json", "pulled.json")
    assert not any(travels(name, PULLED) for name in (*code, *hidden))
    assert all(types < PULLED for types in PUSHED.values())

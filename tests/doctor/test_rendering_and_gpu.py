from __future__ import annotations

import pytest

from kinesis_bench.doctor import gpu, rendering
from kinesis_bench.doctor.check import Check


def drawing(monkeypatch, works):
    """Only these ways draw."""
    tried = []

    def look(_subject, way, *, environment):
        tried.append(environment["MUJOCO_GL"])
        if way in works:
            return (Check("rendering", "ok", "frame drawn"),)
        return (Check(way, "broken", f"no {way} here"),)

    monkeypatch.setattr(rendering, "look_apart", look)
    return tried


@pytest.mark.parametrize(
    ("given", "works", "mark", "says", "remedy", "tried"),
    [
        (None, ("egl", "glfw"), "ok", "frame drawn off screen by egl", "", ["egl"]),
        (None, ("osmesa",), "ok", "by osmesa; egl does not (no egl here)", "export MUJOCO_GL=osmesa", None),
        ("osmesa", ("egl", "osmesa"), "ok", "by osmesa", "", ["osmesa"]),
        (
            "GLFW",
            ("egl",),
            "broken",
            "MUJOCO_GL=glfw does not draw (no glfw here)",
            "export MUJOCO_GL=egl",
            None,
        ),
        (None, (), "missing", "egl: no egl here; osmesa: no osmesa here; glfw", "apt install", None),
    ],
)
def test_ways_to_draw(monkeypatch, given, works, mark, says, remedy, tried):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    if given:
        monkeypatch.setenv("MUJOCO_GL", given)
    asked = drawing(monkeypatch, works)
    (check,) = rendering.rendering()
    assert check.mark == mark
    assert not check.needed
    assert says in check.says
    assert check.remedy.startswith(remedy)
    assert bool(check.remedy) == bool(remedy)
    if tried:
        assert asked == tried


def test_a_frame_is_really_drawn_and_a_wrong_way_is_named(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "crayons")
    (check,) = rendering.rendering()
    if check.mark == "missing":
        pytest.skip(f"nothing draws here: {check.says}")
    assert check.mark == "broken"
    assert check.says.startswith("MUJOCO_GL=crayons does not draw (RuntimeError: invalid value")
    assert check.remedy.startswith("export MUJOCO_GL=")


def test_without_its_packages_the_gpu_engine_is_missing(monkeypatch):
    monkeypatch.setattr(gpu, "find_spec", lambda name: None if name == "warp" else name)
    (check,) = gpu.gpu()
    assert (check.mark, check.needed) == ("missing", False)
    assert check.says.startswith("warp not installed")
    assert check.remedy == "pip install 'kinesis-bench[gpu]'"


def test_a_torch_for_the_cpu_is_not_asked(monkeypatch):
    monkeypatch.setattr(gpu, "find_spec", lambda name: name)
    monkeypatch.setattr(gpu, "version", lambda _name: "2.13.0+cpu")
    monkeypatch.setattr(gpu, "look_apart", None)
    (check,) = gpu.gpu()
    assert check.mark == "missing"
    assert "built for the CPU alone" in check.says


def test_torch_is_asked_for_a_device():
    torch = pytest.importorskip("torch")
    (check,) = gpu.look()
    assert check.mark in ("ok", "broken") if torch.cuda.is_available() else "missing"
    assert "CUDA" in check.says

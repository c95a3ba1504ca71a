"""Keys that send a body; the window itself needs a display."""

from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.cli.main import main
from kinesis_bench.report.video.steering import (
    DOWN,
    EIGHTHS,
    HOME,
    LEFT,
    MINUS,
    NUMPAD_0,
    PLUS,
    RIGHT,
    SPACE,
    STAND,
    UP,
    Helm,
    advance,
)


def sent(key: int, azimuth_deg: float = 0.0) -> np.ndarray:
    helm = Helm()
    helm.press(key, azimuth_deg)
    return helm.lead_m * np.array([np.cos(helm.direction_rad), np.sin(helm.direction_rad)]) / 1.265


def test_it_stands_at_first() -> None:
    assert Helm().lead_m == 0.0
    assert Helm().line == "stand"


@pytest.mark.parametrize(
    ("keys", "way"),
    [
        ((UP, NUMPAD_0 + 8), (1, 0)),
        ((DOWN, NUMPAD_0 + 2), (-1, 0)),
        ((LEFT, NUMPAD_0 + 4), (0, 1)),
        ((RIGHT, NUMPAD_0 + 6), (0, -1)),
        ((NUMPAD_0 + 7,), (1, 1)),
        ((NUMPAD_0 + 9,), (1, -1)),
        ((NUMPAD_0 + 1,), (-1, 1)),
        ((NUMPAD_0 + 3,), (-1, -1)),
    ],
)
def test_keys_lie_as_their_directions_do(keys: tuple[int, ...], way: tuple[float, float]) -> None:
    """A camera that looks along world +x has +y on its left; one that looks along +y has -x there."""
    unit = np.array(way) / np.hypot(*way)
    for key in keys:
        np.testing.assert_allclose(sent(key), unit, atol=1e-9)
        np.testing.assert_allclose(sent(key, 90.0), [-unit[1], unit[0]], atol=1e-9)
        np.testing.assert_allclose(
            sent(key, -340.0), sent(key, 0.0), atol=1e-9, err_msg="the nearest of eight"
        )


def test_every_direction_has_a_key() -> None:
    assert sorted(set(EIGHTHS.values())) == list(range(8))
    assert STAND not in EIGHTHS


def test_other_keys() -> None:
    helm = Helm()
    helm.press(UP, 0.0)
    assert helm.line == "0 deg from +x, goal 1.265 m ahead"
    for _ in range(30):
        helm.press(PLUS, 0.0)
    assert helm.lead_m == 3.0
    for _ in range(40):
        helm.press(MINUS, 0.0)
    assert helm.lead_m == pytest.approx(0.1)
    helm.press(STAND, 0.0)
    assert helm.lead_m == 0.0
    helm.press(SPACE, 0.0)
    helm.press(HOME, 0.0)
    helm.press(999, 0.0)
    assert helm == Helm(None, helm.reach_m, paused=True, anew=True)


class Counted:
    """Takes note of what a body was told."""

    dt_s = 0.1

    def __init__(self) -> None:
        self.told: list[object] = []

    def steer(self, direction_rad: float, lead_m: float) -> None:
        self.told.append((direction_rad, lead_m))

    def step(self) -> None:
        self.told.append("step")

    def restart(self) -> None:
        self.told.append("restart")


def test_time_goes_by_as_on_the_wall() -> None:
    body, helm, due = Counted(), Helm(), 0.0
    helm.press(LEFT, 0.0)
    for now in np.arange(0.0, 2.0, 0.01):
        due = advance(body, helm, due, float(now))  # type: ignore[arg-type]
    assert body.told.count("step") == 20
    assert body.told[0] == (pytest.approx(np.pi / 2), 1.265)
    helm.press(SPACE, 0.0)
    due = advance(body, helm, due, 50.0)  # type: ignore[arg-type]
    assert (due, body.told.count("step")) == (50.0, 20)
    helm.press(SPACE, 0.0)
    helm.press(HOME, 0.0)
    due = advance(body, helm, due, 50.0)  # type: ignore[arg-type]
    assert body.told[-3] == "restart"
    assert not helm.anew
    assert advance(body, helm, due, 99.0) == 99.0, "what was missed is not caught up with"  # type: ignore[arg-type]


def test_without_a_display(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as stop:
        main(["play", "direction"])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert "no display" in said
    assert len(said.splitlines()) == 1

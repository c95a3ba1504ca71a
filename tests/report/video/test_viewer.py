"""The window's clock and keys; the window itself needs a display."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import mujoco
import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.playback import Playback
from kinesis_bench.report.video.stage import bones_and_muscles, dress
from kinesis_bench.report.video.viewer import (
    HOME,
    LEFT,
    RIGHT,
    SPACE,
    Clock,
    _add_reference,
    open_window,
    show,
)


def test_it_plays_in_real_time_and_begins_anew() -> None:
    clock = Clock(steps=90, dt_s=1 / 30)
    seen = []
    for now in np.arange(100.0, 104.0, 0.008):
        clock.advance(float(now))
        seen.append(clock.step)
    assert seen[0] == 0
    assert seen[round(1.0 / 0.008)] in (29, 30, 31)
    assert max(seen) == 89
    assert seen[-1] == pytest.approx(30 * 3.99 - 90, abs=2)


def test_keys() -> None:
    clock = Clock(steps=10, dt_s=0.1)
    clock.advance(0.0)
    clock.press(SPACE)
    clock.advance(5.0)
    assert clock.step == 0
    clock.press(RIGHT)
    clock.press(RIGHT)
    clock.press(LEFT)
    assert (clock.step, clock.paused) == (1, True)
    clock.press(HOME)
    clock.press(LEFT)
    assert clock.step == 9
    clock.press(SPACE)
    clock.advance(60.0)
    assert clock.step == 9, "a pause is not caught up with"
    clock.advance(60.11)
    assert clock.step == 0


def test_the_reference_stands_transparent_in_the_scene(playback: Playback) -> None:
    model = dress(playback.body)
    data, scene = mujoco.MjData(model), mujoco.MjvScene(model, 500)
    assert playback.reference_qpos is not None
    data.qpos[:] = playback.reference_qpos[3]
    mujoco.mj_kinematics(model, data)
    _add_reference(model, data, bones_and_muscles()[1], scene)
    bones = np.flatnonzero(model.geom_group == 0)
    assert scene.ngeom == len(bones)
    places = {geom.objid: geom.pos.copy() for geom in scene.geoms[: scene.ngeom]}
    for bone in bones:
        np.testing.assert_allclose(places[bone], data.geom_xpos[bone], atol=1e-5)
    assert all(geom.rgba[3] < 0.6 for geom in scene.geoms[: scene.ngeom])


def test_an_error_waits_for_the_window_to_close(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread draws on while it closes; Python must not end before it."""
    closing, drawn = threading.Event(), []

    def draw() -> None:
        closing.wait(5.0)
        time.sleep(0.05)
        drawn.append("last picture")

    def launch(*given: object, **options: object) -> SimpleNamespace:
        threading.Thread(target=draw, daemon=True).start()
        return SimpleNamespace(close=closing.set)

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr("mujoco.viewer.launch_passive", launch)
    with pytest.raises(KeyboardInterrupt), open_window(None, None, lambda key: None, "play", "none"):
        raise KeyboardInterrupt
    assert drawn == ["last picture"]


def test_without_a_display(playback: Playback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(InputError, match=r"no display .* --video"):
        show(playback)

"""Pictures: muscles follow activation, the reference lies where it was posed, the body is never covered."""

from __future__ import annotations

from collections.abc import Iterator

import mujoco
import numpy as np
import pytest
from filmed import need_opengl

from kinesis_bench.bodies.contract import Body
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.report.video.colours import MUSCLE_STOPS, REFERENCE_ALPHA, muscle_colour
from kinesis_bench.report.video.floor import SQUARE_M, Floor
from kinesis_bench.report.video.stage import Stage, colour_muscles, dress
from kinesis_bench.tasks.kick.scene import load_kick_body

CAMERA = Camera(width=300, height=240)
ORIGIN = np.zeros(2)
AZIMUTH_DEG = 90.0


@pytest.fixture(scope="module")
def stage(body: Body) -> Iterator[Stage]:
    need_opengl()
    with Stage(body, CAMERA) as stage:
        yield stage


def aside(pose: np.ndarray, metres: float) -> np.ndarray:
    """The pose moved along the world's x, to the right in the picture."""
    moved = pose.copy()
    moved[0] += metres
    return moved


def redness(picture: np.ndarray) -> np.ndarray:
    return picture[..., 0].astype(int) - picture[..., 1:].max(axis=-1)


def blueness(picture: np.ndarray) -> np.ndarray:
    return picture[..., 2].astype(int) - picture[..., 0]


def test_what_stands_in_a_tasks_scene_is_drawn_where_it_is() -> None:
    """A keeper, orange, that stands to the right and then to the left."""
    need_opengl()
    scene = load_kick_body().body
    orange = []
    with Stage(scene, CAMERA) as stage:
        for y in (-1.0, 1.0):
            stage.place_mocap(np.array([[50.0, y, 0.0]]))
            picture = stage.picture(scene.model.qpos0, None, None, 0.0, np.array([48.0, 0.0]))
            orange.append(np.argwhere(picture[..., 0].astype(int) - picture[..., 2] > 80)[:, 1])
    assert min(len(columns) for columns in orange) > 100
    assert orange[0].min() > CAMERA.width / 2 > orange[1].max()


def test_colour_is_monotone_and_cut() -> None:
    colours = muscle_colour(np.array([-1.0, 0.0, 0.5, 1.0, 2.0]))
    np.testing.assert_allclose(colours, np.array(MUSCLE_STOPS)[[0, 0, 1, 2, 2]])
    luminance = muscle_colour(np.linspace(0, 1, 50)) @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(luminance) < 0).all()


def test_every_muscle_has_its_own_colour(body: Body) -> None:
    model = dress(body)
    activation = np.linspace(0, 1, model.nu)
    colour_muscles(model, activation)
    soleus = body.muscles.index("soleus_l")
    colour = model.tendon_rgba[model.actuator_trnid[soleus, 0], :3]
    np.testing.assert_allclose(colour, muscle_colour(activation[soleus]), atol=1e-6)
    assert len(np.unique(model.tendon_rgba, axis=0)) == model.nu


def test_dressing_leaves_the_shared_model_alone(body: Body) -> None:
    before = body.model.tendon_rgba.copy(), body.model.tendon_width.copy(), body.model.geom_rgba.copy()
    model = dress(body)
    colour_muscles(model, np.ones(model.nu))
    for kept, now in zip(
        before, (body.model.tendon_rgba, body.model.tendon_width, body.model.geom_rgba), strict=True
    ):
        np.testing.assert_array_equal(kept, now)


def test_an_active_muscle_turns_red_and_no_other(stage: Stage, body: Body, standing: np.ndarray) -> None:
    rest = stage.picture(standing, np.zeros(body.model.nu), None, AZIMUTH_DEG, ORIGIN)
    activation = np.zeros(body.model.nu)
    activation[body.muscles.index("soleus_r")] = 1.0
    active = stage.picture(standing, activation, None, AZIMUTH_DEG, ORIGIN)
    changed = (rest != active).any(axis=-1)
    assert 10 < changed.sum() < 0.01 * changed.size
    assert (redness(active)[changed] > redness(rest)[changed] + 10).all()
    assert np.flatnonzero(changed.any(axis=1)).min() > pixel_of(np.array([0, 0, 0.6]))[0]
    np.testing.assert_array_equal(rest, stage.picture(standing, None, None, AZIMUTH_DEG, ORIGIN))


def pixel_of(place: np.ndarray) -> tuple[int, int]:
    """Row and column of a place [m] by a pinhole camera that looks along the world's y."""
    down = np.radians(CAMERA.elevation_deg)
    forward = np.array([0.0, np.cos(down), np.sin(down)])
    up = np.array([0.0, -np.sin(down), np.cos(down)])
    eye = np.array([0.0, 0.0, CAMERA.aim_height_m]) - CAMERA.distance_m * forward
    depth = (place - eye) @ forward
    focal = CAMERA.height / 2 / np.tan(np.radians(CAMERA.fovy_deg) / 2)
    row = CAMERA.height / 2 - focal * ((place - eye) @ up) / depth
    return int(row), int(CAMERA.width / 2 + focal * (place - eye)[0] / depth)


def test_the_reference_lies_where_it_is_posed(stage: Stage, body: Body, standing: np.ndarray) -> None:
    alone = stage.picture(standing, None, None, AZIMUTH_DEG, ORIGIN)
    reference = aside(standing, 0.6)
    both = stage.picture(standing, None, reference, AZIMUTH_DEG, ORIGIN)
    changed = (alone != both).any(axis=-1)
    assert (blueness(both)[changed] > 20).all()
    data = mujoco.MjData(body.model)
    data.qpos[:] = reference
    mujoco.mj_kinematics(body.model, data)
    for bone in ("hat_skull", "femur_r", "foot_r"):
        assert changed[pixel_of(data.geom(bone).xpos)], bone
    columns = np.flatnonzero(changed.any(axis=0))
    assert columns.min() > pixel_of(np.array([0.3, 0, 0.9]))[1]


def test_the_reference_is_transparent_and_behind_the_body(stage: Stage, standing: np.ndarray) -> None:
    alone = stage.picture(standing, None, None, AZIMUTH_DEG, ORIGIN)
    same = stage.picture(standing, None, standing, AZIMUTH_DEG, ORIGIN)
    np.testing.assert_array_equal(alone, same)
    nearer = standing.copy()
    nearer[1] -= 0.3
    shown = stage.picture(standing, None, nearer, AZIMUTH_DEG, ORIGIN)
    body = (alone != stage.picture(aside(standing, 50.0), None, None, AZIMUTH_DEG, ORIGIN)).any(axis=-1)
    np.testing.assert_array_equal(shown[body], alone[body])
    reference = (shown != alone).any(axis=-1)
    assert reference.any()
    floor = alone[reference].astype(float)
    assert (shown[reference] >= np.floor(floor * (1 - REFERENCE_ALPHA)) - 1).all()


def test_the_same_picture_twice(stage: Stage, standing: np.ndarray) -> None:
    first = stage.picture(standing, None, aside(standing, 0.2), AZIMUTH_DEG, ORIGIN)
    stage.picture(aside(standing, 0.4), None, None, 10.0, np.ones(2))
    again = stage.picture(standing, None, aside(standing, 0.2), AZIMUTH_DEG, ORIGIN)
    np.testing.assert_array_equal(first, again)


def test_dots(stage: Stage, standing: np.ndarray) -> None:
    place = np.array([[0.8, 0.0, 0.9]])
    dotted = stage.picture(standing, None, None, AZIMUTH_DEG, ORIGIN, place)
    assert blueness(dotted)[pixel_of(place[0])] > 60


def test_the_floor_travels_with_the_camera() -> None:
    floor = Floor(CAMERA)
    here = floor.picture(20.0, np.array([0.1, 0.2]))
    np.testing.assert_array_equal(here, floor.picture(20.0, np.array([0.1 + 2 * SQUARE_M, 0.2])))
    moved = floor.picture(20.0, np.array([0.1 + SQUARE_M, 0.2])).astype(int)
    lower = slice(-20, None)
    contrast = np.abs(here[lower].astype(int) - moved[lower])
    assert np.median(contrast) > 8
    plain = Floor(CAMERA, squares=False)
    np.testing.assert_array_equal(plain.picture(20.0, np.ones(2)), plain.picture(70.0, np.zeros(2)))


def test_a_turned_floor_is_the_same_chequerboard() -> None:
    floor = Floor(CAMERA)
    ahead, turned = floor.picture(0.0, ORIGIN).astype(int), floor.picture(90.0, ORIGIN).astype(int)
    differs = np.abs(ahead - turned) > 2
    assert (ahead[-1] + turned[-1]).max() < 2 * 250
    assert differs.mean() < 0.3  # the pattern is odd in x and y: a quarter turn swaps its colours

from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.bodies.build import BODIES, build_spec, compile_spec
from kinesis_bench.bodies.contract import PUBLISHED_SHA256, TOUCH_SENSORS, load_body, model_sha256
from kinesis_bench.errors import InputError
from kinesis_bench.human.electrodes import ELECTRODES, muscles_under

mujoco = pytest.importorskip("mujoco")


@pytest.fixture(params=BODIES)
def body(request):
    return load_body(request.param)


def stand(body, **angles_deg):
    """Data of the body standing at rest with its root at 0.947 m, with some joints moved."""
    data = mujoco.MjData(body.model)
    data.qpos[2] = 0.947
    for joint, degrees in angles_deg.items():
        data.joint(joint).qpos[0] = np.deg2rad(degrees)
    mujoco.mj_forward(body.model, data)
    return data


def in_pelvis(body, data, segment):
    """Place of a segment's origin in the pelvis' axes (forward, up, right)."""
    pelvis = data.xmat[body.pelvis_id].reshape(3, 3)
    return pelvis.T @ (data.body(segment).xpos - data.xpos[body.pelvis_id])


@pytest.mark.parametrize(
    ("name", "muscles", "segments", "keypoints"),
    [("legs", 80, 16, 7), ("legs_abs", 86, 19, 8), ("legs_back", 290, 25, 8)],
)
def test_sizes(name, muscles, segments, keypoints):
    body = load_body(name)
    assert (len(body.muscles), len(body.segments), len(body.keypoints)) == (muscles, segments, keypoints)
    assert body.mass_kg == pytest.approx(74.975, abs=1e-3)


def test_every_body_stands_on_the_plane_at_zero_and_keeps_its_leg_pairs(body):
    assert body.model.npair == 26
    data = stand(body)
    world_geoms = [body.model.geom(i).name for i in range(body.model.ngeom) if body.model.geom_bodyid[i] == 0]
    assert world_geoms == ["floor"]
    assert -0.005 < min(contact.dist for contact in data.contact[: data.ncon]) <= 0.001


def test_pelvis_axes_are_forward_up_right(body):
    data = stand(body)
    assert in_pelvis(body, data, "toes_r")[0] > in_pelvis(body, data, "talus_r")[0] + 0.1
    assert in_pelvis(body, data, "head")[1] > 0.5
    assert in_pelvis(body, data, "femur_r")[2] > 0.05 > -0.05 > in_pelvis(body, data, "femur_l")[2]


@pytest.mark.parametrize("side", ["r", "l"])
def test_signs_of_the_leg_joints(body, side):
    outward = 1 if side == "r" else -1

    def moved(joint, segment, degrees=20):
        change = in_pelvis(body, stand(body, **{f"{joint}_{side}": degrees}), f"{segment}_{side}")
        return change - in_pelvis(body, stand(body), f"{segment}_{side}")

    assert moved("hip_flexion", "tibia")[0] > 0.1
    assert moved("hip_adduction", "tibia")[2] * outward < -0.1
    assert moved("hip_rotation", "toes")[2] * outward < -0.03
    assert moved("knee_angle", "talus")[0] < -0.1
    assert moved("ankle_angle", "toes")[1] > 0.03


def test_mtp_counts_the_other_way_in_the_model(body):
    data = mujoco.MjData(body.model)
    data.joint("mtp_angle_r").qpos[0] = 0.3
    angles = dict(zip(body.angle_names, body.joint_angles(data.qpos), strict=True))
    assert angles["mtp_angle_r"] == pytest.approx(-0.3)
    assert angles["mtp_angle_l"] == 0
    mujoco.mj_kinematics(body.model, data)
    toes = data.body("toes_r").xmat.reshape(3, 3)[:, 0]
    assert toes[2] < -0.2, "positive in the model is toes down"


@pytest.mark.parametrize("name", ["legs_abs", "legs_back"])
def test_signs_of_the_lumbar_joints(name):
    body = load_body(name)
    rest = in_pelvis(body, stand(body), "head")

    def moved(joint):
        return in_pelvis(body, stand(body, **{joint: 15}), "head") - rest

    assert moved("flex_extension")[0] < -0.05
    assert moved("lat_bending")[2] > 0.05
    data = stand(body, axial_rotation=15)
    forward = data.xmat[body.pelvis_id].reshape(3, 3).T @ data.body("torso").xmat.reshape(3, 3)[:, 0]
    assert forward[2] < -0.2, "left rotation turns the trunk's front to the left"


def test_lumbar_angle_is_the_sum_over_the_levels():
    body = load_body("legs_back")
    data = mujoco.MjData(body.model)
    for joint in ("flex_extension", "L4_L5_FE", "L1_L2_FE"):
        data.joint(joint).qpos[0] = 0.1
    angles = dict(zip(body.angle_names, body.joint_angles(data.qpos), strict=True))
    assert angles["lumbar_extension"] == pytest.approx(0.3)


def test_segment_axes_point_forward_and_up_at_rest(body):
    data = stand(body)
    pelvis = data.xmat[body.pelvis_id].reshape(3, 3)
    for segment, forward, up in zip(body.segment_ids, body.segment_forward, body.segment_up, strict=True):
        frame = data.xmat[segment].reshape(3, 3)
        assert pelvis[:, 0] @ (frame @ forward) > 0.8
        assert pelvis[:, 1] @ (frame @ up) > 0.8


def test_keypoints_lie_where_the_contract_says(body):
    data = stand(body)
    places = dict(zip(body.keypoints, data.site_xpos[body.keypoint_site_ids], strict=True))
    np.testing.assert_allclose(places["l_ankle"], data.body("talus_l").xpos, atol=1e-12)
    np.testing.assert_allclose(places["pelvis"], data.body("pelvis").xpos, atol=1e-12)
    if "head" in places:
        assert in_pelvis(body, data, "head")[0] == pytest.approx(-0.109, abs=0.002)
        pelvis = data.xmat[body.pelvis_id].reshape(3, 3)
        assert (pelvis.T @ (places["head"] - data.xpos[body.pelvis_id]))[0] == pytest.approx(0.008, abs=0.002)


def test_touch_sensors_are_where_their_names_say(body):
    assert [body.model.sensor(int(i)).name for i in range(4)] == list(TOUCH_SENSORS)
    assert list(body.touch_addresses) == [0, 1, 2, 3]


def test_hash_follows_physics_and_not_looks():
    spec = build_spec("legs")
    assert model_sha256(compile_spec(spec)) == load_body("legs").sha256
    spec.geom("floor").rgba = [1, 0, 0, 1]
    assert model_sha256(compile_spec(spec)) == load_body("legs").sha256
    spec.body("femur_r").mass *= 1.01
    assert model_sha256(compile_spec(spec)) != load_body("legs").sha256


@pytest.mark.parametrize(
    "option", ["cone", "iterations", "disableflags", "tolerance", "impratio", "timestep"]
)
def test_hash_follows_the_options_of_physics(option):
    model = compile_spec(build_spec("legs"))
    setattr(model.opt, option, getattr(model.opt, option) + 1)
    assert model_sha256(model) != load_body("legs").sha256


def test_hashes_of_the_bodies_are_the_published_ones():
    assert {name: load_body(name).sha256 for name in BODIES} == PUBLISHED_SHA256


def test_every_electrode_has_its_muscle_on_both_sides(body):
    for electrode in ELECTRODES:
        for muscle in muscles_under(electrode):
            assert {f"{muscle}_l", f"{muscle}_r"} <= set(body.muscles)


def test_unknown_body_suggests_the_nearest():
    with pytest.raises(InputError, match="did you mean 'legs_back'"):
        load_body("legs_bak")

"""The mirror against a body that is really mirrored, and networks that cannot tell left from right."""

from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.ik.reduced import coupling
from kinesis_bench.physics.cpu import CpuEngine
from kinesis_bench.tasks.control import action_names, control_law
from kinesis_bench.tasks.fatigue import fatigability
from kinesis_bench.tasks.kinematics import FIELDS, BodyPoints, kinematics
from kinesis_bench.tasks.observation import FATIGUED, observation_layout, observation_size, observe

torch = pytest.importorskip("torch", reason="the trainer needs the extra kinesis-bench[train]")

from kinesis_bench.training.config import NetworkConfig  # noqa: E402
from kinesis_bench.training.networks import Actor, Critic  # noqa: E402
from kinesis_bench.training.symmetry import Mirror  # noqa: E402

REFLECT = np.diag([1.0, -1.0, 1.0])
"""World y changes its sign; the root body's sagittal plane has its own x axis as normal (``legs``)."""
ROOT_REFLECT = np.diag([-1.0, 1.0, 1.0])


def other(name: str) -> str:
    return name[:-1] + {"l": "r", "r": "l"}[name[-1]]


def observed(
    qpos: np.ndarray, qvel: np.ndarray, target: np.ndarray, velocity: np.ndarray, fatigued: np.ndarray
) -> np.ndarray:
    body = load_body("legs")
    engine = CpuEngine(body.model, 1, 1, [*FIELDS, "sensordata"])
    engine.set_state(np.array([0]), qpos[None], qvel[None], np.zeros((1, body.model.nu)))
    now = kinematics(BodyPoints(body, engine.field("xpos")), *(engine.field(name) for name in FIELDS))
    touch = engine.field("sensordata")[:, list(body.touch_addresses)]
    return observe(now, touch, target[None], velocity[None], fatigued[None])


def test_a_mirrored_body_is_observed_mirrored():
    """Pose and velocity are mirrored joint by joint, fatigue muscle by muscle, the keypoints in the world.

    No use is made of the mirror for that.
    """
    import mujoco

    body, rng = load_body("legs"), np.random.default_rng(0)
    model = body.model
    qpos, qvel = model.qpos0.copy(), np.zeros(model.nv)
    qpos[2] = 0.92
    for joint in coupling(model).names:
        qpos[model.joint(joint).qposadr[0]] = rng.uniform(0, 0.3)
        qvel[model.joint(joint).dofadr[0]] = rng.normal()
    turn = np.zeros(9)
    quaternion = qpos[3:7] + 0.1 * rng.normal(size=4)
    qpos[3:7] = quaternion / np.linalg.norm(quaternion)
    qvel[:6] = rng.normal(size=6)
    target, velocity = rng.normal(size=(2, len(body.keypoints), 3))
    fatigued = rng.uniform(0, 0.9, len(body.muscles))

    mirrored, moving = qpos.copy(), qvel.copy()
    mirrored[:3] = REFLECT @ qpos[:3]
    mujoco.mju_quat2Mat(turn, qpos[3:7])
    mujoco.mju_mat2Quat(mirrored[3:7], (REFLECT @ turn.reshape(3, 3) @ ROOT_REFLECT).ravel())
    moving[:3], moving[3:6] = REFLECT @ qvel[:3], -ROOT_REFLECT @ qvel[3:6]
    for joint in (model.joint(number).name for number in range(1, model.njnt)):
        here, there = model.joint(joint), model.joint(other(joint))
        mirrored[there.qposadr[0]], moving[there.dofadr[0]] = qpos[here.qposadr[0]], qvel[here.dofadr[0]]
    swapped = [{"l": "r", "r": "l"}[n[0]] + n[1:] if n[1] == "_" else n for n in body.keypoints]
    sides = [body.keypoints.index(name) for name in swapped]

    muscles = [body.muscles.index(other(name)) for name in body.muscles]

    mirror = Mirror.of(body, body.muscles, "observed")
    seen = torch.from_numpy(observed(qpos, qvel, target, velocity, fatigued))
    expected = mirror.observation(seen).numpy()[0]
    aims = ((values @ REFLECT)[sides] for values in (target, velocity))
    found = observed(mirrored, moving, *aims, fatigued[muscles])[0]
    for name, part in observation_layout(body, "observed"):
        atol = 0.02 * max(1.0, np.abs(expected[part]).max())
        np.testing.assert_allclose(found[part], expected[part], atol=atol, err_msg=name)


@pytest.mark.parametrize("fatigue", [None, "observed"])
@pytest.mark.parametrize("name", ["legs", "legs_abs", "legs_back"])
def test_mirrored_twice_is_as_before(name, fatigue):
    body = load_body(name)
    for actions in (body.muscles, coupling(body.model).names, action_names("synergy", body)):
        mirror = Mirror.of(body, actions, fatigue)
        assert len(mirror.observation_sign) == observation_size(body, fatigue)
        observation = torch.randn(3, len(mirror.observation_sign))
        action = torch.randn(3, len(actions))
        assert torch.equal(mirror.observation(mirror.observation(observation)), observation)
        assert torch.equal(mirror.action(mirror.action(action)), action)
        assert not torch.equal(mirror.action(action), action)


@pytest.mark.parametrize("name", ["legs", "legs_abs", "legs_back"])
def test_fatigue_is_seen_at_the_muscle_of_the_other_side(name):
    """Every muscle of every body has one, the trunk's too, and it tires as fast."""
    body = load_body(name)
    part = dict(observation_layout(body, "observed"))[FATIGUED]
    place = torch.arange(float(len(body.muscles)))
    observation = torch.zeros(part.stop)
    observation[part] = place
    mirrored = Mirror.of(body, body.muscles, "observed").observation(observation)[part]
    assert not (mirrored == place).any()
    torch.testing.assert_close(mirrored, Mirror.of(body, body.muscles).action(place))
    rate = torch.from_numpy(fatigability(name).fatigue_per_s)
    assert torch.equal(rate[mirrored.long()], rate)


def test_actions_of_the_sides_are_exchanged_and_bending_and_rotation_turned():
    body = load_body("legs_abs")
    names = coupling(body.model).names
    mirrored = Mirror.of(body, names).action(torch.arange(1.0, len(names) + 1))
    place = {name: number for number, name in enumerate(names)}
    assert mirrored[place["knee_angle_l"]] == place["knee_angle_r"] + 1
    assert mirrored[place["flex_extension"]] == place["flex_extension"] + 1
    for name in ("lat_bending", "axial_rotation"):
        assert mirrored[place[name]] == -(place[name] + 1)


@pytest.mark.parametrize("name", ["legs", "legs_abs", "legs_back"])
def test_a_mirrored_action_excites_the_mirrored_muscles(name):
    """Under control ``synergy``: groups are exchanged with their mirror images, like muscles."""
    body, rng = load_body(name), np.random.default_rng(0)
    law, here = control_law("synergy", body), np.zeros(1, np.int64)
    mirror = Mirror.of(body, action_names("synergy", body))
    action = torch.from_numpy(rng.uniform(-1, 1, (3, law.action_size))).float()
    excitation = law.target(action, here, here)
    assert not torch.equal(mirror.action(action), action)
    expected = Mirror.of(body, body.muscles).action(excitation)
    torch.testing.assert_close(law.target(mirror.action(action), here, here), expected)


@pytest.mark.parametrize("control", ["direct", "synergy"])
@pytest.mark.parametrize(
    ("exploration", "fatigue"), [("gaussian", None), ("lattice", None), ("gaussian", "observed")]
)
def test_networks_are_symmetric_by_construction(exploration, fatigue, control):
    """π(Mo) = Mπ(o), the same for the noise, and V(Mo) = V(o), whatever the weights are."""
    torch.manual_seed(0)
    body = load_body("legs")
    names = action_names(control, body)
    mirror, size = Mirror.of(body, names, fatigue), observation_size(body, fatigue)
    config = NetworkConfig(
        actor=(16, 8), critic=(8,), exploration=exploration, learn_std=True, symmetric=True
    )
    actor, critic = Actor(size, len(names), config, mirror), Critic(size, config, 2.0, mirror)
    for weights in (*actor.parameters(), *critic.parameters()):
        torch.nn.init.normal_(weights, std=0.3)
    actor.normaliser.learn(2 + torch.randn(50, size))
    here = torch.randn(6, size)
    there = mirror.observation(here)
    torch.testing.assert_close(actor(there), mirror.action(actor(here)))
    torch.testing.assert_close(critic(there), critic(here))
    sample = torch.randn(6, len(names))
    torch.testing.assert_close(
        actor.distribution(there).log_prob(mirror.action(sample)), actor.distribution(here).log_prob(sample)
    )
    assert not any("mirror" in name for name in (*actor.state_dict(), *critic.state_dict()))

"""Recording in a foreign environment: what is recorded is what our own runner records of the same motion."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import gymnasium
import mujoco
import numpy as np
import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import Body, anatomical_angles, joint_angles, load_body
from kinesis_bench.cli.main import main
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation import myosuite as recorder
from kinesis_bench.evaluation.evaluate import evaluate_rollouts
from kinesis_bench.evaluation.myosuite import ENDED, excitation_of_sigmoid, record
from kinesis_bench.evaluation.run import Job, run_policy
from kinesis_bench.human.sources import human_emg
from kinesis_bench.policies.foreign import ForeignPolicy
from kinesis_bench.policies.load import load_policy
from kinesis_bench.rollouts.schema import Rollouts
from kinesis_bench.rollouts.store import read_rollouts

STUB = "myoStubWalk-v0"
MYOSUITE = pytest.mark.skipif(
    importlib.util.find_spec("myosuite") is None, reason="pip install 'kinesis-bench[myosuite]'"
)
WALK = "myoLegWalk-v0"
STEPS = 40


class Legs(gymnasium.Env):
    """Our body ``legs`` behind the face of MyoSuite's environments; starts where recorded clips start."""

    starts: ClassVar[list[tuple[np.ndarray, np.ndarray]]] = []
    least_height_m: ClassVar[float] = 0.3

    def __init__(self, reset_type: str = "init") -> None:
        assert reset_type == "random", "the recorder asks for random starts where there are some"
        self.model = load_body("legs").model
        self.data = mujoco.MjData(self.model)
        self.dt = 5 * self.model.opt.timestep
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (3,), np.float32)
        self.action_space = gymnasium.spaces.Box(0.0, 1.0, (self.model.nu,), np.float32)
        self.started = -1

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        self.started += 1
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:], self.data.qvel[:] = self.starts[self.started]
        mujoco.mj_forward(self.model, self.data)
        return np.zeros(3, np.float32), {}

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict]:
        self.data.ctrl[:] = action
        mujoco.mj_step(self.model, self.data, 5)
        mujoco.mj_forward(self.model, self.data)
        return np.zeros(3, np.float32), 0.0, bool(self.data.qpos[2] < self.least_height_m), False, {}


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """MyoSuite, or something of its name and version, and one more environment."""
    fake = ModuleType("myosuite")
    fake.__version__ = "3.0.0"
    monkeypatch.setitem(sys.modules, "myosuite", fake)
    gymnasium.register(
        STUB,
        entry_point=Legs,
        max_episode_steps=STEPS,
        kwargs={"reset_type": "init"},
        disable_env_checker=True,
    )
    yield
    del gymnasium.registry[STUB]


def foreign(act, action_range=None, observation_size=None) -> ForeignPolicy:
    return ForeignPolicy(
        "mine", act, observation_size, None, action_range, Path("mine.zip"), "ab", ("a note",)
    )


def playback(rollouts: Rollouts):
    """The excitations of recorded clips, one after the other; zero behind a clip's end."""
    rows = []
    for clip in rollouts.clips:
        padding = np.zeros((STEPS - len(clip.excitation), clip.excitation.shape[1]))
        rows += [*clip.excitation, *padding]
    steps = iter(rows)
    return lambda observation: next(steps)


def test_the_same_motion_recorded_both_ways(stub: None, monkeypatch: pytest.MonkeyPatch) -> None:
    body = load_body("legs")
    motions = synthetic_motions(body, clips=2, frames=30)
    ours = run_policy(load_policy("random"), body, motions, Job(motions.select(), np.arange(2), 1, 0))
    monkeypatch.setattr(Legs, "starts", [(clip.start_qpos, clip.start_qvel) for clip in ours.clips])
    monkeypatch.setattr(Legs, "least_height_m", 0.0)
    theirs = record(foreign(playback(ours)), STUB, episodes=2, seed=0)
    assert theirs.muscle_names == ours.muscle_names
    assert theirs.muscle_force_n == ours.muscle_force_n
    assert theirs.joint_names == ours.joint_names
    assert theirs.body_mass_kg == pytest.approx(ours.body_mass_kg)
    assert theirs.leg_length_m == pytest.approx(ours.leg_length_m)
    assert set(theirs.keypoint_names) == {*ours.keypoint_names, "head"}
    columns = [theirs.keypoint_names.index(name) for name in ours.keypoint_names]
    for a, b in zip(ours.clips, theirs.clips, strict=True):
        steps = min(len(a.qpos), len(b.qpos))
        assert steps > 10
        assert b.dt_s == pytest.approx(a.dt_s)
        for name in ("qpos", "qvel", "excitation", "activation", "joint_angle", "pelvis_quaternion"):
            np.testing.assert_allclose(
                getattr(b, name)[:steps], getattr(a, name)[:steps], atol=1e-4, err_msg=name
            )
        np.testing.assert_allclose(
            b.keypoint_position[:steps, columns], a.keypoint_position[:steps], atol=1e-5, err_msg="keypoints"
        )


def test_forces_are_those_that_the_soles_feel(stub: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Touch sensors enclose our feet: they feel what the contacts with a level floor bear."""
    body = load_body("legs")
    motion = synthetic_motions(body, clips=1).ik["legs"]
    monkeypatch.setattr(Legs, "starts", [(motion.qpos[0], motion.qvel[0])])
    touch = []

    def act(observation: np.ndarray) -> np.ndarray:
        touch.append(felt())
        return np.full(body.model.nu, 0.05)

    real = recorder._Recorder
    made = []

    class Kept(real):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

    def felt() -> np.ndarray:
        return made[0]._data.sensordata[body.touch_addresses].reshape(2, 2).sum(axis=1)

    monkeypatch.setattr(recorder, "_Recorder", Kept)
    force = record(foreign(act), STUB, episodes=1, seed=0).clips[0].ground_force
    touch = np.array(touch)[1:]
    np.testing.assert_allclose(force[:-1], touch, rtol=1e-4, atol=0.01)
    assert force.max() > 300


def test_it_is_scored_like_any_recording(stub: None, monkeypatch: pytest.MonkeyPatch) -> None:
    motion = synthetic_motions(load_body("legs"), clips=1).ik["legs"]
    monkeypatch.setattr(Legs, "starts", [(motion.qpos[0], motion.qvel[0])])
    rollouts = record(foreign(lambda o: np.zeros(80), (-1.0, 1.0)), STUB, episodes=1, seed=7)
    clip = rollouts.clips[0]
    np.testing.assert_allclose(clip.excitation, 1 / (1 + np.exp(2.5)), atol=1e-6)
    assert (clip.failure, clip.frames, clip.skill) in ((ENDED, STEPS, "walk"), ("", STEPS, "walk"))
    result = evaluate_rollouts(rollouts, human_emg()).result
    assert (result.policy.name, result.seed) == ("mine", 7)
    assert result.policy.notes[0] == "a note"
    assert "sigmoid of MyoSuite 1 and 2" in result.policy.notes[1]
    assert result.motions.id == f"{STUB} of MyoSuite 3.0.0"
    assert result.imitation is None
    assert result.emg.mean_r is None
    assert "gait cycle" in result.emg.reasons["mean_r"]
    assert result.effort.mean_excitation == pytest.approx(1 / (1 + np.exp(2.5)), abs=1e-5)


def test_the_sigmoid_of_myosuite_2() -> None:
    """-1 to 1 became 0.06 % to 92 % excitation, a half at 0.5."""
    found = excitation_of_sigmoid(np.array([-1.0, 0.5, 1.0]))
    np.testing.assert_allclose(found, [0.00055, 0.5, 0.92414], atol=1e-5)


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        (foreign(lambda o: o, observation_size=9), "observation: has 9 numbers, myoStubWalk-v0 has 3"),
        (foreign(lambda o: o, (-2.0, 2.0)), "acts from -2 to 2; myoStubWalk-v0 takes 0 to 1"),
        (foreign(lambda o: np.zeros(79)), "gave an action of shape (79,)"),
        (foreign(lambda o: np.full(80, np.nan)), "not finite"),
        (foreign(lambda o: 1 / 0), "raised ZeroDivisionError"),
    ],
)
def test_a_policy_that_does_not_fit_is_refused(
    stub: None, monkeypatch: pytest.MonkeyPatch, policy: ForeignPolicy, problem: str
) -> None:
    model = load_body("legs").model
    monkeypatch.setattr(Legs, "starts", [(model.qpos0, np.zeros(model.nv))])
    with pytest.raises(InputError) as error:
        record(policy, STUB, episodes=1, seed=0)
    assert problem in str(error.value)


def test_without_myosuite_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "myosuite", None)
    with pytest.raises(InputError, match=r"needs MyoSuite.*pip install 'kinesis-bench\[myosuite\]'"):
        record(foreign(lambda o: o), WALK, episodes=1, seed=0)
    old = ModuleType("myosuite")
    old.__version__ = "2.12.1"
    monkeypatch.setitem(sys.modules, "myosuite", old)
    with pytest.raises(InputError, match=r"needs MyoSuite 3, here is 2\.12\.1"):
        record(foreign(lambda o: o), WALK, episodes=1, seed=0)


def test_an_unknown_environment_is_refused_with_the_nearest(stub: None) -> None:
    with pytest.raises(InputError, match="did you mean 'myoStubWalk-v0'"):
        record(foreign(lambda o: o), "myoStubWlk-v0", episodes=1, seed=0)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            ["--policy", "deprl"],
            "--policy: is 'deprl'; give one of sb3=PATH, onnx=PATH, deprl=PATH, dynsyn=PATH",
        ),
        (["--policy", "derl=x"], "did you mean 'deprl'"),
        (["--policy", "onnx=x.onnx"], "x.onnx: no such file"),
        (["--policy", "sb3=x.zip", "--episodes", "0"], "--episodes: is 0; give 1 to 1000"),
        (["--policy", "sb3=x.zip", "--seed", "-1"], "--seed: is -1; give at least 0"),
    ],
)
def test_bad_arguments_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["record", *arguments])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert problem in said
    assert said.count("\n") == 1


def write_onnx(path: Path, inputs: int, outputs: int) -> None:
    """A network as MyoSuite 3's ``export_onnx`` writes it: ``obs`` (batch, N) to ``action`` (batch, A)."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    weight = np.full((inputs, outputs), 1e-3, np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["obs", "W"], ["action"])],
        "policy",
        [helper.make_tensor_value_info("obs", TensorProto.FLOAT, ["batch", inputs])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", outputs])],
        [numpy_helper.from_array(weight, "W")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def test_the_command_records_an_onnx_file(
    stub: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnx")
    motion = synthetic_motions(load_body("legs"), clips=1).ik["legs"]
    monkeypatch.setattr(Legs, "starts", [(motion.qpos[0], motion.qvel[0])] * 2)
    write_onnx(tmp_path / "net.onnx", 3, 80)
    out = tmp_path / "walk.h5"
    main(
        [
            "record",
            "--policy",
            f"onnx={tmp_path / 'net.onnx'}",
            "--env",
            STUB,
            "--episodes",
            "2",
            "--out",
            str(out),
        ]
    )
    rollouts = read_rollouts(out)
    assert [clip.key for clip in rollouts.clips] == [f"{STUB}-0", f"{STUB}-1"]
    assert json.loads(rollouts.attributes["provenance"])["policy"]["name"] == "net"
    assert "2 episodes of" in capsys.readouterr().out


def same_pose(
    body: Body, model: mujoco.MjModel, rng: np.random.Generator
) -> tuple[mujoco.MjData, mujoco.MjData]:
    """Both models with the same value in every joint that both have, the root apart."""
    ours, theirs = mujoco.MjData(body.model), mujoco.MjData(model)
    for i in range(model.njnt):
        joint = model.joint(i)
        if joint.type != mujoco.mjtJoint.mjJNT_FREE:
            value = rng.uniform(-0.3, 0.3)
            theirs.qpos[joint.qposadr[0]] = value
            ours.qpos[body.model.joint(joint.name).qposadr[0]] = value
    mujoco.mj_kinematics(body.model, ours)
    mujoco.mj_kinematics(model, theirs)
    return ours, theirs


@MYOSUITE
def test_myosuite_s_legs_have_our_names_axes_and_signs() -> None:
    import myosuite  # noqa: F401

    env = gymnasium.make(WALK)
    model, body = env.unwrapped.model, load_body("legs")
    assert env.unwrapped.dt == pytest.approx(0.01)
    assert tuple(model.actuator(i).name for i in range(model.nu)) == body.muscles
    assert tuple(angle.name for angle in anatomical_angles(model)) == body.angle_names
    ours, theirs = same_pose(body, model, np.random.default_rng(0))
    np.testing.assert_allclose(
        joint_angles(anatomical_angles(model), theirs.qpos), body.joint_angles(ours.qpos), atol=1e-12
    )
    for segment in (
        f"{part}_{side}" for part in ("femur", "tibia", "talus", "calcn", "toes") for side in "rl"
    ):
        found = []
        for data in (ours, theirs):
            pelvis = data.body("pelvis").xmat.reshape(3, 3)
            place = pelvis.T @ (data.body(segment).xpos - data.body("pelvis").xpos)
            found.append(np.column_stack([place, pelvis.T @ data.body(segment).xmat.reshape(3, 3)]))
        np.testing.assert_allclose(*found, atol=2e-3, err_msg=segment)
    env.reset(seed=0)
    pelvis = env.unwrapped.data.body("pelvis").xmat.reshape(3, 3)
    np.testing.assert_allclose(pelvis[:, 1], [0, 0, 1], atol=0.3, err_msg="y is up")


@MYOSUITE
def test_myosuite_s_ground_bears_the_body() -> None:
    """While only the feet touch the floor, their forces are all that constrains the height of the root."""
    import myosuite  # noqa: F401

    env = gymnasium.make(WALK)
    inner = env.unwrapped
    made = recorder._Recorder(inner.model, inner.data, WALK)
    env.reset(seed=0)
    forces = []
    for _ in range(20):
        env.step(np.full(80, 0.02, np.float32))
        forces.append([made.ground_force().sum(), inner.data.qfrc_constraint[2]])
    np.testing.assert_allclose(*np.array(forces).T, rtol=1e-6, atol=1e-6)
    assert np.array(forces).max() > 300


@MYOSUITE
def test_a_checkpoint_of_the_published_structure_goes_all_the_way(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("yaml")
    from foreign_checkpoints import write_deprl

    write_deprl(tmp_path, observation=403, action=80)
    out = tmp_path / "walk.h5"
    main(["record", "--policy", f"deprl={tmp_path}", "--episodes", "2", "--out", str(out)])
    rollouts = read_rollouts(out)
    assert [clip.failure for clip in rollouts.clips] == [ENDED, ENDED]
    assert not np.array_equal(rollouts.clips[0].qpos[0], rollouts.clips[1].qpos[0]), "starts are random"
    result = evaluate_rollouts(rollouts, human_emg()).result
    assert result.policy.name == "deprl"
    assert result.emg.mean_r is None

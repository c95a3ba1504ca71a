"""Record a policy in an environment of MyoSuite 3, so that its gait is scored as any other.

MyoSuite's legs are made of the same parts of myo-sim as ours, so muscles, joints and segments have the same
names, axes and signs; its body, floor and control period differ. What reaches the muscles is recorded
(``ctrl``), not the policy's action.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kinesis_bench.bodies.build import KEYPOINT_SITES
from kinesis_bench.bodies.contract import anatomical_angles, joint_angles
from kinesis_bench.errors import InputError, unknown_name
from kinesis_bench.evaluation.evaluate import Provenance
from kinesis_bench.evaluation.run import leg_length_m
from kinesis_bench.evaluation.schema import MotionsInfo, PolicyInfo
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.policies.foreign import ForeignPolicy
from kinesis_bench.rollouts.schema import FEET, ClipRollout, Rollouts

if TYPE_CHECKING:
    import mujoco

EXTRA = "pip install 'kinesis-bench[myosuite]'"

FOOT_SEGMENTS = ("talus", "calcn", "toes")
"""Segments whose contacts with the world bear on a foot."""

ENDED = "the environment ended the episode"

SIGMOID_SLOPE, SIGMOID_CENTRE = 5.0, 0.5
"""MyoSuite 1 and 2 turned actions from -1 to 1 into excitation 1 / (1 + exp(-5 (a - 0.5))): Caggiano et al.,
L4DC 2022 (arXiv:2205.13600), and ``BaseV0.step`` of MyoSuite 2. MyoSuite 3 takes excitation in the walking
environments and keeps the sigmoid in the others."""


def record(
    policy: ForeignPolicy,
    environment: str,
    *,
    episodes: int,
    seed: int,
    progress: Callable[[int], None] = lambda episodes: None,
) -> Rollouts:
    """Run a policy and record it.

    Episodes start where the environment starts them: walking ones at a random place of two poses of a stride,
    as DEP-RL's authors start theirs.

    Args:
        policy: what drives.
        environment: id of a MyoSuite environment with legs, such as ``myoLegWalk-v0``.
        episodes: how many.
        seed: of the environment's random numbers.
        progress: told the number of episodes done.

    Raises:
        InputError: MyoSuite is not installed, the environment is unknown or has no legs, or the policy does
            not fit it or fails.
    """
    env, version = _make(environment)
    with closing(env):
        act = _adapted(policy, env, environment)
        recorder = _Recorder(env.unwrapped.model, env.unwrapped.data, environment)
        started = time.perf_counter()
        clips = []
        for episode in range(episodes):
            observation, _ = env.reset(seed=seed if episode == 0 else None)
            clips.append(_run(env, act, recorder, observation, f"{environment}-{episode}"))
            progress(episode + 1)
        wall_s = time.perf_counter() - started
        return recorder.rollouts(
            clips, _provenance(policy, act.notes, environment, version, clips, seed, wall_s)
        )


def excitation_of_sigmoid(action: np.ndarray) -> np.ndarray:
    """What MyoSuite 1 and 2 made of an action from -1 to 1."""
    return 1 / (1 + np.exp(-SIGMOID_SLOPE * (action - SIGMOID_CENTRE)))


@dataclass(frozen=True)
class _Adapted:
    """A policy whose actions are those of the environment.

    Attributes:
        policy: as loaded.
        space: the environment's action space.
        sigmoid: whether actions pass through MyoSuite 2's sigmoid.
    """

    policy: ForeignPolicy
    space: Any
    sigmoid: bool

    def __call__(self, observation: np.ndarray) -> np.ndarray:
        where = f"policy {self.policy.name}"
        try:
            action = np.asarray(self.policy.act(np.asarray(observation, np.float32)))
        except Exception as error:
            raise InputError(
                where, f"raised {type(error).__name__}: {error}", "correct the policy"
            ) from error
        if action.shape != self.space.shape or not np.isfinite(action).all():
            problem = f"gave an action of shape {action.shape}, or one that is not finite"
            raise InputError(where, problem, f"give {self.space.shape[0]} finite numbers")
        action = excitation_of_sigmoid(action) if self.sigmoid else action
        return np.clip(action, self.space.low, self.space.high).astype(np.float32)

    @property
    def notes(self) -> tuple[str, ...]:
        """The policy's, and how its actions were taken."""
        how = (
            "its actions from -1 to 1 became excitation by the sigmoid of MyoSuite 1 and 2, which it was "
            "trained with; MyoSuite 3 itself takes excitation here"
        )
        return (*self.policy.notes, how) if self.sigmoid else self.policy.notes


def _make(environment: str) -> tuple[Any, str]:
    """The environment and MyoSuite's version."""
    try:
        import myosuite
    except ImportError as error:
        raise InputError(f"--env {environment}", "needs MyoSuite, which is not installed", EXTRA) from error
    import gymnasium

    if not hasattr(myosuite, "__version__") or int(myosuite.__version__.split(".")[0]) < 3:
        found = getattr(myosuite, "__version__", "of unknown version")
        raise InputError(f"--env {environment}", f"needs MyoSuite 3, here is {found}", EXTRA)
    known = [name for name in gymnasium.registry if name.startswith("myo")]
    if environment not in known:
        raise unknown_name("--env", environment, known)
    options: dict[str, Any] = (
        {"reset_type": "random"} if "reset_type" in gymnasium.spec(environment).kwargs else {}
    )
    return gymnasium.make(environment, **options), str(myosuite.__version__)


def _adapted(policy: ForeignPolicy, env: Any, environment: str) -> _Adapted:
    low, high = float(env.action_space.low.min()), float(env.action_space.high.max())
    sigmoid = policy.action_range == (-1.0, 1.0) and (low, high) == (0.0, 1.0)
    if policy.action_range not in (None, (low, high)) and not sigmoid:
        problem = f"acts from {policy.action_range[0]:g} to {policy.action_range[1]:g}"
        remedy = f"{environment} takes {low:g} to {high:g}: record it where it was trained"
        raise InputError(f"policy {policy.name}", problem, remedy)
    for what, ours, theirs in (
        ("observation", policy.observation_size, env.observation_space.shape[0]),
        ("action", policy.action_size, env.action_space.shape[0]),
    ):
        if ours is not None and ours != theirs:
            problem = f"has {ours} numbers, {environment} has {theirs}"
            raise InputError(f"policy {policy.name}: {what}", problem, "choose the --env it was trained in")
    return _Adapted(policy, env.action_space, sigmoid)


def _run(env: Any, act: _Adapted, recorder: _Recorder, observation: np.ndarray, key: str) -> ClipRollout:
    """One episode."""
    steps: list[dict[str, np.ndarray]] = []
    terminated = truncated = False
    while not (terminated or truncated):
        observation, _, terminated, truncated, _ = env.step(act(observation))
        steps.append(recorder.state())
    arrays: dict[str, Any] = {name: np.stack([step[name] for step in steps]) for name in steps[0]}
    return ClipRollout(
        key=key,
        run=0,
        skill="walk",
        frames=env.spec.max_episode_steps,
        dt_s=float(env.unwrapped.dt),
        failure=ENDED if terminated else "",
        **arrays,
    )


class _Recorder:
    """Reads from a MuJoCo model made of myo-sim's legs what our schema holds.

    Args:
        model, data: of the environment; ``data`` is consistent after each of its steps.
        environment: for errors.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, environment: str) -> None:
        import mujoco

        self._model, self._data = model, data
        segments = {model.body(i).name: i for i in range(model.nbody)}
        for name in (
            "pelvis",
            *(f"{part}_{side}" for side in FEET for part in ("femur", "tibia", *FOOT_SEGMENTS)),
        ):
            if name not in segments:
                problem = f"has no segment {name}"
                raise InputError(f"--env {environment}", problem, "choose one with legs, as myoLegWalk-v0")
        muscles = model.actuator_dyntype == mujoco.mjtDyn.mjDYN_MUSCLE
        self._muscles = np.flatnonzero(muscles)
        self._activations = model.actuator_actadr[self._muscles]
        self._angles = anatomical_angles(model)
        self._sites = {
            keypoint: (segments[segment], np.array(place))
            for keypoint, (segment, place) in KEYPOINT_SITES.items()
            if segment in segments
        }
        self._pelvis = segments["pelvis"]
        feet = {
            segments[f"{part}_{side}"]: place for place, side in enumerate(FEET) for part in FOOT_SEGMENTS
        }
        self._foot_of_geom = np.array([feet.get(int(i), -1) for i in model.geom_bodyid])
        self._fixed = model.body_weldid[model.geom_bodyid] == 0

    def state(self) -> dict[str, np.ndarray]:
        """What is recorded of one control step."""
        model, data = self._model, self._data
        low, high = model.actuator_ctrlrange[self._muscles].T
        places = [data.xpos[i] + data.xmat[i].reshape(3, 3) @ place for i, place in self._sites.values()]
        return {
            "excitation": np.clip(data.ctrl[self._muscles], low, high).astype(np.float32),
            "activation": data.act[self._activations].astype(np.float32),
            "qpos": data.qpos.copy(),
            "qvel": data.qvel.copy(),
            "keypoint_position": np.array(places, np.float32),
            "pelvis_quaternion": data.xquat[self._pelvis].astype(np.float32),
            "joint_angle": joint_angles(self._angles, data.qpos).astype(np.float32),
            "ground_force": self.ground_force().astype(np.float32),
        }

    def ground_force(self) -> np.ndarray:
        """(2,) vertical force of the world on FEET [N], from the contacts of this moment."""
        import mujoco

        vertical, wrench = np.zeros(len(FEET)), np.zeros(6)
        for i, contact in enumerate(self._data.contact):
            first, second = contact.geom
            for foot, other, sign in ((second, first, 1.0), (first, second, -1.0)):
                side = self._foot_of_geom[foot]
                if side >= 0 and self._fixed[other]:
                    mujoco.mj_contactForce(self._model, self._data, i, wrench)
                    # The force of the first geom on the second, in a frame whose axes are the rows.
                    vertical[side] += sign * (wrench[:3] @ contact.frame.reshape(3, 3))[2]
        return vertical

    def rollouts(self, clips: Sequence[ClipRollout], provenance: Provenance) -> Rollouts:
        """The recording."""
        model = self._model
        return Rollouts(
            clips=tuple(clips),
            body_mass_kg=float(model.body_subtreemass[model.body_rootid[self._pelvis]]),
            leg_length_m=leg_length_m(model),
            muscle_names=tuple(model.actuator(i).name for i in self._muscles),
            muscle_force_n=tuple(model.actuator_gainprm[self._muscles, 2].tolist()),
            joint_names=tuple(angle.name for angle in self._angles),
            keypoint_names=tuple(self._sites),
            attributes={"provenance": json.dumps(to_json(provenance))},
        )


def _provenance(
    policy: ForeignPolicy,
    notes: tuple[str, ...],
    environment: str,
    version: str,
    clips: Sequence[ClipRollout],
    seed: int,
    wall_s: float,
) -> Provenance:
    frames = sum(clip.frames for clip in clips)
    return Provenance(
        policy=PolicyInfo(
            name=policy.name,
            source=str(policy.file),
            sha256=policy.sha256,
            deterministic=True,
            notes=notes,
        ),
        motions=MotionsInfo(f"{environment} of MyoSuite {version}", "", "", "", len(clips), frames),
        runs=1,
        seed=seed,
        quick=False,
        diagnostic="",
        wall_s=wall_s,
    )

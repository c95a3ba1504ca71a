"""Excitations for a recorded motion itself: no body is simulated, nothing can fall, nothing is followed.

This is how muscles have been estimated for decades, and how people's own mean curve can be scored. A class
that declares ``control = "prescribed"`` and has a method ``prescribe`` does it (see ``Prescription``);
its excitations are scored against people's EMG as a policy's are, on the motion's own gait cycles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.bodies.inverse_dynamics import Dynamics, InverseDynamics
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.run import Job, recording_of
from kinesis_bench.evaluation.walking import walk_of
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.motions.clip import FPS
from kinesis_bench.motions.motion_set import Motions
from kinesis_bench.policies.interface import PRESCRIBED
from kinesis_bench.policies.loaded import LoadedPolicy
from kinesis_bench.rollouts.schema import FEET, UNIT, ClipRollout, Rollouts
from kinesis_bench.tasks.reference import Reference


@dataclass(frozen=True)
class PrescribedMotion:
    """A recorded motion on a body, F frames; what happens between two is a control step, F - 1 of them.

    Attributes:
        key: of the clip.
        body: that is posed by inverse kinematics.
        dt_s: control period, from one frame to the next [s].
        qpos, qvel: (F, nq), (F, nv) at the frames.
        dynamics: what the motion asks of the muscles at the frames.
        phase: (F - 1,) of the compared leg's gait cycle in the middle of each control step, 0 to 1 from heel
            strike to heel strike; carried on before the first strike and after the last. None where there are
            fewer than two.
        human: people whose EMG it will be compared with.
    """

    key: str
    body: Body
    dt_s: float
    qpos: np.ndarray
    qvel: np.ndarray
    dynamics: Dynamics
    phase: np.ndarray | None
    human: HumanEmg


@dataclass(frozen=True)
class Excitations:
    """What was prescribed for a motion of F frames.

    Attributes:
        muscles: M names of the body's muscles, the same ones for every motion.
        excitation: (F - 1, M) mean over each control step.
        activation: (F - 1, M) at its end, None where unknown.
        unit: "" where excitations are 0 to 1, else what they are: mean excitation is then not reported.
    """

    muscles: tuple[str, ...]
    excitation: np.ndarray
    activation: np.ndarray | None = None
    unit: str = ""


class Prescription(Protocol):
    """What a class with ``control = "prescribed"`` has; one instance sees all motions, each once."""

    def prescribe(self, motion: PrescribedMotion) -> Excitations:
        """Excitations for one motion."""


def prescribe(
    policy: LoadedPolicy,
    body: Body,
    motions: Motions,
    job: Job,
    people: Callable[[Rollouts], HumanEmg],
    progress: Callable[[int], None] = lambda frames: None,
) -> Rollouts:
    """Prescribe and record all clips of a job, each once.

    Pose, keypoints and joint angles are those of inverse kinematics, ground forces those of inverse dynamics.
    There is no reference beside them, for nothing was followed.

    Args:
        policy: whose control is PRESCRIBED.
        body, motions, job: as for ``run_policy``.
        people: given the recording without excitation, whose EMG it will be compared with.
        progress: told how many clip frames are done since the last call.

    Raises:
        InputError: the motions lack the body's IK, or what was prescribed cannot be used.
    """
    prescription: Any = policy.make()
    reference = Reference.of(motions, body)
    chosen = job.clips[job.chosen]
    bare = recording_of(body, [_posed(body, reference, motions, index) for index in chosen])
    human = people(bare)
    inverse = InverseDynamics(body.model)
    clips, answers = [], []
    for clip, index in zip(bare.clips, chosen, strict=True):
        qpos, qvel = _states(reference, index)
        dynamics = inverse(qpos, qvel, clip.dt_s)
        phase = _phase(clip, bare, human.side)
        motion = PrescribedMotion(clip.key, body, clip.dt_s, qpos, qvel, dynamics, phase, human)
        answer = _answer(policy, prescription, motion)
        clips.append(
            replace(
                clip,
                ground_force=_foot_force(dynamics, inverse.side)[1:].astype(np.float32),
                excitation=answer.excitation.astype(np.float32),
                activation=None if answer.activation is None else answer.activation.astype(np.float32),
            )
        )
        answers.append(answer)
        progress(clip.frames)
    if len({(answer.muscles, answer.activation is None, answer.unit) for answer in answers}) > 1:
        raise _unusable(policy, "prescribed other muscles for some motions than for others")
    muscles, force_n = answers[0].muscles, dict(zip(body.muscles, body.muscle_force_n, strict=True))
    return replace(
        bare,
        clips=tuple(clips),
        muscle_names=muscles,
        muscle_force_n=tuple(force_n[muscle] for muscle in muscles),
        attributes={UNIT: answers[0].unit} if answers[0].unit else {},
    )


def _states(reference: Reference, index: int) -> tuple[np.ndarray, np.ndarray]:
    """A clip's qpos (F, nq) and qvel (F, nv)."""
    part = slice(reference.offset[index], reference.offset[index] + reference.length[index])
    return reference.qpos[part], reference.qvel[part]


def _posed(body: Body, reference: Reference, motions: Motions, index: int) -> ClipRollout:
    """What a clip's poses say, without forces and muscles."""
    import mujoco

    qpos, qvel = (states[1:] for states in _states(reference, index))
    data = mujoco.MjData(body.model)
    keypoints, pelvis = [], []
    for pose in qpos:
        data.qpos[:] = pose
        mujoco.mj_kinematics(body.model, data)
        keypoints.append(data.site_xpos[body.keypoint_site_ids])
        pelvis.append(data.xquat[body.pelvis_id].copy())
    return ClipRollout(
        key=motions.keys[index],
        run=0,
        skill=motions.skill[index],
        frames=len(qpos),
        dt_s=1 / FPS,
        control=PRESCRIBED,
        qpos=qpos,
        qvel=qvel,
        joint_angle=body.joint_angles(qpos).astype(np.float32),
        keypoint_position=np.array(keypoints, np.float32),
        pelvis_quaternion=np.array(pelvis, np.float32),
    )


def _foot_force(dynamics: Dynamics, side: np.ndarray) -> np.ndarray:
    """Vertical force (F, 2) under FEET [N]."""
    vertical = dynamics.ground_force[..., 2]
    return np.stack([vertical[:, side == foot].sum(axis=1) for foot in FEET], axis=1)


def _phase(clip: ClipRollout, rollouts: Rollouts, side: str) -> np.ndarray | None:
    strikes = walk_of(clip, rollouts, side, clip.frames).strikes_s
    if len(strikes) < 2:
        return None
    middle = (np.arange(clip.frames) + 0.5) * clip.dt_s
    cycle = np.clip(np.searchsorted(strikes, middle, side="right") - 1, 0, len(strikes) - 2)
    return np.asarray((middle - strikes[cycle]) / np.diff(strikes)[cycle] % 1.0)


def _answer(policy: LoadedPolicy, prescription: Prescription, motion: PrescribedMotion) -> Excitations:
    """What is prescribed for a motion, if it can be used."""
    try:
        answer = prescription.prescribe(motion)
        known = set(answer.muscles) <= set(motion.body.muscles)
        arrays = [array for array in (answer.excitation, answer.activation) if array is not None]
        expected = (len(motion.qpos) - 1, len(answer.muscles))
        shapes = [array.shape for array in arrays if array.shape != expected]
        finite = all(np.isfinite(array).all() for array in arrays)
    except (Exception, SystemExit) as error:
        reason = " ".join(str(error).split())[:200]
        raise _unusable(policy, f"raised {type(error).__name__} for {motion.key}: {reason}") from error
    if not known:
        raise _unusable(policy, f"prescribed muscles that body {motion.body.name!r} lacks")
    if shapes:
        raise _unusable(policy, f"prescribed an array of shape {shapes[0]} for {motion.key}, not {expected}")
    if not finite:
        raise _unusable(policy, f"prescribed a number that is not finite for {motion.key}")
    return answer


def _unusable(policy: LoadedPolicy, problem: str) -> InputError:
    return InputError(f"policy {policy.name}", problem, "correct its method prescribe")

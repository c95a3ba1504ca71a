"""What an evaluation records, in memory.

Row t of every per-step array is the state *after* control step t + 1, so it belongs to frame t + 1 of the
reference: frame 0 is the start and is not scored. A clip that fails is recorded up to and including the step
at which it failed. Arrays that a recording lacks are None; a metric that needs them is then null.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

FEET = ("r", "l")
"""Order of the feet in ``ground_force``."""

UNIT = "excitation_unit"
"""Attribute of a recording whose excitations are not 0 to 1: what they are, for people to read."""


@dataclass(frozen=True)
class ClipRollout:
    """One run of one clip; T control steps, A actions, M muscles, K keypoints, S substeps.

    Attributes:
        key: the clip.
        run: 0, 1, 2 … for a stochastic policy's repeated runs.
        skill: of the clip, "" where unknown.
        frames: scored frames of the whole clip (F - 1); T is smaller where the clip failed.
        dt_s: control period [s].
        failure: why it ended early, "" where it did not. ``far from the reference`` is the protocol's own.
        control: control law, ``direct``, ``pd``, ``tracking`` or ``synergy``; ``prescribed`` where nothing
            was simulated; "" where unknown.
        action: (T, A) in [-1, 1], as applied (rounded by the protocol).
        excitation: (T, M) muscle excitation, mean over the substeps, 0 to 1.
        excitation_last: (T, M) excitation of the last substep.
        activation: (T, M) muscle activation after the step, 0 to 1.
        qpos, qvel: (T, nq), (T, nv) of the body's model.
        start_qpos, start_qvel, start_activation: state before the first step.
        keypoint_position: (T, K, 3) [m], world, z up.
        reference_keypoint_position: (T, K, 3) [m].
        pelvis_quaternion: (T, 4) w, x, y, z: pelvis axes (x forward, y up, z right) to world.
        joint_angle: (T, J) [rad] in OpenSim's signs (Rajagopal), columns as ``Rollouts.joint_names``.
        ik_error_m: (T,) mean keypoint error that is left when the body is posed by IK [m].
        ground_force: (T, 2) vertical force under FEET [N], mean over the substeps.
        foot_contact: (T, 2) whether each of FEET is on the ground, for recordings without forces.
        touch: (T, S, 4) force of ``bodies.contract.TOUCH_SENSORS`` at each substep [N].
        fatigued: (T, M) fatigued part MF of each muscle's units after the step, 0 to 1, where muscles tire
            (``physics.fatigue``). The active part MA is then ``excitation_last``, the resting one the rest.
        start_fatigued: (M,) the same before the first step.
        bout: 1, 2 … where clips are run again and again and muscles carry their fatigue over.
    """

    key: str
    run: int
    skill: str
    frames: int
    dt_s: float
    failure: str = ""
    control: str = ""
    action: np.ndarray | None = None
    excitation: np.ndarray | None = None
    excitation_last: np.ndarray | None = None
    activation: np.ndarray | None = None
    qpos: np.ndarray | None = None
    qvel: np.ndarray | None = None
    start_qpos: np.ndarray | None = None
    start_qvel: np.ndarray | None = None
    start_activation: np.ndarray | None = None
    keypoint_position: np.ndarray | None = None
    reference_keypoint_position: np.ndarray | None = None
    pelvis_quaternion: np.ndarray | None = None
    joint_angle: np.ndarray | None = None
    ik_error_m: np.ndarray | None = None
    ground_force: np.ndarray | None = None
    foot_contact: np.ndarray | None = None
    touch: np.ndarray | None = None
    fatigued: np.ndarray | None = None
    start_fatigued: np.ndarray | None = None
    bout: int = 1


@dataclass(frozen=True)
class Rollouts:
    """All clips of an evaluation, and what is needed to read them without the body's model.

    Attributes:
        clips: one entry a clip and run.
        body: name of the body, "" where it is not ours.
        model_sha256: hash of the body's model, "" where it is not ours.
        body_mass_kg: mass of the body, None where unknown.
        leg_length_m: hip joint to sole of the body's straight leg, None where unknown.
        muscle_names: the M muscles, such as ``soleus_r``.
        muscle_force_n: maximum isometric force of each [N], () where unknown.
        joint_names: the J joint angles, in OpenSim's names, such as ``hip_flexion_l``.
        keypoint_names: the K keypoints.
        attributes: anything else worth keeping (policy, motions id and hash, split, seed, versions).
    """

    clips: tuple[ClipRollout, ...]
    body: str = ""
    model_sha256: str = ""
    body_mass_kg: float | None = None
    leg_length_m: float | None = None
    muscle_names: tuple[str, ...] = ()
    muscle_force_n: tuple[float, ...] = ()
    joint_names: tuple[str, ...] = ()
    keypoint_names: tuple[str, ...] = ()
    attributes: dict[str, str] | None = None

    @property
    def bouts(self) -> int:
        """How often all clips are run one after another."""
        return max(clip.bout for clip in self.clips)

    def of_bout(self, bout: int) -> Rollouts:
        """One of them."""
        return replace(self, clips=tuple(clip for clip in self.clips if clip.bout == bout))

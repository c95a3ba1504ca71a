"""The imitation task on many rows at once: the core of the Gymnasium environments and of evaluation.

Each row is one body that follows one clip. All times are frames of the clip: after ``start`` a row is at the
frame given, after every ``step`` one further, and its last frame is the clip's last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.physics.cpu import CpuEngine
from kinesis_bench.physics.engine import SUBSTEPS, Engine
from kinesis_bench.tasks.control import control_law
from kinesis_bench.tasks.kinematics import FIELDS, BodyPoints, Kinematics, kinematics
from kinesis_bench.tasks.moment_arm import MomentArms
from kinesis_bench.tasks.observation import observation_size, observe
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import RewardConfig, energy_term, reward_terms, total_reward
from kinesis_bench.tasks.termination import PROTOCOL, Termination

NEEDS = ("state", "reference", "muscle", "moment_arm")
"""What ``Imitation.view`` can show beyond the observation."""

_FEET = ([0, 1], [2, 3])
"""Touch sensors of the right and of the left foot, in the order of TOUCH_SENSORS."""


@dataclass(frozen=True)
class Record:
    """What one control step left behind, for recordings; n rows, S substeps; meanings as in ``ClipRollout``.

    Attributes:
        action: (n, A) as given to ``step``.
        excitation, excitation_last: (n, M) mean over the substeps, and in the last one.
        activation: (n, M) after the step.
        qpos, qvel: (n, nq), (n, nv) after the step.
        keypoint_position, reference_keypoint_position: (n, K, 3) [m].
        pelvis_quaternion: (n, 4) w, x, y, z, pelvis axes (OpenSim's) to world.
        joint_angle: (n, J) [rad].
        touch: (n, S, 4) [N].
        ground_force: (n, 2) right, left [N]: sum of a foot's touch sensors, mean over the substeps. They feel
            normal forces; the ground is level, so these are vertical, but for a foot that the other leg hits.
    """

    action: np.ndarray
    excitation: np.ndarray
    excitation_last: np.ndarray
    activation: np.ndarray
    qpos: np.ndarray
    qvel: np.ndarray
    keypoint_position: np.ndarray
    reference_keypoint_position: np.ndarray
    pelvis_quaternion: np.ndarray
    joint_angle: np.ndarray
    touch: np.ndarray
    ground_force: np.ndarray


@dataclass(frozen=True)
class Step:
    """The outcome of one control step for the n rows that made it.

    Attributes:
        rows: (n,) which.
        keypoint_error_m: (n, K) distances of the keypoints from the reference's of the same time [m].
        too_far: (n,) bool, by the task's termination rule.
        broken: row -> reason, where the physics failed; other numbers of that row mean nothing.
        finished: (n,) bool, the clip's last frame is reached.
        reward: (n,), None where the task has no reward.
        reward_terms: name -> (n,), before their weights; empty where the task has no reward.
        record: None unless the task records.
    """

    rows: np.ndarray
    keypoint_error_m: np.ndarray
    too_far: np.ndarray
    broken: dict[int, str]
    finished: np.ndarray
    reward: np.ndarray | None
    reward_terms: dict[str, np.ndarray]
    record: Record | None


class Imitation:
    """Rows of a body that follow clips.

    ``rows`` is always a sorted array of unique row numbers. Results are the same bits whatever the number of
    rows, of threads, and whether the task records.

    Args:
        body: the body.
        reference: the clips, see ``Reference.of``.
        rows: how many.
        control: of ``tasks.control.CONTROLS``.
        threads: for physics; 0 for all cores.
        reward: weights and rates, or None for no reward.
        termination: when a row is too far off.
        record: whether ``step`` gives a ``Record``.
        needs: of NEEDS, what ``view`` will be asked for.
        refine: physics steps in one substep, for a body whose timestep is finer than the protocol's.

    Attributes:
        body, reference: as given.
        law: the control law.
        clip, frame: (rows,) what each row follows and where it is.
    """

    def __init__(
        self,
        body: Body,
        reference: Reference,
        rows: int,
        *,
        control: str = "direct",
        threads: int = 0,
        reward: RewardConfig | None = None,
        termination: Termination = PROTOCOL,
        record: bool = False,
        needs: Iterable[str] = (),
        refine: int = 1,
    ) -> None:
        self.body = body
        self.reference = reference
        self.law = control_law(control, body, reference)
        self.clip = np.zeros(rows, np.int64)
        self.frame = np.zeros(rows, np.int64)
        self._reward = reward
        self._termination = termination
        self._record = record
        self._refine = refine
        fields = [*FIELDS, "sensordata"]
        if self.law.every_substep or "muscle" in needs:
            fields += ["actuator_length", "actuator_velocity"]
        if record:
            fields.append("xquat")
        if "moment_arm" in needs:
            fields.append("actuator_moment")
            self._arms = MomentArms(body.model)
        self.engine: Engine = CpuEngine(body.model, rows, threads, fields)
        self._points = BodyPoints(body, self.engine.field("xpos"))
        self._touch = [int(address) for address in body.touch_addresses]
        self._now = self._kinematics(np.arange(rows))

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.engine.size

    @property
    def observation_size(self) -> int:
        """N, the length of an observation."""
        return observation_size(self.body)

    @property
    def action_size(self) -> int:
        """A, the numbers in an action."""
        return self.law.action_size

    def start(
        self,
        rows: np.ndarray,
        clip: np.ndarray,
        frame: np.ndarray | int = 0,
        *,
        activation: np.ndarray | None = None,
        push_m_s: np.ndarray | None = None,
    ) -> None:
        """Put rows at frames of clips: IK pose and the reference's velocities.

        Args:
            rows: (n,) which.
            clip: (n,) indices of clips.
            frame: (n,), or one for all; at most the clip's last but one.
            activation: (n, M) of the muscles; all zero unless given, as the protocol has it.
            push_m_s: (n, 3) added to the root's velocity, world axes [m/s].
        """
        at = self.reference.offset[clip] + frame
        self.clip[rows], self.frame[rows] = clip, frame
        if activation is None:
            activation = np.zeros((len(rows), self.engine.field("act").shape[1]))
        velocity = self.reference.qvel[at]
        if push_m_s is not None:
            velocity[:, :3] += push_m_s
        self.engine.control[rows] = 0
        self.engine.set_state(rows, self.reference.qpos[at], velocity, activation)
        self._refresh(rows)

    def observe(self, rows: np.ndarray) -> np.ndarray:
        """Observations (n, N) float32 of rows at their present frames, see ``observation_layout``."""
        after = self._at(rows, ahead=1)
        whole = len(rows) == self.size
        return observe(
            self._now if whole else self._now.take(rows),
            self.engine.field("sensordata")[rows][:, self._touch],
            self.reference.keypoint_position[after],
            self.reference.keypoint_velocity[after],
        )

    def step(self, rows: np.ndarray, action: np.ndarray) -> Step:
        """Apply actions for one control step.

        Args:
            rows: (n,) which; the others stay as they are and cost nothing.
            action: (n, A) in [-1, 1], as it is applied: ``quantise_action`` is the caller's. A row with an
                action that is not finite breaks.
        """
        excitation, energy, touch = self._advance(rows, np.asarray(action, np.float64))
        self.frame[rows] += 1
        self._refresh(rows)
        now = self._now if len(rows) == self.size else self._now.take(rows)
        at = self._at(rows)
        target = self.reference.keypoint_position[at]
        error = np.sqrt(np.square(now.keypoint_position - target).sum(axis=-1))
        terms: dict[str, np.ndarray] = {}
        if self._reward is not None:
            velocity = self.reference.keypoint_velocity[at]
            terms = reward_terms(self._reward, now, target, velocity, energy)
        return Step(
            rows=rows,
            keypoint_error_m=error,
            too_far=self._termination.too_far(error),
            broken=self.engine.failures(rows),
            finished=self.frame[rows] >= self.reference.length[self.clip[rows]] - 1,
            reward=total_reward(self._reward, terms) if self._reward is not None else None,
            reward_terms=terms,
            record=self._recorded(rows, action, excitation, touch, now, target) if self._record else None,
        )

    def state(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Copies of qpos (n, nq), qvel (n, nv) and activation (n, M)."""
        field = self.engine.field
        return field("qpos")[rows], field("qvel")[rows], field("act")[rows]

    def view(self, rows: np.ndarray, needs: Iterable[str]) -> dict[str, np.ndarray]:
        """What a privileged policy sees, as copies.

        Args:
            rows: (n,) which.
            needs: of those given to the constructor. ``state``: qpos, qvel, activation; ``reference``:
                reference_qpos and reference_qpos_next, (n, nq) IK poses at the present frame and the next;
                ``muscle``: muscle_length [m] and muscle_velocity [m/s], (n, M); ``moment_arm``: moment_arm
                (n, M, D), change of a muscle's length with an independent joint coordinate [m/rad], on the
                CPU engine only.
        """
        seen: dict[str, np.ndarray] = {}
        if "state" in needs:
            seen |= zip(("qpos", "qvel", "activation"), self.state(rows), strict=True)
        if "reference" in needs:
            seen["reference_qpos"] = self.reference.qpos[self._at(rows)]
            seen["reference_qpos_next"] = self.reference.qpos[self._at(rows, ahead=1)]
        if "muscle" in needs:
            seen["muscle_length"] = self.engine.field("actuator_length")[rows]
            seen["muscle_velocity"] = self.engine.field("actuator_velocity")[rows]
        if "moment_arm" in needs:
            qpos, moment = (self.engine.field(name)[rows] for name in ("qpos", "actuator_moment"))
            seen["moment_arm"] = self._arms.dense(self._arms.pairs(qpos, moment))
        return seen

    def _advance(
        self, rows: np.ndarray, action: np.ndarray
    ) -> tuple[list[np.ndarray], np.ndarray | None, list[np.ndarray]]:
        """Step; excitation of every time it changed, energy term, touch of every substep if recording."""
        engine, often = self.engine, self.law.every_substep
        whole = len(rows) == self.size
        at = slice(None) if whole else rows
        calls = SUBSTEPS if often or self._record else 1
        target = self.law.target(action, self._at(rows), self._at(rows, ahead=1))
        excitations, energies, touches = [], [], []
        for call in range(calls):
            if often or call == 0:
                excitation = target
                if often:
                    length, velocity = engine.field("actuator_length"), engine.field("actuator_velocity")
                    excitation = self.law.excitation(target, length[at], velocity[at], call)
                engine.control[at] = excitation
                excitations.append(excitation)
                if self._reward:
                    energies.append(energy_term(self._reward, excitation))
            engine.step(None if whole else rows, SUBSTEPS // calls * self._refine)
            if self._record:
                touches.append(engine.field("sensordata")[rows][:, self._touch])
        return excitations, np.mean(energies, axis=0) if energies else None, touches

    def _recorded(
        self,
        rows: np.ndarray,
        action: np.ndarray,
        excitations: list[np.ndarray],
        touches: list[np.ndarray],
        now: Kinematics,
        target: np.ndarray,
    ) -> Record:
        qpos, qvel, activation = self.state(rows)
        touch = np.stack(touches, axis=1)
        return Record(
            action=np.array(action, np.float64),
            excitation=np.mean(excitations, axis=0),
            excitation_last=excitations[-1].copy(),
            activation=activation,
            qpos=qpos,
            qvel=qvel,
            keypoint_position=now.keypoint_position.copy(),
            reference_keypoint_position=target,
            pelvis_quaternion=self.engine.field("xquat")[rows, self.body.pelvis_id],
            joint_angle=self.body.joint_angles(qpos),
            touch=touch,
            ground_force=np.stack([touch[:, :, foot].sum(axis=2).mean(axis=1) for foot in _FEET], axis=1),
        )

    def _at(self, rows: np.ndarray, ahead: int = 0) -> np.ndarray:
        """Places of rows' frames in the reference's flat arrays; the last frame stands for later ones."""
        clip = self.clip[rows]
        frame = np.minimum(self.frame[rows] + ahead, self.reference.length[clip] - 1)
        return self.reference.offset[clip] + frame

    def _kinematics(self, rows: np.ndarray) -> Kinematics:
        fields = [self.engine.field(name) for name in FIELDS]
        return kinematics(self._points, *(fields if len(rows) == self.size else [f[rows] for f in fields]))

    def _refresh(self, rows: np.ndarray) -> None:
        fresh = self._kinematics(rows)
        if len(rows) == self.size:
            self._now = fresh
        else:
            self._now.put(rows, fresh)

"""The imitation task on many rows at once: the core of the Gymnasium environments and of evaluation.

Each row is one body that follows one clip. All times are frames of the clip: after ``start`` a row is at the
frame given, after every ``step`` one further, and its last frame is the clip's last.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.bodies.contract import Body
from kinesis_bench.physics.engine import ControlStep, Engine
from kinesis_bench.physics.engines import MakeEngine, cpu_engine
from kinesis_bench.tasks.arrays import like, on_host
from kinesis_bench.tasks.control import control_law
from kinesis_bench.tasks.fatigue import fatigability
from kinesis_bench.tasks.kinematics import FIELDS, BodyPoints, Kinematics, kinematics
from kinesis_bench.tasks.moment_arm import MomentArms
from kinesis_bench.tasks.observation import FatigueMode, observation_size, observe
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

    Arrays are numpy's whatever the engine.

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
        fatigued: (n, M) after the step, None where muscles do not tire.
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
    fatigued: np.ndarray | None


@dataclass(frozen=True)
class Step:
    """The outcome of one control step for the n rows that made it, in arrays of the engine's kind.

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

    rows: Any
    keypoint_error_m: Any
    too_far: Any
    broken: dict[int, str]
    finished: Any
    reward: Any
    reward_terms: dict[str, Any]
    record: Record | None


class Imitation:
    """Rows of a body that follow clips.

    ``rows`` is always a sorted array of unique row numbers. On the CPU engine results are the same bits
    whatever the number of rows, of threads, and whether the task records. Arrays come out as the engine's
    kind, numpy's or torch's; those that go in may be numpy's in any case.

    Args:
        body: the body.
        reference: the clips, see ``Reference.of``.
        rows: how many.
        control: of ``tasks.control.CONTROLS``.
        threads: for physics; 0 for all cores.
        make_engine: of ``physics.engines``; MuJoCo on threads unless given.
        reward: weights and rates, or None for no reward.
        termination: when a row is too far off.
        record: whether ``step`` gives a ``Record``.
        needs: of NEEDS, what ``view`` will be asked for.
        refine: physics steps in one substep, for a body whose timestep is finer than the protocol's.
        fatigue: whether muscles tire (``physics.fatigue``), and whether the observation says how much they have.

    Attributes:
        body, reference: as given.
        law: the control law.
        engine: steps the rows.
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
        make_engine: MakeEngine = cpu_engine,
        reward: RewardConfig | None = None,
        termination: Termination = PROTOCOL,
        record: bool = False,
        needs: Iterable[str] = (),
        refine: int = 1,
        fatigue: FatigueMode | None = None,
    ) -> None:
        self.body = body
        self.reference = reference
        self.law = control_law(control, body, reference)
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
        self.fatigue: FatigueMode | None = fatigue
        self.engine: Engine = make_engine(
            body.model,
            rows,
            fields=fields,
            threads=threads,
            fatigability=fatigability(body.name) if fatigue else None,
        )
        self._like = self.engine.field("xpos")
        self._points = BodyPoints(body, self._like)
        self._placed = reference.like(self._like)
        self.clip = like(np.zeros(rows, np.int64), self._like)
        self.frame = like(np.zeros(rows, np.int64), self._like)
        self._touch = like(np.array(body.touch_addresses), self._like)
        self._now = self._kinematics(like(np.arange(rows), self._like))

    @property
    def size(self) -> int:
        """Number of rows."""
        return self.engine.size

    @property
    def observation_size(self) -> int:
        """N, the length of an observation."""
        return observation_size(self.body, self.fatigue)

    @property
    def action_size(self) -> int:
        """A, the numbers in an action."""
        return self.law.action_size

    def start(
        self,
        rows: Any,
        clip: Any,
        frame: Any = 0,
        *,
        activation: Any = None,
        push_m_s: Any = None,
        fatigued: Any = None,
    ) -> None:
        """Put rows at frames of clips: IK pose and the reference's velocities.

        Args:
            rows: (n,) which.
            clip: (n,) indices of clips.
            frame: (n,), or one for all; at most the clip's last but one.
            activation: (n, M) of the muscles; all zero unless given, as the protocol has it.
            push_m_s: (n, 3) added to the root's velocity, world axes [m/s].
            fatigued: (n, M) fatigued part of the muscles' units, where they tire; none unless given.
        """
        rows, clip, frame = (like(values, self._like) for values in (rows, clip, frame))
        reference = self._placed
        at = reference.offset[clip] + frame
        if activation is None:
            activation = np.zeros((len(rows), self.engine.field("act").shape[1]))
        velocity = reference.qvel[at]
        if push_m_s is not None:
            velocity[:, :3] += like(push_m_s, self._like)
        self.place(rows, clip, frame, reference.qpos[at], velocity, activation, fatigued)

    def place(
        self, rows: Any, clip: Any, frame: Any, qpos: Any, qvel: Any, activation: Any, fatigued: Any = None
    ) -> None:
        """Put rows at frames of clips in given states; nothing of what they did before is carried over.

        Args:
            rows: (n,) which.
            clip: (n,) indices of clips.
            frame: (n,), or one for all; at most the clip's last but one.
            qpos, qvel, activation: (n, nq), (n, nv), (n, M).
            fatigued: as for ``start``.
        """
        rows, clip, frame, *state = (
            like(values, self._like) for values in (rows, clip, frame, qpos, qvel, activation)
        )
        self.clip[rows], self.frame[rows] = clip, frame
        self.engine.control[rows] = 0
        self.engine.set_state(rows, *state)
        if self.engine.fatigued is not None:
            self.engine.fatigued[rows] = 0.0 if fatigued is None else like(fatigued, self._like)
        self._refresh(rows)

    def observe(self, rows: Any) -> Any:
        """Observations (n, N) float32 of rows at their present frames, see ``observation_layout``."""
        rows = like(rows, self._like)
        after = self.places(rows, ahead=1)
        whole = len(rows) == self.size
        return observe(
            self._now if whole else self._now.take(rows),
            self.engine.field("sensordata")[rows][:, self._touch],
            self._placed.keypoint_position[after],
            self._placed.keypoint_velocity[after],
            self.engine.fatigued[rows] if self.fatigue == "observed" else None,
        )

    def step(self, rows: Any, action: Any) -> Step:
        """Apply actions for one control step.

        Args:
            rows: (n,) which; the others stay as they are and cost nothing.
            action: (n, A) in [-1, 1], as it is applied: ``quantise_action`` is the caller's. A row with an
                action that is not finite breaks.
        """
        rows, action = like(rows, self._like), like(action, self._like)
        driven = self._drive(rows, action)
        self.frame[rows] += 1
        self._refresh(rows)
        now = self._now if len(rows) == self.size else self._now.take(rows)
        at = self.places(rows)
        target = self._placed.keypoint_position[at]
        xp = array_namespace(target)
        error = xp.sqrt(xp.sum(xp.square(now.keypoint_position - target), axis=-1))
        terms: dict[str, Any] = {}
        if self._reward is not None:
            velocity = self._placed.keypoint_velocity[at]
            energies = [energy_term(self._reward, excitation) for excitation in driven.excitation]
            energy = xp.mean(xp.stack(energies), axis=0)
            terms = reward_terms(self._reward, now, target, velocity, energy)
        return Step(
            rows=rows,
            keypoint_error_m=error,
            too_far=self._termination.too_far(error),
            broken=self.engine.failures(rows),
            finished=self.frame[rows] >= self._placed.length[self.clip[rows]] - 1,
            reward=total_reward(self._reward, terms) if self._reward is not None else None,
            reward_terms=terms,
            record=self._recorded(rows, action, driven, now, target) if self._record else None,
        )

    def state(self, rows: np.ndarray) -> tuple[Any, Any, Any]:
        """Copies of qpos (n, nq), qvel (n, nv) and activation (n, M)."""
        rows, field = like(rows, self._like), self.engine.field
        return field("qpos")[rows], field("qvel")[rows], field("act")[rows]

    def view(self, rows: Any, needs: Iterable[str]) -> dict[str, Any]:
        """What a privileged policy sees, as copies.

        Args:
            rows: (n,) which.
            needs: of those given to the constructor. ``state``: qpos, qvel, activation; ``reference``:
                reference_qpos and reference_qpos_next, (n, nq) IK poses at the present frame and the next;
                ``muscle``: muscle_length [m] and muscle_velocity [m/s], (n, M); ``moment_arm``: moment_arm
                (n, M, D), change of a muscle's length with an independent joint coordinate [m/rad], on the
                CPU engine only.
        """
        rows, seen = like(rows, self._like), dict[str, Any]()
        if "state" in needs:
            seen |= zip(("qpos", "qvel", "activation"), self.state(rows), strict=True)
        if "reference" in needs:
            seen["reference_qpos"] = self._placed.qpos[self.places(rows)]
            seen["reference_qpos_next"] = self._placed.qpos[self.places(rows, ahead=1)]
        if "muscle" in needs:
            seen["muscle_length"] = self.engine.field("actuator_length")[rows]
            seen["muscle_velocity"] = self.engine.field("actuator_velocity")[rows]
        if "moment_arm" in needs:
            qpos, moment = (self.engine.field(name)[rows] for name in ("qpos", "actuator_moment"))
            seen["moment_arm"] = self._arms.dense(self._arms.pairs(qpos, moment))
        return seen

    def places(self, rows: Any, ahead: int = 0) -> Any:
        """Places of rows' frames in the reference's flat arrays; the last frame stands for later ones."""
        clip = self.clip[rows]
        last = self._placed.length[clip] - 1
        frame = array_namespace(last).minimum(self.frame[rows] + ahead, last)
        return self._placed.offset[clip] + frame

    def _drive(self, rows: Any, action: Any) -> ControlStep:
        target = self.law.target(action, self.places(rows), self.places(rows, ahead=1))
        whole = None if len(rows) == self.size else rows
        return self.engine.drive(whole, self.law, target, refine=self._refine, record=self._record)

    def _recorded(self, rows: Any, action: Any, driven: ControlStep, now: Kinematics, target: Any) -> Record:
        qpos, qvel, activation = (on_host(values) for values in self.state(rows))
        excitations = [on_host(values) for values in driven.excitation]
        touch = np.stack([on_host(values[:, self._touch]) for values in driven.sensordata], axis=1)
        return Record(
            action=np.array(on_host(action), np.float64),
            excitation=np.mean(excitations, axis=0),
            excitation_last=excitations[-1].copy(),
            activation=activation,
            qpos=qpos,
            qvel=qvel,
            keypoint_position=on_host(now.keypoint_position).copy(),
            reference_keypoint_position=on_host(target),
            pelvis_quaternion=on_host(self.engine.field("xquat")[rows, self.body.pelvis_id]),
            joint_angle=self.body.joint_angles(qpos),
            touch=touch,
            ground_force=np.stack([touch[:, :, foot].sum(axis=2).mean(axis=1) for foot in _FEET], axis=1),
            fatigued=None if self.engine.fatigued is None else on_host(self.engine.fatigued[rows]),
        )

    def _kinematics(self, rows: Any) -> Kinematics:
        fields = [self.engine.field(name) for name in FIELDS]
        return kinematics(self._points, *(fields if len(rows) == self.size else [f[rows] for f in fields]))

    def _refresh(self, rows: Any) -> None:
        fresh = self._kinematics(rows)
        if len(rows) == self.size:
            self._now = fresh
        else:
            self._now.put(rows, fresh)

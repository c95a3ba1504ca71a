"""What all tasks share: rows of a body under a control law, their kinematics, what a step leaves behind.

A task is a class that begins its rows its own way (``start``), shows them (``observe``), drives them
(``step``) and judges each step: reward, failure, end. It knows no policy and no learning.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kinesis_bench.bodies.build import TIMESTEP_S
from kinesis_bench.bodies.contract import Body
from kinesis_bench.physics.engine import SUBSTEPS, ControlStep, Engine
from kinesis_bench.physics.engines import MakeEngine
from kinesis_bench.tasks.arrays import like, on_host
from kinesis_bench.tasks.control import ControlLaw
from kinesis_bench.tasks.fatigue import fatigability
from kinesis_bench.tasks.kinematics import FIELDS, BodyPoints, Kinematics, kinematics
from kinesis_bench.tasks.moment_arm import MomentArms
from kinesis_bench.tasks.observation import FatigueMode, observation_size

NEEDS = ("state", "reference", "muscle", "moment_arm")
"""What a task's ``view`` can show beyond the observation."""

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
        fatigued: (n, M) after the step; None where muscles do not tire.
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
        failed: (n,) bool, the task's own rule of failure.
        broken: row -> reason, where the physics failed; other numbers of that row mean nothing.
        finished: (n,) bool, the clip's or the trial's end is reached.
        decided: (n,) bool, those of the finished after whose end nothing could be had any more; the others
            were only cut off. None where no end is of that kind.
        reward: (n,), None where the task has no reward.
        reward_terms: name -> (n,), before their weights; empty where the task has no reward.
        record: None unless the task records.
    """

    rows: Any
    failed: Any
    broken: dict[int, str]
    finished: Any
    reward: Any
    reward_terms: dict[str, Any]
    record: Record | None
    decided: Any = field(default=None, kw_only=True)

    @property
    def terminated(self) -> Any:
        """(n,) bool, nothing follows: failed or decided. Broken rows may be missing."""
        return self.failed if self.decided is None else self.failed | self.decided


class BodyRows:
    """Rows of a body, each driven on its own.

    ``rows`` is always a sorted array of unique row numbers. On the CPU engine results are the same bits
    whatever the number of rows, of threads, and whether the task records. Arrays come out as the engine's
    kind, numpy's or torch's; those that go in may be numpy's in any case.

    Args:
        body: the body.
        rows: how many.
        law: from actions to excitations.
        make_engine: of ``physics.engines``.
        threads: for physics; 0 for all cores.
        record: whether ``step`` gives a ``Record``.
        needs: of NEEDS, what ``view`` will be asked for.
        refine: physics steps in one substep, for a body whose timestep is finer than the protocol's.
        fatigue: whether muscles tire (``physics.fatigue``), and whether the observation says how much.

    Attributes:
        body, law, fatigue: as given.
        engine: steps the rows.
        dt_s: control period [s].
        fields: what a task reads or writes of the engine besides what all do.
    """

    dt_s = SUBSTEPS * TIMESTEP_S
    fields: tuple[str, ...] = ()

    def __init__(
        self,
        body: Body,
        rows: int,
        law: ControlLaw,
        *,
        make_engine: MakeEngine,
        threads: int,
        record: bool,
        needs: Iterable[str],
        refine: int,
        fatigue: FatigueMode | None = None,
    ) -> None:
        self.body, self.law, self.fatigue = body, law, fatigue
        self._record, self._refine = record, refine
        fields = [*FIELDS, "sensordata", *self.fields]
        if law.every_substep or "muscle" in needs:
            fields += ["actuator_length", "actuator_velocity"]
        if record:
            fields.append("xquat")
        if "moment_arm" in needs:
            fields.append("actuator_moment")
            self._arms = MomentArms(body.model)
        tiring = {"fatigability": fatigability(body.name)} if fatigue else {}
        self.engine: Engine = make_engine(body.model, rows, fields=fields, threads=threads, **tiring)
        self._like = self.engine.field("xpos")
        self._points = BodyPoints(body, self._like)
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

    def state(self, rows: np.ndarray) -> tuple[Any, Any, Any]:
        """Copies of qpos (n, nq), qvel (n, nv) and activation (n, M)."""
        rows, field = like(rows, self._like), self.engine.field
        return field("qpos")[rows], field("qvel")[rows], field("act")[rows]

    def view(self, rows: Any, needs: Iterable[str]) -> dict[str, Any]:
        """What a privileged policy sees, as copies.

        Args:
            rows: (n,) which.
            needs: of those given to the constructor. ``state``: qpos, qvel, activation; ``reference``:
                reference_qpos and reference_qpos_next, (n, nq) poses that the task would have at present and
                one control step later; ``muscle``: muscle_length [m] and muscle_velocity [m/s], (n, M);
                ``moment_arm``: moment_arm (n, M, D), change of a muscle's length with an independent joint
                coordinate [m/rad], on the CPU engine only.
        """
        rows, seen = like(rows, self._like), dict[str, Any]()
        if "state" in needs:
            seen |= zip(("qpos", "qvel", "activation"), self.state(rows), strict=True)
        if "reference" in needs:
            poses = self._reference_poses(rows)
            seen |= zip(("reference_qpos", "reference_qpos_next"), poses, strict=True)
        if "muscle" in needs:
            seen["muscle_length"] = self.engine.field("actuator_length")[rows]
            seen["muscle_velocity"] = self.engine.field("actuator_velocity")[rows]
        if "moment_arm" in needs:
            qpos, moment = (self.engine.field(name)[rows] for name in ("qpos", "actuator_moment"))
            seen["moment_arm"] = self._arms.dense(self._arms.pairs(qpos, moment))
        return seen

    def tire(self, rows: Any, fatigued: Any) -> None:
        """Say how fatigued the muscles of rows are; a start makes them fresh.

        Args:
            rows: (n,) which.
            fatigued: (n, M) fatigued part of each muscle's units, 0 to 1.
        """
        self.engine.fatigued[like(rows, self._like)] = like(fatigued, self._like)

    def fatigued(self, rows: Any) -> Any:
        """A copy of the same (n, M); None where muscles do not tire."""
        return self.engine.fatigued[like(rows, self._like)] if self.fatigue else None

    def _reference_poses(self, rows: Any) -> tuple[Any, Any]:
        """Poses (n, nq) that the task would have at present and one control step later."""
        raise NotImplementedError

    def _set_state(self, rows: Any, qpos: Any, qvel: Any, activation: Any) -> None:
        """Put rows in states; nothing of what they did before is carried over."""
        state = (like(values, self._like) for values in (qpos, qvel, activation))
        self.engine.control[rows] = 0
        self.engine.set_state(rows, *state)
        if self.fatigue:
            self.engine.fatigued[rows] = 0
        self._refresh(rows)

    def _drive(self, rows: Any, target: Any) -> ControlStep:
        """One control step towards what the law's ``target`` gave."""
        whole = None if len(rows) == self.size else rows
        return self.engine.drive(whole, self.law, target, refine=self._refine, record=self._record)

    def _seen(self, rows: Any) -> Kinematics:
        """Present kinematics of rows."""
        return self._now if len(rows) == self.size else self._now.take(rows)

    def _touched(self, rows: Any) -> Any:
        """(n, 4) forces of the touch sensors in the last substep [N]."""
        return self.engine.field("sensordata")[rows][:, self._touch]

    def _seen_fatigue(self, rows: Any) -> Any:
        """(n, M) fatigued part of the muscles' units where the observation says it, else None."""
        return self.fatigued(rows) if self.fatigue == "observed" else None

    def _recorded(
        self, rows: Any, action: Any, driven: ControlStep, now: Kinematics, target: Any
    ) -> Record | None:
        """What a step left behind, if the task records; ``target``: the reference's keypoints (n, K, 3)."""
        if not self._record:
            return None
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
            fatigued=on_host(self.fatigued(rows)) if self.fatigue else None,
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

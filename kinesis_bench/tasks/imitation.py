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
from kinesis_bench.physics.engines import MakeEngine, cpu_engine
from kinesis_bench.tasks.arrays import like
from kinesis_bench.tasks.control import control_law
from kinesis_bench.tasks.observation import FatigueMode, observe
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.reward import (
    RewardConfig,
    correction_term,
    energy_over_substeps,
    reward_terms,
    total_reward,
)
from kinesis_bench.tasks.rows import BodyRows, Step
from kinesis_bench.tasks.termination import PROTOCOL, Termination


@dataclass(frozen=True)
class ImitationStep(Step):
    """What a step of the imitation task led to; a row fails by the task's termination rule.

    Attributes:
        keypoint_error_m: (n, K) distances of the keypoints from the reference's of the same time [m].
    """

    keypoint_error_m: Any


class Imitation(BodyRows):
    """Rows of a body that follow clips.

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
        needs: of ``tasks.rows.NEEDS``, what ``view`` will be asked for.
        refine: physics steps in one substep, for a body whose timestep is finer than the protocol's.
        fatigue: whether muscles tire, and whether the observation says how much.

    Attributes:
        reference: as given.
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
        super().__init__(
            body,
            rows,
            control_law(control, body, reference),
            make_engine=make_engine,
            threads=threads,
            record=record,
            needs=needs,
            refine=refine,
            fatigue=fatigue,
        )
        self.reference = reference
        self._reward = reward
        self._termination = termination
        self._placed = reference.like(self._like)
        self.clip = like(np.zeros(rows, np.int64), self._like)
        self.frame = like(np.zeros(rows, np.int64), self._like)

    def start(
        self,
        rows: Any,
        clip: Any,
        frame: Any = 0,
        *,
        activation: Any = None,
        push_m_s: Any = None,
    ) -> None:
        """Put rows at frames of clips: IK pose and the reference's velocities.

        Args:
            rows: (n,) which.
            clip: (n,) indices of clips.
            frame: (n,), or one for all; at most the clip's last but one.
            activation: (n, M) of the muscles; all zero unless given, as the protocol has it.
            push_m_s: (n, 3) added to the root's velocity, world axes [m/s].
        """
        rows, clip, frame = (like(values, self._like) for values in (rows, clip, frame))
        reference = self._placed
        at = reference.offset[clip] + frame
        if activation is None:
            activation = np.zeros((len(rows), self.engine.field("act").shape[1]))
        velocity = reference.qvel[at]
        if push_m_s is not None:
            velocity[:, :3] += like(push_m_s, self._like)
        self.place(rows, clip, frame, reference.qpos[at], velocity, activation)

    def place(self, rows: Any, clip: Any, frame: Any, qpos: Any, qvel: Any, activation: Any) -> None:
        """Put rows at frames of clips in given states; nothing of what they did before is carried over.

        Args:
            rows: (n,) which.
            clip: (n,) indices of clips.
            frame: (n,), or one for all; at most the clip's last but one.
            qpos, qvel, activation: (n, nq), (n, nv), (n, M).
        """
        rows, clip, frame = (like(values, self._like) for values in (rows, clip, frame))
        self.clip[rows], self.frame[rows] = clip, frame
        self._set_state(rows, qpos, qvel, activation)

    def observe(self, rows: Any) -> Any:
        """Observations (n, N) float32 of rows at their present frames, see ``observation_layout``."""
        rows = like(rows, self._like)
        after = self.places(rows, ahead=1)
        return observe(
            self._seen(rows),
            self._touched(rows),
            self._placed.keypoint_position[after],
            self._placed.keypoint_velocity[after],
            self._seen_fatigue(rows),
        )

    def step(self, rows: Any, action: Any) -> ImitationStep:
        """Apply actions for one control step.

        Args:
            rows: (n,) which; the others stay as they are and cost nothing.
            action: (n, A) in [-1, 1], as it is applied: ``quantise_action`` is the caller's. A row with an
                action that is not finite breaks.
        """
        rows, action = like(rows, self._like), like(action, self._like)
        target = self.law.target(action, self.places(rows), self.places(rows, ahead=1))
        driven = self._drive(rows, target)
        self.frame[rows] += 1
        self._refresh(rows)
        now = self._seen(rows)
        at = self.places(rows)
        reference = self._placed.keypoint_position[at]
        xp = array_namespace(reference)
        error = xp.sqrt(xp.sum(xp.square(now.keypoint_position - reference), axis=-1))
        terms: dict[str, Any] = {}
        if self._reward is not None:
            velocity = self._placed.keypoint_velocity[at]
            energy = energy_over_substeps(self._reward.energy_rate, driven.excitation)
            terms = reward_terms(self._reward, now, reference, velocity, energy)
            if self._reward.correction_weight:
                terms["correction"] = correction_term(self._reward.correction_rate, action)
        return ImitationStep(
            rows=rows,
            keypoint_error_m=error,
            failed=self._termination.too_far(error),
            broken=self.engine.failures(rows),
            finished=self.frame[rows] >= self._placed.length[self.clip[rows]] - 1,
            reward=total_reward(self._reward, terms) if self._reward is not None else None,
            reward_terms=terms,
            record=self._recorded(rows, action, driven, now, reference),
        )

    def places(self, rows: Any, ahead: int = 0) -> Any:
        """Places of rows' frames in the reference's flat arrays; the last frame stands for later ones."""
        clip = self.clip[rows]
        last = self._placed.length[clip] - 1
        frame = array_namespace(last).minimum(self.frame[rows] + ahead, last)
        return self._placed.offset[clip] + frame

    def _reference_poses(self, rows: Any) -> tuple[Any, Any]:
        """The IK poses of the clips."""
        return self._placed.qpos[self.places(rows)], self._placed.qpos[self.places(rows, ahead=1)]

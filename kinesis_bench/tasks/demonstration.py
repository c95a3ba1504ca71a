"""Rows that follow clips without seeing them: what a student of a task of goals is taught in.

Each clip ends where its row's goal is. A teacher sees the clip; the student sees what rows of the task see.
"""

from __future__ import annotations

from typing import Any

from kinesis_bench.tasks.arrays import like
from kinesis_bench.tasks.goal import goal_reference
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.observation import observe


class Demonstration(Imitation):
    """Rows of a body that follow clips to their ends; args as ``Imitation``."""

    def observe(self, rows: Any) -> Any:
        """Observations (n, N) float32 as ``tasks.goal.GoalRows`` gives them, the goal at the clip's end."""
        rows = like(rows, self._like)
        now, clip, clips = self._seen(rows), self.clip[rows], self._placed
        end = clips.keypoint_position[clips.offset[clip] + clips.length[clip] - 1]
        goal = end[:, self.body.keypoints.index("pelvis"), :2]
        reference = goal_reference(self.body, now, goal)
        return observe(now, self._touched(rows), reference, now.keypoint_velocity, self._seen_fatigue(rows))

"""``kinesis-bench play``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import tyro


@dataclass(frozen=True)
class Play:
    """Send a policy in directions with arrow keys or the numpad, in MuJoCo's window. Needs a display.

    Up is away from the camera, as it looks when the key is pressed; the arrows give four directions, the
    numpad all eight, and its 5 asks to stand. A body that has fallen begins anew.

    Args:
        task: which task.
        policy: as of `score`; the body's reference policy if left out.
        body: legs, legs_abs or legs_back.
        seed: of the policy's random numbers.
    """

    task: tyro.conf.Positional[Literal["direction"]]
    policy: str | None = None
    body: str = "legs"
    seed: int = 0

    def run(self) -> None:
        """Open the window.

        Raises:
            InputError: there is no display, or the policy cannot be used.
        """
        from kinesis_bench.errors import InputError

        if self.seed < 0:
            raise InputError("--seed", f"is {self.seed}", "give at least 0")
        from kinesis_bench.report.video.steering import REMEDY, WHERE, steer
        from kinesis_bench.report.video.viewer import require_display

        require_display(WHERE, REMEDY)
        from kinesis_bench.bodies.contract import load_body
        from kinesis_bench.cli.score import POLICY
        from kinesis_bench.evaluation.tasks.steering import Steering
        from kinesis_bench.policies.load import load_policy

        body = load_body(self.body)
        policy = load_policy(POLICY if self.policy is None else self.policy, body.name)
        steer(Steering(policy, body, self.seed), body, policy.name)

"""A policy that a person sends in directions."""

from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.tasks.steering import LYING_S, Steering
from kinesis_bench.policies.load import load_policy


@pytest.fixture
def steering() -> Steering:
    return Steering(load_policy("zero", "legs"), load_body("legs"))


def test_it_stands_until_it_is_sent(steering: Steering) -> None:
    np.testing.assert_allclose(steering.goal_m, 0.0, atol=1e-9)
    steering.steer(np.pi / 2, 1.265)
    np.testing.assert_allclose(steering.goal_m, [0.0, 1.265], atol=1e-9)
    steering.step()
    np.testing.assert_allclose(steering.goal_m, [0.0, 1.265], atol=0.02)
    assert steering.goal_m[0] != 0.0


def test_a_fallen_body_lies_a_while_and_begins_anew_under_the_same_command(steering: Steering) -> None:
    steering.steer(np.pi, 1.0)
    heights = []
    for _ in range(120):
        steering.step()
        heights.append(steering.qpos[2])
        if steering.falls and heights[-1] > 0.9:
            break
    assert steering.falls == 1
    lying = sum(height < 0.68 for height in heights)
    assert lying * steering.dt_s == pytest.approx(LYING_S, abs=0.2)
    np.testing.assert_allclose(steering.goal_m, [-1.0, 0.0], atol=1e-6)
    assert not steering.activation.any()


def test_a_policy_that_fails_is_named(tmp_path) -> None:
    (tmp_path / "bad.py").write_text(
        "class Bad:\n    def reset(self, c, r): ...\n    def act(self, o, r): raise KeyError('x')\n"
    )
    steering = Steering(load_policy(f"{tmp_path}/bad.py:Bad", "legs"), load_body("legs"))
    with pytest.raises(InputError, match="policy raised KeyError"):
        steering.step()


def test_a_privileged_policy_sees_what_it_needs(tmp_path) -> None:
    (tmp_path / "needy.py").write_text(
        "import numpy as np\nclass Needy:\n    needs = ('state', 'muscle')\n"
        "    def reset(self, c, r): self.a = c.action_size\n"
        "    def act(self, o, r, view):\n"
        "        assert view.qpos is not None and view.muscle_length.shape[1] == 80\n"
        "        return np.full((len(o), self.a), -1.0)\n"
    )
    steering = Steering(load_policy(f"{tmp_path}/needy.py:Needy", "legs"), load_body("legs"))
    steering.step()

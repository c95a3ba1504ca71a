"""From activation back to excitation, against MuJoCo's own activation dynamics."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.tasks.muscle import ActivationDynamics

LEGS = load_body("legs")
PART = st.floats(0.01, 0.99)


def forward(activation: np.ndarray, excitation: np.ndarray, dt_s: float, steps: int = 400) -> np.ndarray:
    """Activation after ``dt_s`` under an excitation that is held, in fine Euler steps."""
    parameters = LEGS.model.actuator_dynprm[0, :3]
    after = activation.copy()
    for _ in range(steps):
        rate = [mujoco.mju_muscleDynamics(u, a, parameters) for u, a in zip(excitation, after, strict=True)]
        after += dt_s / steps * np.array(rate)
    return after


@given(PART, PART)
def test_for_a_short_time_it_is_the_inverse_of_mujocos_rate(activation, excitation):
    dt_s = 1e-7
    rate = mujoco.mju_muscleDynamics(excitation, activation, LEGS.model.actuator_dynprm[0, :3])
    before = np.full(LEGS.model.nu, activation)
    found = ActivationDynamics(LEGS.model).excitation(before, before + rate * dt_s, dt_s)
    np.testing.assert_allclose(found, excitation, atol=1e-4)


@pytest.mark.parametrize("dt_s", [1 / 150, 1 / 30])
def test_held_it_leads_from_the_one_activation_to_the_other(dt_s):
    """Over random changes, where the excitation is not at a bound; a rise is never too fast to make."""
    rng = np.random.default_rng(0)
    before, after = rng.uniform(0, 1, (2, LEGS.model.nu))
    excitation = ActivationDynamics(LEGS.model).excitation(before, after, dt_s)
    assert (excitation >= 0).all()
    assert (excitation <= 1).all()
    free = (excitation > 0) & (excitation < 1)
    assert free.sum() > 5
    reached = forward(before, excitation, dt_s)
    np.testing.assert_allclose(reached[free], after[free], atol=0.03)
    low, high = excitation == 0, excitation == 1
    assert (reached[low] >= after[low] - 0.03).all()
    assert (reached[high] <= after[high] + 0.03).all()


def test_a_steady_activation_is_its_own_excitation():
    steady = np.linspace(0, 1, LEGS.model.nu)
    np.testing.assert_allclose(ActivationDynamics(LEGS.model).excitation(steady, steady, 1 / 30), steady)


def test_another_law_is_refused():
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><body><joint name='j'/><geom size='1'/></body></worldbody>"
        "<actuator><motor joint='j'/></actuator></mujoco>"
    )
    with pytest.raises(ValueError, match="muscle"):
        ActivationDynamics(model)

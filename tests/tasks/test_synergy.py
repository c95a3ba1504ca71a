"""Control law ``synergy`` by hand, and that its excitations are excitations whatever the action."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.synergies import muscle_synergies
from kinesis_bench.tasks.control import action_names, action_size, control_law
from kinesis_bench.tasks.synergy import SynergyControl

HERE = np.zeros(1, np.int64)
"""A place in a reference, which the law does not look at."""


def test_one_action_a_group_and_one_a_muscle(body):
    names = action_names("synergy", body)
    groups = {"legs": 32, "legs_abs": 34, "legs_back": 116}[body.name]
    law = control_law("synergy", body)
    assert isinstance(law, SynergyControl)
    assert law.action_size == action_size("synergy", body) == len(names) == groups + body.model.nu
    assert names[groups:] == body.muscles
    assert names[:groups] == tuple(f"group_{muscle}" for muscle in muscle_synergies(body.name).names)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("group", "muscle", "excitation"),
    [
        (-1.0, 1.0, 0.0),
        (0.0, 0.0, 0.5),
        (0.0, 1.0, 0.55),
        (0.0, -1.0, 0.45),
        (-0.6, 0.5, 0.21),
        (1.0, -1.0, 0.9),
        (1.0, 1.0, 1.0),
    ],
)
def test_excitations_by_hand(legs, group, muscle, excitation):
    """Vasti are excited by their group and corrected one by one; nothing else moves."""
    law, names = control_law("synergy", legs), action_names("synergy", legs)
    action = np.zeros((1, law.action_size))
    action[0, : law.action_size - 80] = -1
    action[0, names.index("group_vasmed_r")] = group
    action[0, names.index("vaslat_r")] = muscle
    found = dict(zip(legs.muscles, law.target(action, HERE, HERE)[0], strict=True))
    assert found.pop("vaslat_r") == pytest.approx(excitation, abs=1e-12)
    assert found.pop("vasmed_r") == found.pop("vasint_r") == (group + 1) / 2
    assert set(found.values()) == {0.0}


@given(st.integers(0, 10_000), st.floats(0.1, 3.0))
def test_excitations_stay_in_range(seed, spread):
    law = control_law("synergy", load_body("legs"))
    action = np.clip(np.random.default_rng(seed).normal(0, spread, (5, law.action_size)), -1, 1)
    target = law.target(action, HERE, HERE)
    assert target.shape == (5, 80)
    assert ((target >= 0) & (target <= 1)).all()
    np.testing.assert_array_equal(law.excitation(target, target, target, 3), target)


def test_an_action_that_is_no_number_is_not_hidden(legs):
    law = control_law("synergy", legs)
    action = np.zeros((2, law.action_size))
    action[1, 0] = np.nan
    broken = np.isnan(law.target(action, HERE, HERE))
    np.testing.assert_array_equal(broken[0], False)
    np.testing.assert_array_equal(broken[1], muscle_synergies("legs").group == 0)


def test_tensors_give_tensors(body):
    torch = pytest.importorskip("torch", reason="the trainer needs the extra kinesis-bench[train]")
    law = control_law("synergy", body)
    action = np.random.default_rng(0).uniform(-1, 1, (3, law.action_size))
    tensor = law.target(torch.from_numpy(action).float(), HERE, HERE)
    assert tensor.dtype == torch.float32
    np.testing.assert_allclose(tensor.numpy(), law.target(action, HERE, HERE), atol=1e-6)

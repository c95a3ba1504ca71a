"""DEP's rule worked out by hand, and what it does to a body."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from synthetic import synthetic_motions

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.evaluation.run import context_of
from kinesis_bench.policies.interface import View
from kinesis_bench.policies.load import load_policy
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference

STEPS = 60
ROWS = 2


@pytest.fixture(scope="module")
def plasticity() -> Callable[..., Any]:
    return sys.modules[type(load_policy("dep").make()).__module__].Plasticity


def test_two_motors_by_hand(plasticity):
    """Changes of the sensors: (1, 0), (1, 1), (0, 2), (1, 0), in tenths; a window of two pairs, one apart."""
    rule = plasticity(window=2, lag=1, bias_rate=0.0, bias_leak=0.0, kappa=2.0)
    seen = np.array([[0.0, 0.0], [0.1, 0.0], [0.2, 0.1], [0.2, 0.3], [0.3, 0.3]])
    given = [rule.step(x[None])[0] for x in seen]
    np.testing.assert_array_equal(given[:2], 0.0)  # nothing has changed twice yet
    # C = -(1, 1)(1, 0)ᵀ: both rows become (-1, 0), both drives -x₁, so q = (-1, -1)/√2
    np.testing.assert_allclose(given[2], np.tanh(-2 / np.sqrt(2)))
    # C = -(1, 1)(1, 0)ᵀ - (0, 2)(1, 1)ᵀ = -(1, 0 | 3, 2)
    drive = np.array([-0.2, -(3 * 0.2 + 2 * 0.3) / np.sqrt(13)])
    np.testing.assert_allclose(given[3], np.tanh(2 * drive / np.linalg.norm(drive)))
    # the first pair is forgotten: C = -(0, 2)(1, 1)ᵀ - (1, 0)(0, 2)ᵀ = -(0, 2 | 2, 2)
    drive = np.array([-0.3, -(0.3 + 0.3) / np.sqrt(2)])
    np.testing.assert_allclose(given[4], np.tanh(2 * drive / np.linalg.norm(drive)))


def test_the_bias_opposes_what_a_motor_has_done(plasticity):
    """One sensor that goes to and fro: C = +1, and y = tanh(κ + h) whenever x is 1."""
    rule = plasticity(window=4, lag=1, bias_rate=0.5, bias_leak=0.2, kappa=1.0)
    given = [float(rule.step(np.array([[x]]))[0, 0]) for x in (0.0, 1.0, 0.0, 1.0, 0.0, 1.0)]
    first = np.tanh(1.0)
    bias = -0.5 * first
    second = np.tanh(bias)
    np.testing.assert_allclose(given, [0, 0, 0, first, second, np.tanh(1 + 0.8 * bias - 0.5 * second)])


def test_bodies_do_not_feel_each_other(plasticity):
    sensors = np.random.default_rng(0).normal(0, 0.3, (20, 3, 5)).cumsum(axis=0)
    rule, alone = (plasticity(window=6, lag=2, bias_rate=0.01, bias_leak=0.01) for _ in range(2))
    for x in sensors:
        together = rule.step(x)
        np.testing.assert_allclose(alone.step(x[1:2])[0], together[1], atol=1e-6)
        assert np.abs(together).max() <= 1


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body("legs")


def moved(body: Body, act: Callable[[View], np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Actions (T, n, M) and muscle lengths (T, n, M) of bodies that are let fall however far."""
    motions = synthetic_motions(body, clips=ROWS, frames=STEPS + 2)
    task = Imitation(body, Reference.of(motions, body), ROWS, needs=("muscle",))
    rows = np.arange(ROWS)
    task.start(rows, rows)
    actions, lengths = [], []
    for _ in range(STEPS):
        view = View(np.ones(ROWS, bool), **task.view(rows, ("muscle",)))
        actions.append(act(view))
        lengths.append(view.muscle_length)
        assert not task.step(rows, actions[-1]).broken
    return np.array(actions), np.array(lengths)


def shared_by_three(values: np.ndarray) -> float:
    """Part of the variance (T, M) that lies in its first three principal components."""
    size = np.linalg.svd(values - values.mean(axis=0), compute_uv=False) ** 2
    return float(size[:3].sum() / size.sum())


def test_a_body_moves_in_a_coordinated_way(body):
    """Muscles act together, where muscles of their own minds do not, and so legs move more."""
    policy = load_policy("dep").make()
    policy.reset(context_of(body, "direct"), np.arange(ROWS))
    actions, lengths = moved(body, lambda view: policy.act(np.zeros((ROWS, 1)), [], view))
    assert np.abs(actions).max() <= 1
    rng = np.random.default_rng(0)
    noise, shaken = moved(body, lambda view: rng.uniform(-1, 1, (ROWS, body.model.nu)))
    for row in range(ROWS):
        assert shared_by_three(actions[:, row]) > 0.5 > 2 * shared_by_three(noise[:, row])
        travel, of_noise = (np.abs(np.diff(part[:, row], axis=0)).sum() for part in (lengths, shaken))
        assert travel > 1.3 * of_noise


def test_the_policy_is_privileged_and_deterministic():
    loaded = load_policy("dep")
    assert (loaded.name, loaded.needs, loaded.deterministic) == ("dep", ("muscle",), True)
    assert loaded.privileged

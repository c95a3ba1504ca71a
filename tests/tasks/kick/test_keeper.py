"""Keepers move as they say."""

from __future__ import annotations

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.tasks.kick.keeper import (
    HOLD_S,
    KEEPER_REACH_M,
    KEEPERS,
    brownian_draws,
    keeper_code,
    move_keeper,
)

DT_S = 0.01
DRAWS = 100


def walk(name, y, speed, drawn, ball_y, seconds):
    """Places (T + 1, n) of n keepers, the start first; drawn (n, D) and ball_y (T,)."""
    strategy = np.full(len(y), keeper_code(name))
    path = [y]
    for step in range(round(seconds / DT_S)):
        held = drawn[:, int(step * DT_S / HOLD_S + 1e-9)]
        aim = np.full(len(y), ball_y[step])
        path.append(move_keeper(strategy, path[-1], speed, held, aim, DT_S))
    return np.array(path)


@pytest.fixture
def draws():
    return brownian_draws(0, 20_000 * DRAWS).reshape(-1, DRAWS)


def test_the_static_keeper_stays(draws):
    path = walk("static", np.array([1.0]), np.array([5.0]), draws[:1], np.linspace(-3, 3, 200), 2.0)
    np.testing.assert_array_equal(path, 1.0)


def test_the_brownian_keepers_variance_grows_as_stated(draws):
    """n (v HOLD)² / 3 after n holds; 20,000 walks tell a variance to 1 % (√(2 / n))."""
    n, speed = len(draws), 1.5
    path = walk("brownian", np.zeros(n), np.full(n, speed), draws, np.zeros(200), 1.0)
    for holds in (1, 4, 10):
        seen = path[round(holds * HOLD_S / DT_S)].var()
        assert seen == pytest.approx(holds * (speed * HOLD_S) ** 2 / 3, rel=0.05)
    assert abs(path[-1].mean()) < 0.02
    assert np.abs(np.diff(path, axis=0)).max() <= speed * DT_S + 1e-12


@pytest.mark.parametrize("speed", [1.0, 5.0])
def test_the_tracking_keeper_never_exceeds_its_speed(draws, speed):
    ball = 3 * np.sign(np.sin(np.linspace(0, 20, 400)))
    path = walk("tracking", np.array([-3.3, 0.0]), np.full(2, speed), draws[:2], ball, 4.0)
    assert np.abs(np.diff(path, axis=0)).max() <= speed * DT_S + 1e-12
    assert np.abs(np.diff(path, axis=0)).max() > 0.5 * speed * DT_S


def test_the_tracking_keeper_goes_to_the_ball_and_stops_there(draws):
    path = walk("tracking", np.array([-1.0]), np.array([5.0]), draws[:1], np.full(1000, 1.0), 10.0)
    assert path[100, 0] == pytest.approx(1 - 2 * 0.99**100)
    assert path[-1, 0] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("name", KEEPERS)
def test_no_keeper_leaves_its_goal(draws, name):
    n = 50
    path = walk(name, np.full(n, 3.2), np.full(n, 5.0), draws[:n], np.full(1000, 50.0), 10.0)
    assert np.abs(path).max() <= KEEPER_REACH_M


def test_an_unknown_keeper_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"--keeper: unknown name 'brown'; did you mean 'brownian'"):
        keeper_code("brown")

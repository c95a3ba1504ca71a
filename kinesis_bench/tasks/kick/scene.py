"""Ball, goal and keeper around the body ``legs_back``.

Numbers marked MyoChallenge are those of the soccer task of MyoChallenge 2025, from MyoSuite's public code
(``myosuite/envs/myo/myochallenge/soccer_v0.py`` and ``assets/leg_soccer`` at commit 8928f49, Apache-2.0).
World frame: the ball lies on the x axis, the net is towards +x.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.bodies.build import build_spec, compile_spec
from kinesis_bench.bodies.contract import Body, load_body, model_sha256
from kinesis_bench.errors import InputError
from kinesis_bench.physics.engine import SUBSTEPS
from kinesis_bench.tasks.arrays import like

if TYPE_CHECKING:
    import mujoco

KICK_BODY = "legs_back"
"""The body that kicks; the ball's inertia and the field are made for no other."""

KICK_TIMESTEP_S = 1 / 1000
"""Physics timestep (MyoChallenge: 1 kHz)."""

KICK_REFINE = 2
"""Physics steps in a substep: with SUBSTEPS of them a control step is 10 ms (MyoChallenge: 100 Hz)."""

KICK_DT_S = SUBSTEPS * KICK_REFINE * KICK_TIMESTEP_S
"""Control period."""

BALL_MASS_KG = 0.45
"""MyoChallenge; the heaviest ball that Law 2 of the Laws of the Game allows."""

BALL_RADIUS_M = 0.117
"""MyoChallenge."""

BALL_PLACE_M = (40.0, 0.0, BALL_RADIUS_M)
"""The ball's centre at the start (MyoChallenge)."""

BALL_FRICTION = (0.7, 0.05, 0.03)
"""Sliding [1], torsional [m] and rolling [m].

Sliding and torsional are MyoChallenge's. With its rolling friction of 0.04 a ball released by FIFA's ramp
(1 m high) rolls 3.5 to 5.0 m by direction; with ours 5.1 to 7.3 m. FIFA's Quality Programme for Football Turf
asks for 4 to 8 m. The directions differ because friction cones are pyramids, the body's choice.
"""

BALL_SOLREF = (0.015, 0.2)
"""Time constant [s] and damping ratio of the ball's contacts, whatever it meets.

Dropped from 2 m it rebounds to 0.71 m; FIFA's Quality Programme for Football Turf (Quality Pro) asks for 0.60
to 0.85 m, and MyoChallenge's (0.02, 0.4) gives 0.26 m. A contact lasts 9 ms. Coefficient of restitution 0.60;
0.46 to 0.68 was measured in kicks (Bull Andersen, Dörge, Thomsen, Sports Engineering 2:121, 1999).
"""

GOAL_X_M = 50.0
"""The goal line (MyoChallenge)."""

GOAL_HALF_WIDTH_M = 3.3
"""Half of the width in which the ball's centre may cross (MyoChallenge)."""

GOAL_HEIGHT_M = 2.2
"""Height under which the ball's centre may cross (MyoChallenge's code; its documentation says 2.5)."""

POST_RADIUS_M = 0.06
"""Of posts and bar: 12 cm wide, the most that Law 1 allows."""

KEEPER_PARTS_M = ((0.0, 0.3, 0.25), (0.52, 1.08, 0.078), (1.2, 1.2, 0.25))
"""The keeper's capsules: lower and upper end of the axis over its place, and radius [m].

MyoChallenge's keeper: a base, a bar on it and a ball on top, 1.45 m high and 0.5 m wide.
"""

SCENERY_GROUP = 2
"""Group of the geoms that are no part of the body; pictures show it."""

BALL, KEEPER = "ball", "keeper"
"""Names of their bodies in the model."""

PUBLISHED_SCENE_SHA256 = "ee2fbb3567ea0979eacc42820036d2ecfabd2815e90b40e09783da4ebf92dc8a"
"""Hash of the scene's physics with mujoco 4.0.0 and myo-sim 0.2.3, see ``bodies.contract.model_sha256``."""

_MEETS_BALL = 2
"""Collision bit of what only the ball meets: the goal's frame and the keeper."""


@dataclass(frozen=True)
class KickBody:
    """The body in its scene.

    Attributes:
        body: ``legs_back`` with its contract, its model the scene; qpos, qvel and bodies of the ball come
            after its own, so that every index of the contract stays what it is.
        scene_sha256: hash of the scene's physics, as ``model_sha256``.
        nq, nv: sizes of the body's own qpos and qvel, the first of the scene's.
        ball_id: body id of the ball.
    """

    body: Body
    scene_sha256: str
    nq: int
    nv: int
    ball_id: int


@cache
def load_kick_body(name: str = KICK_BODY) -> KickBody:
    """Build and compile the scene, once a process.

    Raises:
        InputError: there is no scene for this body.
    """
    alone = load_body(name)
    if name != KICK_BODY:
        raise InputError(f"--body {name}", "the penalty kick has no such body", f"give --body {KICK_BODY}")
    model = compile_spec(build_scene())
    return KickBody(
        body=replace(alone, model=model),
        scene_sha256=model_sha256(model),
        nq=alone.model.nq,
        nv=alone.model.nv,
        ball_id=model.body(BALL).id,
    )


def build_scene() -> mujoco.MjSpec:
    """The uncompiled scene."""
    import mujoco

    spec = build_spec(KICK_BODY)
    spec.modelname = f"{KICK_BODY} with ball"
    spec.option.timestep = KICK_TIMESTEP_S
    _add_goal(spec)
    ball = spec.worldbody.add_body(name=BALL, pos=BALL_PLACE_M)
    ball.add_freejoint(name=BALL)
    ball.add_geom(
        name=BALL,
        type=mujoco.mjtGeom.mjGEOM_SPHERE,
        size=[BALL_RADIUS_M, 0, 0],
        mass=BALL_MASS_KG,
        typeinertia=mujoco.mjtGeomInertia.mjINERTIA_SHELL,
        condim=6,
        priority=1,
        friction=BALL_FRICTION,
        solref=BALL_SOLREF,
        contype=1,
        conaffinity=1 | _MEETS_BALL,
        rgba=(0.97, 0.97, 0.97, 1),
        group=SCENERY_GROUP,
    )
    keeper = spec.worldbody.add_body(name=KEEPER, pos=(GOAL_X_M, 0, 0), mocap=True)
    for place, (low, high, radius) in enumerate(KEEPER_PARTS_M):
        _add_rod(keeper, f"{KEEPER}_{place}", (0, 0, low), (0, 0, high), radius, (0.85, 0.55, 0.1, 1))
    return spec


def ball_start() -> tuple[np.ndarray, np.ndarray]:
    """qpos (7,) and qvel (6,) of the ball at rest on its place."""
    return np.array((*BALL_PLACE_M, 1.0, 0.0, 0.0, 0.0)), np.zeros(6)


def keeper_gap(ball_position: Any, keeper_y: Any) -> Any:
    """How far the ball's surface is from the keeper's, negative where they overlap.

    Args:
        ball_position: (n, 3) of the ball's centre [m].
        keeper_y: (n,) [m].

    Returns:
        (n,) [m].
    """
    xp = array_namespace(ball_position)
    low, high, radius = like(np.array(KEEPER_PARTS_M), ball_position).T
    height = ball_position[:, 2:]
    nearest = xp.minimum(xp.maximum(height, low), high)
    flat = (ball_position[:, 0] - GOAL_X_M) ** 2 + (ball_position[:, 1] - keeper_y) ** 2
    distance = xp.sqrt(flat[:, None] + (height - nearest) ** 2)
    return xp.min(distance - radius, axis=1) - BALL_RADIUS_M


def _add_goal(spec: mujoco.MjSpec) -> None:
    """Posts and bar, their inner faces one radius of the ball beyond where its centre may pass."""
    beyond = BALL_RADIUS_M + POST_RADIUS_M
    side, top = GOAL_HALF_WIDTH_M + beyond, GOAL_HEIGHT_M + beyond
    white = (0.98, 0.98, 0.98, 1)
    for name, y in (("right", -side), ("left", side)):
        ends = (GOAL_X_M, y, 0), (GOAL_X_M, y, top)
        _add_rod(spec.worldbody, f"{name}_post", *ends, POST_RADIUS_M, white)
    bar = (GOAL_X_M, -side, top), (GOAL_X_M, side, top)
    _add_rod(spec.worldbody, "bar", *bar, POST_RADIUS_M, white)


def _add_rod(
    body: Any,
    name: str,
    low: tuple[float, float, float],
    high: tuple[float, float, float],
    radius: float,
    rgba: tuple[float, float, float, float],
) -> None:
    """A capsule, or a sphere where its ends are one, that only the ball can hit."""
    import mujoco

    kinds = mujoco.mjtGeom
    shape: dict[str, Any] = {"type": kinds.mjGEOM_SPHERE, "pos": low, "size": [radius, 0, 0]}
    if low != high:
        shape = {"type": kinds.mjGEOM_CAPSULE, "fromto": [*low, *high], "size": [radius, 0, 0]}
    body.add_geom(
        name=name, contype=_MEETS_BALL, conaffinity=0, condim=3, rgba=rgba, group=SCENERY_GROUP, **shape
    )

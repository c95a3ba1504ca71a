"""The penalty kick: the body is to shoot the ball past the keeper into the net, and to stay on its feet.

World frame: the ball lies at x = 40 m, the goal line is at x = 50 m; see ``tasks.kick``.

A row sees what it sees in target reaching, with the goal where the ball is. So a policy that learned to
imitate or to reach for goals can be asked at once. A policy that needs ``ball`` sees four vectors more.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Unpack

import numpy as np
from array_api_compat import array_namespace

from kinesis_bench.bodies.contract import Body
from kinesis_bench.errors import InputError
from kinesis_bench.tasks.arrays import like
from kinesis_bench.tasks.goal import FALLEN_M, GoalRows, goal_reward
from kinesis_bench.tasks.kick.keeper import (
    HOLD_S,
    KEEPER_REACH_M,
    KEEPER_SPEED_M_S,
    KEEPERS,
    brownian_draws,
    keeper_code,
    move_keeper,
)
from kinesis_bench.tasks.kick.scene import (
    BALL_PLACE_M,
    BALL_RADIUS_M,
    GOAL_HALF_WIDTH_M,
    GOAL_HEIGHT_M,
    GOAL_X_M,
    KICK_BODY,
    KICK_DT_S,
    KICK_REFINE,
    ball_start,
    keeper_gap,
    load_kick_body,
)
from kinesis_bench.tasks.kinematics import to_heading
from kinesis_bench.tasks.reward import energy_over_substeps, upright_term
from kinesis_bench.tasks.trials import RowOptions, TrialStep

STEPS = 1000
"""Control steps of a trial at most, 10 s (MyoChallenge 2025, second phase)."""

BEHIND_BALL_M = (1.0, 2.0)
"""Between these the body starts behind the ball.

So draws the environment that MyoChallenge registers for its second phase; its documentation says 1 to 3 m,
and 2 m instead of 1 m aside.
"""

ASIDE_M = 1.0
"""Within ± this the body starts beside the line through ball and goal (see BEHIND_BALL_M)."""

STANDING_HEAD_M = 1.1
"""A body stands while its head is higher (KINESIS's paper names the rule; its code does not check it)."""

FARTHEST_GOAL_M = 2.0 * 2.0**0.5
"""The goal that the body sees is never farther: the corner of ``target-far``, the farthest that a policy for
targets has seen. Beyond, it is in the ball's direction."""

TOUCHED_M = 0.005
"""The body has touched the ball once it lies farther than this from its place; nothing else can move it."""

SAVED_M = 0.002
"""The keeper has touched a ball that came nearer than this, or would have, had it gone straight on."""

ALIVE_M_S = 0.1
"""A ball slower than this towards the net does not get there any more."""

BALL_PARTS = ("ball_position", "ball_velocity", "goal_position", "keeper_position")
"""What a policy that needs ``ball`` sees after all else, 3 numbers each, in the heading frame.

Places relative to the pelvis [m], of the goal line's middle and of the keeper on the floor; the ball's
velocity in the world [m/s].
"""

NET_DEPTH_M = 2.0
"""How far behind the goal line the reward's net ends (MyoChallenge's goal is 1.8 m deep)."""

FASTEST_BALL_M_S = 40.0
"""No ball is faster; it bounds the rewards that the trainer expects, and changes none."""

_FASTEST_BODY_M_S = 6.0
_HOLD_STEPS = round(HOLD_S / KICK_DT_S)


@dataclass(frozen=True)
class KickReward:
    """Weights of the reward beside ``GoalReward``'s energy and uprightness; rewards end when the body falls.

    Attributes:
        progress_weight, progress_per_m: as in ``GoalReward``, while the ball lies untouched.
        touch: once, when the ball is first touched. It stands for the target's bonus, which a body that
            stands over the ball would earn for ever.
        ball_speed_s_m: for each m/s of the ball towards the middle of the net's back. A ball at 10 m/s earns
            10 in a step, a body that walks at 1.5 m/s earns 0.24.
    """

    progress_weight: float = 0.8
    progress_per_m: float = 20.0
    touch: float = 20.0
    ball_speed_s_m: float = 1.0


@dataclass(frozen=True)
class KickTrial:
    """One trial; the body looks at the net, along world +x.

    Attributes:
        keeper: of KEEPERS.
        behind_m, aside_m: the pelvis's start behind the ball and to its left [m].
        keeper_y_m: the keeper's start.
        keeper_speed_m_s: the most that it goes.
        keeper_seed: of the Brownian keeper's velocities.
    """

    keeper: str
    behind_m: float
    aside_m: float
    keeper_y_m: float
    keeper_speed_m_s: float
    keeper_seed: int


class PenaltyKick(GoalRows):
    """Rows that kick; args as ``tasks.trials.MakeTask`` and one more.

    Args:
        body: ``legs_back``; it is put into the scene.
        keeper: of KEEPERS; by default one is drawn for each trial, evenly.
        needs: also ``ball``.

    Attributes:
        nq, nv: sizes of the body's own state, which is what ``state`` gives; the ball's is ``ball_state``.
        keeper_y: (rows,) where the keepers stand [m].
    """

    steps = STEPS
    dt_s = KICK_DT_S
    fields = ("mocap_pos",)
    watched = ("distance_m", "touched", "in_net", "goal")
    resumable = False  # the ball's state is not among the body's

    def __init__(
        self, body: Body, rows: int, *, keeper: str | None = None, **options: Unpack[RowOptions]
    ) -> None:
        self.keeper = keeper
        if keeper is not None:
            keeper_code(keeper)
        options["needs"] = needs = tuple(options.get("needs", ()))
        if "moment_arm" in needs:
            raise InputError("penalty-kick", "shows no moment arms", "use a policy that does not need them")
        scene = load_kick_body(body.name)
        self.nq, self.nv, self._ball_id = scene.nq, scene.nv, scene.ball_id
        self._sees_ball = "ball" in needs
        self._kick_reward = KickReward()
        refine = options.get("refine", 1)
        options["refine"] = KICK_REFINE * refine
        super().__init__(_refined(scene.body, refine), rows, **options)
        self._head = body.keypoints.index("head")
        self._strategy = like(np.zeros(rows, np.int64), self._like)
        self._speed = like(np.zeros(rows), self._like)
        self._drawn = like(np.zeros((rows, STEPS // _HOLD_STEPS)), self._like)
        self.keeper_y = like(np.zeros(rows), self._like)
        self._ball = like(np.tile(BALL_PLACE_M, (rows, 1)), self._like)
        self._ball_velocity = like(np.zeros((rows, 3)), self._like)
        self._touched_ball, self._fell, self._on_target, self._scored = (
            like(np.zeros(rows, bool), self._like) for _ in range(4)
        )

    @property
    def observation_size(self) -> int:
        """N, more where the ball is seen."""
        return super().observation_size + (3 * len(BALL_PARTS) if self._sees_ball else 0)

    @property
    def reward_range(self) -> tuple[float, float]:
        """Least and most reward of a step."""
        kick, other = self._kick_reward, goal_reward(KICK_BODY)
        walking = kick.progress_weight * kick.progress_per_m * _FASTEST_BODY_M_S * KICK_DT_S
        ball = kick.ball_speed_s_m * FASTEST_BALL_M_S
        return -walking, walking + kick.touch + ball + other.energy_weight + other.upright_weight

    def draw(self, rng: np.random.Generator) -> KickTrial:
        """A start and a keeper. Starts do not depend on the keeper, so every keeper meets the same ones."""
        behind, speed = rng.uniform(*BEHIND_BALL_M), rng.uniform(*KEEPER_SPEED_M_S)
        aside, keeper_y = rng.uniform(-ASIDE_M, ASIDE_M), rng.uniform(-KEEPER_REACH_M, KEEPER_REACH_M)
        seed, drawn = int(rng.integers(2**31)), str(rng.choice(KEEPERS))
        return KickTrial(self.keeper or drawn, behind, aside, keeper_y, speed, seed)

    def start(self, rows: Any, trials: Sequence[KickTrial], *, push_m_s: Any = None) -> None:
        """Begin trials, one a row: standing, the ball at rest."""
        rows, count = like(rows, self._like), len(trials)
        place = np.array([(BALL_PLACE_M[0] - trial.behind_m, trial.aside_m) for trial in trials])
        qpos = self._standing.placed(place, np.zeros(count))
        qvel = np.zeros((count, self.nv))
        if push_m_s is not None:
            qvel[:, :3] += push_m_s
        self._pose[rows] = like(qpos, self._like)
        self.age[rows] = 0
        for flags in (self._touched_ball, self._fell, self._on_target, self._scored):
            flags[rows] = False
        draws = self._drawn.shape[1]
        for whole, values in (
            (self._strategy, [keeper_code(trial.keeper) for trial in trials]),
            (self._speed, [trial.keeper_speed_m_s for trial in trials]),
            (self.keeper_y, [trial.keeper_y_m for trial in trials]),
            (self._drawn, [brownian_draws(trial.keeper_seed, draws) for trial in trials]),
        ):
            whole[rows] = like(np.array(values), self._like)
        self._set_state(rows, qpos, qvel, np.zeros((count, self.body.model.na)))
        self._place_keepers(rows)
        self._ball[rows], self._ball_velocity[rows] = self.ball_state(rows)
        self._aim_at_ball(rows)

    def resume(
        self, rows: Any, trials: Sequence[Any], age: Any, qpos: Any, qvel: Any, activation: Any
    ) -> None:
        """As ``GoalRows.resume``, at the start alone: the ball is put on its place."""
        if np.any(np.asarray(age) != 0):
            raise ValueError("a kick is not resumed from the body's state alone")
        super().resume(rows, trials, age, qpos, qvel, activation)
        rows = like(rows, self._like)
        self._place_keepers(rows)
        self._aim_at_ball(rows)

    def ball_state(self, rows: Any) -> tuple[Any, Any]:
        """Copies of the ball's position [m] and velocity [m/s], (n, 3) each."""
        rows = like(rows, self._like)
        return (
            self.engine.field("qpos")[rows][:, self.nq : self.nq + 3],
            self.engine.field("qvel")[rows][:, self.nv : self.nv + 3],
        )

    def place_ball(self, rows: Any, position_m: Any, velocity_m_s: Any) -> None:
        """Put balls somewhere, moving, without spin: a kick by hand.

        Args:
            rows: (n,) which.
            position_m, velocity_m_s: (n, 3), world axes.
        """
        rows, position = like(rows, self._like), like(position_m, self._like)
        qpos, qvel, activation = super().state(rows)
        qpos[:, self.nq : self.nq + 3] = position
        qvel[:, self.nv : self.nv + 3] = like(velocity_m_s, self._like)
        qvel[:, self.nv + 3 :] = 0
        self.engine.set_state(rows, qpos, qvel, activation)
        self._place_keepers(rows)
        self._refresh(rows)
        self._ball[rows], self._ball_velocity[rows] = self.ball_state(rows)
        self._aim_at_ball(rows)

    def state(self, rows: Any) -> tuple[Any, Any, Any]:
        """Copies of the body's own qpos (n, nq), qvel (n, nv) and activation (n, M)."""
        qpos, qvel, activation = super().state(rows)
        return qpos[:, : self.nq], qvel[:, : self.nv], activation

    def observe(self, rows: Any) -> Any:
        """Observations (n, N) float32, see ``observation_layout``, ``tasks.goal`` and BALL_PARTS."""
        seen = super().observe(rows)
        if not self._sees_ball:
            return seen
        rows = like(rows, self._like)
        now, (ball, velocity) = self._seen(rows), self.ball_state(rows)
        xp = array_namespace(ball)
        pelvis = now.keypoint_position[:, self._pelvis, :]
        net, keeper = xp.zeros_like(ball), xp.zeros_like(ball)
        net[:, 0], keeper[:, 0], keeper[:, 1] = GOAL_X_M, GOAL_X_M, self.keeper_y[rows]
        vectors = xp.stack((ball - pelvis, velocity, net - pelvis, keeper - pelvis), axis=1)
        turned = xp.reshape(to_heading(now.heading, vectors), (-1, 3 * len(BALL_PARTS)))
        return xp.concat((seen, xp.astype(turned, xp.float32)), axis=1)

    def step(self, rows: Any, action: Any) -> TrialStep:
        """Apply actions for one control step, in which the keepers move too.

        A trial is over when the whole ball is behind the goal line, which decides it, or the body has fallen
        and the ball does not move towards the net any more, or time is up. ``measured``, where 1 means yes
        and what became true stays so: ``touched``, the ball by the body; ``fell``; ``on_target``, the ball
        crossed the line between the posts under the bar or the keeper touched it; ``in_net``, it crossed so;
        ``goal``, and the body stood: had not fallen, its head above STANDING_HEAD_M. And ``ball_x_m``,
        ``ball_y_m``, ``ball_z_m``, ``ball_speed_m_s``, ``keeper_y_m``, ``distance_m`` of the pelvis from the
        ball on the plane, ``head_height_m``, ``pelvis_height_m``, and ``excitation``, the mean over muscles
        and substeps.

        Args:
            rows: (n,) which; the others stay as they are and cost nothing.
            action: (n, A) in [-1, 1], as it is applied: ``quantise_action`` is the caller's. A row with an
                action that is not finite breaks.
        """
        rows, action = like(rows, self._like), like(action, self._like)
        self._move_keepers(rows)
        driven = self._drive(rows, self.law.target(action, None, None))
        self.age[rows] += 1
        self._refresh(rows)
        now = self._seen(rows)
        xp = array_namespace(now.position)
        pelvis, head = now.keypoint_position[:, self._pelvis, :], now.keypoint_position[:, self._head, 2]
        before, velocity_before = self._ball[rows], self._ball_velocity[rows]
        self._ball[rows], self._ball_velocity[rows] = ball, velocity = self.ball_state(rows)
        fell = self._note(self._fell, rows, pelvis[:, 2] < FALLEN_M)
        aside = ball[:, :2] - like(np.array(BALL_PLACE_M[:2]), ball)
        untouched = ~self._touched_ball[rows]
        touched = self._note(self._touched_ball, rows, xp.sum(aside**2, axis=-1) > TOUCHED_M**2)
        crossed, in_net = _crossing(before, ball)
        at_keeper = _met(before, velocity_before, ball, self.keeper_y[rows]) < SAVED_M
        on_target = self._note(self._on_target, rows, in_net | at_keeper)
        scored = self._note(self._scored, rows, in_net & ~fell & (head > STANDING_HEAD_M))
        farther, distance = self._distance[rows], _plane_distance(pelvis, ball)
        terms: dict[str, Any] = {}
        reward = None
        if self._reward is not None:
            terms = {
                "progress": xp.where(touched, 0 * distance, farther - distance),
                "touch": xp.astype(untouched & touched, distance.dtype),
                "ball_speed": xp.clip(_speed_to_net(ball, velocity), 0.0, None),
                "energy": energy_over_substeps(self._reward.energy_rate, driven.excitation),
                "upright": upright_term(self._reward.upright_rate, now),
            }
            kick = self._kick_reward
            reward = (
                kick.progress_weight * kick.progress_per_m * terms["progress"]
                + kick.touch * terms["touch"]
                + kick.ball_speed_s_m * terms["ball_speed"]
                + self._reward.energy_weight * terms["energy"]
                + self._reward.upright_weight * terms["upright"]
            )
            reward = xp.where(fell, 0 * reward, reward)
        self._aim_at_ball(rows)
        alive = touched & ~crossed & (velocity[:, 0] > ALIVE_M_S)
        excitation = xp.mean(xp.stack([xp.mean(part, axis=-1) for part in driven.excitation]), axis=0)
        flags = {
            "touched": touched,
            "fell": fell,
            "on_target": on_target,
            "in_net": in_net,
            "goal": scored,
        }
        return TrialStep(
            rows=rows,
            failed=fell & ~alive & ~crossed,
            broken=self.engine.failures(rows),
            finished=crossed | (self.age[rows] >= self.steps),
            decided=crossed,
            reward=reward,
            reward_terms=terms,
            record=self._recorded(rows, action, driven, now, self._reference(rows, now)),
            measured={
                **{name: xp.astype(values, distance.dtype) for name, values in flags.items()},
                "ball_x_m": ball[:, 0],
                "ball_y_m": ball[:, 1],
                "ball_z_m": ball[:, 2],
                "ball_speed_m_s": xp.sqrt(xp.sum(velocity**2, axis=-1)),
                "keeper_y_m": self.keeper_y[rows],
                "distance_m": distance,
                "head_height_m": head,
                "pelvis_height_m": pelvis[:, 2],
                "excitation": excitation,
            },
        )

    def _set_state(self, rows: Any, qpos: Any, qvel: Any, activation: Any) -> None:
        """Put the bodies in states, each with the ball at rest on its place."""
        place, rest = ball_start()
        count = len(qpos)
        qpos = np.concatenate((qpos, np.tile(place, (count, 1))), axis=1)
        super()._set_state(rows, qpos, np.concatenate((qvel, np.tile(rest, (count, 1))), axis=1), activation)

    def _note(self, flags: Any, rows: Any, seen: Any) -> Any:
        """Keep what became true of rows."""
        flags[rows] = seen = flags[rows] | seen
        return seen

    def _move_keepers(self, rows: Any) -> None:
        y = self.keeper_y[rows]
        drawn = self._drawn[rows, self.age[rows] // _HOLD_STEPS]
        ball_y = self._ball[rows][:, 1]
        self.keeper_y[rows] = move_keeper(
            self._strategy[rows], y, self._speed[rows], drawn, ball_y, KICK_DT_S
        )
        self._place_keepers(rows)

    def _place_keepers(self, rows: Any) -> None:
        self.engine.field("mocap_pos")[rows, 0, 1] = self.keeper_y[rows]

    def _aim_at_ball(self, rows: Any) -> None:
        """The goal that rows see: where the ball is, or FARTHEST_GOAL_M on the way there."""
        pelvis, ball = self._seen(rows).keypoint_position[:, self._pelvis, :], self._ball[rows]
        distance = _plane_distance(pelvis, ball)
        xp = array_namespace(ball)
        share = xp.clip(FARTHEST_GOAL_M / xp.clip(distance, 1e-6, None), None, 1.0)
        self.goal[rows] = pelvis[:, :2] + share[:, None] * (ball - pelvis)[:, :2]
        self._distance[rows] = distance


def _plane_distance(pelvis: Any, ball: Any) -> Any:
    """(n,) distances on the plane [m]."""
    xp = array_namespace(ball)
    return xp.sqrt(xp.sum((ball - pelvis)[:, :2] ** 2, axis=-1))


def _speed_to_net(ball: Any, velocity: Any) -> Any:
    """(n,) speed of balls towards the middle of the net's back, on the plane [m/s]."""
    xp = array_namespace(ball)
    way = like(np.array([GOAL_X_M + NET_DEPTH_M, 0.0]), ball) - ball[:, :2]
    length = xp.clip(xp.sqrt(xp.sum(way**2, axis=-1)), 1e-6, None)
    return xp.sum(way * velocity[:, :2], axis=-1) / length


def _met(before: Any, velocity: Any, ball: Any, keeper_y: Any) -> Any:
    """(n,) least gap between balls and keepers in a control step [m].

    A bounce is shorter than a control step and may fall between two. So the ball is looked for where it is
    after the step, and where it would have been at each quarter of the step had it gone straight on.
    """
    xp = array_namespace(ball)
    straight = [before + (quarter / 4 * KICK_DT_S) * velocity for quarter in (1, 2, 3, 4)]
    gaps = [keeper_gap(place, keeper_y) for place in (ball, *straight)]
    return xp.min(xp.stack(gaps), axis=0)


def _crossing(before: Any, ball: Any) -> tuple[Any, Any]:
    """Which balls (n, 3) were wholly behind the goal line for the first time, and which of them in the net.

    The whole ball has to cross, between posts and bar (Law 10), where it was on its straight way between two
    control steps when its hind edge passed the line.
    """
    xp = array_namespace(ball)
    line = GOAL_X_M + BALL_RADIUS_M
    crossed = (before[:, 0] < line) & (ball[:, 0] >= line)
    way = xp.where(crossed, ball[:, 0] - before[:, 0], xp.ones_like(ball[:, 0]))
    there = before + ((line - before[:, 0]) / way)[:, None] * (ball - before)
    inside = (xp.abs(there[:, 1]) < GOAL_HALF_WIDTH_M) & (there[:, 2] < GOAL_HEIGHT_M)
    return crossed, crossed & inside


def _refined(body: Body, refine: int) -> Body:
    """The scene with a finer physics timestep."""
    if refine == 1:
        return body
    model = copy.copy(body.model)
    model.opt.timestep = body.model.opt.timestep / refine
    return replace(body, model=model)

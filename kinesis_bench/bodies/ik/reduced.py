"""A body's kinematics over its independent coordinates, for many poses at once.

The coordinates c of a pose are the root's displacement (3) and its rotation vector from a given orientation
(3), then the joints that no equality drives. Every other joint is a polynomial of one of them (knee, patella,
lumbar spine) or a constant, exactly as the model's equality constraints say, so the couplings hold by
construction. Only the bodies that carry points of interest are walked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import mujoco

ROOT = 6
"""Coordinates of the root that come before the joints'."""


@dataclass(frozen=True)
class Coupling:
    """All joints but the root as polynomials of the independent ones.

    Attributes:
        independent: (C,) places in qpos of the independent joints.
        lower, upper: (C,) their limits [rad].
        names: their C names.
        qpos: (J,) places in qpos of all joints but the root.
        driver: (J,) which independent joint drives each, its own for an independent one, 0 for a constant.
        polynomial: (J, 5) coefficients of the driver, lowest power first.
    """

    independent: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    names: tuple[str, ...]
    qpos: np.ndarray
    driver: np.ndarray
    polynomial: np.ndarray

    def values(self, coordinates: np.ndarray) -> np.ndarray:
        """Joint positions (F, J) of independent coordinates (F, C)."""
        x = coordinates[:, self.driver]
        a = self.polynomial.T
        return a[0] + x * (a[1] + x * (a[2] + x * (a[3] + x * a[4])))

    def slopes(self, coordinates: np.ndarray) -> np.ndarray:
        """Derivatives (F, J) of the joint positions by their drivers."""
        x = coordinates[:, self.driver]
        a = self.polynomial.T
        return a[1] + x * (2 * a[2] + x * (3 * a[3] + x * 4 * a[4]))


def coupling(model: mujoco.MjModel) -> Coupling:
    """Read a model's joint equalities; its first joint must be the free root.

    Raises:
        ValueError: an equality that is not between joints, or that drives a joint by a driven one.
    """
    import mujoco

    if (model.eq_type != mujoco.mjtEq.mjEQ_JOINT).any() or model.jnt_type[0] != mujoco.mjtJoint.mjJNT_FREE:
        raise ValueError("only bodies with a free root and joint equalities are supported")
    equality = {int(joint): e for e, joint in enumerate(model.eq_obj1id)}
    independent = [joint for joint in range(1, model.njnt) if joint not in equality]
    driver = np.zeros(model.njnt - 1, int)
    polynomial = np.zeros((model.njnt - 1, 5))
    for joint in range(1, model.njnt):
        rest = model.qpos0[model.jnt_qposadr[joint]]
        if joint in equality:
            source = int(model.eq_obj2id[equality[joint]])
            polynomial[joint - 1] = model.eq_data[equality[joint], :5]
            polynomial[joint - 1, 0] += rest
            if source < 0:
                polynomial[joint - 1, 1:] = 0.0
                continue
            if source in equality or model.qpos0[model.jnt_qposadr[source]] != 0:
                raise ValueError(
                    f"{model.joint(joint).name}: its driver is driven itself, or not at rest in 0"
                )
            driver[joint - 1] = independent.index(source)
        else:
            polynomial[joint - 1, 1] = 1.0
            driver[joint - 1] = independent.index(joint)
    return Coupling(
        independent=model.jnt_qposadr[independent].astype(int),
        lower=model.jnt_range[independent, 0].copy(),
        upper=model.jnt_range[independent, 1].copy(),
        names=tuple(model.joint(joint).name for joint in independent),
        qpos=model.jnt_qposadr[1:].astype(int),
        driver=driver,
        polynomial=polynomial,
    )


@dataclass(frozen=True)
class _Joint:
    """A hinge or a slide of a link.

    Attributes:
        joint: its place among all joints but the root.
        slides: whether it is a slide.
        parts: (3, 7) its axis, the axis' cross-product matrix K, and K², so that one product with the frame
            before it gives all that Rodrigues' formula I + K sin + K² (1 - cos) needs.
    """

    joint: int
    slides: bool
    parts: np.ndarray


@dataclass(frozen=True)
class _Link:
    """A moving body, its pose relative to the moving body before it, and its joints."""

    parent: int
    offset: np.ndarray
    turn: np.ndarray | None
    joints: tuple[_Joint, ...]


@dataclass(frozen=True)
class Pose:
    """Points of F poses, and how they move with the C + 6 coordinates.

    Attributes:
        points: (F, P, 3) world [m].
        angular: (F, 3, C + 6) angular velocity per unit of each coordinate, world axes.
        linear: (F, 3, C + 6) velocity of the point of the moving part that passes the world's origin.
    """

    points: np.ndarray
    angular: np.ndarray
    linear: np.ndarray


class Tree:
    """Forward kinematics of chosen points, with the twist that every coordinate causes.

    Args:
        model: the body's model.
        points: body id and place in that body [m] of each of the P points.
    """

    def __init__(self, model: mujoco.MjModel, points: list[tuple[int, np.ndarray]]) -> None:
        import mujoco

        self.coupling = coupling(model)
        wanted = set()
        for body, _ in points:
            while body > 0:
                wanted.add(body)
                body = int(model.body_parentid[body])
        root = int(model.jnt_bodyid[0])
        link_of = {root: 0}
        fixed: dict[int, tuple[np.ndarray, np.ndarray]] = {root: (np.zeros(3), np.eye(3))}
        self._links: list[_Link] = []
        chains: list[list[int]] = [[]]
        for body in sorted(wanted - {root}):
            parent = int(model.body_parentid[body])
            turn = np.empty(9)
            mujoco.mju_quat2Mat(turn, model.body_quat[body])
            offset, before = fixed[parent]
            offset, turn = offset + before @ model.body_pos[body], before @ turn.reshape(3, 3)
            joints = range(model.body_jntadr[body], model.body_jntadr[body] + model.body_jntnum[body])
            if not joints:
                link_of[body], fixed[body] = link_of[parent], (offset, turn)
                continue
            if model.jnt_pos[joints].any() or model.qpos0[model.jnt_qposadr[joints]].any():
                raise ValueError(f"joints of {model.body(body).name} are not at its origin with rest 0")
            plain = None if np.array_equal(turn, np.eye(3)) else turn
            self._links.append(_Link(link_of[parent], offset, plain, tuple(_joint(model, j) for j in joints)))
            chains.append(chains[link_of[parent]] + [j - 1 for j in joints])
            link_of[body], fixed[body] = len(self._links), (np.zeros(3), np.eye(3))

        self._walked = [joint.joint for link in self._links for joint in link.joints]
        drivers = self.coupling.driver[self._walked]
        moving = self.coupling.polynomial[self._walked, 1:].any(axis=1)
        count = ROOT + len(self.coupling.independent)
        self._gather = np.zeros((len(self._walked), count))
        self._gather[np.arange(len(self._walked))[moving], ROOT + drivers[moving]] = 1.0
        self._slides = np.array([joint.slides for link in self._links for joint in link.joints])
        self._gather_slide = self._gather * self._slides[:, None]
        self._gather_hinge = self._gather - self._gather_slide

        self._point_link = np.array([link_of[body] for body, _ in points])
        local = np.array([fixed[b][0] + fixed[b][1] @ np.asarray(p, float) for b, p in points])
        self._points = {
            int(link): (np.flatnonzero(self._point_link == link), local[self._point_link == link].T)
            for link in np.unique(self._point_link)
        }
        self.moves = np.zeros((len(points), count), bool)
        self.moves[:, :ROOT] = True
        for point, link in enumerate(self._point_link):
            chain = set(chains[link])
            for column in range(count - ROOT):
                driven = {self._walked[i] for i in np.flatnonzero(moving & (drivers == column))}
                if driven and driven <= chain:
                    self.moves[point, ROOT + column] = True
                elif driven & chain:
                    raise ValueError("a coordinate drives joints before and after a point")

    def pose(self, position: np.ndarray, rotation: np.ndarray, coordinates: np.ndarray) -> Pose:
        """Points and twists of F poses.

        Args:
            position: (F, 3) the root body's [m].
            rotation: (F, 3, 3) the root body's given orientation, root axes to world.
            coordinates: (F, C + 6); the root lies at ``position`` + c[:3] and is turned, about world axes, by
                the rotation vector c[3:6] from ``rotation``.
        """
        frames = len(coordinates)
        turn, turn_rate = _exponential(coordinates[:, 3:6])
        joint = self.coupling.values(coordinates[:, ROOT:])
        slope = self.coupling.slopes(coordinates[:, ROOT:])[:, self._walked]
        sine, versine = np.sin(joint)[:, :, None, None], 1 - np.cos(joint)[:, :, None, None]
        place, axes = [position + coordinates[:, :3]], [turn @ rotation]
        axis = np.empty((frames, 3, len(self._walked)))
        origin = np.empty((frames, 3, len(self._walked)))
        column = 0
        for limb in self._links:
            parent = axes[limb.parent]
            here = place[limb.parent] + _times(parent, limb.offset[:, None])[:, :, 0]
            frame = parent if limb.turn is None else _times(parent, limb.turn)
            for part in limb.joints:
                if part.slides:
                    axis[:, :, column] = _times(frame, part.parts[:, :1])[:, :, 0]
                    here = here + axis[:, :, column] * joint[:, part.joint, None]
                else:
                    turned = _times(frame, part.parts)
                    axis[:, :, column], origin[:, :, column] = turned[:, :, 0], here
                    frame = frame + sine[:, part.joint] * turned[:, :, 1:4]
                    frame += versine[:, part.joint] * turned[:, :, 4:]
                column += 1
            place.append(here)
            axes.append(frame)
        origin[:, :, self._slides] = 0.0
        points = np.empty((frames, len(self._point_link), 3))
        for link, (rows, local) in self._points.items():
            points[:, rows] = place[link][:, None] + np.swapaxes(_times(axes[link], local), 1, 2)
        axis *= slope[:, None]
        angular = axis @ self._gather_hinge
        linear = cross(origin, axis) @ self._gather + axis @ self._gather_slide
        linear[:, :, :3] = np.eye(3)
        angular[:, :, 3:6] = turn_rate
        linear[:, :, 3:6] = cross(place[0][:, :, None], turn_rate)
        return Pose(points, angular, linear)


def _joint(model: mujoco.MjModel, joint: int) -> _Joint:
    import mujoco

    x, y, z = model.jnt_axis[joint]
    about = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    slides = model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_SLIDE
    return _Joint(joint - 1, bool(slides), np.column_stack([[x, y, z], about, about @ about]))


def _times(frames: np.ndarray, constant: np.ndarray) -> np.ndarray:
    """Matrices (F, 3, 3) times a constant (3, n), as one product."""
    return (frames.reshape(-1, 3) @ constant).reshape(len(frames), 3, -1)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross products along the middle axis of (F, 3, n), several times faster than numpy's."""
    return np.stack(
        [
            a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
            a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
            a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
        ],
        axis=1,
    )


def _exponential(vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation matrices of rotation vectors (F, 3), and the angular velocity per unit change of the vector.

    Rodrigues' formula and the left Jacobian of SO(3), as in Chirikjian, Stochastic Models, Information
    Theory, and Lie Groups 2 (2012), eq. 10.86.
    """
    angle = np.linalg.norm(vector, axis=1)[:, None, None]
    x, y, z = vector.T
    zero = np.zeros_like(x)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
    square = cross @ cross
    small = angle < 1e-4
    safe = np.where(small, 1.0, angle)
    first = np.where(small, 1 - angle**2 / 6, np.sin(safe) / safe)
    second = np.where(small, 0.5 - angle**2 / 24, (1 - np.cos(safe)) / safe**2)
    third = np.where(small, 1 / 6 - angle**2 / 120, (safe - np.sin(safe)) / safe**3)
    return np.eye(3) + first * cross + second * square, np.eye(3) + second * cross + third * square

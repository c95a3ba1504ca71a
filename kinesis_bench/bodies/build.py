"""The three bodies as MjSpec, composed from the parts of myo-sim (Apache-2.0).

Whatever a body is called, it stands on a plane at z = 0, keeps the leg-leg contact pairs, has sites at its
keypoints and the physics of protocol kinesis-bench-1.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import mujoco

TIMESTEP_S = 1 / 150
"""Physics timestep of the protocol; five of them are one control step."""

HEAD_OFFSET_M = (0.117, -0.025, 0.0)
"""Where SMPL's head joint lies in the segment ``head``, whose own origin lies behind it."""

KEYPOINT_SITES = {
    "pelvis": ("pelvis", (0.0, 0.0, 0.0)),
    "head": ("head", HEAD_OFFSET_M),
    "l_knee": ("tibia_l", (0.0, 0.0, 0.0)),
    "r_knee": ("tibia_r", (0.0, 0.0, 0.0)),
    "l_ankle": ("talus_l", (0.0, 0.0, 0.0)),
    "r_ankle": ("talus_r", (0.0, 0.0, 0.0)),
    "l_toe": ("toes_l", (0.0, 0.0, 0.0)),
    "r_toe": ("toes_r", (0.0, 0.0, 0.0)),
}
"""Segment and place in it of every keypoint [m]; the sites are called ``keypoint_<name>``."""

TOUCH_ZONES = {
    "foot_touch": ((0.0925, 0.019, 0.0), (0.1045, 0.041, 0.057)),
    "toes_touch": ((0.029, 0.0, 0.0), (0.066, 0.024, 0.075)),
}
"""Centre and half sizes [m] of the boxes in which the touch sensors feel, in calcn and toes of either side.

They enclose the collision geoms. myo-sim's own are thinner than the soles and end before the ball of
the foot: on tiptoe, and in the first moments of a touch-down, they miss a good part of the load.
"""


def build_spec(name: str) -> mujoco.MjSpec:
    """The uncompiled body, with floor, keypoints and the protocol's physics.

    Args:
        name: ``legs``, ``legs_abs`` or ``legs_back``.
    """
    import mujoco

    with _without_attach_warning():
        spec = _BUILDERS[name]()
    _stand_on_the_ground(spec)
    for keypoint, (segment, place) in KEYPOINT_SITES.items():
        spec.body(segment).add_site(name=f"keypoint_{keypoint}", pos=place, size=[0.01, 0.01, 0.01], group=4)
    for zone, (place, half_size) in TOUCH_ZONES.items():
        for side in "rl":
            site = spec.site(f"{zone}_{side}")
            site.pos, site.size = place, half_size
    spec.modelname = name
    spec.option.timestep = TIMESTEP_S
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_EULER
    spec.option.solver = mujoco.mjtSolver.mjSOL_NEWTON
    return spec


def compile_spec(spec: mujoco.MjSpec) -> mujoco.MjModel:
    """Compile a spec without myo-sim's harmless warning on empty prefixes."""
    with _without_attach_warning():
        return spec.compile()


def _legs() -> mujoco.MjSpec:
    from myo_sim.build import compose

    return compose.build_legs_body_spec(compose.MODEL_REGISTRY["myolegs"])


def _legs_abs() -> mujoco.MjSpec:
    from myo_sim.build import compose
    from myo_sim.build.utils import add_contact_pairs

    spec = compose.build_legs_abdomen_spec(compose.MODEL_REGISTRY["myolegs_abdomen"])
    add_contact_pairs(spec, compose.LEG_CONTACTS_XML)
    return spec


def _legs_back() -> mujoco.MjSpec:
    from myo_sim.build import compose

    registration = compose.ModelRegistration(
        name="legs_back",
        description="torso with its muscles, and legs",
        build_strategy=compose.BuildStrategy.LEGS_BODY,
        build_kwargs={
            "include_legs": True,
            "include_arm_contacts": False,
            "include_left_arm_contacts": False,
            "add_root_freejoint": True,
        },
    )
    spec = compose.build_torso_spec(registration)
    frame = spec.body("Full Body").add_frame(name="legs_attach")
    spec.attach(compose.build_legs_spec(registration), prefix="", suffix="", frame=frame)
    return spec


_BUILDERS: dict[str, Callable[[], mujoco.MjSpec]] = {
    "legs": _legs,
    "legs_abs": _legs_abs,
    "legs_back": _legs_back,
}

BODIES = tuple(_BUILDERS)
"""Names of the bodies, from 80 to 290 muscles."""


def _stand_on_the_ground(spec: mujoco.MjSpec) -> None:
    """Replace the scene (its floor is 0.4 m too low and hides a pedestal) by a plane at z = 0."""
    import mujoco

    for geom in list(spec.worldbody.geoms):
        spec.delete(geom)
    spec.worldbody.add_geom(
        name="floor", type=mujoco.mjtGeom.mjGEOM_PLANE, size=[0, 0, 1], material="matfloor", group=1, condim=3
    )


@contextlib.contextmanager
def _without_attach_warning() -> Iterator[None]:
    """MuJoCo warns, also in a log file, of the empty prefixes with which myo-sim attaches its parts."""
    import mujoco

    before = mujoco.get_mju_user_warning()
    mujoco.set_mju_user_warning(lambda _message: None)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Attaching a spec with an empty prefix")
            yield
    finally:
        mujoco.set_mju_user_warning(before)

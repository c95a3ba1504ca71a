"""Pictures of a body, its muscles coloured by activation, and of its reference behind it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from kinesis_bench.bodies.contract import Body
from kinesis_bench.report.video.camera import Camera
from kinesis_bench.report.video.colours import BONE, REFERENCE, REFERENCE_ALPHA, muscle_colour
from kinesis_bench.report.video.floor import Floor
from kinesis_bench.report.video.offscreen import open_context

BONES, FLOOR, SCENERY = 0, 1, 2
"""Groups of the geoms that are bones, of the floor, and of what stands on it in a task's scene; collision and
wrapping surfaces have others."""

THINNEST_M, THICKEST_M = 0.0025, 0.0165
"""Radius of a muscle without force, and of the strongest.

Between them it grows with the square root of maximum isometric force, which goes with the area of the
muscle's cross-section.
"""

MARK_M = 0.022
"""Radius of a dot."""

MOST_GEOMS = 4000


def dress(body: Body) -> Any:
    """A copy of a body's model for looking at: bone-coloured bones, muscles as thick as they are strong."""
    model = copy.copy(body.model)
    bones = model.geom_group == BONES
    model.geom_rgba[bones] = (*BONE, 1.0)
    model.geom_matid[bones] = -1
    root = np.sqrt(body.muscle_force_n)
    model.tendon_width[model.actuator_trnid[:, 0]] = THINNEST_M + (THICKEST_M - THINNEST_M) * (
        root / root.max()
    )
    light = model.vis.headlight
    light.ambient[:], light.diffuse[:], light.specular[:] = 0.36, 0.62, 0.08
    model.light_active[:] = False
    quality = model.vis.quality
    quality.offsamples, quality.shadowsize = 0, 0
    quality.numslices, quality.numstacks, quality.numquads = 10, 5, 1
    return model


def colour_muscles(model: Any, activation: np.ndarray) -> None:
    """Paint the muscles (M,) of a dressed model."""
    model.tendon_rgba[model.actuator_trnid[:, 0], :3] = muscle_colour(activation)


def bones_and_muscles() -> tuple[Any, Any]:
    """What MuJoCo is to draw of a body, and of its reference: bones with muscles, and bones alone."""
    import mujoco

    shown = mujoco.MjvOption()
    shown.geomgroup[:], shown.sitegroup[:] = 0, 0
    shown.geomgroup[BONES] = 1
    shown.flags[mujoco.mjtVisFlag.mjVIS_TENDON] = True
    shown.geomgroup[SCENERY] = 1
    bare = copy.copy(shown)
    bare.geomgroup[SCENERY] = 0
    bare.flags[mujoco.mjtVisFlag.mjVIS_TENDON] = False
    return shown, bare


class Stage:
    """Draws pictures of one body off screen; use it in a ``with`` block.

    Body and reference are drawn apart and laid on each other: the reference behind the body, whichever is
    nearer, so that muscles keep their colour.

    Args:
        body: whose pictures.
        camera: that looks at it.
        squares: whether the floor is a chequerboard.

    Raises:
        InputError: there is no OpenGL to draw with.
    """

    def __init__(self, body: Body, camera: Camera, *, squares: bool = True) -> None:
        self._context = open_context(camera.width, camera.height)
        import mujoco

        self._mujoco = mujoco
        self.camera = camera
        self.model = dress(body)
        self.model.vis.global_.offwidth, self.model.vis.global_.offheight = camera.width, camera.height
        self.model.vis.global_.fovy = camera.fovy_deg
        self._data = mujoco.MjData(self.model)
        self._scene = mujoco.MjvScene(self.model, MOST_GEOMS)
        self._shown, self._bare = bones_and_muscles()
        self._view, self._no_perturbation = mujoco.MjvCamera(), mujoco.MjvPerturb()
        self._view.distance, self._view.elevation = camera.distance_m, camera.elevation_deg
        self._gpu = mujoco.MjrContext(self.model, mujoco.mjtFontScale.mjFONTSCALE_100)
        self._gpu.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._gpu)
        self._rectangle = mujoco.MjrRect(0, 0, camera.width, camera.height)
        self._pixels = np.empty((camera.height, camera.width, 3), np.uint8)
        self._depth = np.empty((camera.height, camera.width), np.float32)
        self._floor = Floor(camera, squares=squares)

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *error: object) -> None:
        self._gpu.free()
        self._context.free()

    def place_mocap(self, position: np.ndarray) -> None:
        """Put what a task's scene moves by hand, such as a keeper, where the next pictures show it.

        Args:
            position: (mocap bodies, 3) [m].
        """
        self._data.mocap_pos[:] = position

    def picture(
        self,
        qpos: np.ndarray,
        activation: np.ndarray | None,
        reference_qpos: np.ndarray | None,
        azimuth_deg: float,
        aim: np.ndarray,
        marks: np.ndarray | None = None,
    ) -> np.ndarray:
        """A picture (height, width, 3) uint8.

        Args:
            qpos: (nq,) pose of the body.
            activation: (M,) of its muscles; None leaves them without activation.
            reference_qpos: (nq,) pose of the reference, None for none.
            azimuth_deg: the way that the camera looks, from the world's +x.
            aim: (2,) place on the floor under the point that it looks at [m].
            marks: (n, 3) places of dots in the reference's colour, never covered [m].
        """
        self._view.azimuth = azimuth_deg
        self._view.lookat[:] = (*aim, self.camera.aim_height_m)
        if reference_qpos is not None:
            self._draw(reference_qpos, self._bare)  # OpenGL goes on with it while numpy draws the floor
        picture = np.repeat(self._floor.picture(azimuth_deg, aim)[:, :, None], 3, axis=2)
        behind = None if reference_qpos is None else self._read()
        colour_muscles(self.model, np.zeros(self.model.nu) if activation is None else activation)
        self._draw(qpos, self._shown)
        flat = picture.reshape(-1, 3)
        if behind is not None:
            drawn, colours = behind
            covered = flat[drawn] * np.float32(1.0 - REFERENCE_ALPHA)
            flat[drawn] = covered + colours * np.float32(REFERENCE_ALPHA)
        drawn, colours = self._read()
        flat[drawn] = colours
        if marks is not None:
            self._draw_marks(marks)
            drawn, colours = self._read()
            flat[drawn] = colours
        return picture

    def _draw(self, qpos: np.ndarray, shown: Any) -> None:
        mujoco, scene = self._mujoco, self._scene
        self._data.qpos[:] = qpos
        mujoco.mj_kinematics(self.model, self._data)
        mujoco.mj_tendon(self.model, self._data)
        everything = mujoco.mjtCatBit.mjCAT_ALL
        mujoco.mjv_updateScene(
            self.model, self._data, shown, self._no_perturbation, self._view, everything, scene
        )
        scene.flags[:] = 0
        scene.flags[mujoco.mjtRndFlag.mjRND_CULL_FACE] = True
        if shown is self._bare:
            for geom in scene.geoms[: scene.ngeom]:
                geom.rgba[:] = (*REFERENCE, 1.0)
        mujoco.mjr_render(self._rectangle, scene, self._gpu)

    def _draw_marks(self, places: np.ndarray) -> None:
        mujoco, scene = self._mujoco, self._scene
        sphere, size, turn = mujoco.mjtGeom.mjGEOM_SPHERE, np.full(3, MARK_M), np.eye(3).ravel()
        for geom, place in zip(scene.geoms, places, strict=False):
            mujoco.mjv_initGeom(geom, sphere, size, place, turn, np.array((*REFERENCE, 1.0), np.float32))
        scene.ngeom = len(places)
        mujoco.mjr_render(self._rectangle, scene, self._gpu)

    def _read(self) -> tuple[np.ndarray, np.ndarray]:
        """Places in a picture, row by row from its top, where something was drawn, and the colours there."""
        self._mujoco.mjr_readPixels(self._pixels, self._depth, self._rectangle, self._gpu)
        drawn = np.flatnonzero(self._depth[::-1])
        return drawn, self._pixels[::-1].reshape(-1, 3)[drawn]

"""What ``kinesis-bench bodies`` tells of a body, measured on the compiled model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinesis_bench.bodies.contract import Body, load_body

_LENGTHS = {
    "thigh": ("femur", "tibia"),
    "shank": ("tibia", "talus"),
    "ankle to toe": ("talus", "toes"),
}


@dataclass(frozen=True)
class BodySummary:
    """A body in numbers.

    Attributes:
        name, sha256: which body, and the hash of its physics.
        muscles, joints, coordinates, independent: counts; independent coordinates are those that no
            equality couples to others.
        observation: length of the imitation observation.
        mass_kg, height_m: of the body standing at rest; the height is the top of the highest geom.
        force_n: sum of the muscles' maximum isometric forces.
        lengths_mm: segment lengths, left and right.
        hip_width_mm: between the hip joints.
        asymmetry_mm: largest difference between a left segment's origin and its right twin, mirrored.
        asymmetry_force_pct: largest relative difference of maximum isometric force within a pair of muscles.
        keypoints, angles: names.
    """

    name: str
    sha256: str
    muscles: int
    joints: int
    coordinates: int
    independent: int
    observation: int
    mass_kg: float
    height_m: float
    force_n: float
    lengths_mm: dict[str, tuple[float, float]]
    hip_width_mm: float
    asymmetry_mm: float
    asymmetry_force_pct: float
    keypoints: tuple[str, ...]
    angles: tuple[str, ...]


def summarise(name: str) -> BodySummary:
    """Measure a body.

    Raises:
        InputError: there is no body of that name.
    """
    import mujoco

    body = load_body(name)
    model = body.model
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    place = {model.body(i).name: data.xpos[i] for i in range(model.nbody)}
    lengths = {
        segment: tuple(1000 * float(np.linalg.norm(place[f"{b}_{s}"] - place[f"{a}_{s}"])) for s in "lr")
        for segment, (a, b) in _LENGTHS.items()
    }
    geoms = np.flatnonzero(model.geom_bodyid > 0)
    tops = data.geom_xpos[geoms, 2] + [_half_height(model, data, int(geom)) for geom in geoms]
    soles = min(place[f"toes_{s}"][2] for s in "lr") - 0.02
    return BodySummary(
        name=name,
        sha256=body.sha256,
        muscles=len(body.muscles),
        joints=model.njnt,
        coordinates=model.nv,
        independent=model.nv - int(model.neq),
        observation=15 * len(body.segments) + 6 + 9 * len(body.keypoints),
        mass_kg=body.mass_kg,
        height_m=float(tops.max() - soles),
        force_n=sum(body.muscle_force_n),
        lengths_mm={key: (value[0], value[1]) for key, value in lengths.items()},
        hip_width_mm=1000 * float(np.linalg.norm(place["femur_l"] - place["femur_r"])),
        asymmetry_mm=1000 * _asymmetry_m(body, place, data.xmat[body.pelvis_id].reshape(3, 3)),
        asymmetry_force_pct=100 * _force_asymmetry(body),
        keypoints=body.keypoints,
        angles=body.angle_names,
    )


def _asymmetry_m(body: Body, place: dict[str, np.ndarray], pelvis: np.ndarray) -> float:
    mirror = np.array([1.0, 1.0, -1.0])
    origin = place["pelvis"]
    return max(
        float(
            np.linalg.norm((place[f"{s}_l"] - origin) @ pelvis * mirror - (place[f"{s}_r"] - origin) @ pelvis)
        )
        for s in ("femur", "tibia", "patella", "talus", "calcn", "toes")
    )


def _force_asymmetry(body: Body) -> float:
    force = dict(zip(body.muscles, body.model.actuator_gainprm[:, 2], strict=True))
    pairs = [(force[name], force[f"{name[:-2]}_l"]) for name in force if name.endswith("_r")]
    return max(abs(right - left) / max(right, left) for right, left in pairs)


def _half_height(model: object, data: object, geom: int) -> float:
    """Half of a geom's extent along z, from its bounding box."""
    box = model.geom_aabb[geom]  # type: ignore[attr-defined]
    rotation = data.geom_xmat[geom].reshape(3, 3)  # type: ignore[attr-defined]
    return float(rotation[2] @ box[:3] + np.abs(rotation[2]) @ box[3:])

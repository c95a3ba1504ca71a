"""How far the left side of a model differs from its right one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import mujoco

MUSCLE_FIELDS = (
    *("actuator_gainprm", "actuator_biasprm", "actuator_dynprm"),
    *("actuator_lengthrange", "actuator_ctrlrange", "actuator_gear"),
)
"""Fields of the model that say what a muscle is."""

SEGMENT_FIELDS = ("body_mass", "body_inertia")
"""Fields of the model that say how heavy a segment is."""

TOLERANCE = 1e-6
"""Relative differences below this are rounding."""

UNEVEN_MUSCLES = {"legs_abs": frozenset({"ercspn", "extobl", "intobl"})}
"""Muscles that myo-sim itself makes stronger on one side, by body."""


@dataclass(frozen=True)
class Asymmetry:
    """Pairs whose left and right differ: name without its side, and the largest relative difference.

    Attributes:
        muscles: over all parameters of the muscle.
        segments: over mass and principal moments of inertia.
    """

    muscles: dict[str, float]
    segments: dict[str, float]


def asymmetry(model: mujoco.MjModel) -> Asymmetry:
    """What differs between the sides of a model whose names end in ``_l`` and ``_r``."""
    muscles = {model.actuator(i).name: i for i in range(model.nu)}
    segments = {model.body(i).name: i for i in range(model.nbody)}
    return Asymmetry(
        muscles=_differing([getattr(model, field) for field in MUSCLE_FIELDS], muscles),
        segments=_differing([getattr(model, field) for field in SEGMENT_FIELDS], segments),
    )


def _differing(tables: list[np.ndarray], place: dict[str, int]) -> dict[str, float]:
    found = {}
    for name, right in place.items():
        left = place.get(f"{name.removesuffix('_r')}_l")
        if name.endswith("_r") and left is not None:
            differs = max(_relative(table[left], table[right]) for table in tables)
            if differs > TOLERANCE:
                found[name.removesuffix("_r")] = differs
    return found


def _relative(a: np.ndarray, b: np.ndarray) -> float:
    largest = np.maximum(np.maximum(np.abs(a), np.abs(b)), np.finfo(float).tiny)
    return float(np.max(np.abs(a - b) / largest))

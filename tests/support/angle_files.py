"""Small files of joint angles, made for the tests in the exact form of the programs that write them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from kinesis_bench.motions.joint_angles.root import HIPS_FROM_PELVIS_M
from kinesis_bench.motions.skeleton import ANKLE_SOLE_M, mean_skeleton

FPS = 100.0
STRIDE_S = 1.1
SPEED_M_S = 1.0
HIP_HEIGHT_M = 0.75
TILT = -0.05
STANCE = 0.62
"""Share of the stride that a foot is on the floor."""


def walk(seconds: float = 2.0, fps: float = FPS) -> dict[str, np.ndarray]:
    """A person of the mean skeleton's size who walks along x: columns in radians and metres, knees positive.

    The hips go at constant speed, bobbing by 1 cm. A foot stands level for STANCE of the stride and swings
    forward for the rest of it; hip, knee and ankle follow by the law of cosines.
    """
    skeleton = mean_skeleton()
    time = np.arange(round(seconds * fps)) / fps
    columns: dict[str, np.ndarray] = {"time": time}
    height = HIP_HEIGHT_M - 0.01 * np.cos(4 * np.pi * time / STRIDE_S)
    hips = np.stack([SPEED_M_S * time, height, np.zeros_like(time)], axis=1)
    for side, shift in (("r", 0.0), ("l", 0.5)):
        hip, knee, ankle = (
            skeleton.rest[skeleton.index(f"{side.upper()}_{j}")] for j in ("Hip", "Knee", "Ankle")
        )
        thigh, shank = np.linalg.norm(knee - hip), np.linalg.norm(ankle - knee)
        stride, phase = np.divmod(time / STRIDE_S + shift, 1.0)
        swing = np.clip((phase - STANCE) / (1.0 - STANCE), 0.0, 1.0)
        step = stride - shift + STANCE / 2 + (3 * swing**2 - 2 * swing**3)
        ankle_x = SPEED_M_S * STRIDE_S * step - hips[:, 0]
        ankle_y = ANKLE_SOLE_M + 0.08 * np.sin(np.pi * swing) ** 2 - hips[:, 1]
        reach = np.hypot(ankle_x, ankle_y)
        knee = np.pi - np.arccos((thigh**2 + shank**2 - reach**2) / (2 * thigh * shank))
        leaning = np.arctan2(ankle_x, -ankle_y) + np.arcsin(shank * np.sin(knee) / reach)
        rise = 0.5 * np.sin(np.pi * swing) ** 2
        columns[f"hip_flexion_{side}"] = leaning - TILT
        columns[f"knee_angle_{side}"] = knee
        columns[f"ankle_angle_{side}"] = knee - leaning - rise
    columns["pelvis_tilt"] = np.full_like(time, TILT)
    pelvis = hips - Rotation.from_euler("Z", TILT).apply(HIPS_FROM_PELVIS_M)
    columns |= dict(zip(("pelvis_tx", "pelvis_ty", "pelvis_tz"), pelvis.T, strict=True))
    return columns


def in_degrees(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same with angles in degrees."""
    plain = ("time", "pelvis_tx", "pelvis_ty", "pelvis_tz")
    return {name: values if name in plain else np.rad2deg(values) for name, values in columns.items()}


def with_paths(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same with OpenSim 4's column names."""
    return {
        name if name == "time" else f"/jointset/some_joint/{name}/value": v for name, v in columns.items()
    }


def write_sto(path: Path, columns: dict[str, np.ndarray], degrees: bool | None) -> Path:
    """OpenSim's text table; ``degrees`` None leaves the line out."""
    rows = len(columns["time"])
    header = ["Coordinates", "version=1", f"nRows={rows}", f"nColumns={len(columns)}"]
    if degrees is not None:
        header.append(f"inDegrees={'yes' if degrees else 'no'}")
    lines = [*header, "endheader", "\t".join(columns)]
    lines += ["\t".join(f"{value:.10g}" for value in row) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_simm(path: Path, columns: dict[str, np.ndarray]) -> Path:
    """SIMM's older form, as Hamner's file has it: no inDegrees, two headers, blanks between numbers."""
    rows = len(columns["time"])
    lines = ["subject", f"nRows={rows}", f"nColumns={len(columns)}", "", "# SIMM Motion File Header:"]
    lines += [
        "name subject",
        f"datacolumns {len(columns)}",
        f"datarows {rows}",
        "endheader",
        "\t".join(columns),
    ]
    lines += ["".join(f"{value:16.8f}\t" for value in row) for row in zip(*columns.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


def write_mat(path: Path, columns: dict[str, np.ndarray], degrees: bool | None = None) -> Path:
    """What MATLAB's importdata and save make of such a table."""
    from scipy.io import savemat

    header = ["Coordinates", f"nRows={len(columns['time'])}"]
    if degrees is not None:
        header.append(f"inDegrees={'yes' if degrees else 'no'}")
    text = np.full((len(header), len(columns)), "", dtype=object)
    text[:, 0] = header
    table = {
        "data": np.stack(list(columns.values()), axis=1),
        "textdata": text,
        "colheaders": np.array(list(columns), dtype=object),
    }
    savemat(path, {"Qsall": table}, do_compression=True)  # as MATLAB does by default
    return path


def write_npz(path: Path, columns: dict[str, np.ndarray], velocities: bool = True) -> Path:
    """loco-mujoco's archive: radians, pelvis_ty from standing height, no time."""
    arrays = {}
    time = columns["time"]
    for name, values in columns.items():
        if name == "time":
            continue
        arrays[f"q_{name}"] = values - 0.975 if name == "pelvis_ty" else values
        if velocities:
            arrays[f"dq_{name}"] = np.gradient(values, time)
    np.savez(path, **arrays)
    return path

"""What a recording holds, and what its score will lack."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np

from kinesis_bench.evaluation.schema import Result
from kinesis_bench.evaluation.walking import of_joints, under_electrodes
from kinesis_bench.human.references import LEGS, HumanEmg
from kinesis_bench.rollouts.schema import ClipRollout, Rollouts

FIGURES = {
    "imitation": "imitation",
    "EMG r of excitation": "emg",
    "EMG r of activation": "emg_of_activation",
    "joint angles": "joint_angles",
}
"""What a score consists of, and the fields of a result."""

HEADLINES = ("mean_r", "mpjae_deg")
"""The figure that stands for a part of a result, by the first of these that it has."""


def summarise(rollouts: Rollouts, *, names: int) -> dict[str, str]:
    """Clips, seconds, arrays with their widths, muscles and joints, in words.

    Args:
        rollouts: the recording.
        names: how many names of a list are given at most.
    """
    clips = rollouts.clips
    arrays = {
        field.name: value
        for field in fields(ClipRollout)
        if isinstance(value := getattr(clips[0], field.name), np.ndarray)
    }
    seconds = sum(_steps(clip) * clip.dt_s for clip in clips)
    failed = sum(clip.failure != "" for clip in clips)
    rates = sorted({round(1 / clip.dt_s, 1) for clip in clips})
    about = rollouts.attributes or {}
    widths = [f"{name} {list(value.shape[1:]) or ''}".strip() for name, value in arrays.items()]
    told = {
        "source": about.get("source", ""),
        "files": about.get("files", ""),
        "clips": f"{len(clips)}, {failed} ended early",
        "seconds": f"{seconds:.2f} at {', '.join(f'{rate:g}' for rate in rates)} Hz",
        "body": rollouts.body,
        "mass": "" if rollouts.body_mass_kg is None else f"{rollouts.body_mass_kg:.1f} kg",
        "mass is": about.get("body_mass", ""),
        "arrays": ", ".join(widths),
        "muscles": _listed(rollouts.muscle_names, names),
        "several": about.get("stands_for_several", ""),
        "joints": _listed(rollouts.joint_names, names),
        "keypoints": _listed(rollouts.keypoint_names, names),
    }
    return {name: value for name, value in told.items() if value}


def lacks(rollouts: Rollouts, result: Result, human: HumanEmg) -> dict[str, str]:
    """Parts of a score that are null, and electrodes and joints that it is without; and why.

    Args:
        rollouts: the recording.
        result: its score against ``human``.
        human: people's EMG.
    """
    why: dict[str, str] = {}
    for name, field in FIGURES.items():
        part: Any = getattr(result, field)
        if part is None:
            why[name] = result.reasons.get(field, "")
            continue
        for figure in HEADLINES:
            if hasattr(part, figure) and getattr(part, figure) is None:
                why[name] = part.reasons.get(figure, "")
    joints = tuple(result.curves.joints)
    for name, wanted, present in (
        ("muscles", human.muscles, under_electrodes(rollouts, human.muscles, human.side)),
        ("joints", joints, of_joints(rollouts, joints, human.side)),
    ):
        missing = [one for one in wanted if one not in present]
        if missing:
            why[name] = f"none on the {LEGS[human.side]} leg for {', '.join(missing)}"
    return why


def _steps(clip: ClipRollout) -> int:
    arrays = (clip.excitation, clip.activation, clip.qpos, clip.keypoint_position)
    return next((len(array) for array in arrays if array is not None), 0)


def _listed(names: tuple[str, ...], most: int) -> str:
    rest = f" … and {len(names) - most} more (--all)" if len(names) > most else ""
    return f"{len(names)}: {', '.join(names[:most])}{rest}" if names else ""

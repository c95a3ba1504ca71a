"""The definitions that KINESIS's code of 2025 used (protocol ``kinesis-2025``), for comparison with its
figures.

Source: the EMG notebook and evaluation of the public KINESIS code (Simos, Chiappa, Mathis), described in our
own words; no code is taken from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kinesis_bench.human.electrodes import WANG_ELECTRODES
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.metrics.curves import SAMPLES, pearson, standardise
from kinesis_bench.metrics.cycles import MIN_CYCLES
from kinesis_bench.metrics.emg_references import leave_one_out_r, measured, pairs_r, pairs_r_of_group
from kinesis_bench.metrics.imitation import ClipImitation

NEITHER, LEFT, RIGHT, BOTH = -1, 0, 1, 2
"""Gait codes: which feet bear load."""

MUSCLES = {**WANG_ELECTRODES, "Biceps Femoris": "bfsh"}
"""Electrode to muscle under this protocol, left side: biceps femoris is the short head."""

NEEDS_PEOPLE = "needs the EMG of each person, not group figures"


@dataclass(frozen=True)
class Emg2025:
    """EMG under ``kinesis-2025``; there is no lag. Figures that need each person are None beside a reason.

    Attributes:
        mean_r: mean over people and muscles.
        median_r_by_muscle: median over people, by muscle.
        mean_r_by_muscle: mean over people, by muscle.
        human_pairs_r, leave_one_out_r: people with people; leave-one-out on raw curves.
        cycles_found, cycles: gait cycles found, and those kept.
        reasons: field to why it is None.
    """

    mean_r: float | None
    median_r_by_muscle: dict[str, float] | None
    mean_r_by_muscle: dict[str, float] | None
    human_pairs_r: float | None
    leave_one_out_r: float | None
    cycles_found: int
    cycles: int
    reasons: dict[str, str]


@dataclass(frozen=True)
class Imitation2025:
    """Imitation figures as per-clip means over all clips and runs; MPJPE over the clips that have covered
    frames."""

    success_pct: float
    frame_coverage_pct: float
    mpjpe_mm: float | None


def gait_codes(left_force_n: np.ndarray, right_force_n: np.ndarray) -> np.ndarray:
    """(T,) gait codes from vertical forces (T,) [N]: a foot is on the ground where its force is above 0."""
    left, right = np.asarray(left_force_n) > 0, np.asarray(right_force_n) > 0
    return np.select([left & right, left, right], [BOTH, LEFT, RIGHT], NEITHER)


def gait_cycles(codes: np.ndarray) -> np.ndarray:
    """Cycles of a sequence of gait codes, from one start of left single stance to the next.

    A start is the first left-only frame after a right-only frame, or the recording's first left-only frame;
    codes 2, -1 and nan are passed over.

    Args:
        codes: (T,).

    Returns:
        (cycles, 2) first frame a and end frame b of each, frames a ≤ t < b.
    """
    single = np.flatnonzero((codes == LEFT) | (codes == RIGHT))
    left = codes[single] == LEFT
    begins = left & np.concatenate(([True], ~left[:-1]))
    starts = single[begins]
    return np.stack([starts[:-1], starts[1:]], axis=1)


def usual_cycles(cycles: np.ndarray) -> np.ndarray:
    """The cycles whose length lies strictly within mean ± 2 population SD: (cycles, 2) to (kept, 2)."""
    lengths = cycles[:, 1] - cycles[:, 0]
    if not len(lengths):
        return cycles
    return cycles[np.abs(lengths - lengths.mean()) < 2.0 * lengths.std()]


def mean_cycle(signal: np.ndarray, cycles: np.ndarray) -> np.ndarray:
    """Mean over cycles of interp(linspace(0, 1, 100), linspace(0, 1, b - a), x).

    The last sample of a cycle is thus frame b - 1, unlike in ``kinesis-bench-1``.

    Args:
        signal: (T, channels), one row a frame.
        cycles: (cycles, 2), at least one, each at least one frame long.

    Returns:
        (channels, 100).
    """
    phase = np.linspace(0.0, 1.0, SAMPLES)
    curves = [
        [np.interp(phase, np.linspace(0.0, 1.0, b - a), channel) for channel in signal[a:b].T]
        for a, b in cycles
    ]
    return np.mean(curves, axis=0)


def score_emg_2025(
    excitation: Sequence[np.ndarray],
    codes: Sequence[np.ndarray],
    muscle_names: Sequence[str],
    human: HumanEmg,
    *,
    muscles: dict[str, str] | None = None,
    side: str = "l",
) -> Emg2025:
    """EMG under upstream's definitions; cycles are pooled over the clips.

    Args:
        excitation: of each clip, (T, muscles) excitation.
        codes: of each clip, (T,) gait codes.
        muscle_names: the columns of ``excitation``, such as ``soleus_l``.
        human: references; without each person's curves the medians and leave-one-out are None.
        muscles: electrode to muscle, without side (default: ``MUSCLES``).
        side: of the muscles.
    """
    muscles = MUSCLES if muscles is None else muscles
    lengths = np.cumsum([0, *(len(code) for code in codes)])
    every = [gait_cycles(code) + offset for code, offset in zip(codes, lengths[:-1], strict=True)]
    cycles = np.concatenate(every) if every else np.zeros((0, 2), dtype=int)
    kept = usual_cycles(cycles)
    shared = [name for name in human.muscles if f"{muscles.get(name, '')}_{side}" in muscle_names]
    group = human.only(shared)
    reasons: dict[str, str] = {}
    pairs = loo = None
    if group.curves is not None:
        pairs = float(pairs_r(group.curves).mean())
        loo = float(leave_one_out_r(group.curves, standardised=False).mean())
    else:
        reasons["leave_one_out_r"] = reasons["median_r_by_muscle"] = NEEDS_PEOPLE
        if group.mean_of_standardised is not None:
            pairs = float(pairs_r_of_group(group.mean_of_standardised, group.people_by_muscle).mean())
        else:
            reasons["human_pairs_r"] = reasons["mean_r"] = reasons["mean_r_by_muscle"] = NEEDS_PEOPLE
    missing = ""
    if len(kept) < MIN_CYCLES:
        missing = f"{len(kept)} gait cycles to average (of {len(cycles)} found), {MIN_CYCLES} are needed"
    elif not shared:
        missing = "the recording has none of the muscles of the human data"
    if missing:
        reasons.update(dict.fromkeys(("mean_r", "median_r_by_muscle", "mean_r_by_muscle"), missing))
    mean = median = None
    if not missing and group.mean_of_standardised is not None:
        columns = [list(muscle_names).index(f"{muscles[name]}_{side}") for name in shared]
        model = mean_cycle(np.concatenate(list(excitation))[:, columns], kept)
        mean = np.mean(standardise(model) * group.mean_of_standardised, axis=-1)
        if group.curves is not None:
            r = np.where(measured(group.curves), pearson(model, group.curves), np.nan)
            median = np.nanmedian(r, axis=0)
    return Emg2025(
        mean_r=None if mean is None else float(mean.mean()),
        median_r_by_muscle=None if median is None else dict(zip(shared, median.tolist(), strict=True)),
        mean_r_by_muscle=None if mean is None else dict(zip(shared, mean.tolist(), strict=True)),
        human_pairs_r=pairs,
        leave_one_out_r=loo,
        cycles_found=len(cycles),
        cycles=len(kept),
        reasons=reasons,
    )


def imitation_2025(clips: Sequence[ClipImitation]) -> Imitation2025:
    """Per-clip means of success, coverage and MPJPE.

    Upstream never clears its list of errors between clips, so that early clips count more often in its MPJPE;
    that is not repeated here.
    """
    errors = [clip.mpjpe_mm for clip in clips if clip.mpjpe_mm is not None]
    return Imitation2025(
        success_pct=100.0 * float(np.mean([clip.success for clip in clips])),
        frame_coverage_pct=100.0 * float(np.mean([clip.coverage for clip in clips])),
        mpjpe_mm=float(np.mean(errors)) if errors else None,
    )

"""How closely a body follows its reference: frame coverage, success, MPJPE.

p are the body's keypoints, q the reference's of the same time, K keypoints, world frame. Row t is frame
t + 1 of the clip: frame 0 is the start and is not scored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from kinesis_bench.metrics.reasons import reasons_of_nulls
from kinesis_bench.metrics.statistics import (
    Interval,
    exact_proportion_interval,
    ratio_of_sums,
    resample,
    standard_error,
)

FAR_M = 0.5
"""A clip fails at its first frame whose mean keypoint error is above this [m] (Simos et al. 2026)."""

ONE_RUN = "there is only one run: a deterministic policy repeats itself"
ONE_CLIP = "needs two clips"
NO_VARIANCE = "resampling the clips does not change the figure"

STRICT_M = 0.15
"""Strict success: every keypoint of every frame within this [m]."""


@dataclass(frozen=True)
class ClipImitation:
    """One run of one clip.

    Attributes:
        key, run, skill: which.
        frames: scored frames of the whole clip.
        failing_frame: the first frame that failed, 1 … frames, or None.
        covered: frames before the failure.
        mpjpe_mm, root_relative_mpjpe_mm: over the covered frames; None if there are none.
        strict_success: never failed, and every keypoint always within 0.15 m.
    """

    key: str
    run: int
    skill: str
    frames: int
    failing_frame: int | None
    covered: int
    mpjpe_mm: float | None
    root_relative_mpjpe_mm: float | None
    strict_success: bool

    @property
    def success(self) -> bool:
        """Whether the clip never failed."""
        return self.failing_frame is None

    @property
    def coverage(self) -> float:
        """Covered frames / frames."""
        return self.covered / self.frames


@dataclass(frozen=True)
class Figure:
    """A number with its uncertainty; every field None where it cannot be had.

    Attributes:
        mean: the figure, micro (over all frames, or over all clips), mean over the runs.
        sem: standard error over runs, None for a deterministic policy.
        ci95: 95 % interval, by resampling clips within skills.
        macro: mean of the clips' own figures, mean over the runs.
        reasons: field to why it is None.
    """

    mean: float | None
    sem: float | None = None
    ci95: Interval | None = None
    macro: float | None = None
    reasons: dict[str, str] = field(default_factory=dict)


def absent(reason: str) -> Figure:
    """A figure that cannot be had, and why."""
    return Figure(None, reasons=dict.fromkeys(("mean", "sem", "ci95", "macro"), reason))


@dataclass(frozen=True)
class ImitationScore:
    """Imitation over a set of clips.

    Attributes:
        clips, runs, frames: clips, runs of each, and scored frames of one run.
        success_pct: clips that never fail.
        strict_success_pct: clips whose every keypoint stays within 0.15 m.
        frame_coverage_pct: covered frames of all frames; macro: mean of the clips' own coverage.
        mpjpe_mm: mean |p - q| over covered frames and keypoints; macro: mean of the clips' own MPJPE.
        root_relative_mpjpe_mm: the same with the root keypoint of body and reference laid on each other; the
            root, then without error, counts as one of the K keypoints.
    """

    clips: int
    runs: int
    frames: int
    success_pct: Figure
    strict_success_pct: Figure
    frame_coverage_pct: Figure
    mpjpe_mm: Figure
    root_relative_mpjpe_mm: Figure


def keypoint_error_m(model: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """|p - q| of each keypoint [m]: (T, K, 3) and (T, K, 3) [m] to (T, K)."""
    return np.linalg.norm(model - reference, axis=-1)


def score_clip(
    model: np.ndarray,
    reference: np.ndarray,
    frames: int,
    *,
    ended_early: bool = False,
    key: str = "",
    run: int = 0,
    skill: str = "",
    root: int = 0,
) -> ClipImitation:
    """Errors, coverage and failure of one clip.

    The clip fails at its first frame with e_t = mean over keypoints of |p - q| above 0.5 m, or not a number.
    A recording shorter than the clip, or one that ended for another reason (the policy raised), fails at its
    last row at the latest: that row is recorded but not covered.

    Args:
        model, reference: (T, K, 3) keypoints [m] of the T ≤ ``frames`` recorded frames.
        frames: scored frames of the whole clip.
        ended_early: whether the run was broken off for a reason other than the distance.
        key, run, skill: copied into the result.
        root: index of the keypoint that root-relative errors are taken from.
    """
    if model.shape != reference.shape or model.ndim != 3 or model.shape[-1] != 3:
        raise ValueError(
            f"clip {key}: keypoints {model.shape} and reference {reference.shape} are not (T, K, 3)"
        )
    recorded = len(model)
    if frames < 1 or recorded > frames:
        raise ValueError(f"clip {key}: {recorded} recorded rows do not fit {frames} frames")
    error_m = keypoint_error_m(model, reference)
    with np.errstate(invalid="ignore"):
        far = ~(error_m.mean(axis=1) <= FAR_M)
    covered = int(np.argmax(far)) if far.any() else recorded
    failed = bool(far.any())
    if not failed and (ended_early or recorded < frames):
        failed, covered = True, max(recorded - 1, 0)
    relative_m = keypoint_error_m(
        model - model[:, root : root + 1], reference - reference[:, root : root + 1]
    )
    return ClipImitation(
        key=key,
        run=run,
        skill=skill,
        frames=frames,
        failing_frame=covered + 1 if failed else None,
        covered=covered,
        mpjpe_mm=float(error_m[:covered].mean() * 1000.0) if covered else None,
        root_relative_mpjpe_mm=float(relative_m[:covered].mean() * 1000.0) if covered else None,
        strict_success=not failed and bool((error_m <= STRICT_M).all()),
    )


def from_best_to_worst(clips: Sequence[ClipImitation]) -> list[int]:
    """Places of the clips, the most covered first, of equally covered ones that with the smaller MPJPE."""

    def rank(place: int) -> tuple[float, float, str, int]:
        clip = clips[place]
        error_mm = float("inf") if clip.mpjpe_mm is None else clip.mpjpe_mm
        return -clip.coverage, error_mm, clip.key, clip.run

    return sorted(range(len(clips)), key=rank)


def offset_m(model: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """How far a point (3,) is above its reference (3,), and from it over the ground [m]; z is up."""
    x, y, z = np.asarray(model, dtype=float) - reference
    return float(z), float(np.hypot(x, y))


def aggregate(clips: Sequence[ClipImitation], rng: np.random.Generator) -> ImitationScore:
    """Micro and macro figures over clips, SEM over runs, intervals over clips stratified by skill.

    The runs of a clip are resampled together. Where all clips, or none, succeed, a bootstrap has no width;
    the intervals of success and of coverage are then Clopper and Pearson's for a proportion of clips. So is
    that of success where clips differ, but not within skills.

    Args:
        clips: every run of every clip; all clips have the same runs.
        rng: source of chance for the bootstrap.

    Raises:
        ValueError: clips lack runs, or there is no clip.
    """
    runs = sorted({clip.run for clip in clips})
    keys = sorted({clip.key for clip in clips})
    table = {(clip.key, clip.run): clip for clip in clips}
    if not clips or len(table) != len(clips) or len(clips) != len(runs) * len(keys):
        raise ValueError("every clip must have been run the same number of times, and there must be a clip")
    grid = [[table[key, run] for run in runs] for key in keys]
    no_interval = ONE_CLIP if len(keys) == 1 else NO_VARIANCE
    resampling = resample([row[0].skill for row in grid], rng)

    def column(value: Callable[[ClipImitation], float | None]) -> np.ndarray:
        return np.array([[np.nan if (x := value(clip)) is None else x for clip in row] for row in grid])

    def figure(values: np.ndarray, sizes: np.ndarray, scale: float, reason: str = "") -> Figure:
        has = np.isfinite(values)
        known = np.where(has, values, 0.0) * scale
        by_run = ratio_of_sums(resampling.weights, known * sizes, sizes * has)
        if not np.isfinite(by_run[0]).all():
            return absent(reason)
        plain = Figure(
            mean=float(by_run[0].mean()),
            sem=standard_error(by_run[0]),
            ci95=resampling.interval(by_run.mean(axis=1)),
            macro=float((known.sum(axis=0) / has.sum(axis=0)).mean()),
        )
        return replace(plain, reasons=reasons_of_nulls(plain, {"sem": ONE_RUN, "ci95": no_interval}))

    def proportion(values: np.ndarray, sizes: np.ndarray) -> Figure:
        plain = figure(values, sizes, 100.0)
        shares = values.mean(axis=1)
        bootstrap_is_blind = np.ptp(shares) == 0.0 or (plain.ci95 is None and np.ptp(sizes) == 0.0)
        if not bootstrap_is_blind or not np.isin(shares, (0.0, 1.0)).all():
            return plain
        low, high = exact_proportion_interval(int(shares.sum()), len(keys))
        exact = replace(plain, ci95=(100.0 * low, 100.0 * high))
        return replace(exact, reasons=reasons_of_nulls(exact, plain.reasons))

    frames = column(lambda clip: clip.frames)
    covered = column(lambda clip: clip.covered)
    uncovered = "no frame was covered in at least one run"
    return ImitationScore(
        clips=len(keys),
        runs=len(runs),
        frames=int(frames[:, 0].sum()),
        success_pct=proportion(column(lambda clip: clip.success), np.ones_like(frames)),
        strict_success_pct=proportion(column(lambda clip: clip.strict_success), np.ones_like(frames)),
        frame_coverage_pct=proportion(covered / frames, frames),
        mpjpe_mm=figure(column(lambda clip: clip.mpjpe_mm), covered, 1.0, uncovered),
        root_relative_mpjpe_mm=figure(
            column(lambda clip: clip.root_relative_mpjpe_mm), covered, 1.0, uncovered
        ),
    )


def aggregate_by_skill(clips: Sequence[ClipImitation], rng: np.random.Generator) -> dict[str, ImitationScore]:
    """``aggregate`` for each skill on its own, in the order in which skills first appear."""
    skills = list(dict.fromkeys(clip.skill for clip in clips))
    return {skill: aggregate([clip for clip in clips if clip.skill == skill], rng) for skill in skills}

"""How good a policy is at present: all clips from their start, without noise, by the protocol's rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from kinesis_bench.bodies.contract import Body
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.termination import PROTOCOL, TRAINING
from kinesis_bench.training.config import Control
from kinesis_bench.training.networks import ActorLike


@dataclass(frozen=True)
class Trial:
    """Figures over n clips; a quick look of the trainer, no score.

    Attributes:
        covered: (n,) share of each clip's frames before the mean keypoint error exceeds 0.5 m.
        strict: (n,) share of each clip's frames before any keypoint is beyond 0.15 m.
        mpjpe_mm: mean keypoint error over the covered frames [mm].
        excitation: mean over muscles and covered frames, 0 to 1.
    """

    covered: np.ndarray
    strict: np.ndarray
    frames: np.ndarray
    mpjpe_mm: float
    excitation: float

    @property
    def success(self) -> float:
        """Share of the clips that never fail."""
        return float((self.covered == 1).mean())

    @property
    def coverage(self) -> float:
        """Share of all frames that are covered."""
        return float(self.covered @ self.frames / self.frames.sum())

    @property
    def strict_success(self) -> float:
        """Share of the clips with every keypoint within 0.15 m throughout."""
        return float((self.strict == 1).mean())

    @property
    def strict_coverage(self) -> float:
        """Share of all frames before any keypoint is beyond 0.15 m."""
        return float(self.strict @ self.frames / self.frames.sum())

    def figures(self) -> dict[str, float]:
        """For logs."""
        names = ("success", "coverage", "strict_success", "strict_coverage", "mpjpe_mm", "excitation")
        return {name: getattr(self, name) for name in names}


class Trials:
    """Keeps the rows that trials are run on.

    Args:
        body, reference: what follows which clips.
        clips: (n,) those that are tried.
        control: law of the actions.
        threads: for physics; 0 for all cores.
    """

    def __init__(
        self, body: Body, reference: Reference, clips: np.ndarray, *, control: Control, threads: int = 0
    ) -> None:
        self.clips = clips
        self._task = Imitation(
            body, reference, len(clips), control=control, threads=threads, termination=PROTOCOL, record=True
        )
        self._frames = reference.length[clips] - 1

    @torch.no_grad()
    def run(self, actor: ActorLike) -> Trial:
        """Every clip once, from its first frame and muscles at zero activation."""
        task, n = self._task, len(self.clips)
        live = np.arange(n)
        task.start(live, self.clips)
        covered, strict, still_strict = np.zeros(n, int), np.zeros(n, int), np.ones(n, bool)
        error_m = excitation = 0.0
        while len(live):
            action = actor.act(torch.from_numpy(task.observe(live))).clamp(-1, 1).double().numpy()
            step = task.step(live, action)
            assert step.record is not None
            good = ~step.too_far & ~np.isin(live, list(step.broken))
            still_strict[live] &= ~TRAINING.too_far(step.keypoint_error_m)
            covered[live[good]] += 1
            strict[live[good & still_strict[live]]] += 1
            error_m += float(step.keypoint_error_m[good].mean(axis=1).sum())
            excitation += float(step.record.excitation[good].mean(axis=1).sum())
            live = live[good & ~step.finished]
        frames = max(1, covered.sum())
        return Trial(
            covered / self._frames,
            strict / self._frames,
            self._frames,
            1000 * error_m / frames,
            excitation / frames,
        )

"""How good a policy is at present: all clips from their start, without noise, by the protocol's rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from kinesis_bench.bodies.contract import Body
from kinesis_bench.physics.engines import MakeEngine, cpu_engine
from kinesis_bench.tasks.arrays import on_host
from kinesis_bench.tasks.imitation import Imitation
from kinesis_bench.tasks.reference import Reference
from kinesis_bench.tasks.termination import PROTOCOL, TRAINING
from kinesis_bench.training.config import Control
from kinesis_bench.training.distributed import processes, rank, sum_over_processes
from kinesis_bench.training.networks import ActorLike


@dataclass(frozen=True)
class Trial:
    """Figures over n clips; a quick look of the trainer, no score.

    Attributes:
        covered: (n,) share of each clip's frames before the mean keypoint error exceeds 0.5 m.
        strict: (n,) share of each clip's frames before any keypoint is beyond 0.15 m.
        frames: (n,) of each clip, its first left out.
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
    """Keeps the rows that trials are run on; each process tries its share of the clips.

    Args:
        body, reference: what follows which clips.
        clips: (n,) those that are tried.
        control: law of the actions.
        threads: for physics; 0 for all cores.
        make_engine: of ``physics.engines``.
    """

    def __init__(
        self,
        body: Body,
        reference: Reference,
        clips: np.ndarray,
        *,
        control: Control,
        threads: int = 0,
        make_engine: MakeEngine = cpu_engine,
    ) -> None:
        self.clips = clips
        self._share = np.arange(len(clips))[rank() :: processes()]
        self._task = Imitation(
            body,
            reference,
            max(1, len(self._share)),
            control=control,
            threads=threads,
            make_engine=make_engine,
            termination=PROTOCOL,
            record=True,
        )
        self._frames = reference.length[clips] - 1

    @torch.no_grad()
    def run(self, actor: ActorLike) -> Trial:
        """Every clip once, from its first frame and muscles at zero activation."""
        task, share = self._task, self._share
        live = np.arange(len(share))
        if len(live):
            task.start(live, self.clips[share])
        covered, strict = np.zeros(len(self.clips)), np.zeros(len(self.clips))
        still_strict = np.ones(len(share), bool)
        error_m = excitation = 0.0
        while len(live):
            observation = torch.as_tensor(task.observe(live))
            step = task.step(live, actor.act(observation).clamp(-1, 1))
            assert step.record is not None
            error = on_host(step.keypoint_error_m)
            good = ~PROTOCOL.too_far(error) & ~np.isin(live, list(step.broken))
            still_strict[live] &= ~TRAINING.too_far(error)
            covered[share[live[good]]] += 1
            strict[share[live[good & still_strict[live]]]] += 1
            error_m += float(error[good].mean(axis=1).sum())
            excitation += float(step.record.excitation[good].mean(axis=1).sum())
            live = live[good & ~np.asarray(torch.as_tensor(step.finished).cpu())]
        sums = np.concatenate((covered, strict, (error_m, excitation)))
        sums = sum_over_processes(torch.from_numpy(sums)).numpy()
        covered, strict, (error_m, excitation) = np.split(sums, (len(covered), 2 * len(covered)))
        frames = max(1.0, covered.sum())
        return Trial(
            covered / self._frames,
            strict / self._frames,
            self._frames,
            float(1000 * error_m / frames),
            float(excitation / frames),
        )

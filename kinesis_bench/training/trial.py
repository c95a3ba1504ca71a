"""How good a policy is at present: all clips from their start, without noise, by the protocol's rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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
from kinesis_bench.training.tiring import Tiring

CLIP_FIGURES = ("success", "coverage", "strict_success", "strict_coverage", "mpjpe_mm", "excitation")
"""Figures of a trial of clips."""


class Trial(Protocol):
    """How a policy did, for the trainer: a quick look, no score."""

    @property
    def success(self) -> float:
        """Share of the clips or trials, 0 to 1; its plateau ends a stage."""

    @property
    def merit(self) -> float:
        """The more the better; decides which checkpoint is the best."""

    @property
    def failed(self) -> dict[str, np.ndarray]:
        """Rule of failure to (n,) bool, which of the clips fail by it."""

    def figures(self) -> dict[str, float]:
        """For logs."""


class TrialsLike(Protocol):
    """Something that tries a policy."""

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of a trial's figures."""

    def run(self, actor: ActorLike) -> Trial:
        """A trial."""


@dataclass(frozen=True)
class ClipTrial:
    """Figures over n clips.

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

    @property
    def merit(self) -> float:
        """Success, strict coverage, and less error."""
        return self.success + self.strict_coverage - self.mpjpe_mm / 1000

    @property
    def failed(self) -> dict[str, np.ndarray]:
        """By the protocol's rule and by that of training."""
        return {"protocol": self.covered < 1, "training": self.strict < 1}

    def figures(self) -> dict[str, float]:
        """For logs."""
        return {name: getattr(self, name) for name in CLIP_FIGURES}


class ClipTrials:
    """Keeps the rows that clips are tried on; each process tries its share of the clips.

    Args:
        body, reference: what follows which clips.
        clips: (n,) those that are tried.
        control: law of the actions.
        threads: for physics; 0 for all cores.
        make_engine: of ``physics.engines``.
        tiring: how muscles tire; each clip then begins as fatigued in every trial. None: they do not.
    """

    figures = CLIP_FIGURES

    def __init__(
        self,
        body: Body,
        reference: Reference,
        clips: np.ndarray,
        *,
        control: Control,
        threads: int = 0,
        make_engine: MakeEngine = cpu_engine,
        tiring: Tiring | None = None,
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
            fatigue=tiring.mode if tiring else None,
        )
        self._fatigued = tiring.draw(np.random.default_rng(0), len(clips)) if tiring else None
        self._frames = reference.length[clips] - 1

    @torch.no_grad()
    def run(self, actor: ActorLike) -> ClipTrial:
        """Every clip once, from its first frame, muscles at zero activation and as fatigued as drawn."""
        task, share = self._task, self._share
        live = np.arange(len(share))
        if len(live):
            task.start(live, self.clips[share])
            if self._fatigued is not None:
                task.tire(live, self._fatigued[share])
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
        return ClipTrial(
            covered / self._frames,
            strict / self._frames,
            self._frames,
            float(1000 * error_m / frames),
            float(excitation / frames),
        )

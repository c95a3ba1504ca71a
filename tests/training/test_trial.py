"""The trainer's quick look agrees with the evaluation that scores."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from synthetic import synthetic_motions  # noqa: E402

from kinesis_bench.bodies.contract import load_body  # noqa: E402
from kinesis_bench.evaluation.run import Job, run_policy  # noqa: E402
from kinesis_bench.policies.load import load_policy  # noqa: E402
from kinesis_bench.tasks.reference import Reference  # noqa: E402
from kinesis_bench.training import trial as module  # noqa: E402
from kinesis_bench.training.trial import ClipTrial, ClipTrials  # noqa: E402


class Relaxed:
    """Excites no muscle, as the built-in policy ``zero`` does."""

    def act(self, observation: torch.Tensor) -> torch.Tensor:
        return torch.full((len(observation), 80), -1.0)


@pytest.fixture(scope="module")
def motions():
    return synthetic_motions(load_body("legs"), clips=4, frames=40)


def trials(motions, clips) -> ClipTrials:
    body = load_body("legs")
    return ClipTrials(body, Reference.of(motions, body), clips, control="direct", threads=1)


def test_agrees_with_the_evaluation(motions) -> None:
    clips = np.array([0, 1, 3])
    trial = trials(motions, clips).run(Relaxed())
    policy = load_policy("zero")
    rollouts = run_policy(policy, load_body("legs"), motions, Job(clips, np.arange(3), 1, 0), threads=1)
    covered, strict, errors, excitations = [], [], [], []
    for clip in rollouts.clips:
        error = np.linalg.norm(clip.keypoint_position - clip.reference_keypoint_position, axis=-1)
        good = int((error.mean(axis=1) <= 0.5).cumprod().sum())
        near = int((error.max(axis=1) <= 0.15).cumprod().sum())
        covered.append(good / clip.frames)
        strict.append(min(good, near) / clip.frames)
        errors.append(error[:good].mean(axis=1))
        excitations.append(clip.excitation[:good].mean(axis=1))
    assert trial.covered == pytest.approx(covered, abs=1e-9)
    assert trial.strict == pytest.approx(strict, abs=1e-9)
    assert min(covered) < 1
    assert trial.mpjpe_mm == pytest.approx(1000 * np.concatenate(errors).mean(), rel=1e-4)
    assert trial.excitation == pytest.approx(np.concatenate(excitations).mean(), abs=1e-6)


def test_twice_the_same(motions) -> None:
    tried = trials(motions, np.array([0, 1]))
    first, second = tried.run(Relaxed()), tried.run(Relaxed())
    assert first.figures() == second.figures()


@pytest.mark.parametrize("processes", [2, 5])
def test_shares_add_up_to_the_whole(motions, monkeypatch, processes) -> None:
    """Each process tries its share, and the sums over them are what one process finds."""
    clips = np.array([0, 1, 2])
    whole = trials(motions, clips).run(Relaxed())
    parts: list[torch.Tensor] = []
    for rank in range(processes):
        monkeypatch.setattr(module, "rank", lambda rank=rank: rank)
        monkeypatch.setattr(module, "processes", lambda: processes)
        monkeypatch.setattr(module, "sum_over_processes", lambda sums: parts.append(sums) or sums)
        trials(motions, clips).run(Relaxed())
    monkeypatch.setattr(module, "sum_over_processes", lambda _: sum(parts))
    monkeypatch.setattr(module, "rank", lambda: 0)
    together = trials(motions, clips).run(Relaxed())
    assert np.array_equal(together.covered, whole.covered)
    assert np.array_equal(together.strict, whole.strict)
    assert together.mpjpe_mm == pytest.approx(whole.mpjpe_mm, rel=1e-12)


def test_figures_by_hand() -> None:
    trial = ClipTrial(
        covered=np.array([1.0, 0.5]),
        strict=np.array([0.25, 0.5]),
        frames=np.array([100, 300]),
        mpjpe_mm=42.0,
        excitation=0.1,
    )
    assert trial.success == 0.5
    assert trial.coverage == pytest.approx((100 + 150) / 400)
    assert trial.strict_success == 0.0
    assert trial.strict_coverage == pytest.approx((25 + 150) / 400)

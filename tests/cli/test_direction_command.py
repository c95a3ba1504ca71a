"""Directional control on the command line: its score, the figure of paths, and training for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from kinesis_bench.cli.main import main
from kinesis_bench.evaluation.tasks.result import read_task_result
from kinesis_bench.rollouts.store import read_rollouts
from kinesis_bench.tasks.registry import TASKS


def run(*arguments: object) -> None:
    main([str(argument) for argument in arguments])


def test_a_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run("score", "--task", "direction", "--policy", "zero", "--trials", 7, "--threads", 1, "--out", out)
    told = capsys.readouterr().out
    assert "zero: success 0.0 % of 7 trials" in told
    result = read_task_result(out / "result.json")
    assert (result.protocol, result.trials) == ("direction-1", 7)
    assert result.figures.means["turned_pct"].reason == "no trial lasted until a direction switched"
    assert len(read_rollouts(out / "rollouts.h5").clips) == 7
    first = (out / "trials.csv").read_text().splitlines()[0]
    assert first.startswith("trial,heading_rad,directions,steps,ending,last_progress_m,mean_progress_m")
    assert ",last_heading_rad,last_command_rad,figure_" in first, "angles have no plain mean"
    picture = imread(out / "paths.png")
    assert picture.std() > 0.02
    blue = np.abs(picture[..., :3] - np.array([0x00, 0x72, 0xB2]) / 255).max(axis=2) < 0.03
    thirds = [part.any() for part in np.array_split(blue, 3, axis=1)]
    assert thirds == [True] * 3, "every panel has a path"


def test_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few updates from nothing, export and score."""
    pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")
    from kinesis_bench.training import setting

    monkeypatch.setattr(setting, "JUDGED", 2)
    monkeypatch.setitem(
        TASKS, "direction", type(TASKS["direction"])(**{**vars(TASKS["direction"]), "trials": 2})
    )
    folder = tmp_path / "run"
    run(
        *("train-reference", "--task", "direction", "--out", folder, "--threads", "1"),
        *("--networks.actor", "16", "--networks.critic", "16", "--episodes.environments", "4"),
        *("--episodes.steps", "4", "--ppo.minibatch", "8", "--expert.max-steps", "32"),
        *("--expert.critic-only-updates", "1", "--expert.evaluate-every", "2"),
    )
    result = read_task_result(folder / "score" / "result.json")
    assert (result.policy_task, result.task, result.trials) == ("direction", "direction", 2)
    log = next(folder.rglob("log.csv")).read_text().splitlines()
    assert "progress_m" in log[0]

"""``prepare-data --text``: sentences to a motion file, or one line that says why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.cli.main import main
from kinesis_bench.errors import InputError
from kinesis_bench.motions.gait.build import DATASET
from kinesis_bench.motions.prompts import sayable_prompts
from kinesis_bench.motions.skeleton import mean_skeleton
from kinesis_bench.motions.store import read_motions
from kinesis_bench.prepare import BUILT_IN, prompt_jobs, text_jobs


def test_sentences_become_clips(tmp_path: Path) -> None:
    sentences = ["a person walks slowly in a small half circle to the left", "someone runs for 2 seconds"]
    main(
        [
            "prepare-data",
            "--text",
            *sentences,
            "--bodies",
            "legs",
            "--workers",
            "1",
            "--out",
            str(tmp_path / "said.h5"),
        ]
    )
    motions = read_motions(tmp_path / "said.h5", bodies=["legs"])
    assert motions.id == f"{DATASET.rpartition('-')[0]}-text"
    assert motions.texts == tuple((sentence,) for sentence in sentences)
    assert motions.skill == ("gradual_turn", "run")
    assert motions.length[1] == 61
    assert np.median(motions.ik["legs"].residual) < 0.03


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--text"], "--text"),
        (["--text", "a person moonwalks"], "unknown word 'moonwalks'; did you mean 'walks'"),
        (["--text", "a person walks", "a person walks on his hands"], "unknown words 'his', 'hands'"),
        (["--text", "a person walks", "A person  walks."], "has 'A person walks.' twice"),
        (["--text", "a person runs in a circle"], "the built-in gait runs straight ahead"),
        (["--text", "a person walks", "--people", "3"], "--people: is of no use with recordings"),
    ],
)
def test_what_cannot_be_said_ends_in_one_line(
    arguments: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["prepare-data", *arguments, "--out", str(tmp_path / "said.h5")])
    assert stop.value.code == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_results_file_with_a_clip_without_frames_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content = {"motion": np.zeros((1, 22, 3, 40)), "text": ["a person walks"], "lengths": np.array([0])}
    np.save(tmp_path / "results.npy", content)
    files = ["--text-to-motion", str(tmp_path / "results.npy"), "--out", str(tmp_path / "made.h5")]
    with pytest.raises(SystemExit) as stop:
        main(["prepare-data", *files])
    assert stop.value.code == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("kinesis-bench:")]
    assert "results.npy: lasts 0.00 s; give at least 1 s" in line


def test_motions_of_a_results_file_that_cannot_be_used_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    standing = np.repeat(mean_skeleton().rest[None], 40, axis=0)
    lying = standing[..., [1, 0, 2]]
    motion = np.stack([np.moveaxis(one, 0, 2) for one in (standing, lying)])
    content = {"motion": motion, "text": ["a person walks", "a person lies"], "lengths": np.array([40, 40])}
    np.save(tmp_path / "results.npy", content)
    made = tmp_path / "made.h5"
    files = ["--text-to-motion", str(tmp_path / "results.npy"), "--out", str(made), "--workers", "1"]
    main(["prepare-data", *files, "--bodies", "legs"])
    motions = read_motions(made, bodies=["legs"])
    assert motions.keys == ("results_0",)
    assert "upright along neither y nor z" in motions.quarantine["results_1"]
    assert "quarantined: 1" in capsys.readouterr().out


def test_the_built_in_prompts_are_the_lists_that_can_be_said() -> None:
    jobs = prompt_jobs()
    assert [job.key for job in jobs] == [f"text/{prompt.id}" for prompt in sayable_prompts()]
    assert [job.skill for job in jobs] == [prompt.category for prompt in sayable_prompts()]
    assert BUILT_IN["normative-gait-prompts-v1"] is prompt_jobs
    assert text_jobs([sayable_prompts()[0].text])[0].sha256() != jobs[0].sha256()
    with pytest.raises(InputError, match="twice"):
        text_jobs(["someone runs"] * 2)

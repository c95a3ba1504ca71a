"""Task text-to-control: imitation by the categories of prompts, which its result names."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import gymnasium
import jsonschema
import numpy as np
import pytest
from submissions import SAID, SOURCES, in_json
from synthetic import synthetic_motions

from kinesis_bench import prepare
from kinesis_bench.bodies.contract import load_body
from kinesis_bench.cli.main import main
from kinesis_bench.cli.score import Score
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import record_policy
from kinesis_bench.evaluation.result import SCHEMA_FILE, read_result
from kinesis_bench.leaderboard.submission import board_of
from kinesis_bench.leaderboard.submit import submit
from kinesis_bench.leaderboard.tables import read_all, tables
from kinesis_bench.leaderboard.verify import verify
from kinesis_bench.motions.motion_set import ClipIk, Motions
from kinesis_bench.motions.store import write_motions
from kinesis_bench.policies.load import load_policy

PROMPTS = ("a person runs forward", "a person walks", "someone walks in a circle", "a person juggles")


@pytest.fixture(scope="module")
def motions() -> Motions:
    made = synthetic_motions(load_body("legs"), clips=4, frames=6)
    return replace(made, texts=tuple((prompt,) for prompt in PROMPTS), splits=((),) * 4)


@pytest.fixture
def file(motions: Motions, tmp_path: Path) -> Path:
    solved = motions.ik["legs"]
    spans = {key: motions.span(place) for place, key in enumerate(motions.keys)}
    ik = {key: ClipIk(solved.qpos[s], solved.qvel[s], solved.residual[s]) for key, s in spans.items()}
    path = tmp_path / "prompts.h5"
    write_motions(
        path,
        [motions.clip(place) for place in range(len(motions))],
        id="some",
        ik={"legs": ik},
        model_sha256={"legs": load_body("legs").sha256},
    )
    return path


def test_the_score_is_that_of_imitation_by_the_prompts_categories(file: Path, tmp_path: Path) -> None:
    Score(policy="zero", motions=file, out=tmp_path / "imitation").run()
    Score(policy="zero", motions=file, task="text-to-control", out=tmp_path / "text").run()
    plain, by_prompt = (read_result(tmp_path / name / "result.json") for name in ("imitation", "text"))
    assert by_prompt.imitation is not None
    assert plain.imitation is not None
    assert by_prompt.imitation.mpjpe_mm.mean == plain.imitation.mpjpe_mm.mean
    assert set(by_prompt.imitation_by_skill or {}) == {"run", "walk", "gradual_turn", "other"}
    assert set(plain.imitation_by_skill or {}) != set(by_prompt.imitation_by_skill or {})
    assert tuple(by_prompt.motions.prompts.values()) == PROMPTS
    assert plain.motions.prompts == {}
    assert by_prompt.motions.sources_sha256 == plain.motions.sources_sha256
    content = json.loads((tmp_path / "text" / "result.json").read_text())
    jsonschema.validate(content, json.loads(SCHEMA_FILE.read_text()))
    with (tmp_path / "text" / "clips.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert tuple(row["prompt"] for row in rows) == PROMPTS
    assert [row["skill"] for row in rows] == ["run", "walk", "gradual_turn", "other"]
    assert "prompt" not in (tmp_path / "imitation" / "clips.csv").read_text().splitlines()[0]
    report = (tmp_path / "text" / "report.html").read_text()
    assert "text-to-control" in report
    assert "by category" in report
    assert board_of(by_prompt) == "text-to-control_some_all"


def test_its_submissions_are_verified_as_those_of_imitation(file: Path, tmp_path: Path) -> None:
    Score(policy="zero", motions=file, task="text-to-control", out=tmp_path / "text").run()
    folder, found = submit(tmp_path / "text", SAID, SOURCES, tmp_path / "boards", motions=file)
    assert folder.parent.name == "text-to-control_some_all"
    assert found.status == "re-simulated"
    assert "kinesis-bench score --task text-to-control --policy zero" in (folder / "card.md").read_text()
    (table,) = [one for one in tables(read_all(tmp_path / "boards")) if one.kind == "imitation" and one.rows]
    assert table.data == "some"
    in_json(folder / "result.json", lambda content: content["motions"]["prompts"].popitem())
    wrong = verify(folder, SOURCES, motions=file).wrong
    assert "result.json: motions.prompts are not those of its clips" in wrong


def test_its_recording_says_so_too(file: Path, tmp_path: Path) -> None:
    Score(policy="zero", motions=file, task="text-to-control", out=tmp_path / "text").run()
    Score(rollout=tmp_path / "text" / "rollouts.h5", out=tmp_path / "again").run()
    first, again = (read_result(tmp_path / name / "result.json") for name in ("text", "again"))
    assert again.imitation_by_skill == first.imitation_by_skill
    assert again.motions == first.motions


def test_a_quick_look_names_only_the_prompts_that_were_run(motions: Motions) -> None:
    long = synthetic_motions(load_body("legs"), clips=12, frames=4)
    long = replace(long, texts=tuple((PROMPTS[place % 4],) for place in range(12)), splits=((),) * 12)
    rollouts = record_policy(load_policy("zero"), load_body("legs"), long, quick=True, by_prompt=True)
    told = json.loads((rollouts.attributes or {})["provenance"])["motions"]
    assert set(told["prompts"]) == {clip.key for clip in rollouts.clips}
    assert len(told["prompts"]) == told["clips"] == 10


def test_options_of_trials_and_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--trials"):
        Score(task="text-to-control", trials=3).run()
    with pytest.raises(InputError, match=r"cannot be given with --rollout.*--task"):
        Score(task="text-to-control", rollout=tmp_path).run()


def test_its_environments_are_those_of_imitation_on_prompts(
    motions: Motions, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    monkeypatch.setattr(prepare, "default_motions", lambda id: asked.append(id) or file)
    name = "kinesis_bench/TextToControl-v1"
    single, many = gymnasium.make(name), gymnasium.make_vec(name, num_envs=2)
    assert asked == ["normative-gait-prompts-v1"] * 2
    plain = gymnasium.make("kinesis_bench/Imitation-v1", motions=file)
    seen, _ = single.reset(seed=0, options={"clip": motions.keys[1]})
    np.testing.assert_array_equal(seen, plain.reset(seed=0, options={"clip": motions.keys[1]})[0])
    assert many.reset(seed=0)[0].shape == (2, 309)
    gymnasium.make(name, motions=file)
    assert len(asked) == 2


def test_nothing_is_trained_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["train-reference", "--task", "text-to-control"])
    assert stop.value.code == 2
    assert "--task: is text-to-control, which is zero-shot" in capsys.readouterr().err

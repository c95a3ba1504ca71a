"""Which stages follow which, what each begins with, and what a run keeps of them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from tiny_runs import motions_file, tiny_config  # noqa: E402

from kinesis_bench.errors import InputError  # noqa: E402
from kinesis_bench.policies.load import load_policy  # noqa: E402
from kinesis_bench.training import stages  # noqa: E402
from kinesis_bench.training.chain import train  # noqa: E402
from kinesis_bench.training.checkpoint import module_tensors, read_checkpoint, write_checkpoint  # noqa: E402
from kinesis_bench.training.config import TrainConfig  # noqa: E402
from kinesis_bench.training.distillation import DistillationProgress  # noqa: E402
from kinesis_bench.training.run_folder import (  # noqa: E402
    CHAIN,
    CONFIG,
    StageResult,
    held,
    read_chain,
    read_config,
    stage_folder,
)
from kinesis_bench.training.setting import RunSetting  # noqa: E402


@pytest.fixture(scope="module")
def motions(tmp_path_factory) -> Path:
    return motions_file(tmp_path_factory.mktemp("motions") / "m.h5", clips=6)


@pytest.fixture
def config(motions) -> TrainConfig:
    return tiny_config(motions)


@pytest.fixture
def told(monkeypatch) -> list[tuple]:
    """Stages that note how they were begun instead of training; all clips but the first are failed."""
    calls: list[tuple] = []

    def learn(setting, stage, clips, control, config, start) -> StageResult:
        calls.append((stage, setting.keys(clips), control, start))
        stage_folder(setting.run, stage).mkdir(parents=True, exist_ok=True)
        return StageResult(clips=setting.keys(clips), failed=setting.keys(clips[1:]), failed_by="protocol")

    def distil(setting, stage, failed, start, teachers) -> StageResult:
        calls.append(("distil", stage, tuple(setting.motions.keys[i] for i in failed), start, teachers))
        return StageResult(failed=setting.keys(setting.clips[1:]), failed_by="protocol")

    def other(name):
        def run(setting, *arguments) -> StageResult:
            calls.append((name, *arguments))
            return StageResult()

        return run

    monkeypatch.setattr(stages, "learn", learn)
    monkeypatch.setattr(stages, "distil", distil)
    monkeypatch.setattr(stages, "open_gate", other("gate"))
    monkeypatch.setattr(stages, "export", other("export"))
    monkeypatch.setattr(stages, "export_teacher", other("export the teacher"))
    return calls


def scored(told: list[tuple]):
    return lambda setting: told.append(("score", setting.run))


KEYS = ("synthetic/0", "synthetic/1", "synthetic/3", "synthetic/4")
"""Of the training split."""


def test_experts_until_no_clip_fails(told, config, tmp_path) -> None:
    train(tmp_path / "run", replace(config, max_experts=9), score=scored(told))
    assert told[:4] == [
        ("expert-1", KEYS, "direct", None),
        ("expert-2", KEYS[1:], "direct", "expert-1"),
        ("expert-3", KEYS[2:], "direct", "expert-2"),
        ("expert-4", KEYS[3:], "direct", "expert-3"),
    ]
    assert told[4] == ("gate", "gate", ["expert-1", "expert-2", "expert-3", "expert-4"])
    assert [call[0] for call in told[5:]] == ["export", "score"]
    state = read_chain(tmp_path / "run")
    assert list(state.stages) == [f"expert-{i}" for i in (1, 2, 3, 4)] + ["gate", "export", "score"]
    assert state.stages["expert-2"].failed == KEYS[2:]
    assert state.stages["expert-2"].failed_by == "protocol"


def test_no_more_experts_than_asked_for(told, config, tmp_path) -> None:
    train(tmp_path / "run", config, score=scored(told))
    assert [call[0] for call in told] == ["expert-1", "expert-2", "gate", "export", "score"]


def test_one_expert_needs_no_gate(told, config, tmp_path) -> None:
    train(tmp_path / "run", replace(config, max_experts=1), score=scored(told))
    assert [call[0] for call in told] == ["expert-1", "export", "score"]


def test_teachers_and_students_come_first(told, config, tmp_path) -> None:
    distilled = replace(config, method="distilled", max_teachers=2, max_students=2, max_experts=3)
    train(tmp_path / "run", distilled, score=scored(told))
    assert told[0] == ("teacher-1", KEYS, "tracking", None)
    assert told[1][:2] == ("export the teacher", "teacher-1")
    assert told[2] == ("teacher-2", KEYS[1:], "tracking", "teacher-1")
    assert told[3][:2] == ("export the teacher", "teacher-2")
    assert told[4][:4] == ("distil", "student-1", (), None)
    assert {name: found.clips for name, found in told[4][4].items()} == {
        "teacher-1": KEYS,
        "teacher-2": KEYS[1:],
    }
    assert told[5][:4] == ("distil", "student-2", KEYS[1:], "student-1")
    assert told[6:9] == [
        ("expert-1", KEYS, "direct", "student-2"),
        ("expert-2", KEYS[1:], "direct", "expert-1"),
        ("expert-3", KEYS[2:], "direct", "expert-2"),
    ]
    assert told[9] == ("gate", "gate", ["expert-1", "expert-2", "expert-3"])


def test_each_clip_is_taught_by_the_last_teacher_that_learned_it(config, tmp_path, monkeypatch) -> None:
    """Students go on with the first one's values; the second need not spare where the first failed."""
    taught: dict[str, list] = {}
    not_sparing: list[list] = []

    class NotTaught:
        def __init__(self, student, labels, environment, config, generator, progress) -> None:
            self.end = lambda: progress(DistillationProgress(config.rounds, 0, 0.0, 0.0, 1.0))
            not_sparing.append(list(labels._not_sparing))
            taught["by"] = labels._taught_by.tolist()
            taught["weights"] = [float(teacher.head.weight[0, 0].detach()) for teacher in labels._teachers]

        def run(self) -> None:
            self.end()

    def not_learned(setting, stage, clips, control, stage_config, actor, critic, environment) -> StageResult:
        number = float(stage.removeprefix("teacher-"))
        for module in (actor.head, critic):
            for weight in module.parameters():
                torch.nn.init.constant_(weight, number)
        tensors = module_tensors("actor", actor) | module_tensors("critic", critic)
        write_checkpoint(stage_folder(setting.run, stage) / "best", tensors, {})
        return StageResult(clips=setting.keys(clips), failed=setting.keys(clips[2:]))

    monkeypatch.setattr(stages, "_reinforce", not_learned)
    monkeypatch.setattr(stages, "Distillation", NotTaught)
    distilled = replace(config, method="distilled", max_teachers=2)
    for stage in ("teacher-1", "teacher-2", "student-1", "student-2"):
        new = stage == "teacher-1"
        train(tmp_path / "run", distilled, score=scored([]), only=stage, new=new)
    assert taught == {"by": [0, 0, 0, 1, 1, 0], "weights": [1.0, 2.0]}
    failed = read_chain(tmp_path / "run").stages["student-1"].failed
    assert not_sparing == [[], [int(key.rpartition("/")[2]) for key in failed]]
    assert failed
    handed, _ = read_checkpoint(stage_folder(tmp_path / "run", "student-2") / "best")
    values = [tensor for name, tensor in handed.items() if name.startswith("critic.") and "weight" in name]
    assert values
    assert all((tensor == 1.0).all() for tensor in values)


def test_a_teacher_is_exported_and_another_run_begins_as_it(config, tmp_path, monkeypatch) -> None:
    """To the bit, policy and values; a policy of another control law is refused first."""
    began: list[dict] = []

    def not_learned(setting, stage, clips, control, stage_config, actor, critic, environment) -> StageResult:
        began.append(module_tensors("actor", actor) | module_tensors("critic", critic))
        write_checkpoint(stage_folder(setting.run, stage) / "best", began[-1], {})
        return StageResult(steps=7)

    monkeypatch.setattr(stages, "_reinforce", not_learned)
    monkeypatch.setattr(stages, "distil", lambda setting, stage, failed, start, teachers: StageResult())
    config = replace(config, method="distilled", max_experts=1)
    train(tmp_path / "one", config, score=scored([]), only="teacher-1")
    teacher = load_policy(str(tmp_path / "one" / "policy-teacher-1"))
    assert (teacher.control, teacher.privileged, teacher.name) == (
        "tracking",
        True,
        "distilled-legs-teacher-1",
    )
    begun_again = replace(config, seed=5, start_from=str(tmp_path / "one" / "policy-teacher-1"))
    train(tmp_path / "two", begun_again, score=scored([]), only="teacher-1")
    assert began[0].keys() == began[1].keys()
    assert all(torch.equal(began[0][name], began[1][name]) for name in began[0])
    with pytest.raises(InputError, match="made for 'tracking', this run has 'direct'"):
        train(tmp_path / "three", replace(begun_again, method="kinesis"), score=scored([]))
    wider = replace(begun_again, networks=replace(config.networks, actor=(24,)))
    with pytest.raises(InputError, match=r"weights.safetensors: actor\..* has shape"):
        train(tmp_path / "four", wider, score=scored([]))
    assert not (tmp_path / "four").exists(), "a right command must find the folder free"
    assert len(began) == 2
    shutil.rmtree(tmp_path / "one")
    with pytest.raises(InputError, match="name a policy that ships"):
        train(tmp_path / "five", begun_again, score=scored([]))
    train(tmp_path / "two", begun_again, score=scored([]), only="student-1", new=False)


def test_goes_on_where_it_was(told, config, tmp_path) -> None:
    class Stop(Exception):
        pass

    def stop(setting) -> None:
        raise Stop

    with pytest.raises(Stop):
        train(tmp_path / "run", config, score=stop)
    told.clear()
    train(tmp_path / "run", read_config(tmp_path / "run"), score=scored(told), new=False)
    assert [call[0] for call in told] == ["score"]
    told.clear()
    train(tmp_path / "run", read_config(tmp_path / "run"), score=scored(told), new=False)
    assert told == []


def test_one_stage_at_a_time(told, config, tmp_path) -> None:
    run = tmp_path / "run"
    train(run, config, score=scored(told), only="expert-1")
    assert [call[0] for call in told] == ["expert-1"]
    with pytest.raises(InputError, match="gate cannot be run now, expert-2 is next"):
        train(run, config, score=scored(told), only="gate", new=False)
    train(run, config, score=scored(told), only="expert-2", new=False)
    assert [call[0] for call in told] == ["expert-1", "expert-2"]


def test_a_stage_that_is_run_again_puts_what_was_built_on_it_aside(told, config, tmp_path) -> None:
    run = tmp_path / "run"
    train(run, config, score=scored(told))
    (stage_folder(run, "expert-2") / "mark").touch()
    for again in (1, 2):
        told.clear()
        train(run, config, score=scored(told), only="expert-2", new=False)
        assert [call[0] for call in told] == ["expert-2"]
        assert list(read_chain(run).stages) == ["expert-1", "expert-2"]
        assert (run / "replaced" / f"expert-2-again-{again}").is_dir()
    assert (run / "replaced" / "expert-2-again-1" / "mark").exists()
    told.clear()
    train(run, config, score=scored(told), new=False)
    assert [call[0] for call in told] == ["gate", "export", "score"]


def test_what_was_only_begun_on_a_stage_that_is_run_again_is_put_aside(told, config, tmp_path) -> None:
    """Else it would go on from weights that were trained on the stage before."""
    run = tmp_path / "run"
    train(run, config, score=scored(told), only="expert-1")
    (stage_folder(run, "expert-2") / "checkpoint-000040").mkdir(parents=True)
    train(run, config, score=scored(told), only="expert-1", new=False)
    assert not stage_folder(run, "expert-2").exists()
    assert (run / "replaced" / "expert-2-again-1" / "checkpoint-000040").is_dir()
    (stage_folder(run, "expert-2") / "checkpoint-000010").mkdir(parents=True)
    train(run, config, score=scored(told), only="expert-2", new=False)
    assert (stage_folder(run, "expert-2") / "checkpoint-000010").is_dir(), "a stage goes on where it was"


def test_more_experts_later_make_a_new_gate(told, config, tmp_path) -> None:
    run = tmp_path / "run"
    train(run, config, score=scored(told))
    told.clear()
    train(run, replace(config, max_experts=3), score=scored(told), new=False)
    assert [call[0] for call in told] == ["expert-3", "gate", "export", "score"]
    assert told[1][2] == ["expert-1", "expert-2", "expert-3"]


@pytest.mark.parametrize(
    ("only", "named"),
    [("expert-1x", "did you mean 'expert-1'"), ("teacher-1", "unknown"), ("gate", "expert-1 is next")],
)
def test_a_stage_that_cannot_be_run_leaves_no_folder(told, config, tmp_path, only, named) -> None:
    with pytest.raises(InputError, match=named):
        train(tmp_path / "run", config, score=scored(told), only=only)
    assert not (tmp_path / "run").exists()
    assert told == []


def test_a_run_is_not_overwritten(told, config, tmp_path) -> None:
    train(tmp_path / "run", config, score=scored(told))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}
    with pytest.raises(InputError, match="holds a run already; go on with --resume"):
        train(tmp_path / "run", config, score=scored(told))
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "run").rglob("*")}


def test_two_processes_on_one_folder(told, config, tmp_path) -> None:
    with held(tmp_path / "run"), pytest.raises(InputError, match="another process trains in this folder"):
        train(tmp_path / "run", config, score=scored(told))
    assert not (tmp_path / "run").exists()
    train(tmp_path / "run", config, score=scored(told))


def test_other_motions_or_another_body_than_the_run_began_with(told, config, tmp_path) -> None:
    run = tmp_path / "run"
    train(run, config, score=scored(told))
    other = motions_file(tmp_path / "other.h5", clips=5)
    with pytest.raises(InputError, match="motions_sha256 was"):
        train(run, replace(config, motions=str(other)), score=scored(told), new=False)
    text = (run / CHAIN).read_text()
    for damaged, named in (
        (text.replace('"model_sha256": "', '"model_sha256": "0'), "model_sha256 was"),
        (text[:-30], "damaged"),
        (text.replace('"failed_by"', '"failed_of"'), "unknown"),
    ):
        (run / CHAIN).write_text(damaged)
        with pytest.raises(InputError, match=named):
            train(run, config, score=scored(told), new=False)


def test_what_a_config_leaves_open_is_written(told, config, tmp_path) -> None:
    train(tmp_path / "run", config, score=scored(told))
    written = json.loads((tmp_path / "run" / CONFIG).read_text())
    assert Path(written["motions"]).is_absolute()
    assert written["split"] == "synthetic/train"


def test_the_whole_chain_on_two_clips(config, tmp_path) -> None:
    """Two experts, a gate and a policy folder, with nothing replaced."""
    run = tmp_path / "run"
    found: list[str] = []

    def score(setting) -> None:
        found.append(load_policy(str(setting.run / "policy")).control)

    train(run, replace(config, split="synthetic/test", failed_by="training"), score=score)
    state = read_chain(run)
    assert list(state.stages) == ["expert-1", "expert-2", "gate", "export", "score"]
    first, second = state.stages["expert-1"], state.stages["expert-2"]
    assert first.clips == ("synthetic/2", "synthetic/5")
    assert second.clips == first.failed == first.clips
    assert (first.updates, first.steps) == (6, 96)
    assert 0 < first.figures["coverage"] < 1
    start, _ = read_checkpoint(run / "stages" / "expert-1" / "best")
    mixture, _ = read_checkpoint(run / "stages" / "gate" / "best")
    experts = [read_checkpoint(run / "stages" / f"expert-{i}" / "best")[0] for i in (1, 2)]
    for number, expert in enumerate(experts):
        for name in ("head.weight", "normaliser.mean"):
            assert torch.equal(mixture[f"actor.experts.{number}.{name}"], expert[f"actor.{name}"])
    assert not torch.equal(experts[0]["actor.head.weight"], experts[1]["actor.head.weight"])
    assert float(experts[1]["actor.normaliser.count"]) > float(start["actor.normaliser.count"])
    assert found == ["direct"]
    assert {path.name for path in (run / "policy").iterdir()} >= {"argmax.onnx", "sampled.onnx", CONFIG}
    assert read_config(run / "policy") == read_config(run)


def test_a_stage_has_its_own_price_noise_and_pace(config, tmp_path, monkeypatch) -> None:
    """The teacher goes by the settings of all stages, the expert by those that are its own."""
    asked: dict[str, tuple] = {}

    class NotLearned:
        updates = steps = 0

        def __init__(self, stage, folder, actor, critic, environment, trials, *, ppo, **others) -> None:
            energy = environment.task._reward.energy_weight
            asked[stage] = ppo.entropy_weight, ppo.target_kl, energy, float(actor.action_std.detach().mean())
            self._done = folder / "best", module_tensors("actor", actor) | module_tensors("critic", critic)

        def run(self) -> None:
            write_checkpoint(*self._done, {})

    monkeypatch.setattr(stages, "Reinforcement", NotLearned)
    monkeypatch.setattr(stages, "distil", lambda setting, stage, failed, start, teachers: StageResult())
    config = replace(
        config,
        method="distilled",
        max_teachers=1,
        max_students=1,
        max_experts=1,
        ppo=replace(config.ppo, entropy_weight=0.004, target_kl=0.04),
        reward=replace(config.reward, energy=0.1),
        networks=replace(config.networks, action_std=0.25),
        expert=replace(config.expert, energy=0.45, action_std=0.08, entropy_weight=0.0, target_kl=0.02),
    )
    train(tmp_path / "run", config, score=scored([]), only="teacher-1")
    train(tmp_path / "run", config, score=scored([]), only="student-1", new=False)
    monkeypatch.setattr(RunSetting, "load_best", lambda *_: None)
    train(tmp_path / "run", config, score=scored([]), only="expert-1", new=False)
    assert asked["teacher-1"] == pytest.approx((0.004, 0.04, 0.1, 0.25))
    assert asked["expert-1"] == pytest.approx((0.0, 0.02, 0.45, 0.08))

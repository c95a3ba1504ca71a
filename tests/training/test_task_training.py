"""A task of trials through the trainer: episodes, judging, resuming, starting from an expert, the export."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from tiny_runs import STEPS_AN_UPDATE, motions_file, tiny_config  # noqa: E402

from kinesis_bench.bodies.contract import load_body  # noqa: E402
from kinesis_bench.cli.train_reference import _draw_curve  # noqa: E402
from kinesis_bench.errors import InputError  # noqa: E402
from kinesis_bench.motions.store import read_motions  # noqa: E402
from kinesis_bench.policies.load import load_policy  # noqa: E402
from kinesis_bench.tasks.penalty_kick import PenaltyKick  # noqa: E402
from kinesis_bench.tasks.target import Target  # noqa: E402
from kinesis_bench.training import setting as settings  # noqa: E402
from kinesis_bench.training.chain import train  # noqa: E402
from kinesis_bench.training.checkpoint import read_checkpoint  # noqa: E402
from kinesis_bench.training.config import (  # noqa: E402
    DistillationConfig,
    StageConfig,
    TrainConfig,
    check,
)
from kinesis_bench.training.environment import TrialEnvironment  # noqa: E402
from kinesis_bench.training.export import load_weights  # noqa: E402
from kinesis_bench.training.log import LOG, StageLog  # noqa: E402
from kinesis_bench.training.presets import preset  # noqa: E402
from kinesis_bench.training.run_folder import read_chain, read_config, stage_folder  # noqa: E402
from kinesis_bench.training.setting import RunSetting, TaskSetting  # noqa: E402

ROWS = 4


@pytest.fixture(autouse=True)
def few_judged(monkeypatch) -> None:
    monkeypatch.setattr(settings, "JUDGED", 3)


def task_config(**changes) -> TrainConfig:
    """A few updates of ``target``, all of whose random streams matter."""
    made = replace(tiny_config(Path("none")), motions="", task="target", max_experts=1)
    return replace(made, **{"expert": replace(made.expert, critic_only_updates=1), **changes})


def environment(seed: int = 0, **more) -> TrialEnvironment:
    task = Target(load_body("legs"), ROWS, threads=1, rewarded=True)
    return TrialEnvironment(task, push_m_s=0.1, rng=np.random.default_rng(seed), **more)


def limp() -> torch.Tensor:
    return torch.full((ROWS, 80), -1.0)


def test_rows_that_fall_begin_anew_and_are_counted() -> None:
    rows = environment()
    rows.restart()
    begun = rows.observe().clone()
    steps = 0
    while not rows.lengths:
        transition = rows.step(limp())
        steps += 1
    assert transition.failed.any()
    assert len(transition.final_observation) == 0
    assert set(rows.lengths) == {steps}
    assert 5 < steps < 14
    height = rows.observe()[transition.failed, 0]
    assert (height > 0.9).all()
    other = environment()
    other.restart()
    assert torch.equal(other.observe(), begun)
    another = environment(1)
    another.restart()
    assert not torch.equal(another.observe(), begun)


def test_time_that_is_up_cuts_off_with_its_last_state() -> None:
    rows = environment()
    rows.restart()
    rows.task.age[:] = 149
    transition = rows.step(limp())
    assert transition.cut_off.all()
    assert not transition.failed.any()
    assert transition.final_observation.shape == (ROWS, 309)
    assert rows.lengths == [1] * ROWS
    assert (rows.task.age == 0).all()


def test_a_ball_behind_the_line_ends_a_kick_for_good() -> None:
    """Else a value that nothing ever corrects would be handed on: no trial goes on from there."""
    task = PenaltyKick(load_body("legs_back"), 2, threads=1, rewarded=True)
    rows = TrialEnvironment(task, push_m_s=0.0, rng=np.random.default_rng(0))
    rows.restart()
    task.place_ball(np.array([1]), [[50.0, 0.0, 0.2]], [[20.0, 0.0, 0.0]])
    transition = rows.step(torch.full((2, 290), -1.0))
    assert transition.failed.tolist() == [False, True]
    assert not transition.cut_off.any()
    assert len(transition.final_observation) == 0
    assert rows.lengths == [1]


def test_values_are_bounded_by_the_task_s_rewards(tmp_path) -> None:
    rows = environment()
    assert rows.reward_range == rows.task.reward_range
    assert rows.reward_range[0] < 0 < rows.reward_scale < rows.reward_range[1]
    setting = TaskSetting.of(tmp_path, task_config())
    critic = setting.critic(setting.environment(setting.every_clip, "direct", setting.config.reward))
    assert critic.scale == pytest.approx(rows.reward_scale / (1 - 0.99))


def test_a_broken_state_is_kept(tmp_path) -> None:
    rows = environment(broken_folder=tmp_path)
    rows.restart()
    action = limp()
    action[2] = torch.nan
    assert rows.step(action).failed.tolist() == [False, False, True, False]
    assert [file.name for file in tmp_path.iterdir()] == ["trial-of-row-2-step-0.npz"]


def run_task(run: Path, score=lambda _: None, **changes) -> None:
    new = not (run / "config.json").exists()
    config = task_config(**changes) if new else read_config(run)
    train(run, config, score=score, new=new)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> tuple[Path, list[RunSetting]]:
    scored: list[RunSetting] = []
    run = tmp_path_factory.mktemp("runs") / "run"
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(settings, "JUDGED", 3)
        run_task(run, score=scored.append)
    return run, scored


def test_a_task_is_one_expert_its_export_and_its_score(finished) -> None:
    run, scored = finished
    chain = read_chain(run)
    assert list(chain.stages) == ["expert-1", "export", "score"]
    assert chain.motions_sha256 == ""
    found = chain.stages["expert-1"]
    assert (found.clips, found.failed) == ((), ())
    assert found.steps == 6 * STEPS_AN_UPDATE
    assert set(found.figures) == {"success", "lasted", "trial_reward", "distance_m"}
    assert 0 < found.figures["lasted"] < 1
    assert len(scored) == 1
    policy = load_policy(str(run / "policy"))
    assert policy.name == "target-legs"
    assert policy.contract.task == "target"
    with (stage_folder(run, "expert-1") / LOG).open() as file:
        rows = list(csv.DictReader(file))
    assert [bool(row["distance_m"]) for row in rows] == [False, False, True] * 2
    _draw_curve(run, run / "policy", "target")
    header = (run / "policy" / "curve.csv").read_text().splitlines()[0]
    assert header == "stage,update,steps,wall_s,reward,success,lasted,trial_reward,distance_m"
    assert (run / "policy" / "curve.png").exists()


@pytest.mark.parametrize("update", [1, 4])
def test_a_run_that_was_stopped_ends_in_the_same_bits(finished, tmp_path, monkeypatch, update) -> None:
    shown = StageLog.__call__

    def interrupt(self, progress) -> None:
        shown(self, progress)
        if progress.update == update:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(StageLog, "__call__", interrupt)
        with pytest.raises(KeyboardInterrupt):
            run_task(tmp_path / "run")
    run_task(tmp_path / "run")
    for name in ("checkpoint-000006", "best"):
        ours, our_state = read_checkpoint(stage_folder(tmp_path / "run", "expert-1") / name)
        theirs, their_state = read_checkpoint(stage_folder(finished[0], "expert-1") / name)
        assert our_state == their_state
        assert all(torch.equal(tensor, theirs[key]) for key, tensor in ours.items())
    first, last = (
        read_checkpoint(stage_folder(finished[0], "expert-1") / f"checkpoint-00000{n}")[0] for n in (2, 6)
    )
    assert not torch.equal(first["actor.head.weight"], last["actor.head.weight"])


def test_an_expert_of_imitation_gives_its_actor_alone(tmp_path) -> None:
    """And a policy of the same task its value network too."""
    motions = motions_file(tmp_path / "m.h5")
    expert = replace(tiny_config(motions, updates=2), max_experts=1)
    train(tmp_path / "expert", expert, score=lambda _: None)
    config = task_config(start_from=str(tmp_path / "expert" / "policy"))
    config = replace(config, expert=replace(config.expert, max_steps=STEPS_AN_UPDATE, action_std=None))
    train(tmp_path / "tuned", config, score=lambda _: None)
    given, _ = read_checkpoint(stage_folder(tmp_path / "expert", "expert-1") / "best")
    found, _ = read_checkpoint(stage_folder(tmp_path / "tuned", "expert-1") / "checkpoint-000001")
    for key, tensor in given.items():
        if key.startswith("actor."):
            assert torch.equal(found[key], tensor), key  # one update, of the value network alone
    setting = TaskSetting.of(tmp_path, config)
    rows = setting.environment(setting.every_clip, "direct", config.reward)
    actor, critic = setting.actor(rows), setting.critic(rows)
    begun = {name: tensor.clone() for name, tensor in critic.state_dict().items()}
    load_weights(tmp_path / "expert" / "policy", setting.contract("direct"), actor, critic)
    assert all(torch.equal(tensor, begun[name]) for name, tensor in critic.state_dict().items())
    assert torch.equal(actor.head.weight, given["actor.head.weight"])
    load_weights(tmp_path / "tuned" / "policy", setting.contract("direct"), actor, critic)
    assert torch.equal(critic.head.weight, found["critic.head.weight"])
    assert not torch.equal(critic.head.weight, begun["head.weight"])
    facts = load_policy(str(tmp_path / "tuned" / "policy"))
    assert facts.contract.task == "target"
    back = replace(tiny_config(motions), start_from=str(tmp_path / "tuned" / "policy"), max_experts=1)
    train(tmp_path / "back", back, score=lambda _: None, only="expert-1")


def test_teachers_learn_demonstrations_and_a_student_learns_the_task_from_them(tmp_path, monkeypatch) -> None:
    """The demonstrations are as tiny as the run; all else is what a user's run does."""
    asked: list[str] = []
    demonstrations = motions_file(tmp_path / "goals.h5")

    def built(id: str) -> Path:
        asked.append(id)
        return demonstrations

    monkeypatch.setattr(settings, "default_motions", built)
    config = task_config(
        method="distilled",
        max_teachers=1,
        max_students=1,
        teacher=StageConfig(max_steps=2 * STEPS_AN_UPDATE, evaluate_every=1),
        distillation=DistillationConfig(rounds=3, steps=4, memory=64, minibatch=16, evaluate_every=2),
    )
    run, scored = tmp_path / "run", list[RunSetting]()
    train(run, config, score=scored.append)
    assert set(asked) == {"normative-gait-goals-v1"}
    chain = read_chain(run)
    assert list(chain.stages) == ["teacher-1", "student-1", "expert-1", "export", "score"]
    assert chain.motions_sha256 == read_motions(demonstrations).content_sha256
    assert "mpjpe_mm" in chain.stages["teacher-1"].figures
    assert set(chain.stages["student-1"].figures) == {"success", "lasted", "trial_reward", "distance_m"}
    assert chain.stages["student-1"].steps == 3 * STEPS_AN_UPDATE
    teacher, policy = (load_policy(str(run / name)) for name in ("policy-teacher-1", "policy"))
    assert (teacher.contract.task, teacher.control) == ("imitation", "tracking")
    assert (policy.contract.task, policy.control, policy.name) == ("target", "direct", "target-legs")
    taught, _ = read_checkpoint(stage_folder(run, "student-1") / "best")
    assert {name.partition(".")[0] for name in taught} == {"actor"}
    _draw_curve(run, run / "policy", "target")
    rows = list(csv.DictReader((run / "policy" / "curve.csv").open()))
    told = [(row["stage"], row["steps"]) for row in rows]
    assert told[:3] == [("student-1", "32"), ("student-1", "48"), ("expert-1", "96")]
    assert list((run / "tensorboard" / "student-1").glob("events.out.*"))


def test_the_expert_begins_as_the_student_to_the_bit(tmp_path, monkeypatch) -> None:
    demonstrations = motions_file(tmp_path / "goals.h5")
    monkeypatch.setattr(settings, "default_motions", lambda id: demonstrations)
    stage = StageConfig(max_steps=STEPS_AN_UPDATE, evaluate_every=1, critic_only_updates=5)
    config = task_config(
        method="distilled",
        max_teachers=1,
        max_students=1,
        teacher=stage,
        expert=stage,
        distillation=DistillationConfig(rounds=1, steps=4, minibatch=16),
    )
    train(tmp_path / "run", config, score=lambda _: None)
    student, expert = (
        read_checkpoint(stage_folder(tmp_path / "run", name) / "best")[0]
        for name in ("student-1", "expert-1")
    )
    for name in ("actor.head.weight", "actor.trunk.0.weight"):
        assert torch.equal(student[name], expert[name])


def test_what_does_not_fit_a_task_is_refused(tmp_path) -> None:
    for changes, said in (
        ({"method": "distilled", "task": "target-far"}, "is distilled, but task target-far has no motions"),
        ({"control": "tracking"}, "--control: is tracking, which follows a motion"),
        ({"motions": "m.h5"}, "--motions: means nothing for task target"),
        ({"split": "x/train"}, "--split: means nothing for task target"),
        ({"task": "targte"}, "did you mean 'target"),
    ):
        with pytest.raises(InputError, match=said):
            check(replace(task_config(), **changes))


def test_a_distilled_task_s_preset_has_one_of_each_kind() -> None:
    for name in ("laptop", "gpu"):
        made = preset(name, "legs", "distilled", "target")
        assert (made.max_teachers, made.max_students, made.max_experts) == (1, 1, 1)
        assert made.episodes.whole_share > 0
        assert made.expert.critic_only_updates > 0
        check(made)


def test_presets_of_a_task_have_one_expert_and_teach_the_values_first() -> None:
    for name in ("paper", "laptop", "gpu"):
        made = preset(name, "legs_abs", None, "target")
        assert (made.task, made.method, made.max_experts) == ("target", "kinesis", 1)
        assert made.expert.critic_only_updates > 0
        check(made)


def test_a_config_written_before_there_were_tasks_is_one_of_imitation(finished, tmp_path) -> None:
    content = json.loads((finished[0] / "config.json").read_text())
    del content["task"]
    (tmp_path / "config.json").write_text(json.dumps(content))
    assert read_config(tmp_path).task == "imitation"

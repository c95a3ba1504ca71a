"""A whole chain in small: what learns, what judges and what is kept are on the device of the engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="training needs torch: pip install 'kinesis-bench[train]'")

from tiny_runs import motions_file, tiny_config

from kinesis_bench.policies.load import load_policy
from kinesis_bench.training.chain import train
from kinesis_bench.training.run_folder import read_chain


@pytest.mark.parametrize("engine", ["cpu", pytest.param("gpu", marks=pytest.mark.gpu)])
def test_a_teacher_a_student_and_an_expert(engine, tmp_path, capsys) -> None:
    config = tiny_config(motions_file(tmp_path / "m.h5"))
    config = replace(
        config,
        engine=engine,
        method="distilled",
        max_teachers=1,
        max_students=1,
        max_experts=1,
        distillation=replace(config.distillation, slack_n_m=None),
    )
    train(tmp_path / "run", config, score=lambda _: None)
    state = read_chain(tmp_path / "run")
    assert state is not None
    assert list(state.stages) == ["teacher-1", "student-1", "expert-1", "export", "score"]
    assert load_policy(str(tmp_path / "run" / "policy")).control == "direct"
    said = capsys.readouterr().out
    for stage in ("teacher-1", "student-1", "expert-1"):
        assert f"{stage} is done: " in said
        assert f"success {state.stages[stage].figures['success']:.3f}" in said

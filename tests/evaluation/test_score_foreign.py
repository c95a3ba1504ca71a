"""Recordings of other tools are scored as ours are, or say why not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import opensim_files as made
import pytest
from nulls import nulls_without_reason
from walking_rollouts import walking, walking_clip

from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import evaluate_rollouts, read_recording
from kinesis_bench.evaluation.recordings import lacks, summarise
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.evaluation.typed_json import to_json
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import standardise
from kinesis_bench.report.tables import headline
from kinesis_bench.rollouts.mm_evalkit import write_mm_evalkit
from kinesis_bench.rollouts.store import write_rollouts

Z_BAR = np.asarray(made.HUMAN.mean_of_standardised)


def score(path: Path) -> Result:
    return evaluate_rollouts(read_recording(path), human_emg()).result


def expected(electrode: str) -> float:
    """r of a muscle whose curve is people's own mean one."""
    row = Z_BAR[list(made.HUMAN.muscles).index(electrode)]
    return float(np.mean(standardise(row[None])[0] * row))


@pytest.mark.parametrize("kind", ["scone", "moco", "cmc"])
def test_a_perfect_walk_in_every_layout(tmp_path: Path, kind: str) -> None:
    result = score(getattr(made, kind)(tmp_path / ("CMC" if kind == "cmc" else "walk.sto"), made.times(10)))
    assert result.emg.cycles == 7
    assert result.joint_angles.ratio == pytest.approx(np.sqrt(0.5), abs=0.02 if kind != "moco" else 0.12)
    # Without forces the ankles tell the strikes, some 5 % of the cycle earlier than by the floor.
    if kind == "moco":
        assert result.emg.notes["cycles"] == "from left heel strike, by ankle kinematics"
    else:
        assert result.emg.notes["cycles"] == "from left heel strike, by ground force"
        for electrode in ("Soleus", "Tibialis Anterior", "Biceps Femoris", "Vastus Medial"):
            assert result.emg.per_muscle[electrode].zero_lag_r == pytest.approx(expected(electrode), abs=5e-3)
    assert not nulls_without_reason(to_json(result))


def test_one_muscle_for_several_stands_under_each_electrode(tmp_path: Path) -> None:
    result = score(made.scone(tmp_path / "walk.sto", made.times(10)))
    curves = result.curves.muscles
    assert curves["Vastus Lateral"].excitation == curves["Vastus Medial"].excitation
    assert curves["Semimembranosus"].excitation == curves["Biceps Femoris"].excitation
    assert curves["Lateral Gastrocnemius"].excitation == curves["Medial Gastrocnemius"].excitation


def test_static_optimisation_is_scored_by_its_activation(tmp_path: Path) -> None:
    path = made.static_optimisation(tmp_path / "SO", made.times(10))
    result = score(path)
    assert result.emg.reasons["mean_r"] == "the recording has no excitation"
    assert result.emg_of_activation is not None
    assert result.emg_of_activation.mean_r == pytest.approx(0.85, abs=0.05)
    assert f"of activation alone (walk at 4.5 km/h) {result.emg_of_activation.mean_r:.3f}" in headline(result)
    lacking = lacks(read_recording(path), result, made.HUMAN)
    assert lacking["EMG r of excitation"] == "the recording has no excitation"
    assert "muscles" not in lacking


def test_why_there_is_no_score_is_told(tmp_path: Path) -> None:
    short = score(made.scone(tmp_path / "short.sto", made.times(4.0)))
    assert short.emg.reasons["mean_r"].startswith("2 steady gait cycles, 3 are needed (of 3")
    once = score(made.moco(tmp_path / "moco.sto", made.times(1.1, 0.02)))
    assert once.emg.reasons["mean_r"].startswith("no gait cycle was completed, 3 steady ones are needed")
    treadmill = score(made.scone(tmp_path / "belt.sto", made.times(), speed_m_s=0.0))
    assert "the pelvis goes at 0.00 m/s, people at 1.25" in treadmill.emg.reasons["mean_r"]
    assert "add the belt's path to the pelvis (pelvis_tx)" in treadmill.emg.reasons["mean_r"]
    time = made.times(5.0)
    muscle = {"soleus_l.excitation": 0.5 + 0 * time}
    bare = score(made.write_sto(tmp_path / "bare.sto", time, muscle))
    assert "has no pelvis orientation" in bare.emg.reasons["mean_r"]
    pelvis = {name: made.coordinates(time)[name] for name in ("pelvis_tilt", "pelvis_tx")}
    feetless = score(made.write_sto(tmp_path / "feetless.sto", time, muscle | pelvis))
    assert "has no forces or ankle positions" in feetless.emg.reasons["mean_r"]


def test_every_kind_is_told_by_its_ending_or_its_folder(tmp_path: Path) -> None:
    rollouts = walking(walking_clip())
    write_rollouts(tmp_path / "a" / "rollouts.h5", rollouts)
    write_mm_evalkit(tmp_path / "w.npz", rollouts)
    made.scone(tmp_path / "s.sto", made.times())
    for path, muscles in ((tmp_path / "a", 11), (tmp_path / "w.npz", 80), (tmp_path / "s.sto", 34)):
        assert len(read_recording(path).muscle_names) == muscles
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no recording; give a rollouts\.h5, a \.sto"):
        read_recording(tmp_path / "empty")
    for name in ("absent.sto", "absent.npz", "absent.h5"):
        with pytest.raises(InputError, match="no such file"):
            read_recording(tmp_path / name)


def test_what_is_lacking_is_named(tmp_path: Path) -> None:
    time = made.times(10)
    path = made.moco(tmp_path / "few.sto", time, {"soleus": "Soleus", "vasint": "Vastus Medial"})
    lacking = lacks(read_recording(path), score(path), made.HUMAN)
    assert lacking["muscles"].startswith("none on the left leg for Medial Gastrocnemius, Lateral")
    assert "Soleus" not in lacking["muscles"]
    assert "joints" not in lacking


def test_a_summary_names_what_there_is(tmp_path: Path) -> None:
    told = summarise(read_recording(made.scone(tmp_path / "s.sto", made.times())), names=2)
    assert told["clips"] == "1, 0 ended early"
    assert told["seconds"] == "8.00 at 100 Hz"
    assert told["muscles"].startswith("34: ")
    assert told["muscles"].endswith("… and 32 more (--all)")
    assert told["mass is"] == "force in newtons over body weights"
    assert "vasti_l" in told["several"]
    assert "ground_force [2]" in told["arrays"]

"""``kinesis-bench human``: people on people, from the built-in tables and from real recordings."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from walking_rollouts import MUSCLES, cyclic, ring, walking, walking_clip

from kinesis_bench.cli.human import Human
from kinesis_bench.cli.main import main
from kinesis_bench.errors import InputError
from kinesis_bench.evaluation.evaluate import evaluate_rollouts
from kinesis_bench.evaluation.result import write_result
from kinesis_bench.human.sources import human_emg
from kinesis_bench.report.people import FILES


def words(text: str) -> str:
    return " ".join(text.split())


def test_built_in_people_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["human", "--out", str(tmp_path / "out")])
    said = words(capsys.readouterr().out)
    assert "emg_walk_wang2023 walk-4.5 9 left 9 0.731 0.835 0.889 4 0.822 0.894" in said
    assert "Vastus Lateral: person 11 dead, person 12 mistimed" in said
    assert "emg_run_santuz2020: left out, it has run" in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["agreement.csv"]


def test_real_people_lie_later_than_wangs(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Data sets that start at a measured ground contact all run behind Wang's: its zero is later."""
    data = shared / "data"
    human = human_emg()
    curve = np.zeros((len(MUSCLES), 100))
    curve[:9] = ring(human, human.mean)
    rollouts = walking(walking_clip(muscles=cyclic(curve)))
    result = tmp_path / "result"
    result.mkdir()
    write_result(result / "result.json", evaluate_rollouts(rollouts, human).result)
    sources = [f"{name}={data / name}" for name in ("falisse2019", "opensim", "santuz_raw")]
    Human(
        human=(f"wang2023={data / 'emg_wang2023'}", *sources), results=(result,), out=tmp_path / "out"
    ).run()
    with (tmp_path / "out" / "agreement.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    common = {
        (row["data_set"], row["later_than"]): int(row["best_lag_pct"])
        for row in rows
        if row["muscle"] == "all"
    }
    later = [common[name, "wang2023"] for name in ("falisse2019", "opensim", "santuz_raw")]
    assert later == [5, 9, 3]
    assert abs(common["opensim", "falisse2019"]) <= 3
    of_wang = [row for row in rows if row["later_than"] == "wang2023" and row["muscle"] != "all"]
    assert min(int(row["best_lag_pct"]) for row in of_wang) >= 0
    r = {(row["data_set"], row["muscle"]): float(row["zero_lag_r"]) for row in of_wang}
    assert r["falisse2019", "Soleus"] == pytest.approx(0.84, abs=0.01)
    assert r["falisse2019", "Medial Gastrocnemius"] == pytest.approx(0.96, abs=0.01)
    assert {path.name for path in (tmp_path / "out").iterdir()} == set(FILES)
    assert "0.839 0.956 (+5)" in words(capsys.readouterr().out)


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none of the data sets has 'backward'; they have: run, walk"):
        Human(activity="backward").run()
    with pytest.raises(InputError, match="--speed: is 0"):
        Human(speed=0.0).run()
    with pytest.raises(InputError, match=r"result\.json"):
        Human(results=(tmp_path,), out=tmp_path / "out").run()
    assert not (tmp_path / "out").exists()

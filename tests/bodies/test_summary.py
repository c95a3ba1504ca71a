from __future__ import annotations

import pytest

from kinesis_bench.bodies.contract import load_body
from kinesis_bench.bodies.summary import summarise
from kinesis_bench.cli.main import main
from kinesis_bench.human.electrodes import ELECTRODES


@pytest.mark.parametrize(
    ("name", "observation", "independent"), [("legs", 309, 20), ("legs_abs", 363, 23), ("legs_back", 453, 23)]
)
def test_summary(name, observation, independent):
    summary = summarise(name)
    assert summary.observation == observation
    assert summary.independent == independent
    assert summary.mass_kg == pytest.approx(74.975, abs=1e-3)
    assert 1.65 < summary.height_m < 1.85
    assert summary.lengths_mm["thigh"] == pytest.approx((404.4, 404.4), abs=0.1)
    assert summary.asymmetry_mm < 1


def test_only_the_abdominal_muscles_differ_between_the_sides():
    assert summarise("legs").asymmetry_force_pct < 1e-6
    assert 5 < summarise("legs_abs").asymmetry_force_pct < 10


def test_emg_map_names_every_electrode_and_the_shares_of_heads(capsys):
    main(["bodies", "--emg-map"])
    text = " ".join(capsys.readouterr().out.split())
    force = dict(zip(load_body("legs").muscles, load_body("legs").muscle_force_n, strict=True))
    heads = [force[f"glmed{head}_l"] for head in (1, 2, 3)]
    assert f"glmed1 {heads[0] / sum(heads):.0%}, glmed2 {heads[1] / sum(heads):.0%}" in text
    assert "Biceps Femoris bflh legs, legs_abs, legs_back" in text
    assert all(electrode.split()[0] in text for electrode in ELECTRODES)

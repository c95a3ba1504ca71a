"""Tables say what the result says, and figures show it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from rich.console import Console
from walking_rollouts import MUSCLES, cyclic, ring, walking, walking_clip

from kinesis_bench.evaluation.evaluate import evaluate_rollouts
from kinesis_bench.evaluation.schema import Result
from kinesis_bench.human.joint_angles import SCHWARTZ, human_joint_angles
from kinesis_bench.human.references import from_people
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.imitation import Figure
from kinesis_bench.report.figures import (
    coverage_figure,
    emg_figure,
    joint_figure,
    lag_figure,
    write_figures,
)
from kinesis_bench.report.tables import headline, print_result

HUMAN = human_emg()


@pytest.fixture(scope="module")
def result() -> Result:
    group = np.asarray(HUMAN.mean_of_standardised)
    muscles = np.full((len(MUSCLES), 100), 0.5)
    muscles[: len(group)] += 0.1 * np.roll(ring(HUMAN, group), 5, axis=1)
    joints = np.vstack([30 * np.cos(2 * np.pi * np.arange(100) / 100)] * 4)
    clips = [
        walking_clip(key="a", muscles=cyclic(muscles), joints_deg=cyclic(joints), error_m=0.02),
        walking_clip(key="b", skill="run", fails_at=100, muscles=cyclic(muscles), joints_deg=cyclic(joints)),
    ]
    return evaluate_rollouts(walking(*clips), HUMAN).result


def printed(result: Result, width: int = 80) -> str:
    console = Console(width=width, record=True, highlight=False, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115
    print_result(result, console)
    return console.export_text()


def test_tables_hold_the_figures(result: Result) -> None:
    text = printed(result)
    assert result.imitation is not None
    assert result.emg.mean_r is not None
    assert result.joint_angles.mpjae_deg is not None
    assert "…" not in text
    rows = [" ".join(line.split()) for line in text.splitlines()]
    coverage = result.imitation.frame_coverage_pct.mean
    assert any(row.startswith(f"all 2 {coverage:.1f} 50.0 50.0") for row in rows)
    assert any(row.startswith("run 1 41.7 0.0") for row in rows)
    soleus = result.emg.per_muscle["Soleus"]
    assert f"Soleus {soleus.r:.3f} {soleus.zero_lag_r:.3f} 0.832 0.902 0.922" in rows
    assert any(row.startswith(f"mean {result.emg.mean_r:.3f}") for row in rows)
    knee = result.joint_angles.per_joint["knee_angle"]
    assert any(row.startswith(f"knee flexion {knee.mpjae_deg:.1f} {knee.human_deg:.1f}") for row in rows)
    assert "lag: 55 ms (5 % of the cycle), the model later than people's EMG" in rows


@pytest.mark.parametrize("width", [30, 60, 80])
def test_numbers_and_names_are_whole_however_narrow_the_terminal(result: Result, width: int) -> None:
    assert result.imitation_by_skill is not None
    assert result.imitation is not None
    far = replace(result.imitation, mpjpe_mm=Figure(mean=341.5, ci95=(240.2, 341.9)))
    skills = result.imitation_by_skill | {"backward": far}
    told = replace(result, imitation=far, imitation_by_skill=skills)
    wide, narrow = printed(told, 200), printed(told, width)
    assert "240–342" in narrow
    assert "…" not in narrow
    numbers = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?(?:–\d+)?(?![\w.])")
    assert numbers.findall(narrow) == numbers.findall(wide)
    for name in ("skill", "walk", "backward", "run", "Gastrocnemius", "Semimembranosus", "dorsiflexion"):
        assert name in narrow
    if width >= 60:
        assert max(map(len, narrow.splitlines()[:-1])) <= width


def test_lag_ratio_and_relative_error_are_explained(result: Result) -> None:
    rows = printed(result, 120).splitlines()
    emg = result.emg
    assert emg.zero_lag_r is not None
    assert emg.human_pairs_r is not None
    at_zero = f"{emg.zero_lag_r / emg.human_pairs_r:.2f}"
    assert any(row.endswith(f"both at zero lag {at_zero}") for row in rows)
    assert f" = {emg.ratio:.2f} of human pairs" in headline(result)
    assert any(row.startswith("relative: after laying the pelvis of body and reference") for row in rows)


def test_headline_is_one_line(result: Result) -> None:
    line = headline(result)
    assert "\n" not in line
    assert f"EMG r (walk at 4.5 km/h) {result.emg.mean_r:.3f} at a lag of 55 ms" in line
    assert f"joint angles {result.joint_angles.mpjae_deg:.1f}°" in line


def test_nulls_are_dashes_beside_their_reason() -> None:
    bare = replace(walking_clip(), keypoint_position=None, joint_angle=None)
    result = evaluate_rollouts(walking(bare), HUMAN).result
    text = " ".join(printed(result).split())
    assert "Imitation: – (the recording has no keypoints" in text
    assert "against 9 people (walk at 4.5 km/h): – (the recording has no pelvis position" in text
    assert f"people reach {result.emg.human_pairs_r:.3f} in pairs" in text
    assert "None" not in text
    assert "nan" not in text
    assert headline(result).endswith("EMG r –")
    differ = result.joint_angles.human_deg
    assert f"MPJAE [deg], against 83 people: – (likewise); people differ by {differ:.1f}" in text


def test_running_people_are_named_and_compared_by_their_mean_curve() -> None:
    people = human_emg("emg_run_santuz2020")
    muscles = cyclic(np.random.default_rng(0).random((len(MUSCLES), 100)))
    clip = walking_clip(skill="run", speed_m_s=2.8, cycle_s=0.7, muscles=muscles)
    result = evaluate_rollouts(walking(clip), people).result
    text = " ".join(printed(result, 120).split())
    said = f"r with people's mean curve (run at 10.1 km/h) {result.emg.group_mean_r:.3f} at a lag of"
    assert f"EMG {said}" in headline(result)
    assert text.count(said) == 2
    assert "9 cycles, against 30 people (run at 10.1 km/h): – (needs the EMG of each person" in text
    assert "Soleus" not in text  # no table of nothing but dashes


def test_few_clips_are_said_to_give_too_narrow_intervals(result: Result) -> None:
    line = "fewer than 25 clips: intervals are too narrow (at 12, 95 % may be only 76 %)"
    assert line in printed(result, 80).splitlines()
    many = walking(*(walking_clip(key=f"{i:02d}", frames=30) for i in range(25)))
    assert "too narrow" not in printed(evaluate_rollouts(many, HUMAN).result, 120)


def test_warnings_come_first(result: Result) -> None:
    policy = replace(result.policy, privileged=True, needs=("reference",))
    told = replace(result, policy=policy, quick=True, diagnostic="a diagnostic, no score")
    lines = printed(told, 120).splitlines()[2:5]
    assert [line.split(":")[0].split(",")[0].strip() for line in lines] == [
        "a diagnostic",
        "quick",
        "privileged",
    ]


def test_figures_are_drawn_and_stale_ones_removed(result: Result, tmp_path: Path) -> None:
    names = [path.name for path in write_figures(tmp_path, result)]
    assert names == ["emg.png", "emg_lag.png", "joint_angles.png", "coverage.png"]
    for name in names:
        image = imread(tmp_path / name)
        assert image.shape[0] > 300
        assert image[..., :3].std() > 0.05
    bare = evaluate_rollouts(walking(replace(walking_clip(), keypoint_position=None)), HUMAN).result
    assert write_figures(tmp_path, bare) == []
    assert not list(tmp_path.iterdir())


def test_figures_show_the_curves_of_the_result(result: Result) -> None:
    axis = emg_figure(result).axes[0]
    lines = {line.get_label(): np.asarray(line.get_ydata()) for line in axis.lines}
    own = np.asarray(result.curves.muscles["Soleus"].excitation)
    shifted = np.roll(own, -5) / own.max()
    np.testing.assert_allclose(lines["model, 55 ms earlier"], np.append(shifted, shifted[0]))
    mean = HUMAN.mean[0] / HUMAN.mean[0].max()
    np.testing.assert_allclose(lines["people, mean ± SD (n = 9)"], mean, atol=1e-4)
    percent = {line.get_label(): np.asarray(line.get_xdata()) for line in axis.lines}
    np.testing.assert_allclose(percent["people, mean ± SD (n = 9)"], 100 * HUMAN.phase, atol=1e-3)
    np.testing.assert_allclose(percent["model, 55 ms earlier"], np.arange(101), atol=1e-3)
    knee = joint_figure(result).axes[2].lines[1].get_ydata()
    np.testing.assert_allclose(knee[:100], result.curves.joints["knee_angle"].model_deg)
    lag = lag_figure(result).axes[0].lines[0]
    assert result.emg.lag_curve is not None
    np.testing.assert_allclose(lag.get_ydata(), result.emg.lag_curve.mean_r)


def test_cut_bands_and_medians_are_named_in_the_figure(result: Result) -> None:
    texts = {axis.get_title(loc="left").split("  ")[0]: axis.texts for axis in emg_figure(result).axes}
    band = np.asarray(result.curves.muscles["Vastus Lateral"].human_mean)
    top = (band + np.asarray(result.curves.muscles["Vastus Lateral"].human_sd)).max() / band.max()
    assert top > 1.6
    assert [text.get_text() for text in texts["Vastus Lateral"]] == [f"band cut, up to {top:.1f}"]
    assert not texts["Soleus"]
    titles = [
        axis.get_title(loc="left") for axis in emg_figure(replace(result, protocol="kinesis-2025")).axes
    ]
    assert all("   med. r = " in title for title in titles)


def test_coverage_labels_stand_right_of_the_axis(result: Result) -> None:
    figure = coverage_figure(result)
    figure.draw_without_rendering()
    axis = figure.axes[0]
    assert len(axis.texts) == 3
    for text in axis.texts:
        extent = text.get_window_extent()
        assert axis.bbox.x1 < extent.x0
        assert extent.x1 <= figure.bbox.x1


def test_one_person_with_angles_is_drawn_and_named(tmp_path: Path) -> None:
    """As a headline: no spread between people, the right leg, and no table of dashes."""
    one = from_people(
        np.asarray(HUMAN.mean)[None],
        HUMAN.muscles,
        condition="walk-4.5",
        speed_m_s=1.25,
        phase=HUMAN.phase,
        names=["solo"],
    )
    angles = human_joint_angles(SCHWARTZ, 1.25, 0.9)
    alone = replace(angles, curves_deg=angles.mean_deg[None], people=1, names=("solo",))
    curve = np.full((len(MUSCLES), 100), 0.5)
    curve[:9] += ring(HUMAN, HUMAN.mean)
    clip = walking_clip(muscles=cyclic(curve), joints_deg=cyclic(angles.mean_deg))
    result = evaluate_rollouts(walking(clip), one, joint_angles=alone).result
    assert result.joint_angles.human_deg is None
    assert {path.name for path in write_figures(tmp_path, result)} >= {"emg.png", "joint_angles.png"}
    assert "people –" not in headline(result)
    assert "against 1 person" in " ".join(printed(result).split())


def test_misspelt_and_missing_muscles_are_named(result: Result) -> None:
    clip = walking_clip()
    names = tuple("soleous_l" if name == "soleus_l" else name for name in MUSCLES if name != "tibant_l")
    some = [place for place, name in enumerate(MUSCLES) if name != "tibant_l"]
    fewer = replace(clip, excitation=clip.excitation[:, some], activation=None)
    for protocol in ("kinesis-bench-1", "kinesis-2025"):
        scored = evaluate_rollouts(replace(walking(fewer), muscle_names=names), HUMAN, protocol=protocol)
        text = " ".join(printed(scored.result).split())
        assert "Soleus (no soleus_l, is 'soleous_l' soleus_l?)" in text
        assert "Tibialis Anterior (no tibant_l)" in text


def test_people_who_lack_a_muscle_and_cycles_by_the_ankle_are_named() -> None:
    curves = np.random.default_rng(0).random((4, 2, 100))
    curves[2, 1] = np.nan
    some = from_people(
        curves, ("Soleus", "Tibialis Anterior"), condition="walk-4.5", speed_m_s=1.25, names=list("abcd")
    )
    muscles = cyclic(0.5 + 0.1 * np.sin(np.arange(100) / 16 + np.arange(len(MUSCLES))[:, None]))
    clip = replace(walking_clip(muscles=muscles, frames=300), touch=None)
    text = " ".join(printed(evaluate_rollouts(walking(clip), some).result).split())
    assert "people: not measured: Tibialis Anterior (c)" in text

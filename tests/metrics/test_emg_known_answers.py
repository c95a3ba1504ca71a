"""EMG figures of real people and of KINESIS's own recording, known from elsewhere."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.human.electrodes import WANG_ELECTRODES
from kinesis_bench.human.references import HumanEmg, from_people
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.emg import score_emg
from kinesis_bench.metrics.emg_references import (
    correlation_table,
    leave_one_out_r,
    mean_of_known,
    pairs_r,
    pairs_r_of_group,
    weighted_pairs_r,
)
from kinesis_bench.metrics.kinesis_2025 import MUSCLES, gait_cycles, score_emg_2025, usual_cycles

SPEEDS_KMH = (0.9, 1.8, 2.7, 3.6, 4.5, 5.4)


@pytest.fixture(scope="module")
def recording(shared: Path) -> dict[str, np.ndarray]:
    folder = shared / "data" / "kinesis_recording"
    names = ("gait", "muscle_controls", "muscle_names")
    return {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in names}


@cache
def people(folder: Path, speed_kmh: float) -> HumanEmg:
    return human_emg(folder, speed_kmh)


@pytest.fixture(scope="module")
def wang(shared: Path) -> Path:
    return shared / "data" / "emg_wang2023"


def known_2025(shared: Path) -> dict[str, float]:
    with (shared / "figures" / "kinesis_reported.csv").open(newline="") as file:
        return {
            row["metric"]: float(row["value"]) for row in csv.DictReader(file) if "emg_r" in row["metric"]
        }


def test_recording_of_2025_gives_its_published_correlations(
    recording: dict[str, np.ndarray], wang: Path, shared: Path
) -> None:
    score = score_emg_2025(
        [recording["muscle_controls"]],
        [recording["gait"]],
        recording["muscle_names"].tolist(),
        people(wang, 4.5),
    )
    assert (score.cycles_found, score.cycles) == (26, 23)
    assert score.mean_r == pytest.approx(0.362, abs=0.002)
    assert score.median_r_by_muscle is not None
    known = known_2025(shared)
    for muscle in WANG_ELECTRODES:
        assert score.median_r_by_muscle[muscle] == pytest.approx(known[f"emg_r_median_{muscle}"], abs=0.002)
    assert score.human_pairs_r == pytest.approx(0.7314, abs=0.0005)
    assert score.leave_one_out_r == pytest.approx(0.8212, abs=0.0005)
    assert score.reasons == {}


def test_long_head_of_biceps_in_the_recording_of_2025(recording: dict[str, np.ndarray], wang: Path) -> None:
    score = score_emg_2025(
        [recording["muscle_controls"]],
        [recording["gait"]],
        recording["muscle_names"].tolist(),
        people(wang, 4.5),
        muscles={**MUSCLES, "Biceps Femoris": "bflh"},
    )
    assert score.median_r_by_muscle is not None
    assert score.median_r_by_muscle["Biceps Femoris"] == pytest.approx(-0.273, abs=0.002)
    assert score.mean_r == pytest.approx(0.287, abs=0.002)


def test_recording_of_2025_against_the_built_in_table(recording: dict[str, np.ndarray], wang: Path) -> None:
    arguments = ([recording["muscle_controls"]], [recording["gait"]], recording["muscle_names"].tolist())
    group = score_emg_2025(*arguments, human_emg("emg_walk_wang2023", 4.5))
    persons = score_emg_2025(*arguments, people(wang, 4.5))
    assert group.mean_r == pytest.approx(persons.mean_r, abs=1e-4)
    assert group.mean_r_by_muscle == pytest.approx(persons.mean_r_by_muscle, abs=2e-4)
    assert group.median_r_by_muscle is None
    assert set(group.reasons) == {"median_r_by_muscle", "leave_one_out_r"}


def test_cycles_of_the_recording_of_2025(recording: dict[str, np.ndarray]) -> None:
    cycles = gait_cycles(recording["gait"])
    assert len(cycles) == 26
    assert len(usual_cycles(cycles)) == 23
    np.testing.assert_array_equal(cycles[1:, 0], cycles[:-1, 1])


@pytest.mark.parametrize("speed_kmh", SPEEDS_KMH)
@pytest.mark.parametrize("without_flaws", [False, True])
def test_every_stored_reference_figure_follows_from_the_people(
    wang: Path, speed_kmh: float, without_flaws: bool
) -> None:
    human, built_in = people(wang, speed_kmh), human_emg("emg_walk_wang2023", speed_kmh)
    assert built_in.flaws == human.flaws
    if without_flaws:
        assert human.unflawed is not None
        assert built_in.unflawed is not None
        human, built_in = human.unflawed, built_in.unflawed
        np.testing.assert_array_equal(built_in.people_by_muscle, human.people_by_muscle)
        np.testing.assert_allclose(built_in.mean, human.mean, atol=1e-5)
        np.testing.assert_allclose(built_in.sd, human.sd, atol=1e-5)
        np.testing.assert_allclose(built_in.mean_of_standardised, human.mean_of_standardised, atol=1e-4)
    stored = built_in.stored
    assert human.curves is not None
    assert stored is not None
    assert human.curves.shape == (9, 9, 100)
    table = correlation_table(human.curves)
    by_muscle = pairs_r(human.curves)
    standardised, raw = (leave_one_out_r(human.curves, standardised=how) for how in (True, False))
    upper = np.triu_indices(9, 1)
    weights = np.random.default_rng(1).multinomial(9, np.full(9, 1 / 9), size=5000).astype(float)
    resampled = weighted_pairs_r(table, weights)
    rows = {muscle: [index] for index, muscle in enumerate(human.muscles)} | {"all": list(range(9))}
    assert set(stored) == set(rows)
    for name, muscles in rows.items():
        figure = stored[name]
        assert by_muscle[muscles].mean() == pytest.approx(figure.pairs_mean_r, abs=0.0005)
        of_pairs = mean_of_known(table[muscles][:, *upper], axis=0)
        assert np.nanmedian(of_pairs) == pytest.approx(figure.pairs_median_r, abs=0.0005)
        assert standardised[muscles].mean() == pytest.approx(figure.leave_one_out_standardised, abs=0.0005)
        assert raw[muscles].mean() == pytest.approx(figure.leave_one_out_raw, abs=0.0005)
        samples = mean_of_known(resampled[:, muscles], axis=1)
        ranks = [np.mean(samples <= end) for end in figure.pairs_ci95]
        assert ranks == pytest.approx([0.025, 0.975], abs=0.01)


@pytest.mark.parametrize("speed_kmh", SPEEDS_KMH)
def test_group_table_gives_the_pairs_of_the_people(wang: Path, speed_kmh: float) -> None:
    human, group = people(wang, speed_kmh), human_emg("emg_walk_wang2023", speed_kmh)
    assert human.curves is not None
    assert group.mean_of_standardised is not None
    assert group.muscles == human.muscles
    np.testing.assert_allclose(
        pairs_r_of_group(group.mean_of_standardised, group.people), pairs_r(human.curves), atol=2e-4
    )
    np.testing.assert_allclose(group.mean, human.mean, atol=1e-5)
    np.testing.assert_allclose(group.sd, human.sd, atol=1e-5)


def test_people_at_4_5_kmh(wang: Path) -> None:
    human = people(wang, 4.5)
    score = score_emg(None, human, np.random.default_rng(0), cycles=0, cycle_s=None, why_absent="no cycles")
    assert score.human_pairs_r == pytest.approx(0.7314, abs=0.0005)
    assert score.leave_one_out_r == pytest.approx(0.8352, abs=0.0005)
    assert score.without_flaws is not None
    assert score.without_flaws.human_pairs_r == pytest.approx(0.8216, abs=0.0005)
    assert score.without_flaws.leave_one_out_r == pytest.approx(0.8944, abs=0.0005)
    assert score.mean_r is None
    assert score.reasons["mean_r"] == "no cycles"
    built_in = score_emg(
        None, human_emg(), np.random.default_rng(0), cycles=0, cycle_s=None, why_absent="no cycles"
    )
    assert built_in.human_pairs_r == pytest.approx(0.7314, abs=0.0005)
    assert built_in.leave_one_out_r == pytest.approx(0.8352, abs=0.0005)
    assert "stored" in built_in.notes["leave_one_out_r"]
    assert built_in.ci95.human_pairs_r == (0.6691, 0.7932)


def test_mean_of_eight_people_scores_more_than_pairs(wang: Path) -> None:
    """The mean of eight people against the ninth is 1.14 of the pairs: pairs are no upper bound."""
    curves = people(wang, 4.5).curves
    assert curves is not None
    assert leave_one_out_r(curves).mean() / pairs_r(curves).mean() == pytest.approx(1.14, abs=0.005)


def test_people_and_their_group_figures_score_a_model_alike(wang: Path) -> None:
    human = people(wang, 4.5)
    assert human.curves is not None
    person = dict(zip(human.muscles, human.curves[0], strict=True))
    others = from_people(human.curves[1:], human.muscles, condition="walk-4.5", speed_m_s=1.25)
    whole = score_emg(person, others, np.random.default_rng(0), cycles=9, cycle_s=1.1)
    group = HumanEmg(
        condition="walk-4.5",
        speed_m_s=1.25,
        muscles=others.muscles,
        people=8,
        mean=others.mean,
        sd=others.sd,
        mean_of_standardised=others.mean_of_standardised,
    )
    part = score_emg(person, group, np.random.default_rng(0), cycles=9, cycle_s=1.1)
    same = ("mean_r", "lag_ms", "zero_lag_r", "human_pairs_r", "ratio", "group_mean_r", "group_mean_lag_ms")
    for name in same:
        assert getattr(part, name) == pytest.approx(getattr(whole, name)), name
    assert part.lag_curve == whole.lag_curve
    assert part.leave_one_out_r is None
    assert part.ci95.ratio is None
    assert "ci95.ratio" in part.reasons
    assert set(whole.reasons) == {"within_person_r", "per_muscle.within_person_r"}
    json.dumps(asdict(whole), allow_nan=False)
    json.dumps(asdict(part), allow_nan=False)

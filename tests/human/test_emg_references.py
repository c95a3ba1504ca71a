from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.electrodes import (
    ELECTRODES,
    FALISSE_ELECTRODES,
    OPENSIM_ELECTRODES,
    SANTUZ_ELECTRODES,
    SCHERPEREEL_ELECTRODES,
    WANG_ELECTRODES,
    muscles_under,
)
from kinesis_bench.human.references import from_people, nearest_speed
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import PHASE

LABELS = np.array(["Time", "Soleus", "Tibialis Anterior"])


def person(seed: int) -> np.ndarray:
    return np.column_stack([np.arange(1.0, 101.0), np.random.default_rng(seed).random((100, 2))])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    np.save(tmp_path / "EMG_labels.npy", LABELS)
    for number in (4, 5, 6):
        for speed in (36, 45):
            np.save(tmp_path / f"EMG_subject_{number:02d}_walk_{speed}_avg.npy", person(number + speed))
    return tmp_path


@pytest.mark.parametrize(
    ("asked_kmh", "condition"),
    [(4.5, "walk-4.5"), (0.1, "walk-0.9"), (5.0, "walk-5.4"), (9.0, "walk-5.4"), (3.15, "walk-2.7")],
)
def test_nearest_of_six_speeds_is_taken(asked_kmh: float, condition: str) -> None:
    human = human_emg("emg_walk_wang2023", asked_kmh)
    assert human.condition == condition
    assert human.speed_m_s == pytest.approx(float(condition[5:]) / 3.6)


def test_nearest_speed_prefers_the_slower_of_two() -> None:
    assert nearest_speed(4.0, [5.0, 3.0]) == 3.0


def test_built_in_walking_table() -> None:
    human = human_emg()
    assert human.muscles == tuple(WANG_ELECTRODES)
    assert human.mean.shape == human.sd.shape == (9, 100)
    assert human.mean_of_standardised is not None
    np.testing.assert_allclose(human.mean_of_standardised.mean(axis=-1), 0.0, atol=1e-4)
    assert human.curves is None
    assert human.people == 9
    # first and last row of the table at 4.5 km/h
    z_bar = human.mean_of_standardised
    assert (human.mean[0, 0], human.sd[0, 0], z_bar[0, 0]) == (0.06119, 0.06136, -0.2234)
    assert (human.mean[8, 99], human.sd[8, 99], z_bar[8, 99]) == (0.14659, 0.06124, 2.0246)
    assert human.only(["Vastus Medial", "Soleus"]).mean[1, 0] == human.mean[0, 0]


def test_built_in_running_table_peaks_where_runners_do() -> None:
    human = human_emg("emg_run_santuz2020")
    assert (human.condition, human.activity) == ("run-10.1", "run")
    assert human.muscles == tuple(SANTUZ_ELECTRODES)
    assert human.mean.shape == (13, 100)
    peak = dict(zip(human.muscles, np.argmax(human.mean, axis=-1), strict=True))
    assert 5 <= peak["Soleus"] <= 25  # push-off in stance
    assert peak["Vastus Medial"] <= 15  # weight acceptance
    assert peak["Semitendinosus"] >= 85 or peak["Semitendinosus"] <= 5  # late swing


def test_walking_table_peaks_where_walkers_do() -> None:
    human = human_emg()
    peak = dict(zip(human.muscles, np.argmax(human.mean, axis=-1), strict=True))
    assert 30 <= peak["Soleus"] <= 55
    assert peak["Vastus Medial"] <= 15 or peak["Vastus Medial"] >= 95


def test_data_set_of_nine_people(shared: Path) -> None:
    human = human_emg(shared / "data" / "emg_wang2023", 4.4)
    assert human.condition == "walk-4.5"
    assert human.names == tuple(f"{n:02d}" for n in range(4, 13))
    assert human.muscles == tuple(WANG_ELECTRODES)
    first = np.load(shared / "data" / "emg_wang2023" / "EMG_subject_04_walk_45_avg.npy", allow_pickle=False)
    assert human.curves is not None
    np.testing.assert_array_equal(human.curves[0], first[:, 1:].T)
    np.testing.assert_allclose(human.phase, np.arange(100) / 99)
    np.testing.assert_array_equal(human_emg().phase, human.phase)
    dead = human.curves[7, human.muscles.index("Vastus Lateral")]
    assert dead.std() < 1e-4


def test_first_and_last_sample_of_the_nine_people_are_the_same_instant(shared: Path) -> None:
    """Each step regressed on the mean of its neighbours: from the last sample to the first there is none."""
    speeds = (0.9, 1.8, 2.7, 3.6, 4.5, 5.4)
    people = [human_emg(shared / "data" / "emg_wang2023", speed).curves for speed in speeds]
    curves = np.concatenate([np.asarray(one).reshape(-1, 100) for one in people])
    curves /= curves.std(axis=1, keepdims=True)
    step = np.roll(curves, -1, axis=1) - curves
    around = 0.5 * (np.roll(step, 1, axis=1) + np.roll(step, -1, axis=1))
    part_of_a_step = (around * step).sum(axis=0) / (around**2).sum(axis=0)
    assert len(curves) == 9 * 9 * 6
    assert part_of_a_step[99] == pytest.approx(-0.055, abs=0.005)
    assert part_of_a_step[:99].min() > 0.99
    assert part_of_a_step[:99].max() < 1.17


def test_folder_of_a_few_people(folder: Path) -> None:
    human = human_emg(folder, 4.0)
    assert (human.condition, human.people, human.muscles) == ("walk-3.6", 3, ("Soleus", "Tibialis Anterior"))
    np.testing.assert_allclose(human.mean, np.mean([person(n + 36)[:, 1:].T for n in (4, 5, 6)], axis=0))


def refused(folder: Path | str) -> str:
    with pytest.raises(InputError) as caught:
        human_emg(folder, 4.5)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_unknown_names_suggest_the_nearest() -> None:
    assert "did you mean 'emg_walk_wang2023'" in refused("emg_walk_wang")
    assert "no such folder" in refused("some/where/else")


def test_folder_without_emg_is_refused(tmp_path: Path) -> None:
    assert "no file named EMG_subject" in refused(tmp_path)


def test_folder_without_labels_is_refused(folder: Path) -> None:
    (folder / "EMG_labels.npy").unlink()
    assert "EMG_labels.npy: no such file" in refused(folder)


def test_unknown_electrode_suggests_the_nearest(folder: Path) -> None:
    np.save(folder / "EMG_labels.npy", np.array(["Time", "Soleus", "Tibialis Anterio"]))
    assert "did you mean 'Tibialis Anterior'" in refused(folder)


def test_wrong_labels_are_refused(folder: Path) -> None:
    np.save(folder / "EMG_labels.npy", np.arange(3))
    assert "column names as text" in refused(folder)
    np.save(folder / "EMG_labels.npy", np.array(["Time", "Soleus", "Soleus"]))
    assert "twice" in refused(folder)


def test_damaged_person_is_refused(folder: Path) -> None:
    path = folder / "EMG_subject_05_walk_45_avg.npy"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert "cut off" in refused(folder)
    path.write_bytes(b"")
    assert "EMG_subject_05_walk_45_avg.npy" in refused(folder)
    np.save(path, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert "pickled" in refused(folder)
    np.save(path, person(1)[:50])
    assert "shape (50, 3)" in refused(folder)
    bad = person(1)
    bad[3, 2] = np.nan
    np.save(path, bad)
    assert "Tibialis Anterior: not a number" in refused(folder)


def test_dead_channel_is_flagged_and_the_person_stays(folder: Path) -> None:
    for number in (7, 8):
        np.save(folder / f"EMG_subject_{number:02d}_walk_45_avg.npy", person(number + 45))
    dead = person(50)
    dead[:, 2] = 0.1
    np.save(folder / "EMG_subject_05_walk_45_avg.npy", dead)
    human = human_emg(folder, 4.5)
    assert human.names == ("04", "05", "06", "07", "08")
    assert "person 05 dead" in human.flaws["Tibialis Anterior"]
    assert human.unflawed is not None
    np.testing.assert_array_equal(human.people_by_muscle, [5, 5])
    assert human.unflawed.people_by_muscle[1] <= 4
    np.testing.assert_array_equal(human.curves[1, 1], np.full(100, 0.1))
    assert np.isnan(human.unflawed.curves[1, 1]).all()


def test_trials_of_a_flawed_channel_are_left_out_with_it() -> None:
    rng = np.random.default_rng(0)
    trials = [np.stack([np.sin(PHASE * 6.28)] * 2) + 0.1 * rng.random((3, 2, 100)) for _ in range(4)]
    trials[2][:, 1] = 0.0
    human = from_people(
        np.stack([own.mean(axis=0) for own in trials]),
        ("Soleus", "Tibialis Anterior"),
        condition="walk-4.5",
        speed_m_s=1.25,
        trials=trials,
    )
    assert human.flaws == {"Tibialis Anterior": ("person 3 dead",)}
    assert human.unflawed is not None
    assert human.trials is not None
    assert human.unflawed.trials is not None
    assert not human.trials[2][:, 1].any()
    for place, own in enumerate(human.unflawed.trials):
        np.testing.assert_array_equal(np.isnan(own).all(axis=(0, 2)), [False, place == 2])


def test_muscle_that_nobody_has_is_not_a_number() -> None:
    curves = np.random.default_rng(0).random((3, 2, 100))
    curves[:, 1] = np.nan
    human = from_people(curves, ("Soleus", "Gracilis"), condition="walk-4.5", speed_m_s=1.25)
    assert human.mean_of_standardised is not None
    for figures in (human.mean, human.mean_of_standardised):
        np.testing.assert_array_equal(np.isnan(figures).all(axis=1), [False, True])


def test_one_person_is_not_enough(folder: Path) -> None:
    for number in (5, 6):
        (folder / f"EMG_subject_{number:02d}_walk_45_avg.npy").unlink()
    assert "only one person" in refused(folder)


def test_data_sets_agree_on_the_muscles_under_an_electrode() -> None:
    tables = (
        WANG_ELECTRODES,
        SANTUZ_ELECTRODES,
        SCHERPEREEL_ELECTRODES,
        FALISSE_ELECTRODES,
        OPENSIM_ELECTRODES,
    )
    for table in tables:
        assert {name: ELECTRODES[name] for name in table} == table
    assert muscles_under("Gluteus Medius") == ("glmed1", "glmed2", "glmed3")
    assert muscles_under("Medial Hamstrings") == ("semimem", "semiten")

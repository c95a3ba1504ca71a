from __future__ import annotations

from pathlib import Path

import made_emg
import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.electrodes import SANTUZ_CODES, SANTUZ_ELECTRODES
from kinesis_bench.human.raw_emg import EmgFilter
from kinesis_bench.human.santuz_raw import SantuzSettings, read_emg
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.curves import PHASE, pearson, standardise
from kinesis_bench.metrics.emg_lag import r_by_lag
from kinesis_bench.metrics.emg_references import pairs_r

ENVELOPES = {
    code: made_emg.bursts((0.03 + 0.075 * place, 0.06, 1.0), (0.5 + 0.03 * place, 0.09, 0.4))
    for place, code in enumerate(SANTUZ_CODES)
}
CYCLES = 20


def write(folder: Path, seed: int = 11, cycles: int = CYCLES) -> Path:
    rng = np.random.default_rng(seed)
    strikes = made_emg.strikes(rng, cycles, 1.04, 1.414)
    time = 0.014 + np.arange(int((strikes[-1] + 0.4) * 1000)) / 1000.0
    made_emg.write_csv(folder / "raw_emg.csv", {"time": time, **made_emg.emg(rng, time, strikes, ENVELOPES)})
    made_emg.write_csv(
        folder / "cycles.csv", {"touch_down_s": strikes, "lift_off_s": strikes + 0.65}, decimals=3
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("person"))


def test_known_envelopes_are_recovered(folder: Path) -> None:
    """Seed 11: noise of 30 to 350 Hz, an artefact of 2 Hz twice as high, 20 cycles, durations ± 1.5 %."""
    human = read_emg(folder, "walk", 4.5)
    assert human.curves is not None
    truth = np.stack([ENVELOPES[code](PHASE) for code in SANTUZ_CODES])
    r = pearson(human.curves[0], truth)
    assert r.min() >= 0.98
    # 1 % of the cycle early or late would be seen in every muscle
    for shift in (-1, 1):
        assert np.all(pearson(human.curves[0], np.roll(truth, shift, axis=-1)) < r)
    # and so would a missing band-pass (the artefact stays) or a lower low-pass (bursts are blurred)
    for wrong in (EmgFilter(band_low_hz=1.0), EmgFilter(envelope_hz=3.0)):
        other = read_emg(folder, "walk", 4.5, settings=SantuzSettings(filter=wrong))
        assert pearson(other.mean, truth).min() < 0.98
    # noise of SD 1 is rectified to a mean of √(2/π) times the envelope
    ratio = human.curves[0].mean(axis=-1) / (np.sqrt(2 / np.pi) * truth.mean(axis=-1))
    np.testing.assert_allclose(ratio, 1.0, atol=0.06)


def test_one_person_with_each_cycle_as_a_trial(folder: Path) -> None:
    human = read_emg(folder, "walk", 4.5)
    assert (human.condition, human.activity, human.people, human.side) == ("walk-5", "walk", 1, "r")
    assert human.speed_m_s == 1.4
    assert human.muscles == tuple(SANTUZ_ELECTRODES)
    assert human.curves is not None
    assert human.trials is not None
    (trials,) = human.trials
    assert human.curves.shape == (1, 13, 100)
    assert trials.shape[1:] == (13, 100)
    assert CYCLES - 3 <= len(trials) <= CYCLES  # outside mean ± 2 SD of duration some are dropped
    np.testing.assert_allclose(human.curves[0], trials.mean(axis=0))
    np.testing.assert_allclose(human.phase, PHASE)


def test_speed_side_and_filter_are_settings(folder: Path) -> None:
    settings = SantuzSettings(speed_m_s=1.25, side="l", filter=EmgFilter(envelope_hz=3.0))
    human, usual = read_emg(folder, "walk", 4.5, settings=settings), read_emg(folder, "walk", 4.5)
    assert (human.condition, human.side) == ("walk-4.5", "l")
    assert np.all(human.mean.std(axis=-1) < usual.mean.std(axis=-1))  # a lower corner flattens bursts


@pytest.mark.parametrize("speed_m_s", [0.0, -1.4, float("nan"), float("inf")])
def test_speeds_that_are_none_are_refused(speed_m_s: float) -> None:
    with pytest.raises(InputError, match=r"speed_m_s: is .*; it must be above 0"):
        SantuzSettings(speed_m_s=speed_m_s)


def refused(folder: Path, activity: str = "walk") -> str:
    with pytest.raises(InputError) as caught:
        read_emg(folder, activity, 4.5)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(folder: Path, name: str, before: str, after: str) -> None:
    text = (folder / name).read_text()
    assert before in text
    (folder / name).write_text(text.replace(before, after, 1))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return write(tmp_path, cycles=4)


def test_other_activities_are_refused(small: Path) -> None:
    assert "has no activity 'run'; it has: walk" in refused(small, "run")


def test_a_missing_folder_or_file_is_refused(small: Path) -> None:
    assert "no such folder" in refused(small / "none")
    (small / "cycles.csv").unlink()
    assert "cycles.csv: no such file" in refused(small)
    (small / "raw_emg.csv").unlink()
    assert "raw_emg.csv: no such file" in refused(small)


def test_unknown_muscles_are_refused(small: Path) -> None:
    edit(small, "raw_emg.csv", ",SO", ",SOL")
    assert "raw_emg.csv: unknown columns SOL; name the muscles ME, MA" in refused(small)


def test_some_muscles_are_enough(small: Path) -> None:
    time, *signals = np.loadtxt(small / "raw_emg.csv", delimiter=",", skiprows=1, unpack=True)
    made_emg.write_csv(small / "raw_emg.csv", {"time": time, "SO": signals[12], "TA": signals[8]})
    assert read_emg(small, "walk", 4.5).muscles == ("Soleus", "Tibialis Anterior")
    made_emg.write_csv(small / "raw_emg.csv", {"time": time, "SO": signals[12], "TA": 0 * signals[8] + 2})
    assert "TA: a constant signal" in refused(small)


def test_gaps_and_values_that_are_not_finite_are_refused(small: Path) -> None:
    table = np.loadtxt(small / "raw_emg.csv", delimiter=",", skiprows=1)
    names = ["time", *SANTUZ_CODES]
    made_emg.write_csv(
        small / "raw_emg.csv", dict(zip(names, np.delete(table, range(800, 820), axis=0).T, strict=True))
    )
    assert "raw_emg.csv: time: is uneven: a step of 0.021 s at line 802" in refused(small)
    table[1000, 3] = np.nan
    made_emg.write_csv(small / "raw_emg.csv", dict(zip(names, table.T, strict=True)))
    assert "raw_emg.csv: FL: 1 of" in refused(small)


def test_step_times_out_of_order_are_refused(small: Path) -> None:
    table = np.loadtxt(small / "cycles.csv", delimiter=",", skiprows=1)
    names = ("touch_down_s", "lift_off_s")
    made_emg.write_csv(small / "cycles.csv", dict(zip(names, table[[0, 2, 1, 3, 4]].T, strict=True)))
    assert "cycles.csv: touch-downs and lift-offs do not alternate at line 4" in refused(small)
    table[1, 1] = np.nan
    made_emg.write_csv(small / "cycles.csv", dict(zip(names, table.T, strict=True)))
    assert "cycles.csv: holds NaN" in refused(small)


def test_fewer_than_three_cycles_are_refused(small: Path) -> None:
    lines = (small / "cycles.csv").read_text().splitlines()
    (small / "cycles.csv").write_text("\n".join(lines[:4]) + "\n")  # three touch-downs
    assert "cycles.csv: 2 gait cycles of usual duration (of 2 found); at least 3 are needed" in refused(small)
    (small / "cycles.csv").write_text("\n".join(lines[:2]) + "\n")
    assert "0 gait cycles" in refused(small)


@pytest.fixture(scope="module")
def real(shared: Path):
    return read_emg(shared / "data" / "santuz_raw", "walk", 4.5)


def test_the_real_person_uses_muscles_when_walkers_do(real) -> None:
    """Bursts by the textbooks (Winter; Perry): push-off late in stance, shank and thigh around contact."""
    assert real.people == 1
    assert len(real.trials[0]) == 5
    peak = dict(zip(real.muscles, np.argmax(real.mean, axis=-1), strict=True))
    for muscle in ("Soleus", "Medial Gastrocnemius", "Lateral Gastrocnemius", "Peroneus Longus"):
        assert 35 <= peak[muscle] <= 52
    for muscle in ("Vastus Medial", "Vastus Lateral", "Gluteus Maximus", "Gluteus Medius"):
        assert peak[muscle] <= 12
    for muscle in ("Semitendinosus", "Biceps Femoris"):
        assert 85 <= peak[muscle] <= 98
    tibialis = real.mean[real.muscles.index("Tibialis Anterior")]
    assert peak["Tibialis Anterior"] <= 6
    assert tibialis[60:].mean() > 2.5 * tibialis[20:50].mean()  # swing against mid-stance
    # one person's strides resemble one another
    assert pairs_r(real.trials[0]).min() > 0.8


def test_the_real_person_agrees_with_another_laboratory(real) -> None:
    """Wang's nine people at the nearest speed, eight muscles with one name and the medial hamstrings."""
    wang = human_emg("emg_walk_wang2023", real.speed_m_s * 3.6)
    assert wang.condition == "walk-5.4"
    same = ["Semitendinosus" if muscle == "Semimembranosus" else muscle for muscle in wang.muscles]
    by_lag = r_by_lag(real.only(same).mean, standardise(wang.mean), wang.phase)
    lags = np.arange(-20, 21)
    best = by_lag[:, lags].max(axis=-1)
    lag = dict(zip(same, lags[np.argmax(by_lag[:, lags], axis=-1)], strict=True))
    for name, r, highest in zip(same, by_lag[:, 0], best, strict=True):
        print(f"{name}: r {r:.2f}, best {highest:.2f} at {lag[name]} % of the cycle")
    # Measured: 0.80 to 0.98 at zero lag, mean 0.91; 0.90 to 0.99 at each muscle's best lag, -1 to +5 %.
    assert by_lag[:, 0].min() > 0.75
    assert by_lag[:, 0].mean() == pytest.approx(0.91, abs=0.02)
    assert best.min() > 0.88
    assert all(-3 <= value <= 7 for value in lag.values())
    # a person agrees with their own muscle, not with any
    others = np.roll(np.arange(len(same)), 4)
    assert pearson(real.only(same).mean, wang.mean[others]).mean() < 0.4

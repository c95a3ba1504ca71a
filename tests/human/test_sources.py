"""Human data sets by what the user types."""

from __future__ import annotations

from pathlib import Path

import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.sources import human_emg, human_source, human_sources


def refused(text: str) -> str:
    with pytest.raises(InputError) as caught:
        human_source(text)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_built_in_names() -> None:
    wang = human_source("emg_walk_wang2023")
    assert wang.activities == ("walk",)
    assert wang.speeds_kmh("walk") == (0.9, 1.8, 2.7, 3.6, 4.5, 5.4)
    assert wang.joint_angles("walk", 4.5) is None
    assert human_source("emg_run_santuz2020").conditions == (("run", pytest.approx(10.08)),)
    with pytest.raises(InputError, match="has no activity 'run'; it has: walk"):
        wang.emg("run", 9.0)


def test_unknown_names_layouts_and_folders(tmp_path: Path) -> None:
    assert "did you mean 'emg_walk_wang2023'" in refused("emg_walk_wang")
    assert "did you mean 'wang2023'" in refused(f"wang2032={tmp_path}")
    assert "no such folder" in refused(f"falisse2019={tmp_path / 'none'}")
    assert "no such folder" in refused("some/where/else")


def test_real_data_sets_by_layout(shared: Path) -> None:
    data = shared / "data"
    wang = human_source(f"wang2023={data / 'emg_wang2023'}")
    assert wang.speeds_kmh("walk") == human_source("emg_walk_wang2023").speeds_kmh("walk")
    assert human_source(str(data / "emg_wang2023")).conditions == wang.conditions
    assert wang.joint_angles("walk", 4.5) is None  # the repacked files hold none
    for layout, folder, speed_kmh in (
        ("falisse2019", "falisse2019", 4.7),
        ("opensim", "opensim", 4.5),
        ("santuz_raw", "santuz_raw", 5.0),
    ):
        source = human_source(f"{layout}={data / folder}")
        assert source.activities == ("walk",)
        emg = source.emg("walk", 1.0)
        assert emg.people == 1
        assert emg.condition == f"walk-{speed_kmh:g}"
        assert source.speeds_kmh("walk")[0] == pytest.approx(emg.speed_m_s * 3.6)
        angles = source.joint_angles("walk", 4.5)
        assert (angles is None) == (layout == "santuz_raw")
    assert human_emg(data / "emg_wang2023", 5.3).condition == "walk-5.4"


def test_two_data_sets_of_one_layout_keep_names_of_their_own(shared: Path, tmp_path: Path) -> None:
    wang = shared / "data" / "emg_wang2023"
    other = tmp_path / "others"
    other.symlink_to(wang)
    asked = [f"wang2023={wang}", f"wang2023={other}"]
    names = [source.name for source in human_sources([*asked, *asked, "emg_run_santuz2020"])]
    assert names == ["wang2023=emg_wang2023", "wang2023=others", "emg_run_santuz2020"]
    with pytest.raises(InputError, match="another data set is called"):
        human_sources([asked[0], str(wang)])

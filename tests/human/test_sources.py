"""Human data sets by what the user types."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.human.joint_angles import JOINTS, human_joint_angles
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


def walkers(folder: Path) -> Path:
    """Text files of three people in Wang's layout: joint angles, and EMG of another name without headers."""
    folder.mkdir(parents=True)
    for person in (4, 5, 6):
        curve = np.random.default_rng(person).random(100)
        angles = human_joint_angles("gait_walk_schwartz2008", 1.25, 0.9).mean_deg.T
        stem = folder / f"Subj{person:02d}_walk_45"
        np.savetxt(f"{stem}_EMG.txt", np.stack([curve, curve]).T)
        np.savetxt(f"{stem}_ikAngAve_l.txt", angles, header=" ".join(JOINTS), comments="")
    return folder


def test_settings_come_behind_a_comma(tmp_path: Path) -> None:
    folder = walkers(tmp_path / "people")
    without = human_source(f"wang2023={folder}")
    assert without.conditions == ()
    with pytest.raises(InputError, match="holds no EMG, joint angles only"):
        human_emg(folder)
    settings = tmp_path / "mine.toml"
    settings.write_text('emg_stem = "EMG"\ncolumns = ["t", "SO"]\n[electrodes]\nSoleus = "SO"\n')
    for text in (f"wang2023={folder},{settings}", f"{folder},{settings}"):
        source = human_source(text)
        assert (source.name, source.conditions) == ("wang2023", (("walk", 4.5),))
        emg, angles = source.emg("walk", 4.5), source.joint_angles("walk", 4.5)
        assert emg.muscles == ("Soleus",)
        assert emg.source.endswith("; settings of mine.toml")
        assert angles is not None
        assert angles.names == emg.names == ("04", "05", "06")
        assert angles.source.endswith("; settings of mine.toml")
    settings.write_text('emg_stems = "EMG"\n')
    assert "mine.toml: setting: unknown name 'emg_stems'; did you mean 'emg_stem'" in refused(
        f"wang2023={folder},{settings}"
    )


def test_joint_angles_alone_are_a_source(tmp_path: Path) -> None:
    source = human_source(f"wang2023={walkers(tmp_path / 'people')}")
    assert (source.conditions, source.activities) == ((), ())
    assert source.angle_conditions == (("walk", 4.5),)
    angles = source.joint_angles("walk", 4.5)
    assert angles is not None
    assert angles.people == 3


@pytest.mark.parametrize("name", ["some, people", "people,", "a,b.toml.d"])
def test_a_comma_in_a_path_is_part_of_it(tmp_path: Path, name: str) -> None:
    folder = walkers(tmp_path / name)
    assert human_source(f"wang2023={folder}").angle_conditions == (("walk", 4.5),)
    settings = tmp_path / "settings.toml"
    settings.write_text('side = "l"\n')
    assert human_source(f"wang2023={folder},{settings}").angle_conditions == (("walk", 4.5),)


def test_settings_of_every_layout_reach_its_readers(shared: Path, tmp_path: Path) -> None:
    data, settings = shared / "data", tmp_path / "s.toml"
    settings.write_text("speed_m_s = 1.3\n[filter]\nenvelope_hz = 3\n")
    source = human_source(f"santuz_raw={data / 'santuz_raw'},{settings}")
    assert source.conditions == (("walk", pytest.approx(4.68)),)
    usual = human_source(f"santuz_raw={data / 'santuz_raw'}").emg("walk", 4.5)
    assert (source.emg("walk", 4.5).mean.std(axis=1) < usual.mean.std(axis=1)).all()
    settings.write_text("min_cycles = 2\n")
    source = human_source(f"opensim={data / 'opensim'},{settings}")
    with pytest.raises(InputError, match=r"1 gait cycles of the right leg .* 2 are needed"):
        source.emg("walk", 4.5)
    assert source.joint_angles("walk", 4.5) is not None


def test_settings_where_there_are_none_or_no_file(tmp_path: Path) -> None:
    settings = tmp_path / "s.toml"
    settings.write_text("")
    assert "s.toml: the layout falisse2019 has no settings" in refused(f"falisse2019={tmp_path},{settings}")
    assert "none.toml: no such file" in refused(f"wang2023={tmp_path},{tmp_path / 'none.toml'}")
    assert "did you mean 'emg_walk_wang2023'" in refused(f"emg_walk_wang2023,{settings.name}")


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

"""Settings of layouts from TOML files."""

from __future__ import annotations

import re
import textwrap
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from kinesis_bench.errors import InputError
from kinesis_bench.files import content_dir
from kinesis_bench.human import opensim, santuz_raw, scherpereel2023, wang2023
from kinesis_bench.human.opensim import OpenSimWalk
from kinesis_bench.human.raw_emg import EmgFilter
from kinesis_bench.human.santuz_raw import SantuzSettings
from kinesis_bench.human.scherpereel2023 import ScherpereelSettings
from kinesis_bench.human.settings import read_settings
from kinesis_bench.human.wang2023_text import WangText

WHOLE: dict[type, tuple[str, Any]] = {
    WangText: (
        """
        side = "r"
        emg_stem = "emg"
        angle_stem = "angles"
        columns = ["SO", "TA"]
        [electrodes]
        Soleus = "SO"
        "Tibialis Anterior" = "TA"
        [joints]
        knee_angle = "KneeFE"
        [signs]
        ankle_angle = -1
        """,
        WangText(
            side="r",
            emg_stem="emg",
            angle_stem="angles",
            columns=("SO", "TA"),
            electrodes={"Soleus": "SO", "Tibialis Anterior": "TA"},
            joints={"knee_angle": "KneeFE"},
            signs={"ankle_angle": -1.0},
        ),
    ),
    ScherpereelSettings: (
        """
        side = "r"
        force = "{side}Fz"
        [electrodes]
        '{side}_(TA|tibant)' = "Tibialis Anterior"
        [signs]
        ankle_angle = -1
        [filter]
        band_low_hz = 30
        band_order = 4
        """,
        ScherpereelSettings(
            side="r",
            force="{side}Fz",
            electrodes={"{side}_(TA|tibant)": "Tibialis Anterior"},
            signs={"ankle_angle": -1.0},
            filter=EmgFilter(band_low_hz=30.0, band_order=4),
        ),
    ),
    OpenSimWalk: (
        'emg = "a.sto"\nforces = "b.mot"\ncoordinates = "c.sto"\nside = "l"\nmin_cycles = 3',
        OpenSimWalk("a.sto", "b.mot", "c.sto", "l", 3),
    ),
    SantuzSettings: (
        'speed_m_s = 1.25\nside = "l"\n[filter]\nenvelope_hz = 3.0',
        SantuzSettings(1.25, "l", EmgFilter(envelope_hz=3.0)),
    ),
}
"""For every class a file that sets each of its fields, and what it means."""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("cls", WHOLE)
def test_every_field_can_be_set(tmp_path: Path, cls: type) -> None:
    text, expected = WHOLE[cls]
    read = read_settings(write(tmp_path, text), cls)
    assert read == expected
    default = cls()
    assert all(getattr(read, field.name) != getattr(default, field.name) for field in fields(cls))


@pytest.mark.parametrize("cls", WHOLE)
def test_what_is_left_out_keeps_its_default(tmp_path: Path, cls: type) -> None:
    assert read_settings(write(tmp_path, "# nothing\n"), cls) == cls()


CARDS = {
    "emg_walk_wang2023": WangText,
    "emg_scherpereel2023": ScherpereelSettings,
    "emg_walk_opensim": OpenSimWalk,
    "emg_walk_santuz_raw": SantuzSettings,
}


@pytest.mark.parametrize("card", CARDS)
def test_examples_on_the_cards_can_be_read_and_name_every_field(tmp_path: Path, card: str) -> None:
    text = (content_dir("datasets") / card / "README.md").read_text(encoding="utf-8")
    section = re.split(r"^## Settings.*$", text, flags=re.MULTILINE)[1].split("\n## ")[0]
    example = "\n".join(line for line in section.splitlines() if line.startswith("    "))
    read_settings(write(tmp_path, example), CARDS[card])
    assert set(tomllib.loads(textwrap.dedent(example))) == {field.name for field in fields(CARDS[card])}


def test_layouts_name_their_class() -> None:
    assert {layout.SETTINGS for layout in (wang2023, scherpereel2023, opensim, santuz_raw)} == set(WHOLE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('sides = "l"', "settings.toml: setting: unknown name 'sides'; did you mean 'side'?"),
        ("[filter]\nband_low = 3", "settings.toml: filter: setting: unknown name 'band_low'; did you mean"),
        ("side = 1", "settings.toml: side: is '1'; it must be a text"),
        ('side = "x"', "settings.toml: side: is 'x'; it must be l or r"),
        ("filter = 6", "settings.toml: filter: is '6'; it must be a table"),
        ('electrodes = "TA"', "settings.toml: electrodes: is 'TA'; it must be a table"),
        ("[electrodes]\nTA = 3", "settings.toml: electrodes.TA: is '3'; it must be a text"),
        ("[signs]\nankle_angle = true", "settings.toml: signs.ankle_angle: is 'True'; it must be a number"),
        ("[filter]\nband_order = 2.0", "settings.toml: filter: band_order: is '2.0'; it must be a whole"),
        ("[filter]\nband_low_hz = nan", "settings.toml: filter: band_low_hz: is 'nan'; it must be a finite"),
        ("[filter]\nband_low_hz = -1", "settings.toml: filter: band_low_hz: is -1 Hz; it must be above 0"),
        ("side = l", "settings.toml: is not a readable TOML file"),
        ("[" * 5000, "settings.toml: is not a readable TOML file"),
    ],
)
def test_wrong_settings_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_settings(write(tmp_path, text), ScherpereelSettings)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_columns_are_a_list_of_texts(tmp_path: Path) -> None:
    for text, message in (('columns = "SO"', "it must be a list"), ("columns = [1]", "it must be a text")):
        with pytest.raises(InputError, match=message):
            read_settings(write(tmp_path, text), WangText)


def test_files_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.toml: no such file"):
        read_settings(tmp_path / "none.toml", WangText)
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"binary\.toml: is not a readable TOML file"):
        read_settings(tmp_path / "binary.toml", WangText)

"""The terminal's tables of tasks: decimals by unit, and widths that a terminal has."""

from __future__ import annotations

import pytest
from rich.console import Console

from kinesis_bench.evaluation.fatigue import Bout, FatigueResult
from kinesis_bench.evaluation.schema import BodyInfo, FatigueSetup, PolicyInfo
from kinesis_bench.evaluation.tasks.schema import Group, Mean, Proportion
from kinesis_bench.report.fatigue import print_fatigue
from kinesis_bench.report.task_words import fixed, shown, words
from kinesis_bench.report.tasks import _groups


@pytest.mark.parametrize(
    ("name", "told", "digits"),
    [
        ("velocity_along_command_m_s", "velocity along command [m/s]", 3),
        ("travel_bias_deg", "travel bias [deg]", 1),
        ("turned_pct", "turned [%]", 1),
        ("followed_commands", "followed commands", 3),
    ],
)
def test_a_figure_s_name_and_decimals(name: str, told: str, digits: int) -> None:
    assert (words(name), shown(name).digits) == (told, digits)


@pytest.mark.parametrize(
    ("value", "told"), [(-0.0004, "0.000"), (-0.0006, "-0.001"), (0.0, "0.000"), (2.5, "2.500")]
)
def test_there_is_no_minus_before_a_zero(value: float, told: str) -> None:
    assert fixed(value, 3) == told


def test_groups_fit_a_terminal() -> None:
    share, time_s = Proportion(0, 64, 0.0, (0.0, 5.7)), Mean(None, None, None, 0, "none")
    shares = dict.fromkeys(("goal", "on_target", "in_net", "ball_contact", "fell"), share)
    group = Group(shares, {"ball_speed_m_s": time_s, "contact_s": time_s})
    console = Console(width=80, highlight=False)
    with console.capture() as said:
        console.print(_groups("keeper", {"static": group, "brownian": group, "tracking": group}), crop=False)
    lines = said.get().splitlines()
    assert max(map(len, lines)) <= 80
    (trials,) = [line for line in lines if line.split()[:1] == ["trials"]]
    assert trials.split()[1:] == ["64"] * 3


def test_bouts_of_trials_show_the_first_figures_with_their_units() -> None:
    names = ("success_pct", "fell_pct", "a_m_s", "b_m", "c_deg", "d_m", "e_s", "excitation")
    nobody = PolicyInfo("zero")
    bout = Bout(1, dict.fromkeys(names, 0.0), {}, 0.0, 0.0, {"hip": 0.0}, {"psoas_r": 0.0}, {})
    result = FatigueResult(
        schema="",
        task="direction",
        fatigue=FatigueSetup("fatigue-1", 1, 0.0, False),
        policy=nobody,
        body=BodyInfo("legs", ""),
        motions=None,
        trials=2,
        runs=1,
        seed=0,
        joints={"hip": None},  # type: ignore[dict-item]
        muscle_joints={},
        bouts=(bout,),
        changes=(),
    )
    console = Console(width=80, highlight=False)
    with console.capture() as said:
        print_fatigue(result, console)
    told = said.get()
    assert all(unit in told for unit in ("[m/s]", "[m]", "[deg]", "excitation", "fatigue.json"))
    assert "[s]" not in told
    assert "at the trials' ends" in told
    assert "psoas" not in told, "nothing has tired"

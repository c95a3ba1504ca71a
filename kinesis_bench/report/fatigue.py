"""Bouts on muscles that tire: a table for the terminal, and a figure."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from kinesis_bench.evaluation.fatigue import Bout, FatigueResult
from kinesis_bench.files import whole_file
from kinesis_bench.report.comparison import SHOWN, differences_table, shown_as, why_null
from kinesis_bench.report.figures import DPI, MODEL, PEOPLE, STYLE, empty_figure
from kinesis_bench.report.tables import DASH
from kinesis_bench.terminal import table


def print_fatigue(result: FatigueResult, console: Console) -> None:
    """A row a bout, and what the last bout changed."""
    setup = result.fatigue
    rest = f"{setup.rest_s:g} s of rest between them" if setup.rest_s else "no rest between them"
    title = f"{setup.bouts} bouts on muscles that tire ({setup.version}), {rest}"
    columns = [_header(name) for name in result.bouts[0].figures]
    made = table(title, "bout", *columns, "fatigued\n[%]", *_joints(result), "most fatigued")
    for bout in result.bouts:
        made.add_row(str(bout.bout), *_cells(bout, result))
    console.print()
    console.print(made, crop=False)
    if result.changes:
        console.print(differences_table(result.changes[-1]), crop=False)
        for line in why_null(result.changes[-1]):
            console.print(line, style="dim", markup=False, highlight=False)
    console.print(
        f"fatigued: part of the muscles' units at the {units_of(result)}s' ends, mean over muscles and "
        f"{units_of(result)}s, and by the joint that a muscle moves most",
        style="dim",
        markup=False,
        highlight=False,
    )


def draw_bouts(path: Path, result: FatigueResult) -> None:
    """What was done and EMG r over the bouts, and beside them how fatigued the muscles of each joint are."""
    from matplotlib import rc_context

    bouts = [bout.bout for bout in result.bouts]
    with rc_context(STYLE):
        figures = list(result.bouts[0].figures)
        with_emg = "emg_mean_r" in figures
        figure = empty_figure(9.0 if with_emg else 6.0, 3.2)
        axes = figure.subplots(1, 3 if with_emg else 2)
        percent, tired = axes[0], axes[-1]
        for name, color in zip([n for n in figures if n.endswith("_pct")], (MODEL, PEOPLE), strict=False):
            label = name.removesuffix("_pct").replace("_", " ")
            percent.plot(bouts, _values(result, name), "o-", color=color, label=label)
            for bout in result.bouts:
                if name in bout.ci95:
                    percent.plot([bout.bout] * 2, bout.ci95[name], color=color, alpha=0.4)
        percent.set(title="done, and 95 % intervals", ylabel="%", ylim=(0, 102))
        for name, color in (("emg_mean_r", MODEL), ("emg_zero_lag_r", PEOPLE)) if with_emg else ():
            axes[1].plot(bouts, _values(result, name), "o-", color=color, label=SHOWN[name].label)
            axes[1].set(title="excitation against people's EMG", ylabel="r", ylim=(0, None))
        for joint in _joints(result):
            parts = [bout.fatigued_after_by_joint_pct[joint] for bout in result.bouts]
            tired.plot(bouts, parts, "o-", label=joint)
        tired.set(title=f"fatigued units at the {units_of(result)}s' ends", ylabel="%", ylim=(0, None))
        for axis in axes:
            axis.set_xlabel("bout")
            axis.xaxis.get_major_locator().set_params(integer=True)
            axis.legend()
        with whole_file(path) as temporary:
            figure.savefig(temporary, dpi=DPI, format="png")


def units_of(result: FatigueResult) -> str:
    """What a bout is made of."""
    return "clip" if result.trials is None else "trial"


def _header(name: str) -> str:
    """A figure's name and unit in a column's head."""
    shown = shown_as(name)
    label = shown.label.replace(", ", ",\n") if name in SHOWN else shown.label.replace(" ", "\n")
    return f"{label}\n[{shown.unit}]" if shown.unit else label


def _joints(result: FatigueResult) -> list[str]:
    return list(result.joints)


def _cells(bout: Bout, result: FatigueResult) -> list[str]:
    shown = []
    for name, value in bout.figures.items():
        shown.append(DASH if value is None else f"{value:.{shown_as(name).digits}f}")
    joints = [f"{bout.fatigued_after_by_joint_pct[joint]:.2f}" for joint in _joints(result)]
    muscle, part = next(iter(bout.most_fatigued_pct.items()))
    return [*shown, f"{bout.fatigued_after_pct:.2f}", *joints, f"{muscle} {part:.1f} %"]


def _values(result: FatigueResult, name: str) -> list[float]:
    return [float("nan") if (value := bout.figures[name]) is None else value for bout in result.bouts]

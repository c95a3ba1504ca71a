"""``report.html`` of a task of trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from jinja2 import Template
from markupsafe import Markup

from kinesis_bench.evaluation.tasks.evaluate import WHOLE_WORD, TaskEvaluation
from kinesis_bench.evaluation.tasks.figures import named_figures, shares_of
from kinesis_bench.evaluation.tasks.schema import Group, Mean, Proportion, TaskResult
from kinesis_bench.files import sha256_of_file, write_text
from kinesis_bench.report.page.bouts import bouts_section
from kinesis_bench.report.page.rows import Cell, Row, Table
from kinesis_bench.report.page.task_panels import map_panels, path_panels, time_panels
from kinesis_bench.report.page.words import KeyFigure, interval, signed, unbroken
from kinesis_bench.report.page.write import HERE, STYLE, Fact
from kinesis_bench.report.task_words import SUCCESS, meaning, shown, words
from kinesis_bench.report.tasks import task_notes
from kinesis_bench.report.templates import template

HASHED = ("result.json", "trials.csv", "rollouts.h5")
"""Files whose SHA-256 the page states."""

FILES = {
    "result.json": "all figures with all digits",
    "trials.csv": "a line a trial: what was drawn, how it ended, its measures and figures",
    "rollouts.h5": "every step of the first {recorded} trials",
    "maps.png": "the maps",
    "curves.png": "the curves",
    "paths.png": "the paths",
    "fatigue.json": "the bouts",
    "fatigue.png": "the bouts, drawn",
}
"""What may lie beside the page, and what it holds."""


def write_task_report(
    path: Path, evaluation: TaskEvaluation, asked: str, *, command: str = "", folder: Path | None = None
) -> None:
    """Write a task's result as one HTML page that needs no network.

    Args:
        path: of the page.
        evaluation: what is shown.
        asked: what the task asks of a policy, in a few words.
        command: that made the result.
        folder: of the files that the page names.

    Raises:
        InputError: it cannot be written.
    """
    there = [] if folder is None else [folder / name for name in FILES if (folder / name).is_file()]
    hashes = {file.name: sha256_of_file(file) for file in there if file.name in HASHED}
    write_text(path, task_report_html(evaluation, asked, command, [file.name for file in there], hashes))


def task_report_html(
    evaluation: TaskEvaluation,
    asked: str,
    command: str = "",
    files: Sequence[str] = (),
    hashes: Mapping[str, str] | None = None,
) -> str:
    """The page. Arguments as for ``write_task_report``; ``files`` are names of FILES, ``hashes`` by name."""
    result, run = evaluation.result, evaluation.run
    maps, paths = map_panels(result), path_panels(run)
    bouts = None
    if evaluation.fatigue is not None:
        bouts = bouts_section(evaluation.fatigue, evaluation.headline)
    sections = {
        ("figures", "Figures"): True,
        ("map", "Where it succeeds"): bool(maps),
        ("time", "Over time"): True,
        ("paths", "Paths"): bool(paths),
        ("endings", "How trials ended"): True,
        ("fatigue", "Fatigue"): bouts is not None,
        ("reproduce", "Reproduce"): True,
    }
    return _template().render(
        style=Markup(STYLE.read_text(encoding="utf-8")),
        result=result,
        who=f"{result.policy.name} on {result.body.name}",
        what=_what(result, asked),
        warnings=[*result.policy.notes, *task_notes(result)],
        headline=task_sentence(evaluation),
        key_figures=key_figures(result, evaluation.headline),
        sections=[section for section, there in sections.items() if there],
        figures_table=figures_table(result),
        figures_notes=_notes(result),
        group_tables=[group_table(kind, groups) for kind, groups in result.figures.groups.items()],
        maps=maps,
        time_panels=time_panels(result, run),
        paths=paths,
        endings_table=endings_table(result),
        bouts=bouts,
        command=command,
        files=[(name, FILES[name].format(recorded=result.recorded)) for name in files],
        facts=_facts(evaluation, hashes or {}),
    )


def task_sentence(evaluation: TaskEvaluation) -> str:
    """What a reader should remember, in one sentence."""
    result, run = evaluation.result, evaluation.run
    success = result.figures.success
    does = SUCCESS.get(result.task, "succeeds")
    share = f"{signed(success.pct, 1)} %{_bracketed(success)}"
    last_s = run.dt_s * sum(trial.steps for trial in run.trials) / len(run.trials)
    whole_s = run.dt_s * run.steps
    return unbroken(
        f"{result.policy.name} {does} in {share} of {success.trials} trials; on average a trial lasts "
        f"{last_s:.1f} s of at most {whole_s:g} s."
    )


def key_figures(result: TaskResult, headline: Sequence[str]) -> list[KeyFigure]:
    """The figures that are looked at first; those that cannot be had are left out."""
    known, shares = named_figures(result.figures), shares_of(result.figures)
    made = []
    for name in headline:
        told, one = shown(name), known[name]
        if one.value is None:
            continue
        share = shares.get(name)
        note = f"{share.count} of {share.trials} trials" if share else ""
        value = f"{signed(one.value, told.digits)} {told.unit}".rstrip()
        made.append(KeyFigure(told.label, value, interval(one.ci95, told.digits), note))
    return made


def figures_table(result: TaskResult) -> Table:
    """Every figure, and what it means."""
    shares = {"success": result.figures.success, **result.figures.proportions}
    rows = [
        Row(
            f"{words(name)} [%]",
            [
                Cell(signed(share.pct, 1), interval(share.ci95, 1)),
                Cell(f"{share.count} of {share.trials}"),
            ],
            said=meaning(result.task, name),
        )
        for name, share in shares.items()
    ]
    for name, mean in result.figures.means.items():
        digits = shown(name).digits
        trials = Cell(str(mean.trials), "" if mean.sd is None else f"SD {mean.sd:.{digits}f}")
        rows.append(Row(words(name), [_mean_cell(name, mean), trials], said=meaning(result.task, name)))
    caption = "With 95 % intervals; trials that a figure is of, and SD between them"
    return Table(caption, ("figure", "value", "trials"), rows)


def group_table(kind: str, groups: Mapping[str, Group]) -> Table:
    """A row a group, a column a figure."""
    first = next(iter(groups.values()))
    names = [f"{words(name)} [%]" for name in first.proportions] + [words(name) for name in first.means]
    rows = []
    for name, group in groups.items():
        cells = [Cell(signed(one.pct, 1), interval(one.ci95, 1)) for one in group.proportions.values()]
        cells += [_mean_cell(figure, mean) for figure, mean in group.means.items()]
        trials = [one.trials for one in group.proportions.values()]
        trials += [one.trials for one in group.means.values()]
        rows.append(Row(name, [*cells, Cell(str(max(trials, default=0)))]))
    return Table(f"By {kind}, with 95 % intervals", (kind, *names, "trials"), rows)


def endings_table(result: TaskResult) -> Table:
    """How many trials ended how, the most frequent first."""
    rows = [
        Row(
            "lasted the whole time" if ending == WHOLE_WORD else ending,
            [Cell(str(count)), Cell(f"{100 * count / result.trials:.1f}")],
        )
        for ending, count in sorted(result.endings.items(), key=lambda item: -item[1])
    ]
    return Table(f"All {result.trials} trials", ("ending", "trials", "of all [%]"), rows)


@cache
def _template() -> Template:
    return template(HERE / "task.html")


def _notes(result: TaskResult) -> list[str]:
    """Why figures, or their intervals, are absent: a line a reason."""
    by_reason: dict[str, list[str]] = {}
    for name, mean in result.figures.means.items():
        if mean.reason:
            what = shown(name).label if mean.mean is None else f"interval of {shown(name).label}"
            by_reason.setdefault(mean.reason, []).append(what)
    return [f"no {', '.join(names)}: {reason}" for reason, names in by_reason.items()]


def _what(result: TaskResult, asked: str) -> str:
    options = [f"{name} {value}" for name, value in result.options.items()]
    trials = f"{result.trials} trials of seed {result.seed}"
    return f"Asked: {asked}. {', '.join([trials, *options, f'protocol {result.protocol}'])}"


def _bracketed(share: Proportion) -> str:
    return "" if share.ci95 is None else f" [{interval(share.ci95, 1)}]"


def _mean_cell(name: str, mean: Mean) -> Cell:
    digits = shown(name).digits
    return Cell(signed(mean.mean, digits), interval(mean.ci95, digits))


def _facts(evaluation: TaskEvaluation, hashes: Mapping[str, str]) -> list[Fact]:
    result = evaluation.result
    policy, body = result.policy, result.body
    found = {
        "task": result.task,
        "protocol": result.protocol,
        **result.options,
        "policy": policy.name,
        "policy's source": policy.source,
        "policy's SHA-256": policy.sha256,
        "policy learned": result.policy_task,
        "control": policy.control,
        "body": body.name,
        "body's model, SHA-256": body.model_sha256,
        "trials, seed": f"{result.trials}, {result.seed}",
        "no score because": result.diagnostic,
        "versions": ", ".join(f"{name} {version}" for name, version in result.versions.items()),
        **{f"{name}, SHA-256": digest for name, digest in hashes.items()},
        "time": f"{result.wall_s:.1f} s, {result.realtime_factor:.1f} times real time",
    }
    return [Fact(name, value) for name, value in found.items() if value]

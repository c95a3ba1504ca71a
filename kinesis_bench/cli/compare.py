"""``kinesis-bench compare``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from kinesis_bench.cli.whole_folder import whole_folder

COMPARISONS = Path("results")
"""Folder of the comparisons for which no other is named."""

FILES = ("differences.csv", "differences.png", "emg_by_policy.png", "angles_and_emg.png", "comparison.json")
"""What a comparison's folder may hold; the comparison itself is put there last."""


NAMED = 3
"""How many results name the folder for which no other is given."""


@dataclass(frozen=True)
class Compare:
    """Say which differences between results are more than chance: every other result against the first.

    The results must be of one protocol, of the same people, and, where they followed motions, of the same
    motions and body. Results of a task of trials must be of the same trials and body.

    Args:
        folders: results, each a folder that `kinesis-bench score` has written.
        out: folder for comparison.json, differences.csv and figures; results/compare-A-B if left out.
        against_kinesis: set each result beside what KINESIS published too, with the reasons why the two
            are not of the same thing; a single result will do then.
        over_bodies: average one task of trials over several bodies instead, one result each.
    """

    folders: tyro.conf.Positional[tuple[Path, ...]]
    out: Path | None = None
    against_kinesis: bool = False
    over_bodies: bool = False

    def run(self) -> None:
        """Compare, print, and write the files.

        Raises:
            InputError: what was given cannot be compared.
        """
        from kinesis_bench.terminal import console

        folder = self._of_trials() if self._trials() else self._of_clips()
        console().print(f"written to {folder}", soft_wrap=True)

    def _trials(self) -> bool:
        """Whether the results are of a task of trials."""
        from kinesis_bench.errors import InputError
        from kinesis_bench.evaluation.tasks.result import is_task_result

        files = {folder: folder.expanduser() / "result.json" for folder in self.folders}
        of_trials = {folder: is_task_result(file) for folder, file in files.items() if file.is_file()}
        found = any(of_trials.values())
        if found and not all(of_trials.values()):
            one, other = (
                next(folder for folder, trials in of_trials.items() if trials == kind)
                for kind in (True, False)
            )
            problem = f"is of a task of clips, and {one} of a task of trials"
            raise InputError(other, problem, "compare results of one task")
        if self.against_kinesis and (found or self.over_bodies):
            raise InputError("--against-kinesis", "is for imitation", "leave it out")
        if self.over_bodies and not found:
            problem = "is for tasks of trials, such as target"
            raise InputError("--over-bodies", problem, "leave it out, or give results of `score --task`")
        return found

    def _of_trials(self) -> Path:
        from kinesis_bench.evaluation.comparison import write_differences
        from kinesis_bench.evaluation.tasks.compare import average_over_bodies, compare_trials
        from kinesis_bench.evaluation.typed_file import write_typed
        from kinesis_bench.report.comparison_figures import write_differences_figure
        from kinesis_bench.report.task_comparison import print_task_comparison
        from kinesis_bench.terminal import console

        made = (average_over_bodies if self.over_bodies else compare_trials)(self.folders)
        folder = self._folder([Path(one.folder) for one in made.results])
        with whole_folder(folder, FILES) as temporary:
            write_typed(temporary / "comparison.json", made)
            if made.pairs:
                write_differences(temporary / "differences.csv", made.pairs)
                write_differences_figure(temporary / "differences.png", made.pairs)
        print_task_comparison(made, console())
        return folder

    def _of_clips(self) -> Path:
        from kinesis_bench.evaluation.compare import compare
        from kinesis_bench.evaluation.comparison import write_comparison, write_differences
        from kinesis_bench.report.comparison import print_comparison
        from kinesis_bench.report.comparison_figures import write_comparison_figures
        from kinesis_bench.terminal import console

        comparison, results = compare(self.folders, against_kinesis=self.against_kinesis)
        folder = self._folder([Path(one.folder) for one in comparison.results])
        with whole_folder(folder, FILES) as temporary:
            write_comparison(temporary / "comparison.json", comparison)
            write_differences(temporary / "differences.csv", comparison.pairs)
            write_comparison_figures(temporary, comparison, results)
        print_comparison(comparison, console())
        return folder

    def _folder(self, results: list[Path]) -> Path:
        """Where it is written."""
        names = [folder.resolve().name for folder in results]
        more = (f"and-{len(names) - NAMED}-more",) if len(names) > NAMED else ()
        word = "over-bodies" if self.over_bodies else "compare"
        return self.out or COMPARISONS / "-".join((word, *names[:NAMED], *more))

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
    motions and body.

    Args:
        folders: results, each a folder that `kinesis-bench score` has written.
        out: folder for comparison.json, differences.csv and figures; results/compare-A-B if left out.
        against_kinesis: set each result beside what KINESIS published too, with the reasons why the two
            are not of the same thing; a single result will do then.
    """

    folders: tyro.conf.Positional[tuple[Path, ...]]
    out: Path | None = None
    against_kinesis: bool = False

    def run(self) -> None:
        """Compare, print, and write the files.

        Raises:
            InputError: what was given cannot be compared.
        """
        from kinesis_bench.evaluation.compare import compare
        from kinesis_bench.evaluation.comparison import write_comparison, write_differences
        from kinesis_bench.report.comparison import print_comparison
        from kinesis_bench.report.comparison_figures import write_comparison_figures
        from kinesis_bench.terminal import console

        comparison, results = compare(self.folders, against_kinesis=self.against_kinesis)
        names = [Path(one.folder).resolve().name for one in comparison.results]
        more = (f"and-{len(names) - NAMED}-more",) if len(names) > NAMED else ()
        folder = self.out or COMPARISONS / "-".join(("compare", *names[:NAMED], *more))
        with whole_folder(folder, FILES) as temporary:
            write_comparison(temporary / "comparison.json", comparison)
            write_differences(temporary / "differences.csv", comparison)
            write_comparison_figures(temporary, comparison, results)
        print_comparison(comparison, console())
        console().print(f"written to {folder}", soft_wrap=True)

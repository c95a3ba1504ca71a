"""``kinesis-bench human``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kinesis_bench.cli.whole_folder import whole_folder

OUT = Path("results/human")


@dataclass(frozen=True)
class Human:
    """Look at the people that policies are compared with: how alike they are, and which channels are flawed.

    Data sets are laid on each other: how far their mean curves agree, and by which lag, which says where each
    puts the cycle's zero. Results can be drawn beside them.

    Args:
        human: data sets, as for `score`: emg_walk_wang2023, emg_run_santuz2020, or LAYOUT=PATH with
            wang2023, scherpereel2023, falisse2019, opensim or santuz_raw, and ,SETTINGS.toml behind it where
            its files are named or made otherwise (see its card). Others are laid on the first.
        activity: walk, run or backward; data sets without it are left out, which is said.
        speed: the nearest speed of each data set is taken [km/h].
        results: folders of results whose lag curves are drawn too.
        out: folder for agreement.csv and the figures.
    """

    human: tuple[str, ...] = ("emg_walk_wang2023", "emg_run_santuz2020")
    activity: Literal["walk", "run", "backward"] = "walk"
    speed: float = 4.5
    results: tuple[Path, ...] = ()
    out: Path = OUT

    def run(self) -> None:
        """Read, print the tables, and write the files.

        Raises:
            InputError: a data set or result cannot be read, or no data set has the activity.
        """
        import numpy as np

        from kinesis_bench.errors import InputError
        from kinesis_bench.evaluation.result import read_result
        from kinesis_bench.human.sources import human_sources
        from kinesis_bench.metrics.emg import score_emg
        from kinesis_bench.report.people import (
            FILES,
            agreement_table,
            agreements,
            pairs_table,
            peaks_table,
            people_table,
            write_people,
        )
        from kinesis_bench.terminal import console

        if not self.speed > 0:
            raise InputError("--speed", f"is {self.speed:g}", "give a speed above 0 km/h")
        sources = human_sources(self.human)
        having = [source for source in sources if self.activity in source.activities]
        if not having:
            held = ", ".join(sorted({activity for source in sources for activity in source.activities}))
            raise InputError(
                "--activity", f"none of the data sets has {self.activity!r}", f"they have: {held}"
            )
        people = {source.name: source.emg(self.activity, self.speed) for source in having}
        for folder in self.results:
            if not folder.is_dir():
                raise InputError(folder, "is no folder", "give folders that `score` has written")
        results = [read_result(folder / "result.json") for folder in self.results]
        scores = {
            name: score_emg(
                None, human, np.random.default_rng(0), cycles=0, cycle_s=None, why_absent="no model"
            )
            for name, human in people.items()
        }
        pairs = agreements(people)
        out = console()
        out.print(people_table(people, scores), crop=False)
        for name, human in people.items():
            for muscle, flaws in human.flaws.items():
                out.print(f"{name}, {muscle}: {', '.join(flaws)}", soft_wrap=True)
        if pairs:
            for made in (agreement_table(people, pairs), pairs_table(pairs), peaks_table(people)):
                out.print(made, crop=False)
        for source in sources:
            if source not in having:
                held = ", ".join(source.activities) or "no EMG"
                out.print(f"{source.name}: left out, it has {held}", soft_wrap=True)
        for result in results:
            if result.emg.lag_curve is None:
                why = result.emg.reasons.get("lag_curve", "it has no lag curve")
                out.print(f"{result.policy.name}: not drawn, {why}")
        for name, human in people.items():
            out.print(f"zero of {name}: {human.cycle_zero}")
        with whole_folder(self.out, FILES) as temporary:
            write_people(temporary, people, pairs, results)
        out.print(f"written to {self.out}", soft_wrap=True)

"""Write those figures of people that ship with the project and are computed here, from the people's files.

    python docs/publish_human.py WANG FALISSE

WANG holds `EMG_subject_NN_walk_SS_avg.npy` of the nine people: rewrites `flaws.csv` and `unflawed.csv` of
`datasets/emg_walk_wang2023`, and in its `references.csv` the rows named "… without flaws". FALISSE holds
`ExperimentalData.mat`: rewrites `within_person.csv` of `datasets/emg_walk_falisse2019`.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kinesis_bench.files import whole_file
from kinesis_bench.human.built_in import WITHOUT_FLAWS
from kinesis_bench.human.references import HumanEmg
from kinesis_bench.human.sources import human_emg
from kinesis_bench.metrics.emg_references import (
    correlation_table,
    leave_one_out_r,
    mean_of_known,
    pairs_r,
    weighted_pairs_r,
)

CARDS = Path(__file__).resolve().parent.parent / "datasets"
CARD = CARDS / "emg_walk_wang2023"
SPEEDS_KMH = (0.9, 1.8, 2.7, 3.6, 4.5, 5.4)
SAMPLES = 20000


def references(human: HumanEmg) -> Iterable[list[str]]:
    """Rows of references.csv for the flawed muscles and for all, without the flawed channels."""
    unflawed = human.unflawed
    assert unflawed is not None
    assert unflawed.curves is not None
    table = correlation_table(unflawed.curves)
    pairs = pairs_r(unflawed.curves)
    weights = np.random.default_rng(0).multinomial(9, np.full(9, 1 / 9), size=SAMPLES).astype(float)
    resampled = weighted_pairs_r(table, weights)
    standardised, raw = (leave_one_out_r(unflawed.curves, standardised=how) for how in (True, False))
    upper = np.triu_indices(9, 1)
    rows = {muscle: [human.muscles.index(muscle)] for muscle in human.flaws} | {"all": range(9)}
    for name, places in rows.items():
        of_pairs = mean_of_known(table[list(places)][:, *upper], axis=0)
        samples = mean_of_known(resampled[:, list(places)], axis=1)
        figures = [
            pairs[list(places)].mean(),
            np.nanmedian(of_pairs),
            *np.nanquantile(samples, (0.025, 0.975)),
            standardised[list(places)].mean(),
            raw[list(places)].mean(),
        ]
        speed = f"{human.speed_m_s * 3.6:.1f}"
        yield [speed, name + WITHOUT_FLAWS, *(f"{figure:.4f}" for figure in figures)]


def write_within_person(folder: str) -> None:
    """How well one person repeats oneself, by muscle."""
    human = human_emg(f"falisse2019={folder}")
    assert human.trials is not None
    rows = zip(human.muscles, pairs_r(human.trials[0]), strict=True)
    path = CARDS / "emg_walk_falisse2019" / "within_person.csv"
    with whole_file(path) as temporary, temporary.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [("muscle", "r"), *((m, f"{r:.4f}") for m, r in rows)]
        )


def main(folder: str, falisse: str) -> None:
    """Rewrite all files."""
    write_within_person(falisse)
    with (CARD / "references.csv").open(newline="") as file:
        header, *rows = csv.reader(file)
    kept = [row for row in rows if "without" not in row[1]]
    flaws = [["speed_kmh", "muscle", "flaw"]]
    curves = [
        ["speed_kmh", "muscle", "people", "gait_pct", "mean", "sd_between_subjects", "mean_of_standardised"]
    ]
    for speed_kmh in SPEEDS_KMH:
        human = human_emg(folder, speed_kmh)
        unflawed = human.unflawed
        assert unflawed is not None
        assert unflawed.mean_of_standardised is not None
        kept += references(human)
        for muscle, found in human.flaws.items():
            flaws += [[str(speed_kmh), muscle, flaw] for flaw in found]
            place = human.muscles.index(muscle)
            people = str(unflawed.people_by_muscle[place])
            for i in range(100):
                figures = (unflawed.mean, unflawed.sd, unflawed.mean_of_standardised)
                cells = [
                    f"{values[place, i]:.{digits}f}"
                    for values, digits in zip(figures, (5, 5, 4), strict=True)
                ]
                curves.append([str(speed_kmh), muscle, people, str(i + 1), *cells])
    for name, table in (("references", [header, *kept]), ("flaws", flaws), ("unflawed", curves)):
        with whole_file(CARD / f"{name}.csv") as temporary, temporary.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(table)


if __name__ == "__main__":
    main(*sys.argv[1:])

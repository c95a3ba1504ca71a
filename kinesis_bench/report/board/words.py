"""What the leaderboards say about themselves."""

from __future__ import annotations

from dataclasses import dataclass

from kinesis_bench.leaderboard.submission import Status
from kinesis_bench.leaderboard.table import Kind
from kinesis_bench.report.comparison import SHOWN
from kinesis_bench.report.task_words import Shown

TITLE = "Leaderboards of kinesis-bench"

LEAD = "How well policies move muscle-driven bodies the way people move."

WAY_IN = (
    "Each row is a folder of this repository. It holds the result, its clips, the actions that were applied, "
    "and digests of all of it, so that anyone can recompute what it claims."
)

HEADINGS: dict[Kind, str] = {"imitation": "Imitation", "emg": "EMG", "task": "Tasks"}

COSTS = ("parameters", "training_steps", "device_hours", "real_time_factor")
"""What policies cost, in the last columns."""

COLUMNS = SHOWN | {
    "lag_ms": Shown("lag", "ms", 0, ""),
    "chance_p95_r": Shown("chance", "", 2, ""),
    "group_mean_r": Shown("r with people's mean", "", 3, "more"),
    "group_mean_lag_ms": Shown("lag", "ms", 0, ""),
    "parameters": Shown("parameters", "", 0, "less"),
    "training_steps": Shown("training steps", "", 0, "less"),
    "device_hours": Shown("device hours", "", 1, "less"),
    "real_time_factor": Shown("× real time", "", 0, "more"),
}
"""How each column is shown."""

ABOUT = {
    "frame_coverage_pct": "frames before a clip fails, of all frames; a clip fails when the mean keypoint "
    "error is above 0.5 m",
    "success_pct": "clips that never fail",
    "strict_success_pct": "clips with every keypoint always within 0.15 m",
    "mpjpe_mm": "mean keypoint error over the policy's own covered frames. It has no rank: who falls early "
    "has the easier frames",
    "mean_excitation": "mean over muscles and covered frames, 0 to 1",
    "emg_mean_r": "correlation with people's EMG over the gait cycle, at the best common lag of 0 to 120 ms",
    "lag_ms": "that lag: the model later than people's EMG",
    "emg_ratio": "EMG r over that of pairs of people, who have no lag; pairs are variability between people, "
    "no upper bound",
    "emg_zero_lag_r": "the same correlation without a lag",
    "chance_p95_r": "r at the best lag that 5 % of random models exceed, each muscle's curve shifted at "
    "random. Without a lag, chance is 0",
    "group_mean_r": "correlation with people's mean curve at the best common lag of 0 to 120 ms: nothing "
    "else of these people is known",
    "group_mean_lag_ms": "that lag: the model later than people's EMG",
    "parameters": "numbers in the network that acts, by its authors",
    "training_steps": "control steps that it learned from, by its authors",
    "device_hours": "of training, all devices together, by its authors",
    "real_time_factor": "simulated time over wall time, on its authors' machine",
}
"""What each column is."""

OF_TRIALS = (
    "All ran the same trials, too many to record: of the first ones, which are recorded, every second is "
    "simulated again; of the others, the start is checked, and what follows from trials.csv."
)
"""Note under the table of a task."""

STATUS: dict[Status, str] = {
    "re-simulated": "what it recorded follows, second by second, from its recorded actions through the "
    "control law on the named body, and its figures follow from that",
    "recomputed": "its figures follow from the excitations and movements that it recorded; nothing was "
    "simulated again",
    "self-reported": "as its authors say, or not verified since its files changed, or over several runs or "
    "trials of which only the first are recorded",
}
"""What each status says."""


@dataclass(frozen=True)
class Explanation:
    """A heading and its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


EXPLANATIONS = (
    Explanation(
        "Ranks",
        (
            "Two submissions differ by more than chance if the 95 % interval of their paired difference "
            "leaves out nought and the paired test, by swapping the two results of a clip, person or trial, "
            "gives p < 0.05. Neither is corrected for the number of pairs. Going down by figure, a "
            "submission shares the rank above it, unless one of those in that rank is better by more than "
            "chance: then it opens the next. A rank is 1 + the number of submissions before it.",
            "So whoever is better by more than chance stands before, whoever shares a rank is alike, and "
            "nobody stands behind a lower figure. Being alike is not transitive: neighbours of different "
            "rank may be alike as well. The first column is the rank by the first figure; a rank under "
            "another figure is by that one.",
        ),
    ),
    Explanation(
        "Intervals",
        (
            "In brackets, 95 %. Those of imitation come from resampling the clips within each skill: how "
            "much other clips of the same kinds would change the figure. Those of EMG come from resampling "
            "the people. Neither says what another training run, seed or machine would give. ± is a "
            "published standard error over runs.",
        ),
    ),
    Explanation(
        "Marks",
        (
            "Privileged: the policy sees more than its observation. Prescribed: nothing was simulated; the "
            "figures are of muscles that would make the recorded motion, so they say nothing of balance. "
            "Broken off: the policy raised or the physics broke; what came after does not count, in EMG r "
            "neither.",
        ),
    ),
    Explanation(
        "Status",
        (
            *(f"{name}: {about}." for name, about in STATUS.items()),
            "Whoever verifies without the recordings of single people checks r, lag and ratio by their "
            "group's figures; intervals of EMG and ranks under it then stay as stated.",
        ),
    ),
    Explanation(
        "Who is missing",
        (
            "The baselines deprl and dynsyn run in MyoSuite from their authors' checkpoints, which do not "
            "ship with us, so they have no row until somebody submits one.",
        ),
    ),
    Explanation(
        "What is never mixed",
        (
            "A table is of one protocol, one body and one data set and split, each told by its hash; of EMG, "
            "of one protocol, one body and one group of people. The rows in italics below the submissions "
            "are references without a rank: people, and what KINESIS published by its own definitions (the "
            "card in datasets/kinesis_reported says how they differ). Its paper is on KIT-Locomotion, so its "
            "figures stand in the tables of that data set only.",
        ),
    ),
)
"""How to read the tables."""

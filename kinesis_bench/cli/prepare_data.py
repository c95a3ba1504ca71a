"""``kinesis-bench prepare-data``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from kinesis_bench.prepare.jobs import Job


@dataclass(frozen=True)
class PrepareData:
    """Make a motion file out of recordings: clips at 30 fps, their splits, and a start pose for every body.

    Without a source, the built-in set is made: walking, turning and running from published gait figures. A
    run that was stopped goes on where it was. Recordings that cannot be used are named and left out.
    """

    amass: Path | None = None
    """Folder with AMASS recordings (KIT/<person>/<name>_poses.npz or *_stageii.npz)."""
    joint_angles: tuple[Path, ...] = ()
    """Files of joint angles: OpenSim .mot or .sto, OpenSim tables in .mat, loco-mujoco .npz."""
    text_to_motion: tuple[Path, ...] = ()
    """Files of text-to-motion models: .npy, .npz or motion dictionaries; joint positions or axis-angles."""
    smpl: Path | None = None
    """Folder with SMPL-H or SMPL-X .npz models: each person's own joints and floor for --amass."""
    annotations: Path | None = None
    """Folder with HumanML3D or KIT-ML: their texts are attached to the clips of --amass."""
    rules: Path | None = None
    """Which AMASS recordings are chosen, and how they are labelled; KIT-Locomotion's rules if not given."""
    time_base: Literal["true", "kinesis"] = "true"
    """True time, or KINESIS's converter: every third frame of 100 Hz, which plays 11 % slow."""
    bodies: tuple[Literal["legs", "legs_abs", "legs_back"], ...] = ("legs", "legs_abs", "legs_back")
    """Bodies to make start poses for."""
    workers: int | None = None
    """Processes; all cores if not given."""
    out: Path | None = None
    """The motion file to write; in the cache folder, by the name of the data set, if not given."""

    def run(self) -> None:
        """Prepare the data and print a report."""
        from rich.console import Console

        from kinesis_bench.errors import InputError
        from kinesis_bench.files import cache_dir
        from kinesis_bench.motions.gait.build import DATASET
        from kinesis_bench.prepare import Settings, built_in_jobs, prepare, print_report

        if self.workers is not None and self.workers < 1:
            raise InputError("--workers", f"is {self.workers}", "give 1 or more")
        if not self.bodies:
            raise InputError("--bodies", "names no body", "give one or more of legs, legs_abs, legs_back")
        if self.amass is None:
            for flag, value in (
                ("smpl", self.smpl),
                ("annotations", self.annotations),
                ("rules", self.rules),
            ):
                if value is not None:
                    raise InputError(f"--{flag}", "is of no use without --amass", "give --amass too")
        jobs, names, recipe, missing = self._sources()
        if not jobs:
            jobs, names, recipe = list(built_in_jobs()), [DATASET], {"sources": ["built-in"]}
        id = "+".join(names)
        settings = Settings(self.time_base, tuple(dict.fromkeys(self.bodies)), self.smpl)
        outcome = prepare(
            jobs,
            self.out or cache_dir() / f"{id}.h5",
            id=id,
            settings=settings,
            workers=self.workers,
            recipe=recipe,
            missing=missing,
        )
        print_report(outcome, Console())

    def _sources(self) -> tuple[list[Job], list[str], dict[str, Any], dict[str, tuple[str, ...]]]:
        """Jobs, names of the data sets, the recipe, and what of the published lists is missing."""
        from kinesis_bench.files import sha256_of_file
        from kinesis_bench.motions.annotations import read_annotations
        from kinesis_bench.motions.curation import default_rules, load_rules
        from kinesis_bench.prepare.jobs import amass_jobs, file_jobs

        jobs: list[Job] = []
        names: list[str] = []
        recipe: dict[str, Any] = {"sources": []}
        missing: dict[str, tuple[str, ...]] = {}
        if self.amass is not None:
            rules = load_rules(self.rules)
            texts = read_annotations(self.annotations) if self.annotations is not None else {}
            chosen, missing = amass_jobs(self.amass, rules, texts)
            jobs += chosen
            names.append(rules.id)
            recipe["sources"].append("amass")
            recipe["rules_sha256"] = sha256_of_file(self.rules or default_rules())
        for name, kind, paths in (
            ("joint-angles", "joint angles", self.joint_angles),
            ("text-to-motion", "text-to-motion", self.text_to_motion),
        ):
            if paths:
                jobs += file_jobs(kind, paths)  # type: ignore[arg-type]
                names.append(name)
                recipe["sources"].append(kind)
        return jobs, names, recipe, missing

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
    joint_angles: tuple[Path, ...] | None = None
    """Files of joint angles: OpenSim .mot or .sto, OpenSim tables in .mat, loco-mujoco .npz."""
    text_to_motion: tuple[Path, ...] | None = None
    """Files of text-to-motion models: .npy, .npz or motion dictionaries; joint positions or axis-angles."""
    text: tuple[str, ...] | None = None
    """Sentences that the built-in gait acts out, such as "a person walks slowly in a circle to the left":
    who, walks, jogs or runs, how fast, which way, along which curve, turns, stops, for how many seconds."""
    smpl: Path | None = None
    """Folder with SMPL-H or SMPL-X .npz models: each person's own joints and floor for --amass."""
    annotations: Path | None = None
    """Folder with HumanML3D or KIT-ML: their texts are attached to the clips of --amass."""
    rules: Path | None = None
    """Which AMASS recordings are chosen, and how they are labelled; KIT-Locomotion's rules if not given."""
    people: int = 1
    """Of the built-in set: how many people, each with a way of moving, make each training clip."""
    time_base: Literal["true", "kinesis"] = "true"
    """True time, or KINESIS's converter: every third frame of 100 Hz, which plays 11 % slow."""
    bodies: tuple[Literal["legs", "legs_abs", "legs_back"], ...] = ("legs", "legs_abs", "legs_back")
    """Bodies to make start poses for."""
    workers: int | None = None
    """Processes; all cores if not given."""
    out: Path | None = None
    """The motion file to write; in the cache folder, by the data set's name (and the bodies', unless all)."""
    all: bool = False
    """Name every recording that is missing or in quarantine, however long the list."""

    def run(self) -> None:
        """Prepare the data and print a report."""
        from rich.console import Console

        from kinesis_bench.errors import InputError
        from kinesis_bench.files import cache_dir, refuse_folder
        from kinesis_bench.motions.gait.build import DATASET
        from kinesis_bench.motions.smpl import SmplBodies
        from kinesis_bench.prepare import Settings, built_in_jobs, prepare, print_report

        if self.workers is not None and self.workers < 1:
            raise InputError("--workers", f"is {self.workers}", "give 1 or more")
        if not self.bodies:
            raise InputError("--bodies", "names no body", "give one or more of legs, legs_abs, legs_back")
        if self.people < 1:
            raise InputError("--people", f"is {self.people}", "give 1 or more")
        if self.amass is None:
            for flag, value in (
                ("smpl", self.smpl),
                ("annotations", self.annotations),
                ("rules", self.rules),
            ):
                if value is not None:
                    raise InputError(f"--{flag}", "is of no use without --amass", "give --amass too")
        for flag, files in (("joint-angles", self.joint_angles), ("text-to-motion", self.text_to_motion)):
            if files == ():
                raise InputError(f"--{flag}", "names no file", "give one or more files")
        if self.text == ():
            raise InputError("--text", "says nothing", "give one or more sentences in quotation marks")
        if self.out is not None:
            refuse_folder(self.out, "give the name of the motion file to write")
        if self.smpl is not None:
            SmplBodies(self.smpl)
        jobs, names, recipe, missing = self._sources()
        built_in = not jobs
        if built_in:
            name = DATASET if self.people == 1 else f"{DATASET}-people{self.people}"
            jobs, names, recipe = list(built_in_jobs(self.people)), [name], {"sources": ["built-in"]}
        elif self.people != 1:
            raise InputError(
                "--people", "is of no use with recordings", "leave it out, or give no recordings"
            )
        id = "+".join(names) + ("-kinesis-time" if self.time_base == "kinesis" else "")
        settings = Settings(self.time_base, tuple(dict.fromkeys(self.bodies)), self.smpl)
        out = self.out or cache_dir() / f"{_file_name(id, settings.bodies)}.h5"
        if built_in and self._up_to_date(out, id):
            return
        outcome = prepare(
            jobs,
            out,
            id=id,
            settings=settings,
            workers=self.workers,
            recipe=recipe,
            missing=missing,
        )
        print_report(outcome, Console(), self.all)

    def _up_to_date(self, out: Path, id: str) -> bool:
        """Whether the built-in set need not be made again; says so."""
        from kinesis_bench.errors import InputError
        from kinesis_bench.motions.store import read_motions
        from kinesis_bench.prepare import is_current
        from kinesis_bench.terminal import console

        if not is_current(out, id, self.bodies):
            return False
        try:
            motions = read_motions(out, bodies=self.bodies)
        except InputError:
            return False
        console().print(
            f"{id}: {len(motions)} clips, {motions.minutes:.1f} min, up to date; delete the file to make it "
            f"again\ncontent {motions.content_sha256}\n{out}",
            soft_wrap=True,
        )
        return True

    def _sources(self) -> tuple[list[Job], list[str], dict[str, Any], dict[str, tuple[str, ...]]]:
        """Jobs, names of the data sets, the recipe, and what of the published lists is missing."""
        from kinesis_bench.files import sha256_of_file
        from kinesis_bench.motions.annotations import read_annotations
        from kinesis_bench.motions.curation import default_rules, load_rules
        from kinesis_bench.prepare.jobs import amass_jobs, file_jobs, text_jobs

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
        if self.text:
            jobs += text_jobs(self.text)
            names.append("normative-gait-text")
            recipe["sources"].append("text")
        return jobs, names, recipe, missing


def _file_name(id: str, bodies: tuple[str, ...]) -> str:
    """A file that lacks a body has a name of its own, so that it takes no whole file's place."""
    from kinesis_bench.bodies.build import BODIES

    return id if set(BODIES) <= set(bodies) else f"{id}-{'+'.join(sorted(bodies))}"

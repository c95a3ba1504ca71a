"""``kinesis-bench bodies``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinesis_bench.bodies.summary import BodySummary


@dataclass(frozen=True)
class Bodies:
    """Show the bodies: muscles, joints, mass, segment lengths, left-right symmetry, hash of the physics."""

    emg_map: bool = False
    """Show instead which muscles of each body lie under each electrode of the human data sets."""

    fatigue: bool = False
    """Show instead how fast muscles tire: published values by joint, and which muscles have which."""

    def run(self) -> None:
        """Print a column a body."""
        if self.emg_map:
            _print_emg_map()
            return
        if self.fatigue:
            _print_fatigue()
            return
        from kinesis_bench.bodies.build import BODIES
        from kinesis_bench.bodies.summary import summarise
        from kinesis_bench.terminal import console, table

        summaries = [summarise(name) for name in BODIES]
        made = table("", "body", *BODIES)
        for label in _rows(summaries[0]):
            made.add_row(label, *[_rows(summary)[label] for summary in summaries])
        console().print(made, crop=False)


def _print_emg_map() -> None:
    """A row an electrode, a column a body; several heads with their parts of the signal."""
    from kinesis_bench.bodies.build import BODIES
    from kinesis_bench.bodies.contract import load_body
    from kinesis_bench.human.electrodes import ELECTRODES, shares_under
    from kinesis_bench.terminal import console, table

    made = table("Muscles under each electrode, on either leg", "electrode", "muscles", "bodies")
    for electrode in ELECTRODES:
        owners: dict[str, list[str]] = {}
        for body in map(load_body, BODIES):
            shares = shares_under(electrode, "l", dict(zip(body.muscles, body.muscle_force_n, strict=True)))
            heads = [(muscle.removesuffix("_l"), share) for muscle, share in shares.items()]
            alone = len(heads) == 1
            cell = ", ".join(name if alone else f"{name} {share:.0%}" for name, share in heads)
            owners.setdefault(cell or "–", []).append(body.name)
        for cell, names in owners.items():
            made.add_row(electrode, cell, ", ".join(names))
    console().print(made, crop=False)
    console().print(
        "several heads: their mean, weighted by maximum isometric force\n"
        "biceps femoris: its long head, over which a surface electrode lies"
    )


def _print_fatigue() -> None:
    """A row a joint, then a row a muscle of either side, with its moment arm about its joint."""
    from kinesis_bench.bodies.build import BODIES
    from kinesis_bench.tasks.fatigue import JOINTS, VERSION, muscle_joints
    from kinesis_bench.terminal import console, table

    columns = ("F\n[1/s]", "R\n[1/s]", "r", *(f"muscles of\n{body}" for body in BODIES), "F, R fitted to")
    made = table(
        f"Muscle fatigue ({VERSION}): values by the joint that a muscle moves most", "joint", *columns
    )
    of_bodies = [muscle_joints(body) for body in BODIES]
    for name, joint in JOINTS.items():
        rates = (f"{joint.fatigue_per_s:.5f}", f"{joint.recovery_per_s:.5f}", f"{joint.rest_multiplier:g}")
        made.add_row(name, *rates, *(str(one.joints.count(name)) for one in of_bodies), joint.fitted)
    console().print(made, crop=False)
    muscles: dict[str, tuple[str, str]] = {}
    for one in of_bodies:
        for muscle, its, arm in zip(one.muscles, one.joints, one.arm_m, strict=True):
            about = ", ".join(
                f"{name} {1000 * x:.0f}" for name, x in zip(JOINTS, arm, strict=True) if x > 5e-4
            )
            muscles.setdefault(muscle.removesuffix("_r").removesuffix("_l"), (its, about))
    made = table("", "muscle", "joint", "moment arm [mm]")
    for muscle, cells in muscles.items():
        made.add_row(muscle, *cells)
    console().print(made, crop=False)
    console().print(
        "moment arm: root mean square over the range of the joint's coordinates, see docs/tasks/fatigue.md"
    )


def _rows(summary: BodySummary) -> dict[str, str]:
    """Labels and cells of one body's column."""
    return {
        "muscles": str(summary.muscles),
        "joints": str(summary.joints),
        "coordinates (independent)": f"{summary.coordinates} ({summary.independent})",
        "keypoints tracked": str(len(summary.keypoints)),
        "observation": str(summary.observation),
        "mass [kg]": f"{summary.mass_kg:.3f}",
        "standing height [m]": f"{summary.height_m:.2f}",
        "isometric force, all muscles [kN]": f"{summary.force_n / 1000:.1f}",
        **{
            f"{segment}, left / right [mm]": f"{left:.1f} / {right:.1f}"
            for segment, (left, right) in summary.lengths_mm.items()
        },
        "hip width [mm]": f"{summary.hip_width_mm:.1f}",
        "asymmetry of places [mm]": f"{summary.asymmetry_mm:.2f}",
        "asymmetry of forces [%]": f"{summary.asymmetry_force_pct:.2f}",
        "model hash": summary.sha256[:12],
    }

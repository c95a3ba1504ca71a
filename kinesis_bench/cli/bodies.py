"""``kinesis-bench bodies``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinesis_bench.bodies.summary import BodySummary


@dataclass(frozen=True)
class Bodies:
    """Show the bodies: muscles, joints, mass, segment lengths, left-right symmetry, hash of the physics."""

    def run(self) -> None:
        """Print a column a body."""
        from kinesis_bench.bodies.build import BODIES
        from kinesis_bench.bodies.summary import summarise
        from kinesis_bench.terminal import console, table

        summaries = [summarise(name) for name in BODIES]
        made = table("", "body", *BODIES)
        for label in _rows(summaries[0]):
            made.add_row(label, *[_rows(summary)[label] for summary in summaries])
        console().print(made, crop=False)


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

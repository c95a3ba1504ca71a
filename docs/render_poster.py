"""Draw the poster of the README: five skills, a row each, muscles coloured by activation, reference behind.

    python docs/render_poster.py RESULT_DIR [--out docs/poster.jpg]

RESULT_DIR is what `kinesis-bench score --policy reference` has written for the built-in motions.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from pictures import facing_deg, row_of_pictures
from PIL import Image, ImageDraw

from kinesis_bench.evaluation.playback import Playback, choose_clip, play
from kinesis_bench.motions.store import read_motions
from kinesis_bench.prepare import default_motions
from kinesis_bench.report.video.caption import GREY, INK, activation_bar, eight_bit, font
from kinesis_bench.report.video.colours import REFERENCE_SEEN
from kinesis_bench.report.video.film import BESIDE_DEG
from kinesis_bench.rollouts.store import read_rollouts

ROWS = (
    ("walk", "normative/walk_1.4_steady_57", 60, 4),
    ("turn", "normative/gradual_turn_1.4_left_r2.0_steady_63", 20, 17),
    ("turn in place", "normative/turn_in_place_1.3_left_135deg_steady_68", 50, 12),
    ("walk backwards", "normative/backward_1.0_start_71", 80, 5),
    ("run", "normative/run_3.0_steady_74", 40, 3),
)
"""Name, clip, first step, and steps between two pictures of each row."""

PICTURES = 10
CELL = (160, 262)
HEAD, LABEL, MARGIN = 96, 34, 24
QUALITY = 88


def main() -> None:
    """Parse the arguments and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("result", type=Path, help="a folder that `kinesis-bench score` has written")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "poster.jpg")
    args = parser.parse_args()

    path = args.result / "rollouts.h5"
    rollouts = read_rollouts(path)
    motions = read_motions(default_motions(), bodies=[rollouts.body])
    width = 2 * MARGIN + PICTURES * CELL[0]
    poster = Image.new("RGB", (width, HEAD + len(ROWS) * (LABEL + CELL[1]) + MARGIN), "white")
    draw = ImageDraw.Draw(poster)
    for place, (name, key, first, stride) in enumerate(ROWS):
        playback = play(str(path), rollouts, choose_clip(rollouts, key, 0), motions)
        steps = first + stride * np.arange(PICTURES)
        top = HEAD + place * (LABEL + CELL[1])
        poster.paste(Image.fromarray(row(playback, steps)), (MARGIN, top + LABEL))
        dt_s = playback.clip.dt_s
        draw.text((MARGIN, top + 6), name, INK, font(22, bold=True))
        left = MARGIN + draw.textlength(name, font(22, bold=True)) + 16
        told = f"{pace(playback, steps)}     a picture every {stride * dt_s:.2f} s"
        draw.text((left, top + 11), told, GREY, font(17))
    muscles = len(rollouts.muscle_names)
    draw.text((MARGIN, 20), f"The reference policy moves {muscles} muscles", INK, font(32, bold=True))
    draw.text((MARGIN, 62), "five of the test clips, which it did not learn from", GREY, font(19))
    legend(poster, draw, width - MARGIN - 420)
    poster.save(args.out, quality=QUALITY, optimize=True)
    print(f"{args.out}: {poster.width} × {poster.height}, {args.out.stat().st_size / 1000:.0f} kB")


def row(playback: Playback, steps: np.ndarray) -> np.ndarray:
    """The pictures of some control steps; the camera keeps its direction."""
    assert playback.clip.activation is not None
    assert playback.reference_qpos is not None
    azimuth = facing_deg(playback.body, playback.qpos[steps[0]]) + BESIDE_DEG
    return row_of_pictures(
        playback.body,
        playback.qpos[steps],
        playback.clip.activation[steps],
        playback.reference_qpos[steps],
        [azimuth] * len(steps),
        CELL,
    )


def pace(playback: Playback, steps: np.ndarray) -> str:
    """How fast the body goes, or turns where it stays, over these control steps."""
    seconds = (steps[-1] - steps[0]) * playback.clip.dt_s
    path = np.unique([*range(steps[0], steps[-1], 5), steps[-1]])
    pelvis = playback.clip.keypoint_position[path, 0, :2].astype(float)
    speed_m_s = float(np.linalg.norm(np.diff(pelvis, axis=0), axis=1).sum()) / seconds
    facing = np.unwrap(np.radians([facing_deg(playback.body, playback.qpos[step]) for step in steps]))
    turned_deg = abs(float(np.degrees(facing[-1] - facing[0])))
    if playback.clip.skill == "turn_in_place":
        return f"{turned_deg / seconds:.0f} °/s"
    turning = f", {turned_deg / seconds:.0f} °/s" if turned_deg > 45 else ""
    return f"{speed_m_s:.1f} m/s{turning}"


def legend(poster: Image.Image, draw: ImageDraw.ImageDraw, left: int) -> None:
    """The bar of activation and the reference's colour."""
    draw.text((left, 24), "muscle activation", GREY, font(17))
    poster.paste(Image.fromarray(activation_bar(240, 16)), (left, 48))
    for share in (0.0, 0.5, 1.0):
        draw.text((left + 240 * share, 68), f"{share:g}", GREY, font(15), anchor="ma")
    draw.rectangle((left + 290, 48, left + 322, 64), eight_bit(REFERENCE_SEEN))
    draw.text((left + 332, 45), "reference", GREY, font(17))


if __name__ == "__main__":
    main()

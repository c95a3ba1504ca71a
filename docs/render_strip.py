"""Draw pictures of clips, a row a clip: as prepared and posed by IK, or as a policy moved in them.

    python docs/render_strip.py MOTIONS.h5 CLIP [CLIP …] [--body legs] [--frames 8] [--out strip.png]
    python docs/render_strip.py RESULT/rollouts.h5 CLIP [CLIP …]

The reference's keypoints are blue dots. Draws by EGL unless MUJOCO_GL says otherwise.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import h5py
import numpy as np
from pictures import facing_deg, row_of_pictures
from PIL import Image, ImageDraw

from kinesis_bench.bodies.contract import Body, load_body
from kinesis_bench.evaluation.playback import body_of, choose_clip
from kinesis_bench.motions.store import read_motions
from kinesis_bench.report.video.caption import INK, font
from kinesis_bench.rollouts.store import SCHEMA, read_rollouts

CELL, LABEL = (220, 360), 30


def main() -> None:
    """Parse the arguments and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, help="motions, or rollouts")
    parser.add_argument("clips", nargs="+")
    parser.add_argument("--body", default="legs", help="that the motions are shown on")
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--start", type=int, default=0, help="first frame")
    parser.add_argument("--step", type=int, help="frames between pictures; spread over the clip if left out")
    parser.add_argument("--azimuth", type=float, default=90, help="of the camera against the heading [deg]")
    parser.add_argument("--out", type=Path, default=Path("strip.png"))
    args = parser.parse_args()

    body, clips = read_clips(args.file, args.body, args.clips)
    strip = Image.new("RGB", (args.frames * CELL[0], len(clips) * (LABEL + CELL[1])), "white")
    draw = ImageDraw.Draw(strip)
    for place, (key, (poses, activation, keypoints)) in enumerate(zip(args.clips, clips, strict=True)):
        step = args.step or max(1, (len(poses) - args.start) // args.frames)
        frames = list(range(args.start, len(poses), step))[: args.frames]
        pictures = row_of_pictures(
            body,
            poses[frames],
            [None] * len(frames) if activation is None else activation[frames],
            [None] * len(frames),
            [facing_deg(body, poses[frame]) + args.azimuth for frame in frames],
            CELL,
            keypoints[frames],
        )
        top = place * (LABEL + CELL[1])
        draw.text((10, top + 8), f"{key}: frames {frames[0]} to {frames[-1]} of {len(poses)}", INK, font(14))
        strip.paste(Image.fromarray(pictures), (0, top + LABEL))
    strip.save(args.out)
    print(args.out)


def read_clips(
    path: Path, body: str, keys: list[str]
) -> tuple[Body, list[tuple[np.ndarray, np.ndarray | None, np.ndarray]]]:
    """The body; poses (F, nq), activations (F, M) and reference keypoints (F, K, 3) [m] of each clip."""
    with h5py.File(path) as file:
        recorded = file.attrs.get("schema") == SCHEMA
    if recorded:
        rollouts = read_rollouts(path)
        clips = [choose_clip(rollouts, key, 0) for key in keys]
        return body_of(str(path), rollouts), [
            (clip.qpos, clip.activation, clip.reference_keypoint_position) for clip in clips
        ]
    motions = read_motions(path, bodies=(body,))
    spans = [motions.span(motions.index(key)) for key in keys]
    positions = motions.frames["keypoint_position"]
    return load_body(body), [(motions.ik[body].qpos[span], None, positions[span]) for span in spans]


if __name__ == "__main__":
    main()

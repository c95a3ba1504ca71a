"""``kinesis-bench replay``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from kinesis_bench.cli.whole_folder import whole_folder

if TYPE_CHECKING:
    import numpy as np

    from kinesis_bench.evaluation.playback import Playback
    from kinesis_bench.motions.motion_set import Motions
    from kinesis_bench.report.video.film import Film
    from kinesis_bench.rollouts.schema import Rollouts

ENDING = ".mp4"
"""Of the videos that can be written."""


@dataclass(frozen=True)
class Replay:
    """Show a recorded clip: the body beside the reference, muscles coloured by activation, excitations below.

    What is shown are the recorded states, 30 a second, none left out; nothing is simulated again.

    Without --clip, the clips are listed with their errors, worst first.
    Without --video, --frames or --viewer, a video replay_CLIP.mp4 is written beside the recording.

    Args:
        result: a folder that `kinesis-bench score` has written, or a rollouts.h5.
        clip: which clip, by its key.
        run_number: which run of a stochastic policy, counted from 0.
        video: write this .mp4 (needs the extra `video`: pip install 'kinesis-bench[video]').
        frames: write frame_00001.png and so on into this folder, which is new or empty.
        viewer: open a window and play in real time; space pauses, left and right step. Needs a display.
        motions: the motion file that was followed, for the reference; the built-in one if left out.
    """

    result: tyro.conf.Positional[Path]
    clip: str | None = None
    run_number: Annotated[int, tyro.conf.arg(name="run")] = 0
    video: Path | None = None
    frames: Path | None = None
    viewer: bool = False
    motions: Path | None = None

    def run(self) -> None:
        """List the clips, or show one.

        Raises:
            InputError: what was given cannot be shown, or nothing can be drawn or written here.
        """
        from kinesis_bench.errors import InputError
        from kinesis_bench.evaluation.evaluate import read_recording
        from kinesis_bench.evaluation.playback import choose_clip, play
        from kinesis_bench.terminal import console

        given = [f"--{name}" for name in ("video", "frames", "viewer") if getattr(self, name)]
        if len(given) > 1:
            raise InputError("arguments", f"name {' and '.join(given)}", "give one of them")
        if self.clip is None and given:
            listing = f"`kinesis-bench replay {self.result}` lists them"
            raise InputError("--clip", f"is left out, which {given[0]} needs", listing)
        rollouts = read_recording(self.result)
        if self.clip is None:
            _print_clips(rollouts)
            return
        clip = choose_clip(rollouts, self.clip, self.run_number)
        video = self._check_output()
        motions, lacking = self._motions(rollouts)
        playback = play(str(self.result), rollouts, clip, motions)
        if lacking:
            console(stderr=True).print(f"without the reference: {lacking}", soft_wrap=True)
        if self.viewer:
            from kinesis_bench.report.video.viewer import show

            show(playback)
        elif self.frames is not None:
            self._write_frames(playback, self.frames)
        else:
            self._write_video(playback, video)

    def _check_output(self) -> Path:
        """Refuse what cannot be written before anything is drawn; the video's path."""
        from kinesis_bench.errors import InputError
        from kinesis_bench.files import refuse_folder
        from kinesis_bench.report.video.encode import ffmpeg
        from kinesis_bench.report.video.offscreen import require_opengl
        from kinesis_bench.report.video.viewer import require_display

        if self.viewer:
            require_display()
        else:
            require_opengl()
        if self.frames is not None and self.frames.exists() and not _is_empty_folder(self.frames):
            raise InputError(self.frames, "is not an empty folder", "give a new one with --frames")
        if self.frames is not None or self.viewer:
            return Path()
        assert self.clip is not None
        folder = self.result if self.result.is_dir() else self.result.parent
        run = f"-run{self.run_number}" if self.run_number else ""
        name = "".join(c if c.isalnum() or c in "-_." else "_" for c in self.clip)
        video = self.video or folder / f"replay_{name}{run}{ENDING}"
        if video.suffix.lower() != ENDING:
            raise InputError(video, f"does not end in {ENDING}", f"name it {video.stem}{ENDING}")
        refuse_folder(video, "give the name of a file")
        ffmpeg()
        return video

    def _motions(self, rollouts: Rollouts) -> tuple[Motions | None, str]:
        """What the recording followed, for the reference; or None, and why that is not at hand."""
        from kinesis_bench.evaluation.playback import body_of, followed
        from kinesis_bench.motions.store import read_motions

        body = body_of(str(self.result), rollouts)
        if self.motions is not None:
            return read_motions(self.motions, bodies=[body.name]), ""
        id, sources = followed(rollouts)
        why = f"it followed {id}; give that file with --motions" if id else "the recording names no motions"
        from kinesis_bench.prepare import BUILT_IN, default_motions

        if id in BUILT_IN:
            motions = read_motions(default_motions(id), bodies=[body.name])
            if motions.sources_sha256 == sources:
                return motions, ""
            why = f"it followed {id} as another version made it; score the policy anew"
        return None, why

    def _write_video(self, playback: Playback, path: Path) -> None:
        from kinesis_bench.report.video.encode import write_video

        film, started = _film(playback), time.perf_counter()
        write_video(path, _with_progress(film), film.size, film.fps)
        _tell(film, str(path), started)

    def _write_frames(self, playback: Playback, folder: Path) -> None:
        from kinesis_bench.report.video.encode import picture_name, write_pictures

        film, started = _film(playback), time.perf_counter()
        with whole_folder(folder, [picture_name(number + 1) for number in range(len(film))]) as temporary:
            write_pictures(temporary, _with_progress(film))
        _tell(film, str(folder), started)


def _film(playback: Playback) -> Film:
    from kinesis_bench.report.video.camera import Camera
    from kinesis_bench.report.video.film import Film

    return Film(playback, Camera())


def _with_progress(film: Film) -> Iterator[np.ndarray]:
    from kinesis_bench.cli.progress import Progress
    from kinesis_bench.terminal import console

    with Progress(console(stderr=True), film.playback.clip.key, "frames") as progress:
        for picture in film.pictures():
            yield picture
            progress.advance(1, len(film))


def _tell(film: Film, where: str, started: float) -> None:
    from kinesis_bench.terminal import console

    rate = len(film) / (time.perf_counter() - started)
    what = f"{len(film)} frames, {len(film) / film.fps:.2f} s, drawn at {rate:.0f} frames/s"
    console().print(f"written to {where} ({what})", soft_wrap=True)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _print_clips(rollouts: Rollouts) -> None:
    """The clips, worst first, in the order of the report: the least covered, then by error."""
    from kinesis_bench.evaluation.score import score_clips
    from kinesis_bench.metrics.imitation import from_best_to_worst
    from kinesis_bench.report.tables import DASH, SKILL_NAMES
    from kinesis_bench.terminal import console, table

    scores = score_clips(rollouts)
    if scores:
        order = from_best_to_worst(scores)[::-1]
    else:
        order = sorted(range(len(rollouts.clips)), key=lambda place: not rollouts.clips[place].failure)
    runs = any(clip.run for clip in rollouts.clips)
    head = ["skill", *(["run"] if runs else []), "covered\n[%]", "error\n[mm]", "failed"]
    shown = table("", "clip", *head)
    for place in order:
        clip, score = rollouts.clips[place], scores[place] if scores else None
        error = DASH if score is None or score.mpjpe_mm is None else f"{score.mpjpe_mm:.0f}"
        shown.add_row(
            clip.key,
            SKILL_NAMES.get(clip.skill, clip.skill),
            *([str(clip.run)] if runs else []),
            DASH if score is None else f"{100 * score.coverage:.0f}",
            error,
            clip.failure,
        )
    console().print(shown, crop=False)
    worst = rollouts.clips[order[0]]
    run = f" --run {worst.run}" if worst.run else ""
    console().print(f"see one with --clip, such as --clip {worst.key}{run}", soft_wrap=True)

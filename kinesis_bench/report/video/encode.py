"""Pictures to a video, or to a folder of pictures."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from kinesis_bench.errors import InputError
from kinesis_bench.files import cannot_write, whole_file

QUALITY_CRF, EFFORT = 20, "veryfast"
"""x264's quality (lower is better; 18 looks lossless) and how long it may take over it."""


def ffmpeg() -> str:
    """Path of the ffmpeg that comes with imageio-ffmpeg, or of the one that it finds.

    Raises:
        InputError: the extra ``video`` is not installed, or has no ffmpeg for this platform.
    """
    try:
        from imageio_ffmpeg import get_ffmpeg_exe
    except ImportError as error:
        remedy = "install them with `pip install 'kinesis-bench[video]'`, or write pictures with --frames"
        raise InputError("video", "the packages that encode videos are not installed", remedy) from error
    try:
        return get_ffmpeg_exe()
    except RuntimeError as error:
        remedy = "install ffmpeg, or write pictures with --frames"
        raise InputError("video", "there is no ffmpeg on this machine", remedy) from error


def write_video(path: Path, pictures: Iterable[np.ndarray], size: tuple[int, int], fps: float) -> None:
    """Write an H.264 video, whole or not at all.

    Args:
        path: of the ``.mp4``.
        pictures: (height, width, 3) uint8, in order.
        size: width and height, both even.
        fps: pictures a second.

    Raises:
        InputError: it cannot be written, or there is no encoder.
    """
    with whole_file(path) as temporary:
        command = [
            *(ffmpeg(), "-y", "-loglevel", "error", "-nostdin"),
            *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{fps:.6g}"),
            *("-i", "pipe:", "-an", "-c:v", "libx264", "-preset", EFFORT, "-crf", str(QUALITY_CRF)),
            *("-pix_fmt", "yuv420p", "-movflags", "+faststart", str(temporary)),
        ]
        encoder = subprocess.Popen(
            command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        try:
            assert encoder.stdin is not None
            for picture in pictures:
                encoder.stdin.write(np.ascontiguousarray(picture).data)
            _, said = encoder.communicate()
        except BrokenPipeError:
            said = b"" if encoder.stderr is None else encoder.stderr.read()
        finally:
            encoder.kill()
            encoder.wait()
        if encoder.returncode != 0:
            raise cannot_write(path, OSError(" ".join(said.decode(errors="replace").split())[-200:]))


def write_pictures(folder: Path, pictures: Iterable[np.ndarray]) -> None:
    """Write PNG files ``picture_names`` into a folder that is there."""
    from PIL import Image

    for number, picture in enumerate(pictures, start=1):
        Image.fromarray(picture).save(folder / picture_name(number), compress_level=1)


def picture_name(number: int) -> str:
    """Name of a picture, counted from 1."""
    return f"frame_{number:05d}.png"

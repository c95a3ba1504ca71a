"""What is written on a picture: clip, policy, time, error, failure; and the legend of its colours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from kinesis_bench.report.video.colours import FAILED, REFERENCE_SEEN, muscle_colour

MARGIN_PX = 14
BAR_PX = (110, 12)
"""Width and height of the bar that shows what colour means what activation."""

INK, GREY = (25, 25, 25), (100, 100, 100)


def font(size_px: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Matplotlib's own font, which is there wherever matplotlib is."""
    import matplotlib

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size_px)


def eight_bit(colour: tuple[float, ...]) -> tuple[int, ...]:
    """A colour of 0 to 1 as one of 0 to 255."""
    return tuple(round(255 * channel) for channel in colour)


def activation_bar(width: int, height: int) -> np.ndarray:
    """The muscles' colours from activation 0 to 1 (height, width, 3) uint8."""
    colours = np.round(255 * muscle_colour(np.linspace(0, 1, width))).astype(np.uint8)
    return np.repeat(colours[None], height, axis=0)


class Caption:
    """Writes on pictures of one clip."""

    def __init__(self, title: str, subtitle: str, signal: str, *, reference: bool) -> None:
        """Take the two lines at the top, what colours muscles, and whether the legend names the reference."""
        self._title, self._subtitle, self._signal, self._reference = title, subtitle, signal, reference
        self._bold, self._plain, self._small = font(17, bold=True), font(15), font(12)
        self._bar = Image.fromarray(activation_bar(*BAR_PX))

    def write(self, picture: np.ndarray, state: str, failure: str) -> np.ndarray:
        """The picture (height, width, 3) uint8 with its text.

        Args:
            picture: without.
            state: time and error now.
            failure: why the clip has failed by now; "" where it has not.
        """
        image = Image.fromarray(picture)
        draw = ImageDraw.Draw(image)
        draw.text((MARGIN_PX, MARGIN_PX), self._title, INK, self._bold)
        draw.text((MARGIN_PX, MARGIN_PX + 24), self._subtitle, GREY, self._small)
        draw.text((MARGIN_PX, MARGIN_PX + 46), state, INK, self._plain)
        self._write_legend(image, draw)
        if failure:
            _write_failure(image, draw, failure, self._bold)
        return np.asarray(image)

    def _write_legend(self, image: Image.Image, draw: ImageDraw.ImageDraw) -> None:
        left, top = image.width - MARGIN_PX - BAR_PX[0], MARGIN_PX
        draw.text((left, top), self._signal, GREY, self._small)
        image.paste(self._bar, (left, top + 19))
        for share in (0.0, 0.5, 1.0):
            place = (left + share * BAR_PX[0], top + 22 + BAR_PX[1])
            draw.text(place, f"{share:g}", GREY, self._small, anchor="ma")
        if self._reference:
            draw.rectangle((left, top + 57, left + 18, top + 66), eight_bit(REFERENCE_SEEN))
            draw.text((left + 26, top + 54), "reference", GREY, self._small)


def _write_failure(
    image: Image.Image, draw: ImageDraw.ImageDraw, failure: str, font: ImageFont.FreeTypeFont
) -> None:
    red = eight_bit(FAILED)
    draw.rectangle((0, 0, image.width - 1, image.height - 1), outline=red, width=5)
    place = (MARGIN_PX + 8, MARGIN_PX + 86)
    left, top, right, bottom = draw.textbbox(place, failure, font)
    draw.rectangle((left - 8, top - 6, right + 8, bottom + 6), fill=red)
    draw.text(place, failure, (255, 255, 255), font)

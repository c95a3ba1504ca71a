"""Plots as SVG for a page: small, in the page's colours (``style.css``), with their finding in words.

Every plot is 360 units wide, about as wide as a phone, so that its text is as large there as anywhere. What
is drawn is told apart by class: ``model``, ``people``, and more in the style sheet.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike

WIDTH = 360
HEIGHT = 210
LEFT, RIGHT, TOP, BOTTOM = 40, 13, 24, 38
"""Margins around what is drawn: room for tick labels, and for the axes' names over and under it."""

DIGITS = 1
"""Decimals of places."""


@dataclass(frozen=True)
class Axis:
    """One axis.

    Attributes:
        low, high: its ends; ``low`` above 0 where it is logarithmic.
        ticks: where there are grid lines.
        label: its name and unit.
        log: whether it is logarithmic.
        names: of the ticks; the numbers themselves if ().
    """

    low: float
    high: float
    ticks: Sequence[float]
    label: str
    log: bool = False
    names: Sequence[str] = ()

    def part(self, values: ArrayLike) -> np.ndarray:
        """How far along the axis the values lie, 0 to 1 from end to end."""
        values = np.asarray(values, dtype=float)
        if self.log:
            bounded = np.maximum(values, 1e-12)
            return np.log(bounded / self.low) / math.log(self.high / self.low)
        return (values - self.low) / (self.high - self.low)

    def tick_names(self) -> list[str]:
        """What stands beside each tick."""
        return list(self.names) or [f"{tick:g}".replace("-", "−") for tick in self.ticks]


@dataclass
class Plot:
    """A plot that is being drawn; ``svg`` ends it.

    Attributes:
        x, y: its axes.
        height: of the whole.
        left: margin for the names of the y axis's ticks.
    """

    x: Axis
    y: Axis
    height: float = HEIGHT
    left: float = LEFT
    _inside: list[str] = field(default_factory=list)
    _over: list[str] = field(default_factory=list)

    def band(self, x: ArrayLike, low: ArrayLike, high: ArrayLike, kind: str) -> None:
        """The area between two curves."""
        there = self._places(x, high)
        back = self._places(x, low)[::-1]
        if not there or not back:
            return
        self._inside.append(f'<path class="area {kind}" d="{_path([*there, *back])}Z"/>')

    def line(self, x: ArrayLike, y: ArrayLike, kind: str) -> None:
        """A curve."""
        if places := self._places(x, y):
            self._inside.append(f'<path class="line {kind}" d="{_path(places)}"/>')

    def level(self, y: float, kind: str) -> None:
        """A line across the plot."""
        self.line([self.x.low, self.x.high], [y, y], kind)

    def upright(self, x: float, kind: str) -> None:
        """A line from the bottom to the top."""
        self.line([x, x], [self.y.low, self.y.high], kind)

    def span(self, low: float, high: float, kind: str) -> None:
        """An area from the bottom to the top."""
        self.band([low, high], [self.y.low] * 2, [self.y.high] * 2, kind)

    def bar(self, low: float, high: float, y: float, thickness: float, kind: str) -> None:
        """A bar along x, around y."""
        (x0, y0), (x1, _) = self._places([low, high], [y, y])
        box = f'x="{_number(x0)}" y="{_number(y0 - thickness / 2)}" width="{_number(max(x1 - x0, 0))}"'
        self._inside.append(f'<rect class="bar {kind}" {box} height="{_number(thickness)}"/>')

    def cell(self, x: tuple[float, float], y: tuple[float, float], part: float, told: str) -> None:
        """A rectangle, the fuller the larger ``part`` is (0 to 1); a pointer over it reads what is told."""
        (x0, y0), (x1, y1) = self._places(x, y)
        left, top, wide, high = min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)
        box = f'x="{_number(left)}" y="{_number(top)}" width="{_number(wide)}" height="{_number(high)}"'
        shape = Markup('<rect class="cell" {} fill-opacity="{}"><title>{}</title></rect>')
        self._inside.append(str(shape.format(Markup(box), f"{part:.3g}", told)))

    def dots(self, x: ArrayLike, y: ArrayLike, kind: str, radius: float = 3.5) -> None:
        """A dot a point."""
        for at in self._places(x, y):
            place = f'cx="{_number(at[0])}" cy="{_number(at[1])}"'
            self._over.append(f'<circle class="dot {kind}" {place} r="{radius:g}"/>')

    def crosses(self, x: ArrayLike, y: ArrayLike, kind: str, radius: float = 3.5) -> None:
        """A cross a point."""
        for at in self._places(x, y):
            start, long = f"M{_number(at[0] - radius)} {_number(at[1] - radius)}", _number(2 * radius)
            arms = f"l{long} {long}m0 -{long}l-{long} {long}"
            self._over.append(f'<path class="line {kind}" d="{start}{arms}"/>')

    def text(
        self, x: float, y: float, words: str, kind: str = "", anchor: str = "start", up: float = 0.0
    ) -> None:
        """Words at a place, ``up`` units above it."""
        (place,) = self._places([x], [y])
        at = f'x="{_number(place[0])}" y="{_number(place[1] - up)}" text-anchor="{anchor}"'
        self._over.append(str(Markup('<text class="{}" {}>{}</text>').format(kind, Markup(at), words)))

    def svg(self, name: str, title: str, finding: str) -> Markup:
        """The plot.

        Args:
            name: no other plot of the page has; letters, digits and hyphens.
            title: what it shows.
            finding: what there is to see, in words and numbers.
        """
        right, bottom = WIDTH - RIGHT, self.height - BOTTOM
        x_ticks, y_ticks = [], []
        for place, words in zip(self._across(self.x.ticks), self.x.tick_names(), strict=True):
            x_ticks.append(f'<path class="grid" d="M{_number(place)} {TOP}V{_number(bottom)}"/>')
            text = Markup('<text x="{}" y="{}" text-anchor="middle">{}</text>')
            x_ticks.append(str(text.format(_number(place), _number(bottom + 15), words)))
        for place, words in zip(self._up(self.y.ticks), self.y.tick_names(), strict=True):
            y_ticks.append(f'<path class="grid" d="M{_number(self.left)} {_number(place)}H{right}"/>')
            text = Markup('<text x="{}" y="{}" text-anchor="end">{}</text>')
            y_ticks.append(str(text.format(_number(self.left - 6), _number(place + 4), words)))
        names = Markup('<text x="{}" y="{}" text-anchor="end">{}</text><text x="0" y="12">{}</text>').format(
            right, _number(self.height - 5), self.x.label, self.y.label
        )
        box = f'x="{_number(self.left)}" y="{TOP}" width="{_number(right - self.left)}"'
        head = Markup(
            '<svg class="plot" viewBox="0 0 {} {}" role="img" aria-labelledby="{}-t {}-d">'
            '<title id="{}-t">{}</title><desc id="{}-d">{}</desc>'
        ).format(WIDTH, _number(self.height), name, name, name, title, name, finding)
        return Markup(
            f'{head}<clipPath id="{name}-c"><rect {box} height="{_number(bottom - TOP)}"/></clipPath>'
            f"{''.join(x_ticks)}{''.join(y_ticks)}"
            f'<g clip-path="url(#{name}-c)">{"".join(self._inside)}</g>'
            f'<path class="axis" d="M{_number(self.left)} {_number(bottom)}H{right}"/>'
            f"{''.join(self._over)}{names}</svg>"
        )

    def _across(self, values: ArrayLike) -> np.ndarray:
        return self.left + (WIDTH - RIGHT - self.left) * self.x.part(values)

    def _up(self, values: ArrayLike) -> np.ndarray:
        bottom = self.height - BOTTOM
        return bottom - (bottom - TOP) * self.y.part(values)

    def _places(self, x: ArrayLike, y: ArrayLike) -> list[tuple[float, float]]:
        pairs = zip(self._across(x).tolist(), self._up(y).tolist(), strict=True)
        return [(across, up) for across, up in pairs if math.isfinite(across) and math.isfinite(up)]


def spread(low: float, high: float, count: int = 4) -> tuple[float, ...]:
    """Round numbers from at or above ``low`` to at or below ``high``, about ``count`` of them."""
    raw = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    return tuple(round(step * n, 10) for n in range(first, math.floor(high / step + 1e-9) + 1))


def _path(places: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in places)


def _number(value: float) -> str:
    return f"{value + 0.0:.{DIGITS}f}".removesuffix(".0")

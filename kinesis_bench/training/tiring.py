"""Muscles that tire while a policy learns: whether it sees that, and how fatigued bodies begin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kinesis_bench.tasks.fatigue import fatigability
from kinesis_bench.tasks.observation import FatigueMode


@dataclass(frozen=True)
class Tiring:
    """How muscles tire in training.

    An episode lasts seconds and muscles tire in minutes, so a policy that always began on fresh ones would
    never feel that they tire. Bodies begin fatigued by chance instead.

    Attributes:
        mode: whether the observation says how fatigued muscles are.
        most: (M,) the most of each muscle's units that are fatigued at a start, 0 to 1.
    """

    mode: FatigueMode
    most: np.ndarray

    @classmethod
    def of(cls, body: str, mode: FatigueMode, share: float) -> Tiring:
        """Starts of a body's muscles.

        Args:
            body: its name.
            mode: as above.
            share: of what full load comes to in the end, ``Fatigability.most_fatigued``: the most at a start.
        """
        return cls(mode, share * fatigability(body).most_fatigued)

    def draw(self, rng: np.random.Generator, count: int) -> np.ndarray:
        """(count, M) fatigued parts of the muscles' units where bodies begin.

        A body's worst is drawn evenly between fresh and ``most``, and each of its muscles evenly between
        fresh and that. Were muscles drawn without regard to their body, no body would be nearly fresh, and
        none tired through and through: means over 80 muscles are all alike.
        """
        worst = rng.random((count, 1))
        return worst * rng.random((count, len(self.most))) * self.most

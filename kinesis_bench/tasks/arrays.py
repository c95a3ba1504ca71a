"""Numbers in the arrays of whichever engine computes: numpy's, or torch's on its device."""

from __future__ import annotations

from typing import Any

import numpy as np
from array_api_compat import array_namespace


def like(values: Any, array: Any) -> Any:
    """Values where a floating array is, and, if they are floating too, as precise as it is.

    Nothing is copied where nothing has to change, but no tensor shares memory with an array of numpy's.
    """
    if isinstance(array, np.ndarray):
        kind = np.asarray(values).dtype.kind
        return np.asarray(values, array.dtype if kind == "f" else None)
    xp = array_namespace(array)
    placed = xp.asarray(np.array(values) if isinstance(values, np.ndarray) else values, device=array.device)
    return xp.astype(placed, array.dtype, copy=False) if xp.isdtype(placed.dtype, "real floating") else placed


class Constants:
    """Arrays that never change, at hand in the arrays of an engine.

    Args:
        values: numpy arrays, floating or of indices.
    """

    def __init__(self, *values: np.ndarray) -> None:
        self._values = values
        self._placed: tuple[Any, ...] | None = None

    def like(self, array: Any) -> tuple[Any, ...]:
        """All of them, where and as precise as a floating array is; numpy's as they were given."""
        if isinstance(array, np.ndarray):
            return self._values
        if self._placed is None:
            self._placed = tuple(like(values, array) for values in self._values)
        return self._placed


def on_host(array: Any) -> np.ndarray:
    """An array as numpy's, double precision; numpy's own as it is."""
    return array if isinstance(array, np.ndarray) else np.asarray(array.cpu(), np.float64)

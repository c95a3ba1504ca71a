"""What joblib writes, for the tests, without joblib."""

from __future__ import annotations

import io
import pickle
from typing import Any

import numpy as np


def joblib_dump(content: dict[str, Any]) -> bytes:
    """What ``joblib.dump`` writes of a dictionary: an array's numbers follow its BUILD in the file."""

    def text(word: str) -> bytes:
        return pickle.SHORT_BINUNICODE + bytes([len(word)]) + word.encode()

    def plain(value: Any) -> bytes:
        return pickle.dumps(value, 3)[2:-1]

    out = io.BytesIO()
    out.write(b"\x80\x04}(")
    for name, value in content.items():
        out.write(text(name))
        if not isinstance(value, np.ndarray):
            out.write(plain(value))
            continue
        out.write(text("joblib.numpy_pickle") + text("NumpyArrayWrapper") + b"\x93)\x81}(")
        out.write(text("subclass") + text("numpy") + text("ndarray") + b"\x93")
        out.write(text("shape") + plain(value.shape))
        out.write(text("order") + text("C") + text("dtype") + plain(value.dtype))
        out.write(text("allow_mmap") + b"\x88" + text("numpy_array_alignment_bytes") + b"K\x10ub")
        padding = 16 - (out.tell() + 1) % 16
        out.write(bytes([padding]) + b"\xff" * padding + value.tobytes())
    out.write(b"u.")
    return out.getvalue()

"""Pickled numbers read without running anything that a pickle asks for.

A pickle is a little program: it names callables and calls them, so reading one with Python's own unpickler
runs whatever its author wanted. Here every name that a pickle may use stands for a mark, never for the thing
itself; the few operations on marks that make plain arrays, numbers, text and dictionaries are done by this
module, and anything else is refused with the name it asked for. Known are numpy's arrays, scalars and dtypes
(of numpy 1 and 2), ``collections.OrderedDict``, joblib's uncompressed arrays and torch's tensors of numbers,
which is what KINESIS's motion dictionaries and the results of text-to-motion models hold.

The opcodes are those of Python's ``pickletools``; the layout of joblib's arrays is that of joblib's
``numpy_pickle.NumpyArrayWrapper`` (one byte of padding length, padding, then the raw array); a tensor's
numbers lie in torch's older file form inside the pickle (four pickles, the list of storages, then for each
its length as int64 and its numbers).
"""

from __future__ import annotations

import enum
import io
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np

from kinesis_bench.errors import InputError

REMEDY = "save it as plain arrays with numpy.savez"


class _Known(enum.Enum):
    NDARRAY = "numpy.ndarray"
    DTYPE = "numpy.dtype"
    RECONSTRUCT = "_reconstruct"
    SCALAR = "scalar"
    FROM_BUFFER = "_frombuffer"
    ORDERED_DICT = "OrderedDict"
    JOBLIB_ARRAY = "NumpyArrayWrapper"
    TORCH_TENSOR = "_rebuild_tensor_v2"
    TORCH_STORAGE = "_load_from_bytes"


_NAMES = {
    "numpy.ndarray": _Known.NDARRAY,
    "numpy.dtype": _Known.DTYPE,
    "numpy.core.multiarray._reconstruct": _Known.RECONSTRUCT,
    "numpy._core.multiarray._reconstruct": _Known.RECONSTRUCT,
    "numpy.core.multiarray.scalar": _Known.SCALAR,
    "numpy._core.multiarray.scalar": _Known.SCALAR,
    "numpy.core.numeric._frombuffer": _Known.FROM_BUFFER,
    "numpy._core.numeric._frombuffer": _Known.FROM_BUFFER,
    "collections.OrderedDict": _Known.ORDERED_DICT,
    "joblib.numpy_pickle.NumpyArrayWrapper": _Known.JOBLIB_ARRAY,
    "torch._utils._rebuild_tensor_v2": _Known.TORCH_TENSOR,
    "torch.storage._load_from_bytes": _Known.TORCH_STORAGE,
}

_TORCH_DTYPES = {
    "torch.DoubleStorage": np.dtype("<f8"),
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.LongStorage": np.dtype("<i8"),
    "torch.IntStorage": np.dtype("<i4"),
}

_REFUSED = ("INST", "OBJ", "NEWOBJ_EX", "PERSID", "BINPERSID", "EXT1", "EXT2", "EXT4", "NEXT_BUFFER")


class _Refused(Exception):
    """The pickle asks for something that is not known."""


@dataclass
class _Dtype:
    """A dtype in the making: ``f8`` first, its byte order after BUILD."""

    name: str
    order: str = "="

    def numpy(self) -> np.dtype:
        kind, size = self.name[:1], self.name[1:]
        if kind not in "biufcSUO" or not size.isdigit():
            raise _Refused(f"numpy.dtype {self.name!r}")
        return np.dtype(object if kind == "O" else {"|": "", "=": ""}.get(self.order, self.order) + self.name)


@dataclass
class _Array:
    """An array in the making: empty until BUILD."""

    value: np.ndarray | None = None


class _JoblibArray(_Array):
    """The same in joblib's files, where the numbers follow the pickle's BUILD in the file."""


class _Unpickler(pickle._Unpickler):
    """Python's own reader of opcodes, without its ways of calling anything."""

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(pickle._Unpickler.dispatch)
    stack: list[Any]
    read: Callable[[int], bytes]

    def find_class(self, module: str, name: str) -> Any:
        known = _NAMES.get(f"{module}.{name}")
        if known is None:
            raise _Refused(f"{module}.{name}")
        return known

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        self.stack[-1] = _make(self.stack[-1], arguments)

    def load_build(self) -> None:
        state = self.stack.pop()
        made = self.stack[-1]
        if isinstance(made, _Dtype):
            made.order = str(state[1])
        elif isinstance(made, _JoblibArray):
            made.value = self._joblib_array(state)
        elif isinstance(made, _Array):
            _, shape, dtype, fortran, raw = state
            made.value = _array(raw, dtype, shape, "F" if fortran else "C")
        else:
            raise _Refused(f"the state of a {type(made).__name__}")

    def _joblib_array(self, state: dict[str, Any]) -> np.ndarray:
        if state["subclass"] is not _Known.NDARRAY:
            raise _Refused(str(state["subclass"]))
        if state.get("numpy_array_alignment_bytes") is not None:
            self.read(self.read(1)[0])
        dtype, shape = state["dtype"], state["shape"]
        size = math.prod(shape) * dtype.numpy().itemsize
        return _array(self.read(size), dtype, shape, state["order"])


_Unpickler.dispatch[pickle.REDUCE[0]] = _Unpickler.load_reduce
_Unpickler.dispatch[pickle.NEWOBJ[0]] = _Unpickler.load_reduce
_Unpickler.dispatch[pickle.BUILD[0]] = _Unpickler.load_build
for _name in _REFUSED:
    _Unpickler.dispatch.pop(getattr(pickle, _name)[0], None)


class _StorageUnpickler(_Unpickler):
    """Reads the pickles inside a torch storage, which name the storage by a persistent id."""

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(_Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        dtype = _TORCH_DTYPES.get(f"{module}.{name}")
        if dtype is None:
            raise _Refused(f"{module}.{name}")
        return dtype

    def persistent_load(self, pid: Any) -> Any:
        return pid


_StorageUnpickler.dispatch[pickle.BINPERSID[0]] = pickle._Unpickler.dispatch[pickle.BINPERSID[0]]


def load(file: IO[bytes], where: str | Path) -> Any:
    """Read one pickle of plain arrays, numbers, text, lists, tuples and dictionaries.

    Args:
        file: open for reading in binary mode, at the start of the pickle.
        where: what to call the file in an error.

    Raises:
        InputError: the pickle asks for anything else, which is named, or it is damaged.
    """
    try:
        return _finished(_Unpickler(file).load(), 0)
    except _Refused as refused:
        raise InputError(
            where, f"its pickle asks for {refused}, which could run code and is not read", REMEDY
        ) from refused
    except Exception as error:  # a damaged pickle fails in any opcode, each in its own way
        problem = f"is not a readable pickle ({type(error).__name__}: {error})"
        raise InputError(where, problem, f"copy the file again or {REMEDY}") from error


def load_npy(file: IO[bytes], where: str | Path) -> Any:
    """Read one ``.npy`` array; one of objects (as ``numpy.save`` writes a dictionary) through ``load``.

    Raises:
        InputError: the file is damaged, or its pickled content asks for what is not known.
    """
    data = file.read()
    try:
        start = io.BytesIO(data)
        version = np.lib.format.read_magic(start)
        read_header = np.lib.format.read_array_header_1_0
        shape, _, dtype = (read_header if version[0] == 1 else np.lib.format.read_array_header_2_0)(start)
        if not dtype.hasobject:
            return np.load(io.BytesIO(data), allow_pickle=False)
    except Exception as error:  # numpy raises many kinds on a damaged header
        raise InputError(where, f"is not a readable .npy file ({error})", "copy the file again") from error
    content = load(start, where)
    return content.item() if shape == () and isinstance(content, np.ndarray) else content


def _make(known: Any, arguments: tuple[Any, ...]) -> Any:
    """What calling a known name would have made."""
    if not isinstance(known, _Known) or not isinstance(arguments, tuple):
        raise _Refused(f"a call of {known!r}")
    if known is _Known.DTYPE:
        return _Dtype(str(arguments[0]))
    if known is _Known.RECONSTRUCT and arguments[0] is _Known.NDARRAY:
        return _Array()
    if known is _Known.FROM_BUFFER:
        buffer, dtype, shape, order = arguments
        return _Array(_array(buffer, dtype, shape, order))
    if known is _Known.SCALAR:
        dtype, raw = arguments
        return _array(raw, dtype, (), "C")[()]
    if known is _Known.ORDERED_DICT:
        return dict(*arguments)
    if known is _Known.JOBLIB_ARRAY and not arguments:
        return _JoblibArray()
    if known is _Known.TORCH_STORAGE:
        return _torch_storage(arguments[0])
    if known is _Known.TORCH_TENSOR:
        storage, offset, shape, stride = arguments[:4]
        places = np.full(shape, offset)
        for axis, step in enumerate(stride):
            places += step * np.arange(shape[axis]).reshape([-1] + [1] * (len(shape) - axis - 1))
        return _Array(storage[places])
    raise _Refused(f"a call of {known.value}")


def _torch_storage(raw: bytes) -> np.ndarray:
    """The numbers of one storage, as ``torch.save`` wrote it before its zip files."""
    file = io.BytesIO(raw)
    _, _, system, named, keys = (_StorageUnpickler(file).load() for _ in range(5))
    if not system["little_endian"] or len(keys) != 1:
        raise _Refused("a torch storage of another machine")
    dtype, count = named[1], int(np.frombuffer(file.read(8), "<i8")[0])
    return np.frombuffer(file.read(count * dtype.itemsize), dtype, count)


def _array(raw: Any, dtype: _Dtype, shape: tuple[int, ...], order: str) -> np.ndarray:
    kind = dtype.numpy()
    if kind.hasobject:
        if not isinstance(raw, list) or len(raw) != math.prod(shape):
            raise _Refused("an array of objects without its list")
        array = np.empty(len(raw), object)
        for place, item in enumerate(raw):
            array[place] = item
        return array.reshape(shape, order="F" if order == "F" else "C")
    values = np.frombuffer(bytes(raw) if not isinstance(raw, str) else raw.encode("latin1"), kind)
    return values.reshape(shape, order="F" if order == "F" else "C")


def _finished(value: Any, depth: int) -> Any:
    """The value with every array in place of what stood for it."""
    if depth > 50:
        raise _Refused("a structure that contains itself")
    if isinstance(value, _Array):
        if value.value is None:
            raise _Refused("an array without content")
        return _finished(value.value, depth + 1)
    if isinstance(value, np.ndarray) and value.dtype == object:
        whole = np.empty(value.shape, object)
        for place, item in np.ndenumerate(value):
            whole[place] = _finished(item, depth + 1)
        return whole
    if isinstance(value, dict):
        return {_finished(key, depth + 1): _finished(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_finished(item, depth + 1) for item in value)
    if isinstance(value, _Dtype):
        return value.numpy()
    if isinstance(value, _Known):
        raise _Refused(f"{value.value} by itself")
    return value

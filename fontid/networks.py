"""Neural networks by onnxruntime, for a small server: two threads, no idle work, no more memory than they need."""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

MOST_THREADS = 2
# of ONNX's messages in protobuf: where weights are, and the type of theirs that is float32
_GRAPH, _WEIGHTS, _TYPE, _FLOATS, _BYTES, _FLOAT32 = 7, 5, 2, 4, 9, 1
_VARINT, _EIGHT, _MANY, _FOUR = 0, 1, 2, 5  # how a field is written: bytes that end themselves, 8, as many as said, 4


def open_network(path: Path):
    """An `onnxruntime.InferenceSession` on an ONNX file."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # from 1.32 on its wheels report to Microsoft, also on Linux
    import onnxruntime  # here: half a second that commands without a model need not pay

    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # the arena keeps its largest batch for ever
    options.intra_op_num_threads = min(MOST_THREADS, cores())
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads would keep cores busy
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(_without_denormals(path), options, providers=["CPUExecutionProvider"])
    session._model_bytes = b""  # it would keep the file for other providers: 40 MB of the four networks
    give_back_memory()
    return session


def packaged(name: str) -> Path:
    """A model file inside the installed rapidocr package, none of whose code is run."""
    spec = importlib.util.find_spec("rapidocr")
    assert spec and spec.submodule_search_locations, "rapidocr is among the requirements"  # nosec B101: for the types
    return Path(spec.submodule_search_locations[0]) / "models" / name


def cores() -> int:
    """Those this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _without_denormals(path: Path) -> bytes:
    """An ONNX file, its weights too small to be normal float32 set to zero.

    Intel's processors take up to a hundred times as long for such a weight. PP-OCR's detector holds 255,958 of them,
    nearly all in two layers, which took two thirds of its time.
    """
    data = bytearray(path.read_bytes())
    for graph in _fields(data, 0, len(data), _GRAPH):
        for weights in _fields(data, *graph, _WEIGHTS):
            if [data[start] for start, _ in _fields(data, *weights, _TYPE)] != [_FLOAT32]:
                continue
            for start, end in (*_fields(data, *weights, _FLOATS), *_fields(data, *weights, _BYTES)):
                values = np.frombuffer(data, "<f4", (end - start) // 4, start)
                values[np.abs(values) < np.finfo(np.float32).tiny] = 0
    return bytes(data)


def _fields(data: bytearray, start: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Where each field of a number begins and ends, in the protobuf message from `start` to `end`."""
    while start < end:
        key, start = _varint(data, start)
        after = start
        if key & 7 == _MANY:
            length, start = _varint(data, start)
            after = start + length
        elif key & 7 == _VARINT:
            _, after = _varint(data, start)
        else:
            after += {_EIGHT: 8, _FOUR: 4}[key & 7]
        if key >> 3 == wanted:
            yield start, after
        start = after


def _varint(data: bytearray, start: int) -> tuple[int, int]:
    """The number that is written there, seven bits a byte, and where it ends."""
    value = shift = 0
    while True:
        byte = data[start]
        value |= (byte & 127) << shift
        start, shift = start + 1, shift + 7
        if byte < 128:
            return value, start


def give_back_memory() -> None:
    """Hand what was freed to the system, which glibc would keep: weights before they were laid out, a file's pixels."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):  # musl has none
        libc.malloc_trim(0)

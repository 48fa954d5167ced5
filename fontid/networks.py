"""Neural networks by onnxruntime, for a small server: two threads, no idle work, no more memory than they need."""

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

MOST_THREADS = 2


def open_network(path: Path):
    """An `onnxruntime.InferenceSession` on an ONNX file."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # from 1.32 on its wheels report to Microsoft, also on Linux
    import onnxruntime  # here: half a second that commands without a model need not pay

    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # the arena keeps its largest batch for ever
    options.intra_op_num_threads = min(MOST_THREADS, cores())
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # waiting threads would keep cores busy
    options.log_severity_level = 3  # errors
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    _give_back_memory()
    return session


def packaged(name: str) -> Path:
    """A model file inside the installed rapidocr package, none of whose code is run."""
    spec = importlib.util.find_spec("rapidocr")
    assert spec and spec.submodule_search_locations, "rapidocr is among the requirements"  # nosec B101: for the types
    return Path(spec.submodule_search_locations[0]) / "models" / name


def cores() -> int:
    """Those this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _give_back_memory() -> None:
    """Hand what was freed to the system: weights were laid out anew, and glibc would keep their first copy's place."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):  # musl has none
        libc.malloc_trim(0)

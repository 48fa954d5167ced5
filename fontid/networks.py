"""Neural networks by onnxruntime, set up for a small server: two threads and no more memory than they need."""

import importlib.util
import os
from pathlib import Path

MOST_THREADS = 2


def open_network(path: Path):
    """An `onnxruntime.InferenceSession` on an ONNX file."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # from 1.32 on its wheels report to Microsoft, also on Linux
    import onnxruntime  # here: half a second that commands without a model need not pay

    options = onnxruntime.SessionOptions()
    options.enable_cpu_mem_arena = False  # the arena keeps its largest batch for ever
    # not ALL: that keeps a second copy of the weights, laid out for somewhat more speed
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.intra_op_num_threads = min(MOST_THREADS, cores())
    options.log_severity_level = 3  # errors
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def packaged(name: str) -> Path:
    """A model file inside the installed rapidocr package, none of whose code is run."""
    spec = importlib.util.find_spec("rapidocr")
    assert spec and spec.submodule_search_locations, "rapidocr is among the requirements"  # nosec B101: for the types
    return Path(spec.submodule_search_locations[0]) / "models" / name


def cores() -> int:
    """Those this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

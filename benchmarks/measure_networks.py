"""Measure what onnxruntime's options bring: CPU milliseconds of each network, and the memory of all, by option.

    python -m benchmarks.measure_networks [--results results/once.jsonl#networks]

Inputs are noise: only time and memory are asked for. With two threads, other work runs between two networks.
"""

import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from fontid.commands import command_line
from fontid.evaluation.experiment import write_result
from fontid.identifier import SHIPPED
from fontid.networks import _give_back_memory, packaged

ROUNDS = 7
SHAPES = {
    "detector": (1, 3, 352, 640),
    "recogniser": (1, 3, 48, 640),
    "letters": (1, 3, 96, 640),
    "encoder": (6, 1, 64, 256),
}
VARIANTS = {
    "as before": {"level": "EXTENDED"},
    "laid out": {"level": "ALL"},
    "laid out, arena": {"level": "ALL", "arena": True},
    "laid out, denormals as zero": {"level": "ALL", "entry": ("session.set_denormal_as_zero", "1")},
    "laid out, memory given back": {"level": "ALL", "give_back": True},
    "two threads, spinning": {"level": "ALL", "threads": 2},
    "two threads, waiting": {"level": "ALL", "threads": 2, "entry": ("session.intra_op.allow_spinning", "0")},
    "8 bits": {"level": "ALL", "of": ("letters", "encoder"), "quantised": True},
}


def _files() -> dict[str, Path]:
    return {
        "detector": packaged("PP-OCRv6_det_small.onnx"),
        "recogniser": packaged("PP-OCRv6_rec_small.onnx"),
        "letters": SHIPPED / "letters.onnx",
        "encoder": SHIPPED / "encoder.onnx",
    }


def _measure(level, of=tuple(SHAPES), arena=False, entry=None, give_back=False, threads=1, quantised=False) -> dict:
    """Of this process: median milliseconds of each network, and megabytes that the loaded networks take up."""
    import onnxruntime

    rng, before = np.random.default_rng(0), _resident()
    inputs = {name: rng.random(SHAPES[name], np.float32) for name in of}
    sessions = {}
    for name in of:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, f"ORT_ENABLE_{level}")
        options.enable_cpu_mem_arena, options.intra_op_num_threads, options.log_severity_level = arena, threads, 3
        if entry:
            options.add_session_config_entry(*entry)
        file = _files()[name]
        if quantised:
            file = _quantised(file, inputs[name])
        sessions[name] = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    if give_back:
        _give_back_memory()
    found = {"megabytes": round(_resident() - before)}
    seconds: dict[str, list[float]] = {name: [] for name in of}
    for _ in range(ROUNDS):
        for name, session in sessions.items():
            started = time.process_time()
            session.run(None, {session.get_inputs()[0].name: inputs[name]})
            if threads > 1:
                np.sort(rng.random(300_000))
            seconds[name].append(time.process_time() - started)
    return found | {name: round(1000 * statistics.median(taken), 1) for name, taken in seconds.items()}


def _quantised(file: Path, values: np.ndarray) -> Path:
    """The network with weights and values of 8 bits."""
    import onnxruntime
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Once(CalibrationDataReader):
        left = [{onnxruntime.InferenceSession(str(file)).get_inputs()[0].name: values}]

        def get_next(self):
            return self.left.pop() if self.left else None

    folder = Path(tempfile.mkdtemp())
    quant_pre_process(str(file), str(folder / "shaped.onnx"), skip_symbolic_shape=True)
    types = {"activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8}
    quantize_static(folder / "shaped.onnx", folder / file.name, Once(), per_channel=True, reduce_range=True, **types)
    return folder / file.name


def _resident() -> float:
    """Megabytes of this process."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def _variant(name: str) -> dict:
    return _measure(**VARIANTS[name])


def main() -> None:
    arguments = command_line(__doc__, "results/once.jsonl#networks").parse_args()
    metrics = {}
    for name in VARIANTS:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
            metrics[name] = pool.submit(_variant, name).result()
        print(name, metrics[name], flush=True)
    shapes = {name: list(shape) for name, shape in SHAPES.items()}
    write_result(arguments.results, settings=shapes, command="python -m benchmarks.measure_networks", metrics=metrics)


if __name__ == "__main__":
    main()

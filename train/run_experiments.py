"""Run experiments one after the other: train each and measure it.

    python -m train.run_experiments "experiments/ladder.yaml#loss-*" [--pictures ../shared/realworld]

An experiment whose results stand in `results/ladder.jsonl` already is passed over, so a killed queue is simply started
again. Two queues with parts of the list, each bound to a core (`taskset -c 0`), get more done than one on two cores.
"""

import subprocess  # nosec B404: commands are lists that this project writes
import sys
from pathlib import Path

from fontid.commands import command_line, exit_on
from fontid.evaluation.experiment import SettingsError, entries, entry_name, read_results
from train.settings import find_data

RESULTS = Path("results/ladder.jsonl")
LAUNCH = ("--num_processes", "1", "--num_machines", "1", "--mixed_precision", "bf16", "--dynamo_backend", "no")


def run_experiment(experiment: Path, pictures: Path | None) -> bool:
    """Train and measure, each in a process of its own. Returns whether both went well; what went wrong is printed."""
    train = ["accelerate.commands.launch", *LAUNCH, "-m", "train.train_encoder", str(experiment)]
    measure = ["benchmarks.measure_encoder", str(experiment), "--results", str(RESULTS)]
    if pictures is not None:
        measure += ["--pictures", str(pictures)]
    return all(subprocess.run([sys.executable, "-m", *step]).returncode == 0 for step in (train, measure))  # nosec B603: a list, no shell


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("experiments", type=Path, nargs="+", help="FILE#PATTERN")
    parser.add_argument("--pictures", type=Path, help="labelled real pictures")
    arguments = parser.parse_args(argv)
    find_data("full")  # whose references every one is measured with: missed now, not after the training
    with exit_on(SettingsError):
        chosen = [experiment for pattern in arguments.experiments for experiment in entries(pattern)]
    failed = []
    for experiment in chosen:
        name = entry_name(experiment)
        if name in read_results(RESULTS):
            print(f"{name}: has results.")
        elif not run_experiment(experiment, arguments.pictures):
            failed.append(name)
    if failed:
        raise SystemExit(f"These did not run to their end: {', '.join(failed)}. Start the same command again.")


if __name__ == "__main__":
    main()

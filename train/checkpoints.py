"""What every training loop by Accelerate needs: checkpoints that a killed run goes on from, and an orderly end."""

import json
import shutil
from pathlib import Path

from accelerate import Accelerator

KEPT_CHECKPOINTS = 2


def newest_checkpoint(run: Path) -> Path | None:
    return max((run / "checkpoints").glob("step-*"), default=None)


class Checkpoints:
    """Numbered checkpoints of a run, each whole or absent, the newest few kept."""

    def __init__(self, run: Path, accelerator: Accelerator) -> None:
        self.folder, self.accelerator = run / "checkpoints", accelerator

    def save(self, step: int, state: dict) -> None:
        target = self.folder / f"step-{step:07d}"
        partial = self.folder / f"partial-{step:07d}"
        self.accelerator.save_state(partial)
        self.accelerator.wait_for_everyone()  # each process writes a part
        if self.accelerator.is_main_process:
            (partial / "state.json").write_text(json.dumps(state))
            shutil.rmtree(target, ignore_errors=True)
            partial.rename(target)
            for old in sorted(self.folder.glob("step-*"))[:-KEPT_CHECKPOINTS]:
                shutil.rmtree(old)
        self.accelerator.wait_for_everyone()

    def load(self, path: Path) -> dict:
        self.accelerator.load_state(path)
        return json.loads((path / "state.json").read_text())


def leave(accelerator: Accelerator) -> None:
    """The end of a run, in a scope in which nothing refers to a process group any more.

    Nobody leaves while another still talks to it, and the groups' threads end before the interpreter does: Gloo's abort
    the process (SIGABRT) when they let go of a tensor after that (pytorch/pytorch#179291).
    """
    accelerator.wait_for_everyone()
    accelerator.free_memory()
    accelerator.end_training()

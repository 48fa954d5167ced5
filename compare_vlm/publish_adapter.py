"""Merge a trained adapter into its model, or push it to the hub.

python -m compare_vlm.publish_adapter experiments/vlm.yaml#NAME [--families N] [--run DIR] [--merge DIR] [--push REPO]
"""

from pathlib import Path

import torch
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError

from compare_vlm.models import open_trained
from compare_vlm.settings import VlmRow, open_row, run_folder
from fontid.commands import command_line, exit_on
from fontid.evaluation.experiment import SettingsError


def publish(row: VlmRow, trained: Path, merge: Path | None, push: str | None) -> None:
    """Raises: SettingsError with what to do."""
    if row.lora is None or row.four_bit:
        raise SettingsError("Only an adapter of a model that is not in 4 bits can be merged.")
    vlm = open_trained(row, trained, torch.bfloat16)
    if push:
        try:
            vlm.model.push_to_hub(push)
        except (OSError, HfHubHTTPError, HFValidationError, HTTPError) as error:
            raise SettingsError(
                f"{push} could not be pushed: log in with `hf auth login` and check the network and the name. The "
                f"adapter is whole in {trained}. ({error})"
            ) from error
    if merge:
        vlm.model.merge_and_unload().save_pretrained(merge)
        vlm.processor.save_pretrained(merge)


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__)
    parser.add_argument("row", type=Path)
    parser.add_argument("--families", type=int)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--merge", type=Path, metavar="DIR")
    parser.add_argument("--push", metavar="REPO")
    arguments = parser.parse_args(argv)
    with exit_on(SettingsError):
        row = open_row(arguments.row, arguments.families)
        if not isinstance(row, VlmRow) or row.zero_shot:
            raise SettingsError(f"{arguments.row} has no adapter.")
        run = arguments.run or run_folder(arguments.row, row)
        publish(row, run / "trained", arguments.merge, arguments.push)


if __name__ == "__main__":
    main()

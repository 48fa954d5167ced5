"""Fit the map that brings embeddings of small letters to where their prototypes lie (`fontid.encoder.small`).

    python -m data_scripts.render_dataset --preset small-letters --smallest 7 --largest 16 --splits train validation \
        --renderers skia freetype-large
    python -m train.train_small [DATA] [--model model] [--num-proc 2] [--results results/once.jsonl#small-map]

Encoder and prototypes stay as they are: the map alone learns, by the cross-entropy of cosines with all prototypes. Its
lines are shown in colours, some made smaller, some as JPEG. What the encoder says of them is kept in
FONTID_DATA/runs/small, so a killed run goes on. RESULTS tells how many validation lines are right with and without it.
"""

import hashlib
import io
from dataclasses import dataclass
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset, load_dataset
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F
from tqdm import tqdm

from fontid.artifact import open_artifact, put_small
from fontid.catalogue.ranking import Catalogue
from fontid.commands import command_line
from fontid.encoder.preprocessing import fit_line, windows_of
from fontid.encoder.small import SmallLetters, features_of
from fontid.evaluation.experiment import write_result
from fontid.identifier import FontIdentifier
from fontid.paths import data_home
from fontid.text.lines import line_around

CHUNK = 1000  # lines that are embedded together, and kept in a file
MOST_WINDOWS = 3  # of a line
AROUND = 7  # pixels of ground around a line
INKED = 30  # levels of gray by which ink differs from the ground, to find where a line ends
LOWEST = 4  # pixels: lines with lower ink are left out
PLAIN_COLOURS = 0.65  # share of dark on white, or light on dark
APART = 70  # levels of gray between other colours
SHRUNK, SHRINKING = 0.2, (0.55, 0.9)  # share of the lines, and how small they become
FILTERS = (Image.Resampling.BOX, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS)
COMPRESSED, QUALITY = 0.25, (55, 96)  # share of the lines that are JPEG, and its quality
SCALE = 28.0  # of cosines in the softmax, as the encoder was trained
RANKS = (1, 5, 20)
EPOCHS, BATCH, RATE, DECAY = 6, 256, 2e-3, 0.1


@dataclass(frozen=True)
class Windows:
    """Windows of small lines as the encoder sees them.

    embeddings: (N, D) float32. heights: (N,) of their lines' ink, in pixels. faces: (N,) rows of the artifact.
    lines: (N,) the numbers of their lines.
    """

    embeddings: np.ndarray
    heights: np.ndarray
    faces: np.ndarray
    lines: np.ndarray


@cache
def identifier_of(model: Path) -> FontIdentifier:
    return FontIdentifier(model)


@cache
def lines_of(data: Path, split: str) -> Dataset:
    return load_dataset(str(data), split=split)  # nosec B615: a folder on this machine


def as_seen(line: Image.Image, rng: np.random.Generator) -> Image.Image:
    """A line, black on white, as it may be met: RGB, with ground around."""
    if rng.random() < SHRUNK:
        by = rng.uniform(*SHRINKING)
        line = line.resize([max(1, round(side * by)) for side in line.size], FILTERS[rng.integers(len(FILTERS))])
    amount = np.pad(1 - np.asarray(line, np.float32) / 255, AROUND)[..., None]
    ink, ground = _colours(rng)
    picture = Image.fromarray(np.rint(ground + (ink - ground) * amount).astype(np.uint8))
    if rng.random() < COMPRESSED:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=int(rng.integers(*QUALITY)))
        picture = Image.open(buffer).convert("RGB")
    return picture


def _colours(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Of ink and ground, (3,) each."""
    if rng.random() < PLAIN_COLOURS:
        dark, light = np.full(3, rng.uniform(0, 100)), np.full(3, rng.uniform(225, 255))
        return (light, dark) if rng.random() < 0.3 else (dark, light)
    while True:
        ink, ground = rng.uniform(0, 255, (2, 3))
        if abs(ink.mean() - ground.mean()) > APART:
            return ink, ground


def windows_in(picture: Image.Image, line: Image.Image, identifier: FontIdentifier) -> tuple[np.ndarray, int] | None:
    """Windows of a line by its own ink, as it is served, and the ink's height; None where it is too low.

    Args: line: the same in black on white, which tells where it ends.
    """
    rows, columns = (np.flatnonzero((np.asarray(line) < 255 - INKED).any(side)) for side in (1, 0))
    if not len(rows):
        return None
    zoom_x, zoom_y = ((given - 2 * AROUND) / was for given, was in zip(picture.size, line.size, strict=True))
    left, right = (AROUND + zoom_x * end for end in (columns[0], columns[-1] + 1))
    top, bottom = (AROUND + zoom_y * end for end in (rows[0], rows[-1] + 1))
    box = np.rint([[left, top], [right, top], [right, bottom], [left, bottom]])
    ink = line_around(box).cut(picture).own_ink if np.ptp(box, axis=0).min() >= LOWEST else None
    if ink is None:
        return None
    return windows_of(fit_line(ink, identifier.preprocessing), identifier.preprocessing), ink.box[3] - ink.box[1]


def embed(chunk: int, *, data: Path, split: str, model: Path, out: Path) -> None:
    """Embed a chunk of a split's lines into a file of `out`, unless it is there."""
    path = out / f"{split}-{chunk:05d}.npz"
    if path.exists():
        return
    identifier, found = identifier_of(model), ([], [], [], [])
    lines = lines_of(data, split)
    of_face = [identifier.catalogue.row_of(name) for name in lines.features["face"].names]
    for number in range(CHUNK * chunk, min(CHUNK * (chunk + 1), len(lines))):
        row, rng = lines[number], np.random.default_rng([number, split == "train"])
        shown, face = windows_in(as_seen(row["image"], rng), row["image"], identifier), of_face[row["face"]]
        if shown is None or face is None:  # of another catalogue
            continue
        windows, height = shown
        if len(windows) > MOST_WINDOWS:
            windows = windows[np.sort(rng.choice(len(windows), MOST_WINDOWS, replace=False))]
        found[0].append(identifier.embed(windows))
        for values, value in zip(found[1:], (height, face, number), strict=True):
            values.extend([value] * len(windows))
    partial_path = path.with_suffix(".part.npz")
    np.savez(partial_path, embeddings=np.concatenate(found[0]), heights=found[1], faces=found[2], lines=found[3])
    partial_path.replace(path)


def windows_of_split(data: Path, split: str, model: Path, out: Path, processes: int) -> Windows:
    count = -(-len(lines_of(data, split)) // CHUNK)
    out.mkdir(parents=True, exist_ok=True)
    task = partial(embed, data=data, split=split, model=model, out=out)
    with get_context("spawn").Pool(processes) as pool:
        for _ in tqdm(pool.imap_unordered(task, range(count)), split, count):
            pass
    parts = [np.load(out / f"{split}-{chunk:05d}.npz") for chunk in range(count)]
    names = ("embeddings", "heights", "faces", "lines")
    return Windows(*(np.concatenate([part[name] for part in parts]) for name in names))


def fit(windows: Windows, prototypes: np.ndarray, family_of: np.ndarray, epochs: int = EPOCHS) -> np.ndarray:
    """The map, (2 D + 2, D) float32. Args: prototypes: (F, D), one a face; family_of: (F,) numbers of families."""
    torch.manual_seed(0)
    embeddings, faces = torch.from_numpy(windows.embeddings), torch.from_numpy(windows.faces)
    features = torch.from_numpy(features_of(windows.embeddings, windows.heights))
    of_face, targets = torch.from_numpy(family_of), torch.from_numpy(prototypes.astype(np.float32))
    linear = nn.Parameter(torch.zeros(features.shape[1], embeddings.shape[1]))
    optimizer = torch.optim.AdamW([linear], weight_decay=DECAY)
    batches = -(-len(faces) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=epochs * batches)
    for _ in tqdm(range(epochs), "epochs"):
        for batch in torch.randperm(len(faces)).split(BATCH):
            moved = F.normalize(embeddings[batch] + features[batch] @ linear, dim=1)
            loss = _loss(SCALE * moved @ targets.T, faces[batch], of_face)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return linear.detach().numpy()


def _loss(logits: Tensor, faces: Tensor, family_of: Tensor) -> Tensor:
    """Cross-entropy, half of it of faces, half of families by their best faces. Args: logits: (N, F)."""
    families = logits.new_full((len(logits), int(family_of.max()) + 1), -torch.inf)
    families = families.scatter_reduce(1, family_of.expand(len(logits), -1), logits, "amax")
    return (F.cross_entropy(logits, faces) + F.cross_entropy(families, family_of[faces])) / 2


def right_lines(windows: Windows, linear: np.ndarray, catalogue: Catalogue) -> dict[str, dict]:
    """By the ink's height in pixels, lines whose family is first, among five, among twenty; without and with the map.

    Families that draw the same letters are credited. The values are counts.
    """
    moved = SmallLetters(linear)(windows.embeddings, windows.heights)
    found: dict[int, dict] = {}
    for line in np.unique(windows.lines):
        own = windows.lines == line
        face, height = windows.faces[own][0], windows.heights[own][0]
        right = [catalogue.family_of[face], *catalogue.twin_families[face]]
        counts = found.setdefault(int(height), {"n": 0, "without": np.zeros(3, int), "with": np.zeros(3, int)})
        counts["n"] += 1
        for name, embeddings in (("without", windows.embeddings[own]), ("with", moved[own])):
            families = catalogue.best_of_families(catalogue.score_faces(embeddings))
            counts[name] += (families > families[right].max()).sum() < np.array(RANKS)
    return {
        str(height): {name: value if name == "n" else value.tolist() for name, value in found[height].items()}
        for height in sorted(found)
    }


def main(argv: list[str] | None = None) -> None:
    parser = command_line(__doc__, "results/once.jsonl#small-map")
    parser.add_argument("data", type=Path, nargs="?", default=data_home() / "datasets" / "small-letters")
    parser.add_argument("--model", type=Path, default=Path("model"), help="is given the map")
    parser.add_argument("--num-proc", type=int, default=2)
    arguments = parser.parse_args(argv)
    if not (arguments.data / "recipe.json").exists():
        raise SystemExit(
            f"No data set at {arguments.data}: run data_scripts.render_dataset --preset small-letters first."
        )
    artifact = open_artifact(arguments.model)
    told = (
        artifact.encoder,
        arguments.model / "faces.jsonl.gz",
        arguments.data / "recipe.json",
    )  # what is kept is of these
    out = data_home() / "runs" / "small" / hashlib.sha256(b"".join(path.read_bytes() for path in told)).hexdigest()[:12]
    splits = {
        split: windows_of_split(arguments.data, split, arguments.model, out, arguments.num_proc)
        for split in ("train", "validation")
    }
    catalogue = identifier_of(arguments.model).catalogue
    linear = fit(splits["train"], artifact.prototypes, catalogue.family_of)
    put_small(arguments.model, linear)
    metrics = {"windows": len(splits["train"].faces), "lines": right_lines(splits["validation"], linear, catalogue)}
    command = f"python -m train.train_small {arguments.data.name}"
    write_result(arguments.results, settings={"epochs": EPOCHS, "batch": BATCH}, command=command, metrics=metrics)


if __name__ == "__main__":
    main()

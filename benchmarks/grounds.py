"""Pictures without any text: photographs, textures, gradients, charts without labels, noise."""

import base64
import html
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.drawing import Drawing, jpeg
from data_scripts.chromium import TextBox
from fontid.paths import data_home

COUNT = 300
KINDS = ("photograph", "photograph", "photograph", "gradient", "chart", "noise")


def ground_photos(split: str) -> list[Path]:
    """For the test those that nothing was trained on, else those of training. Raises: SystemExit without any."""
    folder = data_home() / "grounds" / ("test" if split == "test" else "train")
    photos = sorted(folder.glob("*.jpg"))
    if not photos:
        raise SystemExit(f"{folder} holds no photographs: run python -m data_scripts.fetch_grounds first.")
    return photos


def cover_of(photo: Path) -> str:
    """CSS of a background that holds the file itself."""
    return f"url('data:image/jpeg;base64,{base64.b64encode(photo.read_bytes()).decode()}') center/cover"


def css(colour: tuple[int, ...], alpha: float = 1) -> str:
    return f"rgba({','.join(map(str, colour))},{alpha:.2f})"


def grounds(rng: np.random.Generator, faces, open_face, split: str, count: int = COUNT) -> Iterator[Drawing]:
    """Half of them photographs and textures, each used once before any is used again."""
    photos = ground_photos(split)
    order = rng.permutation(len(photos))
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        width, height = int(rng.integers(240, 641)), int(rng.integers(160, 481))
        ground, markup = css(colour(rng)), ""
        if kind == "photograph":
            ground = cover_of(photos[order[number % len(order)]])
        elif kind == "gradient":
            ground = gradient(rng)
        elif kind == "chart":
            markup = CHARTS[rng.integers(len(CHARTS))](rng, width, height)
        else:
            markup = noise(rng)
        style = f"position:relative;padding:0;overflow:hidden;width:{width}px;height:{height}px;background:{ground}"
        box = TextBox(None, "", 16, style, markup or html.escape(" "), height)
        yield Drawing(box, partial(jpeg, quality=int(rng.integers(60, 96))), ".jpg", kind)


def colour(rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(rng.integers(0, 256, 3).tolist())


def gradient(rng: np.random.Generator) -> str:
    linear = f"linear-gradient({rng.integers(360)}deg"
    kinds = (linear, "radial-gradient(circle at 30% 30%", "conic-gradient(at 60% 40%")
    stops = ",".join(css(colour(rng)) for _ in range(rng.integers(2, 6)))
    return f"{kinds[rng.integers(3)]},{stops})"


def noise(rng: np.random.Generator) -> str:
    """Perlin's, from fine grain to clouds."""
    name, frequency = f"noise{rng.integers(2**31)}", np.exp(rng.uniform(np.log(0.01), np.log(0.9)))
    kind = ("fractalNoise", "turbulence")[rng.integers(2)]
    return (
        f'<svg width="100%" height="100%"><filter id="{name}" x="0" y="0" width="1" height="1"><feTurbulence '
        f'type="{kind}" baseFrequency="{frequency:.4f}" numOctaves="{rng.integers(1, 5)}" '
        f'seed="{rng.integers(10_000)}"/></filter>'
        f'<rect width="100%" height="100%" filter="url(#{name})"/></svg>'
    )


def svg(shapes: str) -> str:
    return f'<svg width="100%" height="100%" style="position:absolute;inset:0;background:#fff">{shapes}</svg>'


def axes(width: int, height: int) -> str:
    lines = "".join(f'<path d="M20 {y}H{width - 15}" stroke="#ccc"/>' for y in range(20, height - 20, 30))
    return lines + f'<path d="M20 15V{height - 20}H{width - 15}" fill="none" stroke="#333"/>'


def bars(rng: np.random.Generator, width: int, height: int) -> str:
    count = int(rng.integers(3, 12))
    step, fill = (width - 50) / count, css(colour(rng))
    shapes = ""
    for number in range(count):
        tall = rng.uniform(0.1, 1) * (height - 50)
        place = f'x="{30 + step * number:.0f}" y="{height - 20 - tall:.0f}" width="{step * 0.7:.0f}"'
        shapes += f'<rect {place} height="{tall:.0f}" fill="{fill}"/>'
    return svg(axes(width, height) + shapes)


def curves(rng: np.random.Generator, width: int, height: int) -> str:
    shapes = ""
    for _ in range(rng.integers(1, 4)):
        levels = np.clip(height / 2 + np.cumsum(rng.normal(0, height / 14, 40)), 15, height - 20)
        points = " ".join(f"{20 + (width - 40) * step / 39:.0f},{level:.0f}" for step, level in enumerate(levels))
        shapes += f'<polyline points="{points}" fill="none" stroke="{css(colour(rng))}" stroke-width="2"/>'
    return svg(axes(width, height) + shapes)


def dots(rng: np.random.Generator, width: int, height: int) -> str:
    fill = css(colour(rng), 0.7)
    places = rng.uniform([25, 20], [width - 20, height - 25], (int(rng.integers(20, 90)), 2))
    shapes = "".join(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="4" fill="{fill}"/>' for x, y in places)
    return svg(axes(width, height) + shapes)


def pie(rng: np.random.Generator, width: int, height: int) -> str:
    ends = np.cumsum(rng.dirichlet(np.ones(rng.integers(3, 7)))) * 100
    stops = ",".join(
        f"{css(colour(rng))} {start:.0f}% {end:.0f}%" for start, end in zip([0, *ends], ends, strict=False)
    )
    size = min(width, height) - 30
    return svg("") + (
        f'<i style="position:absolute;left:15px;top:15px;width:{size}px;height:{size}px;border-radius:50%;'
        f'background:conic-gradient({stops})"></i>'
    )


CHARTS = (bars, curves, dots, pie)

"""Make a drawn text look like a phone's picture of it on a wall, a board or a sheet: everything is generated."""

import numpy as np
from PIL import Image, ImageFilter

LUMA = np.array([0.299, 0.587, 0.114])
LEAST_CONTRAST = 90  # luma between the ink and the mean of its ground, 0-255
LARGEST_SCALE = 1.2  # of the drawn letters: larger ones would be soft without any lens


def photograph(drawn: Image.Image, rng: np.random.Generator) -> Image.Image:
    """`drawn` (black on white, any mode) as paint on a textured ground, seen at an angle; RGB, 500-1200 pixels wide."""
    width = int(rng.integers(500, 1201))
    height = int(width * rng.uniform(0.45, 0.85))
    coverage = np.asarray(place_in_view(drawn, rng, width, height), np.float32)[..., None] / 255
    base = rng.uniform(25, 230, 3).astype(np.float32)
    texture = GROUNDS[rng.integers(len(GROUNDS))](rng, height, width)
    ink = contrasting_ink(rng, base)
    # the wall's grain shows through paint, more weakly
    scene = base + texture
    scene += (ink - base - 0.6 * texture) * coverage
    scene *= light(rng, height, width)
    return expose(scene, rng)


def contrasting_ink(rng: np.random.Generator, ground: np.ndarray, least: float = LEAST_CONTRAST) -> np.ndarray:
    """(3,) colour, 0-255, whose luma differs from that of `ground` by `least` or more."""
    while True:
        ink = rng.uniform(0, 255, 3).astype(np.float32)
        if abs((ink - ground) @ LUMA) >= least:
            return ink


def place_in_view(drawn: Image.Image, rng: np.random.Generator, width: int, height: int) -> Image.Image:
    """Coverage of the letters, mode "L", 255 is ink, in a picture of width x height: turned in space, then seen."""
    ink = drawn.convert("L").point(lambda value: 255 - value)
    ink = ink.crop(ink.getbbox())
    corners = project(ink.width, ink.height, *np.radians(rng.uniform([-30, -25, -9], [30, 25, 9])))
    extent = np.ptp(corners, axis=0)
    fit = rng.uniform(0.65, 0.92) * min(width / extent[0], height / extent[1])
    scale = min(LARGEST_SCALE, fit)
    # scaled by a filter first: the perspective step alone would skip pixels
    resized = ink.resize([max(1, round(side * scale)) for side in ink.size], Image.Resampling.LANCZOS)
    spare = np.array([width, height]) - extent * scale
    corners = (corners - corners.min(0)) * scale + spare * rng.uniform(0.2, 0.8, 2)
    warp = perspective(corners, resized.size)
    return resized.transform((width, height), Image.Transform.PERSPECTIVE, warp, Image.Resampling.BICUBIC)


def project(width: float, height: float, yaw: float, pitch: float, roll: float) -> np.ndarray:
    """Corners (4, 2) of a board turned by angles in radians, seen through a lens; from top left, clockwise."""
    distance = 1.6 * width
    x, y = np.array([-1, 1, 1, -1]) * width / 2, np.array([-1, -1, 1, 1]) * height / 2
    x, y = x * np.cos(roll) - y * np.sin(roll), x * np.sin(roll) + y * np.cos(roll)
    depth = x * np.sin(yaw) + y * np.sin(pitch)
    shrink = distance / (distance + depth)
    return np.stack([x * np.cos(yaw) * shrink, y * np.cos(pitch) * shrink], 1)


def perspective(corners: np.ndarray, size: tuple[int, int]) -> list[float]:
    """Pillow's eight coefficients that take points of the picture (`corners`, (4, 2)) to a drawing of `size`."""
    width, height = size
    rows, values = [], []
    for (x, y), (u, v) in zip(corners, [(0, 0), (width, 0), (width, height), (0, height)], strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(rows, values).tolist()


def smooth_noise(rng: np.random.Generator, height: int, width: int, cell: tuple[float, float]) -> np.ndarray:
    """(height, width) float32 in 0-1 that changes over `cell` (height, width) pixels."""
    grid = rng.random([int(side / step) + 2 for side, step in zip((height, width), cell, strict=True)], np.float32)
    return np.clip(np.asarray(Image.fromarray(grid).resize((width, height), Image.Resampling.BICUBIC)), 0, 1)


def _coloured(rng: np.random.Generator, relief: np.ndarray, strength: float) -> np.ndarray:
    """(H, W) in -1..1 -> (H, W, 3) float32 offsets of brightness, tinted a little."""
    return relief.astype(np.float32)[..., None] * (strength * rng.uniform(0.8, 1.2, 3)).astype(np.float32)


def plain(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A gradient in any direction."""
    return _coloured(rng, _slope(rng, height, width) / 1.5, rng.uniform(5, 30))


def _slope(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(height, width), how far each pixel lies in a direction; 0 in the middle, 1 at the middle of a side."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return x * np.cos(angle) + y * np.sin(angle)


def plaster(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Rough render: noise of several sizes."""
    layers = [smooth_noise(rng, height, width, (cell, cell)) - 0.5 for cell in (3, 9, 30, 120)]
    return _coloured(rng, sum(layers), rng.uniform(10, 30))


def paper(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Fine fibres, and a fold or two."""
    fibres = smooth_noise(rng, height, width, (1.5, 5)) - 0.5
    folds = np.zeros((1, width), np.float32)
    for place in rng.uniform(0, width, rng.integers(0, 3)):
        folds += np.tanh((np.arange(width) - place) / 4) * np.exp(-np.abs(np.arange(width) - place) / 40)
    return _coloured(rng, fibres, rng.uniform(6, 20)) + _coloured(rng, folds, rng.uniform(4, 12))


def wood(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Level boards with grain that wavers."""
    waver = smooth_noise(rng, height, width, (height / 6, width / 3))
    y = np.mgrid[0:height, 0:width][0]
    grain = np.sin((y / rng.uniform(4, 9)) + waver * rng.uniform(8, 20)) * smooth_noise(rng, height, width, (3, 60))
    board = rng.uniform(60, 140)
    seams = (y % board < 2) * -1.5
    return _coloured(rng, grain + seams, rng.uniform(8, 22))


def brick(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Rows of bricks, each of its own tone, with mortar between."""
    tall = rng.uniform(28, 60)
    y, x = np.mgrid[0:height, 0:width]
    row = (y / tall).astype(int)
    across = x / (2.6 * tall) + 0.5 * (row % 2)
    tones = rng.uniform(-0.7, 0.7, (row.max() + 1, int(across.max()) + 1))[row, across.astype(int)]
    mortar = (y % tall < 3) | (across % 1 < 3 / (2.6 * tall))
    rough = smooth_noise(rng, height, width, (3, 3)) - 0.5
    return _coloured(rng, np.where(mortar, 1.0, tones) + rough, rng.uniform(8, 22))


GROUNDS = (plain, plaster, paper, wood, brick)


def light(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """(H, W, 1) float32 brightness: uneven lamps, and in half of the pictures the soft edge of a shadow."""
    brightness = rng.uniform(0.85, 1.1) * (0.8 + 0.4 * smooth_noise(rng, height, width, (height / 2, width / 2)))
    if rng.random() < 0.5:
        across = _slope(rng, height, width) - rng.uniform(-0.5, 0.5)
        brightness *= 1 - rng.uniform(0.2, 0.5) / (1 + np.exp(-across / rng.uniform(0.01, 0.12)))
    return brightness.astype(np.float32)[..., None]


def expose(scene: np.ndarray, rng: np.random.Generator) -> Image.Image:
    """(H, W, 3) brightness 0-255 -> the camera's picture: its blur first, then the noise of its sensor."""
    sharp = Image.fromarray(np.clip(scene, 0, 255).astype(np.uint8))
    noisy = rng.standard_normal(scene.shape, np.float32)
    noisy *= rng.uniform(1, 9)
    noisy += np.asarray(sharp.filter(ImageFilter.GaussianBlur(float(rng.uniform(0.3, 1.6)))))
    return Image.fromarray(np.clip(noisy + 0.5, 0, 255).astype(np.uint8))

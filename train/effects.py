"""Lines of text as people bring them, made on whatever device they are: the truth is what was there before.

A clean line is set on a canvas with its surroundings, in colour; then it is bent, photographed and made small. Every
kind of `Effects` strikes a share of the batch. Never made here, so that tests can ask for what training never saw
(`benchmarks.effects.HELD_OUT_CONDITIONS`): engraved letters, a glow, a halftone, a marker behind half of the height,
letters stretched sideways, a quarter turn.
"""

import math
import random
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from train.augment import quantised_cosines

HEIGHT = 96  # of the canvas
TALL = 64, 56  # of a prepared line, and of its ink
LEAST_INK = 7.0  # pixels: what would be lower is left as it is
PARTS = 8  # of a batch, each made small by another factor


@dataclass(frozen=True)
class Effects:
    """Share of the pictures that each kind strikes, 0-1."""

    plain: float = 0.25  # nothing but colours, size and what degrades
    without: float = 0.06  # no letters at all
    photograph: float = 0.3  # as ground
    gradient: float = 0.15  # as ground
    label: float = 0.18  # a box behind the letters or a part of them, with or without a rim
    neighbours: float = 0.3  # lines above and below
    rules: float = 0.12  # of a table, of a frame
    blobs: float = 0.1  # icons and dirt beside the letters
    shadow: float = 0.14
    extrusion: float = 0.06
    rim: float = 0.14
    hollow: float = 0.1  # outlines alone
    relief: float = 0.05  # embossed
    filled: float = 0.14  # by a gradient, stripes or a photograph
    worn: float = 0.05
    line: float = 0.16  # under, over or through the letters
    bent: float = 0.1
    turned: float = 0.5  # by a few degrees, slanted, in perspective
    edges: float = 0.35  # the picture ends near the letters, often with a stripe of one to three pixels
    small: float = 0.6
    blur: float = 0.15
    fringes: float = 0.06
    moire: float = 0.03
    light: float = 0.15
    noise: float = 0.25
    jpeg: float = 0.35


@dataclass
class Scene:
    """Pictures and their truth.

    picture: (N, 3, H, W) RGB 0-1. letters, band: (N, 1, H, W) 0-1.
    to_picture: (N, 3, 3), from x, y of the prepared line to those of the picture; wrong where the line is bent.
    shown: (N, 2), from which to which column of the prepared line the picture shows it.
    """

    picture: Tensor
    letters: Tensor
    band: Tensor
    to_picture: Tensor
    shown: Tensor


class SceneMaker:
    """Args: grounds: (G, 3, S, S) uint8 photographs; width: of the canvas, a multiple of 16.
    dtype: in which pictures are made."""

    def __init__(
        self, settings: Effects, grounds: Tensor, width: int = 384, dtype: torch.dtype = torch.float32
    ) -> None:
        self.settings, self.grounds, self.width, self.dtype = settings, grounds, width, dtype

    def __call__(
        self, lines: Tensor, length: Tensor, baseline: Tensor, x_height: Tensor, generator: Generator
    ) -> Scene:
        """Args:
        lines: (N, 1, 64, W) uint8 prepared lines, ink 255, each from the first column; length: (N,) their widths.
        baseline, x_height: (N,) in pixels of the prepared line.
        generator: the only source of chance; of the lines' device.
        """
        self._generator, self._device, self._count = generator, lines.device, len(lines)
        self._dice = random.Random(generator.initial_seed())  # one throw for many pictures waits for no accelerator
        share = self.settings
        fancy = self._chance(1.0) & ~self._chance(share.plain)
        bent = fancy & self._chance(share.bent)
        scale = self._between(0.6, 1.2)
        scale = torch.where(self._chance(0.15), self._between(0.35, 1.35), scale)
        scale = torch.where(bent, self._between(0.22, 0.55), scale)
        room = self.width - scale * length
        left = torch.where(room > 0, self._between(-0.06, 1.06), self._between(0, 1)) * room
        middle = HEIGHT / 2 + self._between(-1, 1) * (HEIGHT - TALL[1] * scale).clamp(min=12) * 0.22
        self._scale, self._top, self._bottom = scale, middle - TALL[1] / 2 * scale, middle + TALL[1] / 2 * scale
        self._left, self._right = left + 4 * scale, left + (length - 4) * scale
        self._baseline = middle + (baseline - TALL[0] / 2) * scale
        self._x_top = self._baseline - x_height * scale

        source = lines.to(self.dtype) / 255
        letters = self._placed(source, left, middle, scale)
        there = self._wide(~self._chance(share.without))
        letters = letters * there
        band = self._rectangle(self._left, self._x_top, self._right, self._baseline) * there
        picture = self._composed(source, letters, fancy)

        points, homography = self._points(fancy & self._chance(share.turned) & ~bent, bent, length * scale)
        layers = torch.cat([picture, letters, band], 1)
        moved = fancy.nonzero()[:, 0]
        if len(moved):
            warped = sample(layers[moved], points[moved], "border")
            inside = sample(layers[moved, 3:], points[moved], "zeros")
            layers[moved] = torch.cat([warped[:, :3], inside], 1)
        picture, letters, band = layers[:, :3], layers[:, 3:4], layers[:, 4:]
        picture = self._degraded(self._ended(picture, self._chance(share.edges)))
        placing = torch.zeros(self._count, 3, 3, device=self._device)
        placing[:, 0, 0] = placing[:, 1, 1] = scale
        placing[:, 0, 2], placing[:, 1, 2], placing[:, 2, 2] = left, middle - TALL[0] / 2 * scale, 1
        shown = torch.stack([(-left / scale).clamp(min=0), torch.minimum(length, (self.width - left) / scale)], 1)
        return Scene(picture.clamp(0, 1), letters, band, torch.linalg.inv(homography) @ placing, shown)

    # chance

    def _rand(self, *size: int) -> Tensor:
        return torch.rand(size, generator=self._generator, device=self._device)

    def _chance(self, share: float) -> Tensor:
        """(N,) bool"""
        return self._rand(self._count) < share

    def _between(self, low: float, high: float, count: int | None = None) -> Tensor:
        """(count,) float32; (N,) unless told otherwise."""
        return low + (high - low) * self._rand(self._count if count is None else count)

    def _wide(self, values: Tensor) -> Tensor:
        """(N,) -> (N, 1, 1, 1)"""
        return values[:, None, None, None].to(self.dtype)

    def _colours(self) -> Tensor:
        """(N, 3, 1, 1): a third gray, a third near white or black, a third of any colour."""
        any_colour = self._rand(self._count, 3)
        gray = self._rand(self._count, 1).expand(-1, 3)
        extreme = (self._rand(self._count, 1) < 0.5).float() + (self._rand(self._count, 3) - 0.5) * 0.16
        kind = self._rand(self._count, 1)
        colour = torch.where(kind < 0.2, gray, torch.where(kind < 0.62, extreme.clamp(0, 1), any_colour))
        return colour[:, :, None, None].to(self.dtype)

    def _photographs(self) -> Tensor:
        """(N, 3, H, W), each a part of a photograph, magnified, mirrored, brighter or darker."""
        which = (self._rand(self._count) * len(self.grounds)).long()
        side = self.grounds.shape[-1]
        zoom = self._between(0.12, 0.48)  # pixels of the photograph to one of the canvas
        corner = torch.stack([self._rand(self._count) * (side - self.width * zoom).clamp(min=0) for _ in "xy"], 1)
        points = self._canvas()[None] * zoom[:, None, None, None] + corner[:, None, None]
        pictures = sample(self.grounds[which].to(self.dtype) / 255, points, "reflection")
        return (pictures - 0.5) * self._wide(self._between(0.3, 1.2)) + self._wide(self._between(0.25, 0.75))

    # geometry

    def _canvas(self, finer: int = 1) -> Tensor:
        """(H * finer, W * finer, 2) x, y of the middles of pixels."""
        return _middles(self.width, HEIGHT, finer, self._device)

    def _placed(self, source: Tensor, left: Tensor, middle: Tensor, scale: Tensor) -> Tensor:
        """Lines drawn on the canvas, averaged from four samples a pixel."""
        corner, where = torch.stack([left, middle], 1)[:, None, None], self._canvas(2)[None]
        points = (where - corner) / scale[:, None, None, None] + where.new_tensor([0, TALL[0] / 2])
        return F.avg_pool2d(sample(source, points, "zeros"), 2)

    def _rectangle(self, left: Tensor, top: Tensor, right: Tensor, bottom: Tensor, round_by: Tensor | float = 0.0):
        """(N, 1, H, W) coverage of rectangles with rounded corners."""
        canvas = self._canvas()
        x, y = canvas[None, ..., 0], canvas[None, ..., 1]
        left, top, right, bottom = (side[:, None, None] for side in (left, top, right, bottom))
        if not isinstance(round_by, float):
            round_by = torch.minimum(round_by[:, None, None], torch.minimum(right - left, bottom - top) / 2)
        across = (x - (left + right) / 2).abs() - (right - left) / 2 + round_by
        down = (y - (top + bottom) / 2).abs() - (bottom - top) / 2 + round_by
        outside = torch.hypot(across.clamp(min=0), down.clamp(min=0)) + torch.maximum(across, down).clamp(max=0)
        return (0.5 - outside + round_by).clamp(0, 1)[:, None].to(self.dtype)

    def _points(self, turned: Tensor, bent: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Where each pixel of the picture lies on the flat canvas: (N, H, W, 2), and (N, 3, 3) without the bends."""
        n, on = self._count, turned.float()
        angle = self._between(-0.09, 0.09) * on
        slant, tilt_x, tilt_y = (self._between(-most, most) * on for most in (0.15, 6e-4, 9e-4))
        cos, sin = torch.cos(angle), torch.sin(angle)
        none, one = torch.zeros_like(cos), torch.ones_like(cos)
        rows = (cos, -sin + slant, none, sin, cos, none, tilt_x, tilt_y, one)
        matrix = torch.stack(rows, 1).reshape(n, 3, 3)
        centre = torch.eye(3, device=self._device).repeat(n, 1, 1)
        centre[:, 0, 2], centre[:, 1, 2] = -self.width / 2, -HEIGHT / 2
        homography = torch.linalg.inv(centre) @ matrix @ centre
        canvas = self._canvas()
        ones = torch.cat([canvas, torch.ones_like(canvas[..., :1])], -1).reshape(-1, 3)
        points = (ones[None] @ homography.transpose(1, 2)).reshape(n, HEIGHT, self.width, 3)
        points = points[..., :2] / points[..., 2:]
        # a bow: the middle of the line lies on a circle whose centre is below (1) or above (-1)
        half = self._between(0.15, 1.5)  # of the angle that the line takes up
        sagitta_share = (1 - torch.cos(half)) / (2 * half)
        radius = torch.minimum(length.clamp(20, self.width), 68 / sagitta_share) / (2 * half)
        up = torch.where(self._chance(0.7), 1.0, -1.0)
        sagitta = radius * (1 - torch.cos(half))
        radius, up, centre_y = (v[:, None, None] for v in (radius, up, HEIGHT / 2 + up * (radius - sagitta / 2)))
        middle = ((self._top + self._bottom) / 2)[:, None, None]
        centre_x = ((self._left.clamp(min=0) + self._right.clamp(max=self.width)) / 2)[:, None, None]
        x, y = canvas[None, ..., 0] - self.width / 2, up * (centre_y - canvas[None, ..., 1])
        bow = torch.stack([centre_x + radius * torch.atan2(x, y), middle - up * (torch.hypot(x, y) - radius)], -1)
        # a wave
        period, height = self._between(90, 300)[:, None, None], self._between(4, 16)[:, None, None]
        phase = self._between(0, 2 * math.pi)[:, None, None]
        wavy = canvas[None].repeat(n, 1, 1, 1)
        wavy[..., 1] += height * torch.sin(wavy[..., 0] * 2 * math.pi / period + phase)
        shape = torch.where(self._chance(0.65)[:, None, None, None], bow, wavy)
        return torch.where(bent[:, None, None, None], shape, points), homography

    # what lies around, behind and on the letters

    def _composed(self, source: Tensor, letters: Tensor, fancy: Tensor) -> Tensor:
        """(N, 3, H, W)"""
        share, n = self.settings, self._count
        picture = self._colours().expand(n, 3, HEIGHT, self.width).clone()
        of_photograph = fancy & self._chance(share.photograph)
        photographs = self._photographs()
        picture = torch.where(self._wide(of_photograph) > 0, photographs, picture)
        ramp = self._ramp()
        graded = self._wide(fancy & self._chance(share.gradient))
        picture = picture + graded * (self._colours() - picture) * ramp

        labelled = fancy & self._chance(share.label)
        whole, length = self._chance(0.65), self._right - self._left
        pad = self._between(0.02, 0.6) * (self._bottom - self._top)
        first = torch.where(whole, self._left - pad * 1.3, self._left + self._between(-0.2, 0.8) * length)
        last = torch.where(whole, self._right + pad * 1.3, self._left + self._between(0.3, 1.3) * length)
        rounding = torch.where(self._chance(0.5), self._between(0, 30), 0.0)
        top, last = self._top - pad, torch.maximum(last, first + 8)
        box = self._rectangle(first, top, last, self._bottom + pad * self._between(0.8, 1.3), rounding)
        rim = self._between(0.5, 4) * self._chance(0.4)
        inner = self._rectangle(first + rim, top + rim, last - rim, self._bottom + pad - rim, rounding)
        around = (box - inner).clamp(0, 1) * self._wide(rim > 0)
        filled = self._wide(self._between(0.6, 1.0) * self._chance(0.85)) * inner + around
        label_colour = torch.where(inner > 0.5, self._colours(), self._colours())
        picture = _over(picture, label_colour, filled * self._wide(labelled))

        ink = self._apart(self._colours(), picture, letters)
        if share.rules:
            picture = self._ruled(picture, ink, fancy & self._chance(share.rules))
        others = self._neighbours(source) * self._wide(fancy & self._chance(share.neighbours))
        other_ink = torch.where(self._wide(self._chance(0.7)) > 0, ink, self._colours())
        picture = _over(picture, other_ink, others)
        blobs = self._blobs() * self._wide(fancy & self._chance(share.blobs)) * (1 - _grown(letters, 3))
        picture = _over(picture, torch.where(self._wide(self._chance(0.5)) > 0, ink, photographs), blobs)

        worn = fancy & self._chance(share.worn)
        shape = letters * (1 - self._holes() * self._wide(worn))
        chosen = (fancy & self._chance(share.extrusion)).nonzero()[:, 0]
        if len(chosen):
            deep = shape[chosen]
            turn = self._rand(len(chosen)) * 2 * math.pi
            for step in (1, 2, 4, 8)[: 3 + int(self._dice.random() * 2)]:
                deep = torch.maximum(deep, _moved(deep, torch.cos(turn) * step, torch.sin(turn) * step))
            picture[chosen] = _over(picture[chosen], self._colours()[chosen], deep)
        chosen = (fancy & self._chance(share.shadow)).nonzero()[:, 0]
        if len(chosen):
            turn, far = self._rand(len(chosen)) * 2 * math.pi, 1.5 + 7 * self._rand(len(chosen))
            cast = _moved(shape[chosen], torch.cos(turn) * far, torch.sin(turn) * far)
            if self._dice.random() < 0.5:
                cast = _blurred(cast, 0.8 + 3 * self._dice.random())
            dark = self._colours()[chosen] * (0.25 if self._dice.random() < 0.6 else 1.0)
            picture[chosen] = _over(picture[chosen], dark, cast * self._wide(self._between(0.4, 1.0, len(chosen))))
        chosen = (fancy & self._chance(share.rim)).nonzero()[:, 0]
        if len(chosen):
            colours = self._colours()[chosen]
            wide = _grown(shape[chosen], 1 + int(self._dice.random() * 6))
            picture[chosen] = _over(picture[chosen], colours, wide)
            ink[chosen] = self._apart(ink[chosen], colours.expand(-1, -1, HEIGHT, self.width), letters[chosen])
        fill = ink.expand(n, 3, HEIGHT, self.width)
        chosen = (fancy & self._chance(share.filled)).nonzero()[:, 0]
        if len(chosen):
            fill = fill.clone()
            kind = self._rand(len(chosen), 1, 1, 1)
            second = self._colours()[chosen]
            striped = _over(fill[chosen], second, self._stripes()[chosen])
            graded = _over(fill[chosen], second, ramp[chosen])
            pictured = _over(fill[chosen], photographs[chosen], 0.75)
            fill[chosen] = torch.where(kind < 0.5, graded, torch.where(kind < 0.7, striped, pictured))
        solid = self._wide(torch.where(self._chance(0.12), self._between(0.5, 1.0), 1.0))
        raised = fancy & self._chance(share.relief)
        hollow = fancy & self._chance(share.hollow) & ~raised
        before = picture
        picture = _over(picture, fill, shape * solid)
        chosen = hollow.nonzero()[:, 0]
        if len(chosen):
            outward, inward = int(self._dice.random() * 4), 1 + int(self._dice.random() * 3)
            ring = (_grown(shape[chosen], outward) - (1 - _grown(1 - shape[chosen], inward))).clamp(0, 1)
            empty = self._rand(len(chosen), 1, 1, 1) < 0.75
            inside = _over(before[chosen], self._colours()[chosen], shape[chosen])
            picture[chosen] = _over(torch.where(empty, before[chosen], inside), fill[chosen], ring)
        chosen = raised.nonzero()[:, 0]
        if len(chosen):
            soft = _blurred(shape[chosen], 0.7 + self._dice.random())
            step = 0.8 + 1.2 * self._dice.random()
            turn = torch.full((len(chosen),), -0.75 * math.pi, device=self._device)  # light from the upper left
            lit = _moved(soft, torch.cos(turn) * step, torch.sin(turn) * step) - soft
            dark = _moved(soft, -torch.cos(turn) * step, -torch.sin(turn) * step) - soft
            tint = self._wide(self._between(0, 0.25, len(chosen)))
            tinted = before[chosen] + (fill[chosen] - before[chosen]) * shape[chosen] * tint
            strength = self._wide(self._between(0.35, 0.85, len(chosen)))
            picture[chosen] = tinted + strength * (lit.clamp(min=0) - dark.clamp(min=0))
        return self._crossed(picture, ink, letters, fancy & self._chance(share.line))

    def _apart(self, ink: Tensor, picture: Tensor, letters: Tensor) -> Tensor:
        """Ink colours, replaced by black or white where they are too near to what lies behind the letters."""
        weight = letters + 1e-3
        behind = (picture * weight).sum((2, 3), keepdim=True) / weight.sum((2, 3), keepdim=True)
        far = 0.25 + 0.35 * self._rand(len(ink), 1, 1, 1).to(self.dtype)
        near = (ink - behind).abs().amax(1, keepdim=True) < far
        extreme = (behind.mean(1, keepdim=True) < 0.5).to(self.dtype) * 0.9 + 0.05
        return torch.where(near, extreme.expand_as(ink), ink)

    def _ramp(self) -> Tensor:
        """(N, 1, H, W) 0-1 along any direction, soft or sudden."""
        turn = self._between(0, 2 * math.pi)[:, None, None]
        canvas = self._canvas()[None]
        x = canvas[..., 0] / self.width - self._rand(self._count, 1, 1)
        y = canvas[..., 1] / HEIGHT - self._rand(self._count, 1, 1)
        steep = torch.where(self._chance(0.2), 60.0, 1.6)[:, None, None]
        return ((x * torch.cos(turn) + y * torch.sin(turn)) * steep + 0.5).clamp(0, 1)[:, None].to(self.dtype)

    def _stripes(self) -> Tensor:
        turn, period = self._between(0, math.pi)[:, None, None], self._between(4, 14)[:, None, None]
        canvas = self._canvas()
        along = (canvas[None, ..., 0] * torch.cos(turn) + canvas[None, ..., 1] * torch.sin(turn)) * 2 * math.pi / period
        return (torch.sin(along) * 3 + 0.5).clamp(0, 1)[:, None].to(self.dtype)

    def _holes(self) -> Tensor:
        """(N, 1, H, W) 0-1: specks of two sizes."""
        fine, coarse = (self._cells(side, "bilinear") for side in (2, 8))
        return ((fine + coarse - self._between(1.2, 1.5)[:, None, None, None]) * 6).clamp(0, 1).to(self.dtype)

    def _cells(self, side: int, mode: str) -> Tensor:
        """(N, 1, H, W) float32: a value of its own, 0-1, every `side` pixels, with others between."""
        values = self._rand(self._count, 1, HEIGHT // side, self.width // side)
        return F.interpolate(values, (HEIGHT, self.width), mode=mode)

    def _blobs(self) -> Tensor:
        """(N, 1, H, W): shapes of dirt anywhere, or a disc or square beside the text."""
        dirt = ((self._cells(12, "bicubic") - 0.8) * 12).clamp(0, 1).to(self.dtype)
        size, gap = self._between(0.4, 1.1) * (self._bottom - self._top), self._between(2, 24)
        first = torch.where(self._chance(0.6), self._left - gap - size, self._right + gap)
        middle = (self._top + self._bottom) / 2
        last, top, bottom = first + size, middle - size / 2, middle + size / 2
        icon = self._rectangle(first, top, last, bottom, size * self._between(0, 0.5))
        hole = self._between(0.1, 0.3) * size
        inside = self._rectangle(first + hole, top + hole, last - hole, bottom - hole, size * 0.3)
        icon = icon - inside * self._wide(self._chance(0.5))
        return torch.where(self._wide(self._chance(0.4)) > 0, dirt, icon)

    def _neighbours(self, source: Tensor) -> Tensor:
        """Other lines, above and below, with gaps as in text set tightly or loosely."""
        drawn = torch.zeros(self._count, 1, HEIGHT, self.width, device=self._device, dtype=self.dtype)
        for edge, away, other in ((self._top, -1, source.roll(1, 0)), (self._bottom, 1, source.roll(2, 0))):
            scale = self._scale * self._between(0.8, 1.2)
            gap = self._between(-0.03, 0.45) * TALL[1] * self._scale
            middle = edge + away * (gap + TALL[1] / 2 * scale)
            line = self._placed(other, self._left + self._between(-40, 40), middle, scale)
            drawn = torch.maximum(drawn, line * self._wide(self._chance(0.75)))
        return drawn

    def _ruled(self, picture: Tensor, ink: Tensor, chosen: Tensor) -> Tensor:
        """Thin lines beside the letters: of a table, a frame, a caret."""
        colour = torch.where(self._wide(self._chance(0.4)) > 0, ink, self._colours())
        low, high = torch.full_like(self._top, -9.0), torch.full_like(self._top, self.width + 9.0)
        gap, thick = [self._between(1.5, 26) for _ in range(4)], self._between(0.7, 4.5)
        sides = [self._wide(chosen & self._chance(0.6)) for _ in range(4)]
        lines = (
            self._rectangle(low, self._top - gap[0] - thick, high, self._top - gap[0]) * sides[0],
            self._rectangle(low, self._bottom + gap[1], high, self._bottom + gap[1] + thick) * sides[1],
            self._rectangle(self._left - gap[2] - thick, low, self._left - gap[2], high) * sides[2],
            self._rectangle(self._right + gap[3], low, self._right + gap[3] + thick, high) * sides[3],
        )
        for line in lines:
            picture = _over(picture, colour, line)
        return picture

    def _crossed(self, picture: Tensor, ink: Tensor, letters: Tensor, chosen: Tensor) -> Tensor:
        """A line under the letters, through them or over them, of one or two strokes, whole, dotted or with gaps."""
        em = (self._baseline - self._x_top).clamp(min=6) * 2
        kind = self._rand(self._count)
        thick = (self._between(0.03, 0.13) * em).clamp(min=1.0)
        under = self._baseline + self._between(0.02, 0.22) * em
        through = self._baseline - self._between(0.2, 0.36) * em
        over = self._top - self._between(0.0, 0.15) * em - thick
        y = torch.where(kind < 0.6, under, torch.where(kind < 0.93, through, over))
        part = self._chance(0.2)
        width = self._right - self._left
        first = torch.where(part, self._left + self._between(0, 0.6) * width, self._left - self._between(-2, 6))
        last = torch.where(part, first + self._between(0.2, 0.6) * width, self._right + self._between(-2, 6))
        stroke = self._rectangle(first, y, last, y + thick)
        twice = self._wide(self._chance(0.1))
        stroke = torch.maximum(stroke, self._rectangle(first, y + 2 * thick, last, y + 3 * thick) * twice)
        waves = torch.sin(self._canvas()[None, ..., 0] * (2 * math.pi / (thick * 3))[:, None, None])
        dotted = (waves * 4 + 0.5).clamp(0, 1)[:, None].to(self.dtype)
        stroke = torch.where(self._wide(self._chance(0.1)) > 0, stroke * dotted, stroke)
        gaps = self._wide((kind < 0.6) & self._chance(0.5))  # as browsers leave around descenders
        stroke = stroke * (1 - gaps * _grown(letters, 3))
        colour = torch.where(self._wide(self._chance(0.75)) > 0, ink, self._colours())
        return _over(picture, colour, stroke * self._wide(chosen))

    # the picture that is taken of it

    def _ended(self, picture: Tensor, chosen: Tensor) -> Tensor:
        """Beyond the picture's edge its last row or column goes on, as where a crop is filled up."""
        far = [torch.where(chosen & self._chance(0.45), self._between(-1, 14), 999.0) for _ in range(4)]
        left, top = (self._left - far[0]).clamp(min=-1), (self._top - far[1]).clamp(min=-1)
        right, bottom = (self._right + far[2]).clamp(max=self.width + 1), (self._bottom + far[3]).clamp(max=HEIGHT + 1)
        right, bottom = torch.maximum(right, left + 24), torch.maximum(bottom, top + 24)
        thick = torch.round(self._between(0.51, 3.49)) * self._scale.clamp(0.6, 1.2) * self._between(0.5, 3.5)
        striped = [torch.where(self._chance(0.6), thick, 0.0) for _ in range(4)]
        inner = self._rectangle(left + striped[0], top + striped[1], right - striped[2], bottom - striped[3])
        picture = _over(picture, self._colours(), (1 - inner) * self._wide(chosen))
        canvas = self._canvas()[None]
        x = torch.minimum(torch.maximum(canvas[..., 0], left[:, None, None] + 0.5), right[:, None, None] - 0.5)
        y = torch.minimum(torch.maximum(canvas[..., 1], top[:, None, None] + 0.5), bottom[:, None, None] - 0.5)
        some = chosen.nonzero()[:, 0]
        if len(some):
            picture[some] = sample(picture[some], torch.stack(torch.broadcast_tensors(x, y), -1)[some], "border")
        return picture

    def _degraded(self, picture: Tensor) -> Tensor:
        share = self.settings
        light = self._wide(self._chance(share.light))
        picture = picture * (1 + light * (self._ramp() - 0.5) * self._wide(self._between(0.2, 0.9)))
        chosen = self._chance(share.moire).nonzero()[:, 0]
        if len(chosen):
            grid = self._stripes()[chosen] * 0.5 + self._stripes()[chosen].flip(3) * 0.5
            picture[chosen] = picture[chosen] * (1 - grid * self._wide(self._between(0.1, 0.4, len(chosen))))
        parts = zip(picture.chunk(PARTS), self._scale.chunk(PARTS), strict=True)
        return torch.cat([self._made_small(*part) for part in parts])

    def _made_small(self, picture: Tensor, scale: Tensor) -> Tensor:
        """One factor for all of (N, 3, H, W) that stay legible by it; what follows happens at that size."""
        share, n, one = self.settings, len(picture), self._dice.uniform
        factor = math.exp(one(math.log(0.11), 0)) if self._dice.random() < share.small else 1.0
        whole, legible = picture, (scale * TALL[1] * factor > LEAST_INK)[:, None, None, None]
        if self._dice.random() < share.blur:
            picture = _blurred(picture, one(0.5, 2.2))
        if self._dice.random() < share.fringes:
            shift = torch.full((n,), one(0.2, 0.34) / factor, device=self._device)
            red, blue = _moved(picture[:, :1], -shift, 0 * shift), _moved(picture[:, 2:], shift, 0 * shift)
            picture = torch.cat([red, picture[:, 1:2], blue], 1)
        size = (max(8, round(HEIGHT * factor)), max(16, round(self.width * factor)))
        if factor < 1:
            picture = F.interpolate(picture, size, mode="bilinear", antialias=True, align_corners=False)
        struck = self._rand(n, 1, 1, 1)
        grain = torch.randn(picture.shape, generator=self._generator, device=self._device).to(self.dtype)
        if self._dice.random() < 0.5:
            grain = grain.mean(1, keepdim=True)
        picture = picture + grain * (0.12 * struck / max(share.noise, 1e-9) * (struck < share.noise)).to(self.dtype)
        if self._dice.random() < share.jpeg:
            picture = _jpeg(picture.clamp(0, 1), one(0.3, 3.5))
        if factor < 1:
            mode = "bicubic" if self._dice.random() < 0.7 else "bilinear"
            picture = F.interpolate(picture, (HEIGHT, self.width), mode=mode, align_corners=False)
        return torch.where(legible, picture, whole)


def sample(images: Tensor, points: Tensor, beyond: str) -> Tensor:
    """(N, C, H, W) at (N, h, w, 2) x, y in pixels, middles at halves."""
    size = torch.tensor([images.shape[3], images.shape[2]], device=points.device)
    return F.grid_sample(images, (points * 2 / size - 1).to(images), padding_mode=beyond, align_corners=False)


def _middles(width: int, height: int, finer: int, device: torch.device) -> Tensor:
    """(height * finer, width * finer, 2) x, y of the middles of pixels, `finer` of which are one."""
    x, y = ((torch.arange(side * finer, device=device) + 0.5) / finer for side in (width, height))
    return torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)


def _moved(images: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Each by its own (N,) pixels; what comes in repeats the edge."""
    points = _middles(images.shape[3], images.shape[2], 1, images.device)[None]
    return sample(images, points - torch.stack([right, down], 1)[:, None, None], "border")


def _grown(mask: Tensor, by: int) -> Tensor:
    """Dilated by an octagon, `by` pixels."""
    for step in range(by):
        if step % 2:
            mask = F.max_pool2d(mask, 3, 1, 1)
        else:
            mask = torch.maximum(F.max_pool2d(mask, (3, 1), 1, (1, 0)), F.max_pool2d(mask, (1, 3), 1, (0, 1)))
    return mask


def _blurred(images: Tensor, sigma: float) -> Tensor:
    reach = math.ceil(2.5 * sigma)
    offsets = torch.arange(-reach, reach + 1, device=images.device)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2)).to(images)
    kernel = kernel / kernel.sum()
    flat = images.reshape(-1, 1, *images.shape[2:])
    with torch.backends.cudnn.flags(benchmark=False):  # every call has another shape: no use in trying algorithms
        flat = F.conv2d(F.pad(flat, (reach, reach, 0, 0), "replicate"), kernel.reshape(1, 1, 1, -1))
        flat = F.conv2d(F.pad(flat, (0, 0, reach, reach), "replicate"), kernel.reshape(1, 1, -1, 1))
    return flat.reshape(images.shape)


def _jpeg(pictures: Tensor, coarseness: float) -> Tensor:
    """(N, 3, H, W): brightness and, at half the size, colours quantised as JPEG does."""
    brightness = 0.3 * pictures[:, :1] + 0.59 * pictures[:, 1:2] + 0.11 * pictures[:, 2:]
    colours = F.interpolate(pictures - brightness, scale_factor=0.5, mode="area")
    colours = F.interpolate(quantised_cosines(colours, coarseness), pictures.shape[2:], mode="nearest")
    return quantised_cosines(brightness, coarseness) + colours


def _over(below: Tensor, colour: Tensor, coverage: Tensor | float) -> Tensor:
    return below + (colour - below) * coverage

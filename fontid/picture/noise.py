"""Noise of pixels, as of a camera in the dark: measured, and smoothed away where letters would drown in it."""

import cv2
import numpy as np
from PIL import Image

NOISY = 4.0  # standard deviation of the luma, 0-255; below that a picture is left as it is
KERNEL = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)  # blind to ground, slopes and straight edges
GAIN = 6.0  # of the kernel on independent noise
MOST_SAMPLES = 250_000
PASSES = (5.0, 2.5)  # of noise: how far colours may lie apart and still be mixed
DIAMETER, REACH = 5, 1.5  # pixels


def noise_of(pixels: np.ndarray) -> float:
    """Standard deviation of the noise in the luma of (H, W, 3) uint8; 0.0 for less than 3 x 3 pixels.

    After J. Immerkaer, Fast noise variance estimation, 1996; by the median, so that letters do not count.
    """
    if min(pixels.shape[:2]) < 3:
        return 0.0
    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    response = np.abs(cv2.filter2D(luma, cv2.CV_16S, KERNEL)[1:-1, 1:-1]).ravel()
    sample = response[:: max(1, len(response) // MOST_SAMPLES)]
    return float(np.median(sample)) / 0.6745 / GAIN


def without_noise(picture: Image.Image) -> Image.Image:
    """An RGB picture with its noise smoothed by a bilateral filter (Tomasi and Manduchi 1998), if it is noisy.

    Its `info` is kept.
    """
    pixels = np.asarray(picture)
    noise = noise_of(pixels)
    if noise < NOISY:
        return picture
    for apart in PASSES:
        pixels = cv2.bilateralFilter(pixels, DIAMETER, apart * noise, REACH)
    smooth = Image.fromarray(pixels)
    smooth.info = picture.info
    return smooth

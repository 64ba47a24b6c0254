"""How far a right view is from the true one: MAE, PSNR, SSIM.

All take float images in [0, 1] and state the range that they report in. They are written in
`keras.ops` and take arrays and tensors; each returns one number for each image of the batch.
"""

import numpy as np
from keras import ops


def mean_absolute_error(truth, prediction):
    """Mean absolute error on the scale 0..255, as the paper reports it.

    Args:
        truth: (batch, height, width, channels) in [0, 1].
        prediction: The same shape.

    Returns:
        (batch,) float32 in 0..255.
    """
    difference = ops.cast(truth, "float32") - ops.cast(prediction, "float32")
    return 255.0 * ops.mean(ops.abs(difference), axis=(1, 2, 3))


def psnr(truth, prediction):
    """Peak signal-to-noise ratio, `-10 log10(mean squared error)` for images in [0, 1].

    Args:
        truth: (batch, height, width, channels) in [0, 1].
        prediction: The same shape.

    Returns:
        (batch,) float32 in dB; 100 dB for equal images.
    """
    difference = ops.cast(truth, "float32") - ops.cast(prediction, "float32")
    error = ops.mean(ops.square(difference), axis=(1, 2, 3))
    return -10.0 * ops.log10(ops.maximum(error, 1e-10))


def ssim(truth, prediction):
    """Structural similarity of luminance with a Gaussian window of 11 pixels, sigma 1.5.

    Source: Wang, Bovik, Sheikh, Simoncelli, "Image Quality Assessment", 2004, with its constants
    K1 = 0.01, K2 = 0.03; luminance by the BT.601 weights; windows that fit into the image only.

    Args:
        truth: (batch, height, width, 3) RGB in [0, 1], at least 11 x 11.
        prediction: The same shape.

    Returns:
        (batch,) float32, 1 for equal images.

    Raises:
        ValueError: If the images are smaller than the window.
    """
    if min(truth.shape[1:3]) < 11:
        raise ValueError(f"Images must be at least 11 x 11. Received: {tuple(truth.shape)}")
    x, y = _luminance(truth), _luminance(prediction)
    mean_x, mean_y = _gaussian(x), _gaussian(y)
    variance_x = _gaussian(x * x) - mean_x * mean_x
    variance_y = _gaussian(y * y) - mean_y * mean_y
    covariance = _gaussian(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    luminance = (2.0 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    structure = (2.0 * covariance + c2) / (variance_x + variance_y + c2)
    return ops.mean(luminance * structure, axis=(1, 2, 3))


def _luminance(image):
    weights = np.array([[0.299], [0.587], [0.114]], "float32")
    return ops.matmul(ops.cast(image, "float32"), weights)  # (b, h, w, 1)


def _gaussian(image):
    profile = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
    profile = (profile / profile.sum()).astype("float32")
    rows = ops.conv(image, profile.reshape(11, 1, 1, 1))
    return ops.conv(rows, profile.reshape(1, 11, 1, 1))

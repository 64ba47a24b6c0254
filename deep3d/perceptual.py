"""LPIPS: how different two pictures look to a network that was trained on people's judgements.

It needs the package `lpips` and with it PyTorch, which nothing else here does: `pip install
lpips`. On first use PyTorch fetches the 230 MB of AlexNet's ImageNet weights.
Source: Zhang, Isola, Efros, Shechtman, Wang, "The Unreasonable Effectiveness of Deep Features as a
Perceptual Metric", CVPR 2018; AlexNet with version 0.1 of the linear layers, its authors' choice
for comparing pictures.
"""

import numpy as np

# AlexNet has nothing left to compare of smaller pictures.
SMALLEST = 32


class PerceptualDistance:
    """Compares pictures by LPIPS.

    Raises:
        ValueError: If the package is missing, or its weights are and cannot be fetched.
    """

    def __init__(self):
        try:
            import lpips
            import torch
        except ImportError as error:
            raise ValueError(
                "LPIPS needs the packages lpips and torch, which are not installed here: "
                f"pip install lpips ({error})"
            ) from error
        self._torch = torch
        try:
            self._network = lpips.LPIPS(net="alex", version="0.1", verbose=False)
        except OSError as error:
            raise ValueError(
                f"LPIPS needs AlexNet's weights, which could not be fetched or read: {error}"
            ) from error

    def distances(self, truth: np.ndarray, predictions: list[np.ndarray]) -> list[float]:
        """Distance of each picture from the true one.

        Args:
            truth: (h, w, 3) uint8 RGB, at least 32 x 32.
            predictions: The same shape each.

        Returns:
            One number for each, 0 for equal pictures, about 1 for unlike ones.

        Raises:
            ValueError: If the pictures are too small.
        """
        if min(truth.shape[:2]) < SMALLEST:
            raise ValueError(
                f"Pictures for LPIPS must be at least {SMALLEST} x {SMALLEST}. "
                f"Received: {truth.shape}"
            )
        with self._torch.no_grad():
            made = self._network(self._tensor([truth]), self._tensor(predictions))
        return [float(value) for value in made.reshape(-1)]

    def _tensor(self, pictures: list[np.ndarray]):
        """(n, 3, h, w) float32 in -1..1, which is what the package takes."""
        batch = np.stack(pictures).transpose(0, 3, 1, 2).astype(np.float32)
        return self._torch.from_numpy(np.ascontiguousarray(batch / 127.5 - 1.0))

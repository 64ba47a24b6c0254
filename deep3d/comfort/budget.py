"""How much parallax there may be, and a curve that keeps to it without flattening anything."""

import dataclasses

import numpy as np

# Up to this share of the budget parallax stays as it is.
KNEE = 0.6
LARGEST = 10.0


@dataclasses.dataclass(frozen=True)
class ParallaxBudget:
    """Most parallax that is comfortable, in % of the picture width.

    Attributes:
        front: In front of the screen, above 0.
        back: Behind it, above 0.
    """

    front: float = 1.0
    back: float = 2.0

    def __post_init__(self):
        if not (0 < self.front <= LARGEST and 0 < self.back <= LARGEST):
            raise ValueError(
                f"The budget must be above 0 and at most {LARGEST:g} % of width. "
                f"Received: {self.front} in front, {self.back} behind"
            )

    def compress(self, parallax: np.ndarray) -> np.ndarray:
        """Brings parallax within the budget.

        With limit L on either side and knee K = 0.6 L: `x` up to K, and beyond it
        `K + (L - K) t / sqrt(1 + t^2)`, `t = (x - K) / (L - K)`. It rises everywhere, by 1 at most,
        is twice differentiable and never reaches L, so near stays nearer than far.

        Args:
            parallax: Any shape, in % of the width.

        Returns:
            The same shape, float32 or wider.
        """
        parallax = np.asarray(parallax)
        if parallax.dtype.kind != "f" or parallax.dtype.itemsize < 4:
            parallax = parallax.astype(np.float32)
        limit = np.where(parallax > 0, self.front, self.back).astype(parallax.dtype)
        knee, size = KNEE * limit, np.abs(parallax)
        beyond = np.maximum(size - knee, 0) / (limit - knee)
        room = (limit - knee) * beyond / np.sqrt(1 + beyond**2)
        return np.sign(parallax) * (np.minimum(size, knee) + room)

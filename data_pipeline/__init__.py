"""From 3D movies, real or synthetic, to training examples."""

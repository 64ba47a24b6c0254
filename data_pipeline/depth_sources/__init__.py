"""Pictures with disparity from photographs: measured, matched, or guessed from labels."""

"""Errors of more than one module."""


class CheckpointError(ValueError):
    """A model file is missing, damaged, or belongs to another architecture."""

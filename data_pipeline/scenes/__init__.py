"""Synthetic scenes and what draws them; `data_pipeline.synthetic` is the command."""

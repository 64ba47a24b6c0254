"""Scenes that Blender renders; `data_pipeline.blender_film` is the command."""

"""What is decided about a 3D film by its pictures, one question per module."""

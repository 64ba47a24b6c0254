"""From one 3D film to accepted samples, shot by shot, with a reason for each one left out."""

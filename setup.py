"""Packaging of deep3d: dependencies with the lowest versions that were tested, and the scripts."""

import pathlib
import re

from setuptools import find_packages, setup

HERE = pathlib.Path(__file__).parent
VERSION = re.search(
    r'__version__ = "([^"]+)"', (HERE / "deep3d" / "__init__.py").read_text(encoding="utf-8")
).group(1)

setup(
    name="deep3d",
    version=VERSION,
    description="2D video to stereoscopic 3D: Deep3D in TensorFlow / Keras 3, with weights",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    packages=find_packages(include=["deep3d", "deep3d.*", "data_pipeline", "data_pipeline.*"]),
    py_modules=["train", "eval", "convert_video"],
    package_data={
        "deep3d": ["weights/*", "report/page.html"],
        "data_pipeline.ingest_report": ["ingest_page.*"],
    },
    install_requires=[
        "tensorflow>=2.20",
        "keras>=3.12",
        "tensorflow-datasets>=4.9.9",
        "numpy>=2.0",
        # The same module as opencv-python. The plain package also links libGL for windows that
        # nothing here opens, and does not import on a server or in a container without it.
        "opencv-python-headless>=4.12",
        "pillow>=11.0",
        "tensorboard>=2.20",
        "absl-py>=2.1",
        "h5py>=3.12",
        # 19.0 no longer takes the `metadata_errors` with which damaged tags are read.
        "av>=17.1,<19",
        "tqdm>=4.67",
        # Runs the shipped models; without it TensorFlow does. Macs with Intel's processors are the
        # only ones that it has no current packages for.
        'ai-edge-litert>=2.3; sys_platform != "darwin" or platform_machine == "arm64"',
    ],
    extras_require={
        "test": ["pytest>=8.3", "pytest-xdist>=3.6"],
        "lint": ["ruff>=0.12"],
        # Only for `ingest --runner`: movies read on many machines.
        "beam": ["apache-beam>=2.77"],
        # Only for the perceptual distance of the evaluation; it brings PyTorch.
        "lpips": ["lpips>=0.1.4"],
        # Blender, for data_pipeline.blender_film. Later releases for Python 3.11 ask for NumPy
        # below 2, which this package cannot have.
        "blender": ['bpy==4.4.0; python_version == "3.11"'],
    },
    entry_points={
        "console_scripts": [
            "deep3d-convert=convert_video:run",
            "deep3d-train=train:run",
            "deep3d-eval=eval:run",
            "deep3d-ingest=data_pipeline.ingest:run",
            "deep3d-synthetic=data_pipeline.synthetic:run",
        ]
    },
    classifiers=[
        "License :: OSI Approved :: Apache Software License",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
    ],
)

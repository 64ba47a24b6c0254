import os
import pathlib

import pytest

# Set before anything imports TensorFlow: its start-up remarks would bury the tests' own output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(scope="session")
def shared_folder():
    """Folder with real clips and pairs, which are not part of the project."""
    beside = pathlib.Path(__file__).resolve().parents[2] / "shared"
    folder = pathlib.Path(os.environ.get("DEEP3D_SHARED", beside))
    if not folder.is_dir():
        pytest.skip(f"real media not found: set DEEP3D_SHARED or provide {folder}")
    return folder

import os
import pathlib
import shutil
import tempfile

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


@pytest.fixture
def read_only_folder():
    """A folder in which this process may not write; root may write anywhere, so it steps down."""
    nobody, folder = 65534, pathlib.Path(tempfile.mkdtemp())
    me = os.geteuid()
    if me == 0:
        os.chown(folder, nobody, -1)
    folder.chmod(0o500)
    if me == 0:
        os.setresuid(nobody, nobody, 0)
    yield folder
    if me == 0:
        os.setresuid(0, 0, 0)
    folder.chmod(0o700)
    shutil.rmtree(folder)

import errno
import hashlib
import sys

import pytest
from stereo_films import title_card, two_planes, write_film

from data_pipeline.ingest import IngestConfig, ingest
from data_pipeline.storage import movie_store
from data_pipeline.storage.beam_workers import BeamError, load_beam


@pytest.fixture
def films(tmp_path):
    (tmp_path / "films").mkdir()
    for k in range(3):
        scenes = [two_planes(10 * k + s, -2, 3, step=j) for s in range(2) for j in range(4)]
        write_film(tmp_path / "films" / f"{k}.mkv", [title_card(), *scenes])
    (tmp_path / "films" / "broken.mkv").write_bytes(b"no movie")
    return tmp_path / "films"


def config_for(films, name, **changes):
    output = str(films.parent / name)
    # Of noise nobody can tell which eye is first.
    usual = dict(layout="full_sbs", eyes="left_first", every_s=0.25)
    return IngestConfig(str(films), output, **usual, **changes)


def test_load_beam_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(BeamError, match=r"needs Apache Beam .*pip install 'deep3d\[beam\]'"):
        load_beam()


def test_ingest_on_direct_runner_makes_the_same_shards(films):
    pytest.importorskip("apache_beam", reason="pip install 'deep3d[beam]' to test the runners")
    lines = []
    plain = ingest(config_for(films, "plain"))
    beam = ingest(config_for(films, "beam", workers=2, runner="DirectRunner"), say=lines.append)
    assert plain["files"] == beam["files"]
    shards = sorted((films.parent / "beam").glob("*.tfrecord*"))
    assert len(shards) == 3
    for path in shards:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert digest == plain["files"][path.name]["sha256"]
    assert len(lines) == 4 and lines[0].startswith("broken: error: ")


def test_ingest_on_direct_runner_goes_on_after_it_broke_off(films, monkeypatch):
    pytest.importorskip("apache_beam", reason="pip install 'deep3d[beam]' to test the runners")
    plain = ingest(config_for(films, "plain"))

    def full(path, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    config = config_for(films, "beam", runner="DirectRunner")
    with monkeypatch.context() as patch:
        patch.setattr(movie_store, "write_bytes", full)
        words = r"of DirectRunner broke off: .*No space left on device"
        with pytest.raises(BeamError, match=words):
            ingest(config)
    assert ingest(config)["files"] == plain["files"]

"""Whole pictures from interlaced ones: FFmpeg's bwdif, one frame for each frame."""

from collections.abc import Iterable, Iterator

import av
import av.filter


def deinterlaced(frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Deinterlaces what is flagged as interlaced and hands on all else untouched.

    The filter is set up with the first interlaced frame; what comes before, in most films all,
    costs nothing.

    Args:
        frames: Decoded frames in the order of display.

    Yields:
        As many frames, with their own times and color tags.
    """
    graph, kind = None, None
    for frame in frames:
        here = frame.width, frame.height, frame.format.name
        if graph is not None and here != kind:
            yield from _drained(graph)
            graph = None
        if graph is None:
            if not frame.interlaced_frame:
                yield frame
                continue
            graph, kind = _filter(frame), here
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        yield from _drained(graph)


def _filter(frame):
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    deinterlacer = graph.add("bwdif", "mode=send_frame:deint=interlaced")
    sink = graph.add("buffersink")
    source.link_to(deinterlacer)
    deinterlacer.link_to(sink)
    graph.configure()
    return graph


def _drained(graph):
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph):
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        if frame.pts is not None:  # bwdif counts in halves, for fields
            frame.pts, frame.time_base = frame.pts // 2, frame.time_base * 2
        yield frame

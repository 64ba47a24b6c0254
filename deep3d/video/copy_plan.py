"""What of a film goes into the 3D version beside the picture, decided before any work begins.

A container does not hold everything: MP4 has no bitmap subtitles and no fonts, Matroska no text of
QuickTime's kind. Streams are copied as they are where the target holds them; sound and text
subtitles are converted where it does not, and the rest is named, so that another container can be
chosen.
"""

import dataclasses
import io
import pathlib

import av

from deep3d.video.copied_tags import file_tags, kept_tags
from deep3d.video.encoding import CONTAINERS
from deep3d.video.errors import VideoError
from deep3d.video.media_input import main_video_stream, open_input
from deep3d.wording import either

# Codecs that players accept inside MP4 and QuickTime. FFmpeg would write more into MP4 (PCM, DTS),
# which hardly anything plays. Matroska holds everything.
_AUDIO_CODECS = {
    "mp4": ("aac", "ac3", "alac", "eac3", "flac", "mp3", "opus"),
    "mov": ("aac", "ac3", "alac", "eac3", "mp3", "pcm_"),
    "webm": ("opus", "vorbis"),
}
# What other sound becomes.
_AUDIO_ENCODERS = {"mp4": "aac", "mov": "aac", "matroska": "aac", "webm": "libopus"}
_MATROSKA_SUBTITLES = (
    *("ass", "dvb_subtitle", "dvd_subtitle", "hdmv_pgs_subtitle", "hdmv_text_subtitle"),
    *("subrip", "text", "webvtt"),
)
# Subtitles that are copied as they are, and what text is converted to where they cannot be.
_SUBTITLE_CODECS = {
    "matroska": (_MATROSKA_SUBTITLES, "subrip"),
    "mp4": (("dvd_subtitle", "mov_text"), "mov_text"),
    "mov": (("mov_text",), "mov_text"),
    "webm": (("webvtt",), "webvtt"),
}
# Text whose fonts, places and colors another codec does not keep.
_STYLED_TEXT = ("ass", "hdmv_text_subtitle", "ttml")
# QuickTime has languages by number; FFmpeg knows each under one of its two codes only.
_MOV_LANGUAGES = {
    **{"deu": "ger", "fre": "fra", "nld": "dut", "ell": "gre", "isl": "ice", "zho": "chi"},
    **{"cze": "ces", "swe": "sve"},
}
_PICTURE_SUFFIXES = {"mjpeg": "jpg", "png": "png"}
_LARGEST_COVER = 1 << 26


@dataclasses.dataclass(frozen=True)
class StreamPlan:
    """How one stream of the source goes over.

    Attributes:
        index: Its number in the source.
        description: In words: "subrip subtitles (eng)".
        encoder: FFmpeg's encoder of what text subtitles or sound become; None copies the packets.
        cover: The bytes of a cover picture, None for all else.
        metadata: Its tags in the target.
    """

    index: int
    description: str
    encoder: str | None = None
    cover: bytes | None = None
    metadata: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def conversion(self) -> str | None:
        """What becomes of it: "mp2 audio (eng) becomes aac"; None if it is copied."""
        return self.encoder and f"{self.description} becomes {self.encoder.removeprefix('lib')}"


@dataclasses.dataclass(frozen=True)
class CopyPlan:
    """What goes over from a source and what does not.

    Attributes:
        streams: The streams besides the video that is converted.
        chapters: How many chapters the source has.
        metadata: Tags of the file.
        video_metadata: Tags of the video stream.
        losses: What the target cannot hold, in words: "hdmv_pgs_subtitle subtitles (eng)".
    """

    streams: tuple[StreamPlan, ...]
    chapters: int
    metadata: dict[str, str]
    video_metadata: dict[str, str]
    losses: tuple[str, ...]


def plan_copy(source: pathlib.Path, target: pathlib.Path, part: bool = False) -> CopyPlan:
    """Decides for every stream and tag of a source whether the target can have it.

    Args:
        source: The film.
        target: The file to be; its suffix tells the container.
        part: Whether only a part of the film is converted.

    Returns:
        The plan.

    Raises:
        VideoError: If the source cannot be read, or has sound that the target cannot hold, that
            cannot be decoded, and that a Matroska file could hold.
        ValueError: If the suffix of the target is none of a container that is written.
    """
    with open_input(source) as container:
        return _plan(container, source, target, part)


def described(stream: av.stream.Stream) -> str:
    """A stream in words: "subrip subtitles (eng)".

    Args:
        stream: Of an opened file.

    Returns:
        Codec, kind and language.
    """
    kinds = {"subtitle": "subtitles", "video": "video"}
    language = f" ({stream.language})" if stream.language not in (None, "und") else ""
    return f"{codec_name(stream) or 'unknown'} {kinds.get(stream.type, stream.type)}{language}"


def codec_name(stream: av.stream.Stream) -> str | None:
    """FFmpeg's name of a stream's codec, None if this build cannot decode it."""
    if stream.codec_context is not None:
        return stream.codec_context.codec.canonical_name
    return stream.name if stream.type == "data" else None


def _plan(container, source, target, part):
    muxer = CONTAINERS.get(target.suffix.lower())
    if muxer is None:
        raise ValueError(
            f"The file name must end with one of {either(CONTAINERS)}. Received: {target.name!r}"
        )
    main = main_video_stream(container, source)
    streams, losses = [], []
    # Before anything is read: a chapter track is known by FFmpeg's having discarded it.
    others = [
        stream
        for stream in container.streams
        if stream is not main and stream.discard != av.stream.Discard.all
    ]
    for stream in others:
        plan, lost = _stream_plan(container, stream, muxer, target)
        streams += [plan] if plan is not None else []
        losses += [lost] if lost is not None else []
    metadata, lost_tags = file_tags(container.metadata, muxer)
    video_metadata = kept_tags(main.metadata)
    if part and video_metadata.pop("timecode", None):
        losses.append("timecode")
    if lost_tags:
        losses.append(f"tags {', '.join(lost_tags)}")
    chapters = len(container.chapters())
    return CopyPlan(tuple(streams), chapters, metadata, video_metadata, tuple(losses))


def _stream_plan(container, stream, muxer, target):
    """(plan or None, what is lost in words or None)."""
    if stream.type == "video" and stream.disposition & av.stream.Disposition.attached_pic:
        return _cover_plan(container, stream, muxer)
    if stream.type == "audio":
        return _audio_plan(stream, muxer, target)
    if stream.type == "subtitle" and stream.codec_context is not None:
        return _subtitle_plan(stream, muxer)
    if stream.type == "attachment":
        words = f"attachment {stream.name or 'without a name'}"
        return (StreamPlan(stream.index, words), None) if muxer == "matroska" else (None, words)
    if stream.type == "data":
        if "timecode" in stream.metadata:  # the muxer makes it anew, from the tag of the video
            return None, None
        if _muxer_takes(stream, muxer):
            return _copied(stream, muxer), None
    return None, described(stream)


def _subtitle_plan(stream, muxer):
    copied, text = _SUBTITLE_CODECS[muxer]
    name, words = codec_name(stream), described(stream)
    if name in copied and _muxer_takes(stream, muxer):
        return _copied(stream, muxer), None
    if stream.codec_context.codec.text_sub:
        styles = f"styles of the {words}" if name in _STYLED_TEXT else None
        return dataclasses.replace(_copied(stream, muxer), encoder=text), styles
    return None, words


def _copied(stream, muxer):
    return StreamPlan(stream.index, described(stream), metadata=_stream_tags(stream, muxer))


def _stream_tags(stream, muxer):
    tags = kept_tags(stream.metadata)
    if muxer == "mov" and "language" in tags:
        tags["language"] = _MOV_LANGUAGES.get(tags["language"], tags["language"])
    return tags


def _audio_plan(stream, muxer, target):
    if stream.codec_context is None:  # nothing can copy it
        return None, described(stream)
    codec = codec_name(stream)
    fits = codec.startswith(_AUDIO_CODECS.get(muxer, ""))
    if fits and _muxer_takes(stream, muxer):
        return _copied(stream, muxer), None
    if _can_be_decoded(stream):
        plan = dataclasses.replace(_copied(stream, muxer), encoder=_AUDIO_ENCODERS[muxer])
        return plan, plan.conversion
    if muxer == "matroska" or not _muxer_takes(stream, "matroska"):
        return None, described(stream)
    raise VideoError(
        f"{target}: {target.suffix} files cannot hold {codec} audio; write an .mkv file instead"
    )


def _can_be_decoded(stream):
    context = stream.codec_context
    if not (context.sample_rate and context.layout.nb_channels):
        return False
    try:
        context.open(strict=False)
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def _cover_plan(container, stream, muxer):
    """Matroska has covers as attachments, MP4 as a tag that FFmpeg takes for a stream."""
    lost = None, "cover picture"
    suffix = _PICTURE_SUFFIXES.get(codec_name(stream))
    if muxer not in ("matroska", "mp4") or suffix is None:
        return lost
    packet = next(container.demux(stream), None)
    if packet is None or not 0 < packet.size <= _LARGEST_COVER:
        return lost
    mime = "image/jpeg" if suffix == "jpg" else "image/png"
    tags = {
        "filename": stream.metadata.get("filename", f"cover.{suffix}"),
        "mimetype": stream.metadata.get("mimetype", mime),
    }
    return StreamPlan(stream.index, "cover picture", cover=bytes(packet), metadata=tags), None


def _muxer_takes(stream, muxer):
    """Whether FFmpeg writes a header with such a stream; asking it is surer than any table."""
    try:
        with av.open(io.BytesIO(), "w", format=muxer) as trial:
            trial.add_stream_from_template(stream, opaque=True)
            trial.start_encoding()
    except (av.error.FFmpegError, ValueError):
        return False
    return True

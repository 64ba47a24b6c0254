"""Which tags of a film are true of a copy, and which of them a container holds."""

# File-wide tags that FFmpeg's MP4 and QuickTime muxers write; Matroska takes any.
_MP4_TAGS = frozenset(
    (
        *("title", "artist", "album", "album_artist", "composer", "date", "comment", "genre"),
        *("copyright", "grouping", "lyrics", "description", "synopsis", "show", "episode_id"),
        *("network", "keywords", "media_type", "hd_video", "compilation", "gapless_playback"),
        *("track", "disc", "season_number", "episode_sort", "location"),
    )
)
_MOV_TAGS = frozenset(
    (
        *("title", "artist", "album", "date", "comment", "genre", "copyright", "location"),
        *("make", "model"),
    )
)
TAGS_HELD = {"mp4": _MP4_TAGS, "mov": _MOV_TAGS}
# Tags that describe the old file and not the film: written by muxers, wrong or doubled in the new.
_TAGS_OF_THE_FILE = (
    *("major_brand", "minor_version", "compatible_brands", "encoder", "creation_time"),
    *("vendor_id", "duration", "bps", "number_of_frames", "number_of_bytes", "stereo_mode"),
    *("alpha_mode", "rotate", "filename", "mimetype", "variant_bitrate", "id3v2_priv"),
    "_statistics",
)


def kept_tags(metadata: dict[str, str]) -> dict[str, str]:
    """The tags that describe the content, by lower-case names.

    Args:
        metadata: Tags of a stream or a file as FFmpeg gives them.

    Returns:
        Those that are as true of a copy.
    """
    tags = {
        key.lower(): value
        for key, value in metadata.items()
        if not key.lower().startswith(_TAGS_OF_THE_FILE)
        # What FFmpeg writes where a track has no name of its own.
        and not (key == "handler_name" and value.replace(" ", "").endswith("Handler"))
    }
    # The title of a track is called "name" in what FFmpeg reads from MP4.
    if "name" in tags:
        tags.setdefault("title", tags.pop("name"))
    return tags


def file_tags(metadata: dict[str, str], muxer: str) -> tuple[dict[str, str], list[str]]:
    """The tags of a file that a container holds, and the others.

    Args:
        metadata: Tags of the source.
        muxer: FFmpeg's name of the container to be.

    Returns:
        The tags to write, and the names of those that would be lost.
    """
    tags, held = kept_tags(metadata), TAGS_HELD.get(muxer)
    if held is None:
        return tags, []
    # "title-eng" stands for the title in a language
    kept = {key: value for key, value in tags.items() if key.partition("-")[0] in held}
    return kept, sorted(tags.keys() - kept.keys())

"""The one error of the video path: something about a file that its user can act on."""


class VideoError(ValueError):
    """A video file cannot be read or written; the message is one line naming file and reason."""


def reason(error: BaseException) -> str:
    """The cause of a library's error in a few words, without its file name and error number.

    Args:
        error: What PyAV or the operating system raised.

    Returns:
        One line of text.
    """
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(str(text).split())

"""Flags derived from config dataclasses, and the one way in which scripts begin and end.

Exit codes: 0 done, 1 failed with one clear line, 2 wrong usage, 130 interrupted.
"""

import contextlib
import dataclasses
import importlib
import inspect
import os
import re
import signal
import sys
import typing
import warnings
from collections.abc import Callable, Iterator, Sequence
from logging import getLogger

from absl import app, flags, logging

from deep3d.wording import did_you_mean

# Flags belong to the script that asks for them, so that its --help shows them.
flags.disclaim_key_flags()


class UsageError(Exception):
    """What the user typed cannot be meant; the message says what would be right."""


def define_flags(config: type, skip: Sequence[str] = ()):
    """Defines one flag for each field of a config dataclass, nested dataclasses included.

    A flag left alone is None and the config's own default counts (see `override`). The help text
    of a flag is the field's entry under "Attributes:" in the docstring of the dataclass.

    Args:
        config: The dataclass; its fields are bool, int, float, str (or None) or dataclasses.
        skip: Names of fields that get no flag.
    """
    hints = typing.get_type_hints(config)
    help_texts = _attribute_docs(config)
    for field in dataclasses.fields(config):
        if field.name in skip:
            continue
        kind = hints[field.name]
        if dataclasses.is_dataclass(kind):
            for name, inner_kind, default, text in _leaf_fields(kind):
                _define(f"{field.name}_{name}", inner_kind, text, default)
        else:
            _define(field.name, kind, help_texts.get(field.name, ""), field.default)


def override(config):
    """A copy of a config in which every flag that was given replaces its field.

    Args:
        config: Instance of a dataclass whose flags `define_flags` defined.

    Returns:
        The copy.

    Raises:
        UsageError: If the dataclass refuses a value.
    """
    try:
        return _overridden(config)
    except ValueError as error:
        raise UsageError(str(error)) from error


def only_flags(config, arguments: Sequence[str]):
    """What `override` returns, for a script that understands flags alone.

    Args:
        config: As for `override`.
        arguments: What the user typed besides flags.

    Returns:
        The copy.

    Raises:
        UsageError: If there are arguments, or the dataclass refuses a value.
    """
    if arguments:
        raise UsageError(f"Only flags are understood. Received: {arguments}.")
    return override(config)


def run_script(main: Callable[[list[str]], int | None], usage: str):
    """Parses flags and runs `main` with the remaining arguments; never returns.

    Args:
        main: Takes the positional arguments and returns an exit code (None is 0).
        usage: First line of the help.
    """
    if not flags.FLAGS.is_parsed() and "debug" not in flags.FLAGS:
        flags.DEFINE_boolean("debug", False, "Show the traceback of an error.")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # later remarks; see load_tensorflow
    # Libraries tell of every file that they open, and of what they will no longer have.
    logging.set_verbosity(logging.ERROR)
    getLogger("tensorflow").setLevel("ERROR")
    warnings.formatwarning = lambda message, *_: f"Warning: {message}\n"  # not its line of code
    sys.modules["__main__"].__doc__ = usage
    app.run(lambda arguments: sys.exit(_guarded(main, arguments[1:])), flags_parser=_parse)


def load_backend():
    """Imports what Keras runs on: TensorFlow in silence, and others when Keras is imported."""
    if os.environ.get("KERAS_BACKEND", "tensorflow") == "tensorflow":
        load_tensorflow()


def load_tensorflow():
    """Imports TensorFlow without the remarks that its start prints.

    TF_CPP_MIN_LOG_LEVEL does not hold them back (tensorflow/tensorflow issue 100442), and they
    would bury the one line that a script says. What Python raises is raised as always.
    """
    with silent_standard_error():
        try:
            tensorflow = importlib.import_module("tensorflow")
        except (ImportError, SystemError) as error:
            # What its C extensions make of Ctrl-C while they are initialized.
            if isinstance(error.__cause__, KeyboardInterrupt):
                raise KeyboardInterrupt from error
            raise
        tensorflow.config.list_logical_devices()  # looks for GPUs, with remarks of its own


@contextlib.contextmanager
def silent_standard_error() -> Iterator[None]:
    """Drops what libraries, C++ ones too, write on standard error meanwhile."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def terminal_progress() -> Callable[[int, int], None] | None:
    """What shows progress on standard error.

    Returns:
        Called with (frames done, frames in all); None where nobody watches.
    """
    return _show_progress if sys.stderr.isatty() else None


def _show_progress(done: int, total: int):
    end = "\n" if done == total else ""
    sys.stderr.write(f"\r{done} of {total} frames{end}")
    sys.stderr.flush()


def _parse(arguments: list[str]) -> list[str]:
    if any(argument in ("--help", "-h", "-help") for argument in arguments[1:]):
        # absl's own --help ends with exit code 1
        print(sys.modules["__main__"].__doc__)
        print(flags.FLAGS.main_module_help())
        raise SystemExit(0)
    try:
        return flags.FLAGS([arguments[0], *map(_underscored, arguments[1:])])
    except flags.Error as error:
        print(f"{error}. See --help.", file=sys.stderr)
        raise SystemExit(2) from error


def _underscored(argument: str) -> str:
    """--dry-run as --dry_run, which is how absl names flags."""
    name, equals, value = argument.partition("=")
    return name[:2] + name[2:].replace("-", "_") + equals + value if name[:2] == "--" else argument


def _interrupt(*_):
    raise KeyboardInterrupt


def _guarded(main, arguments: list[str]) -> int:
    # `kill` and `timeout` end a run as Ctrl-C does: nothing half written stays.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return main(arguments) or 0
    except KeyboardInterrupt as interrupt:
        print(f"Interrupted. {interrupt}".rstrip(), file=sys.stderr)
        return 130
    except UsageError as error:
        text = str(error).removesuffix(".")
        print(f"{text}. {did_you_mean(text)}See --help.", file=sys.stderr)
        return 2
    except (ValueError, OSError) as error:
        if flags.FLAGS.debug:
            raise
        text = " ".join(str(error).split())
        hint = did_you_mean(text).rstrip()
        print(
            f"Error: {text.removesuffix('.')}. {hint}" if hint else f"Error: {text}",
            file=sys.stderr,
        )
        return 1


def _define(name: str, kind, text: str, default):
    if default is not dataclasses.MISSING and default not in ("", None):
        text = f"{text} Default: {default}."
    kinds = [inner for inner in typing.get_args(kind) if inner is not type(None)] or [kind]
    define = {
        bool: flags.DEFINE_boolean,
        int: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        str: flags.DEFINE_string,
    }[kinds[0]]
    define(name, None, text)


def _overridden(config):
    changes = {}
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            given = {
                inner.name: flags.FLAGS[f"{field.name}_{inner.name}"].value
                for inner in dataclasses.fields(value)
                if f"{field.name}_{inner.name}" in flags.FLAGS
            }
            given = {name: new for name, new in given.items() if new is not None}
            if given:
                changes[field.name] = dataclasses.replace(value, **given)
        elif field.name in flags.FLAGS and flags.FLAGS[field.name].value is not None:
            changes[field.name] = flags.FLAGS[field.name].value
    return dataclasses.replace(config, **changes)


def _leaf_fields(config: type):
    hints = typing.get_type_hints(config)
    help_texts = _attribute_docs(config)
    for field in dataclasses.fields(config):
        yield field.name, hints[field.name], field.default, help_texts.get(field.name, "")


def _attribute_docs(config: type) -> dict[str, str]:
    """The entries under "Attributes:" in a Google-style docstring, by name."""
    section = inspect.getdoc(config).partition("Attributes:\n")[2]
    entries = re.findall(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", section, re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in entries}

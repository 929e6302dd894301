"""Frames as MP4, by the program ``ffmpeg``: through a pipe, with no file in between."""

import contextlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gancli.errors import GancliError
from gancli.files import appearing
from gancli.imaging.pixels import MILLISECONDS


def find_ffmpeg() -> str:
    """Return the path of ``ffmpeg``.

    Raises:
        GancliError: there is none.
    """
    found = shutil.which("ffmpeg")
    if found is None:
        raise GancliError(
            "an .mp4 needs the program ffmpeg, and none is on the PATH. Install it, or choose .gif or .webp."
        )
    return found


def write_mp4(path: Path, frames: Sequence[np.ndarray]) -> None:
    """Write frames ``[H, W, C]`` uint8 as a film that every player shows: H.264 where ffmpeg has it.

    Raises:
        GancliError: ``ffmpeg`` is missing or fails, or the file cannot be written; nothing is left half-written.
    """
    height, width = _even(frames[0]).shape[:2]
    with appearing(path) as part, tempfile.TemporaryFile() as told:
        command = [find_ffmpeg(), "-y", "-loglevel", "error"]
        command += ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}"]
        command += ["-framerate", f"{1000 / MILLISECONDS:g}", "-i", "pipe:0"]
        command += ["-pix_fmt", "yuv420p", "-movflags", "+faststart", "-f", "mp4", f"file:{part}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=told) as process:
            assert process.stdin is not None
            try:
                with contextlib.suppress(BrokenPipeError), process.stdin as pipe:  # what went wrong, ffmpeg tells
                    for frame in frames:
                        pipe.write(_even(frame).tobytes())
            except BaseException:
                process.kill()
                raise
        told.seek(0)
        reasons = told.read().decode(errors="replace").split("\n")
        if process.returncode:
            raise GancliError(f"cannot write {path}: ffmpeg failed: {reasons[0].rstrip('.') or 'it gave no reason'}.")


def _even(frame: np.ndarray) -> np.ndarray:
    """Return a frame ``[H, W, 3]`` with even sides: the usual form of a film has half as many colors as pixels."""
    height, width, channels = frame.shape
    color = np.repeat(frame, 3, axis=2) if channels == 1 else frame[..., :3]
    return np.pad(color, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")

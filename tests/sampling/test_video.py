"""MP4 by ``ffmpeg``: what goes through the pipe, what is left when it fails, and the real program if there is one."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from gancli.errors import GancliError
from gancli.sampling.video import find_ffmpeg, write_mp4

FRAMES = [np.random.default_rng(seed).integers(0, 256, (5, 8, 3), np.uint8) for seed in range(3)]
REAL = shutil.which("ffmpeg")


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def fake(monkeypatch, script):
    """Put a program of the name ``ffmpeg`` on the PATH."""
    folder = Path("bin").absolute()
    folder.mkdir()
    (folder / "ffmpeg").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


RECORD = 'echo "$@" > arguments; cat > frames; for last; do :; done; echo film > "${last#file:}"'


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_frames_go_through_the_pipe_in_rgb_with_even_sides(monkeypatch, channels):
    fake(monkeypatch, RECORD)
    frames = [np.concatenate([frame, frame[..., :1]], axis=-1)[..., :channels] for frame in FRAMES]
    write_mp4(Path("x.mp4"), frames)
    assert Path("x.mp4").read_text() == "film\n"
    assert sorted(path.name for path in Path().iterdir()) == ["arguments", "bin", "frames", "x.mp4"]
    sent = np.frombuffer(Path("frames").read_bytes(), np.uint8).reshape(3, 6, 8, 3)
    for frame, arrived in zip(frames, sent, strict=True):
        expected = frame.repeat(3, axis=2) if channels == 1 else frame[..., :3]
        np.testing.assert_array_equal(arrived[:5], expected)
        np.testing.assert_array_equal(arrived[5], expected[4])
    arguments = Path("arguments").read_text()
    assert "-f rawvideo -pixel_format rgb24 -video_size 8x6 -framerate 10 -i pipe:0" in arguments
    assert "-pix_fmt yuv420p" in arguments


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("cat > /dev/null; echo 'Unknown encoder.' >&2; echo more >&2; exit 8", "Unknown encoder"),
        ("echo 'Invalid frame' >&2; exit 1", "Invalid frame"),  # it reads nothing: the pipe breaks
        ("cat > /dev/null; exit 1", "it gave no reason"),
    ],
)
def test_what_ffmpeg_says_is_one_line_and_nothing_is_left(monkeypatch, script, reason):
    fake(monkeypatch, script)
    Path("x.mp4").write_text("old")
    with pytest.raises(GancliError) as error:
        write_mp4(Path("x.mp4"), [frame.repeat(100, axis=1) for frame in FRAMES] * 10)
    assert str(error.value) == f"cannot write x.mp4: ffmpeg failed: {reason}."
    assert Path("x.mp4").read_text() == "old"
    assert sorted(path.name for path in Path().iterdir()) == ["bin", "x.mp4"]


def test_no_ffmpeg_is_one_line(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(GancliError) as error:
        find_ffmpeg()
    assert str(error.value) == (
        "an .mp4 needs the program ffmpeg, and none is on the PATH. Install it, or choose .gif or .webp."
    )


@pytest.mark.skipif(REAL is None, reason="no ffmpeg on the PATH")
def test_the_real_ffmpeg_makes_a_film_of_the_frames():
    shades = [np.full((20, 35, 3), shade, np.uint8) for shade in (0, 128, 255)]
    write_mp4(Path("x:1.mp4"), shades)
    command = [str(REAL), "-loglevel", "error", "-i", "file:x:1.mp4", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    done = subprocess.run(command, check=True, capture_output=True)
    film = np.frombuffer(done.stdout, np.uint8).reshape(3, 20, 36).astype(int)
    for frame, shade in zip(film, (0, 128, 255), strict=True):
        assert np.abs(frame - shade).max() <= 6

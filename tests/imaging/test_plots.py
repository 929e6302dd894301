"""What does not depend on what a plot shows."""

import os
import subprocess
import sys

import matplotlib as mpl
import pytest

from gancli.imaging.plots import curves

LINES = {"a line": ([1.0, 2.0, 3.0], [1.0, 4.0, 9.0])}


def test_the_users_settings_of_matplotlib_change_no_picture():
    def draw():
        return curves(LINES, x_label="x", y_label="y", logarithmic_x=False)

    plain = draw()
    mpl.rcParams.update({"lines.linewidth": 9, "axes.facecolor": "red", "savefig.facecolor": "blue", "font.size": 20})
    assert draw() == plain


@pytest.mark.parametrize("backend", ["nonsense", "module://matplotlib_inline.backend_inline"])
def test_another_backend_of_matplotlib_is_not_asked_for(backend):
    program = "from gancli.imaging.plots import curves; "
    program += f"curves({LINES}, x_label='x', y_label='y', logarithmic_x=False)"
    done = subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"MPLBACKEND": backend}, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")

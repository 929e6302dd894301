"""``gancli report``: a page on one run or several, from their folders."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from gancli.errors import GancliError, UsageError
from gancli.files import write_atomically
from gancli.games.translates import ways_of
from gancli.reporting import Reporter
from gancli.reports.differences import comparison
from gancli.reports.page import MARK, Figure, render
from gancli.reports.run import Recorded, run_page, sentence
from gancli.runs.folder import REPORT
from gancli.sampling.outputs import choose_output
from gancli.workflows.sample import sample

NEAREST = 36  # samples behind the picture of nearest training images
MOST_RUNS = 12  # on one page


def report(
    folders: Sequence[Path],
    output: Path | None,
    reporter: Reporter,
    *,
    data_dir: Path | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a page on runs, and return where it lies.

    Args:
        folders: of the runs.
        output: an HTML file; None: ``report.html`` in the run's folder, of several runs in the current one.
        reporter: hears how far it is.
        data_dir: where the data lies, for the nearest training images.
        overwrite: replace a file that the user named, or that is no such page.

    Raises:
        UsageError: a run is named twice, there are too many, or the output is no HTML file.
        GancliError: a run cannot be read or has measured nothing yet, or the page cannot be written.
    """
    if len(folders) > MOST_RUNS:
        raise UsageError(f"a report takes at most {MOST_RUNS} runs, got {len(folders)}.")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UsageError("RUN names one run twice. Name each once.")
    if output is not None and output.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"--output must end in .html, got '{output}'.")
    default = folders[0] / REPORT if len(folders) == 1 else Path(REPORT)
    runs = [Recorded.read(folder, name) for folder, name in zip(folders, _names(folders), strict=True)]
    page = choose_output(output, default, overwrite=overwrite, mark=MARK)
    alone = len(runs) == 1
    pages = []
    for place, one in enumerate(runs):
        if not alone:
            reporter.advance("runs", place, len(runs))
        pages.append(run_page(one, *_nearest(one, data_dir), with_curves=alone))
    title = runs[0].title if alone else ", ".join(one.name for one in runs)
    write_atomically(page, render(title, pages, None if alone else comparison(runs)))
    if not alone:
        reporter.advance("runs", len(runs), len(runs))
    return page


def _names(folders: Sequence[Path]) -> list[str]:
    """Return the folders' names; whole paths where two share one."""
    names = [folder.resolve().name for folder in folders]
    return names if len(set(names)) == len(names) else [str(folder) for folder in folders]


def _nearest(one: Recorded, data_dir: Path | None) -> tuple[Figure | None, str]:
    """Return a picture of samples with their nearest training images, or why there is none."""
    if not one.run.record.data.is_images or ways_of(one.game):
        return None, ""
    with tempfile.TemporaryDirectory(prefix="gancli-") as folder:
        picture = Path(folder, "nearest.png")
        try:
            drawn = sample(one.run.folder, picture, count=NEAREST, nearest=True, data_dir=data_dir)
        except GancliError as error:
            return None, sentence(f"There is no such picture: {error}")
        caption = (
            f"{drawn.num_samples} samples of step {drawn.step:,}. The last column has the training image that is "
            f"nearest to the sample on its left. Where both are the same, the generator copies."
        )
        return Figure(caption, "Samples, and beside them training images.", png=picture.read_bytes()), ""

"""Where TensorFlow Datasets prepares data sets: one folder a version. No libraries."""

import os
from pathlib import Path

from gancli.data.catalog import DATASETS, is_path


def default_data_dir() -> Path:
    """Return ``TFDS_DATA_DIR``, else TFDS's default folder."""
    return Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def find_prepared(name: str, data_dir: Path) -> Path | None:
    """Return the newest version folder of a prepared data set under ``data_dir``, or ``data_dir`` if it is one."""
    return next((folder for folder in [data_dir, *_versions(name, data_dir)] if is_prepared(folder)), None)


def is_prepared(folder: Path) -> bool:
    """Return whether TensorFlow Datasets prepared a folder: one version of a data set."""
    names = ("dataset_info.json", "features.json")  # of which others, too, write the former
    return all(os.path.isfile(folder / name) for name in names)


def or_prepared(name: str, data_dir: Path | None) -> str:
    """Return the newest folder that was prepared under a name that gancli does not know; other names as they are."""
    if name in DATASETS or is_path(name):
        return name
    folders = _versions(name, data_dir or default_data_dir())
    return next((str(folder.absolute()) for folder in folders if is_prepared(folder)), name)


def _versions(name: str, data_dir: Path) -> list[Path]:
    return sorted((data_dir / name).glob("*.*.*"), key=_version, reverse=True)


def _version(folder: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in folder.name.split(".") if part.isdigit())

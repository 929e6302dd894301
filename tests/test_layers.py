"""The rooms of the house: who may import whom, and what must not be imported early."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import gancli

PACKAGE = Path(gancli.__file__).parent

# Each line may import the lines below it, never its own line's neighbors and never upwards.
LAYERS = [
    {"__main__"},
    {"cli"},
    {"reproduce"},
    {"workflows"},
    {"reports"},
    {"monitoring"},
    {"evaluation"},
    {"runs", "sampling"},
    {"recipes"},
    {"games"},
    {"training"},
    {"models", "data"},
    {"losses", "metrics", "features", "config", "latents"},
    {"compute", "own_files"},
    {"registry", "files", "fields", "bibliography"},
    {"imaging", "reporting", "errors", "salts"},
    {"__init__"},
]


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(file: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "gancli":
            rooms |= {
                alias.name
                if (PACKAGE / alias.name).is_dir() or (PACKAGE / f"{alias.name}.py").is_file()
                else "__init__"
                for alias in node.names
            }
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gancli."):
            rooms.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.Import):
            rooms |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("gancli.")}
    return rooms


def may_import(room: str) -> set[str]:
    level = next(index for index, layer in enumerate(LAYERS) if room in layer)
    return set().union(*LAYERS[level + 1 :]) | {room}


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_each_room_imports_only_the_rooms_below_it(file):
    assert imported_rooms(file) <= may_import(room_of(file))


def test_the_layer_test_sees_violations(tmp_path):
    planted = tmp_path / "planted.py"
    planted.write_text("from gancli.cli.app import app\nfrom gancli import runs\nimport gancli.workflows.train\n")
    assert imported_rooms(planted) == {"cli", "runs", "workflows"}
    assert not imported_rooms(planted) <= may_import("config")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["train", "--help"],
        ["train", "--help-all"],
        ["train", "mnist", "--model", "dcgan", "--help"],
        ["train", "mnist", "--print-config"],
        ["evaluate", "--help"],
        ["list", "losses"],
        ["list", "presets", "faces-64"],
    ],
)
def test_help_waits_for_no_heavy_library(arguments):
    heavy = {"jax", "flax", "optax", "orbax", "grain", "numpy", "scipy", "tensorflow_datasets", "matplotlib", "sklearn"}
    heavy |= {"PIL"}
    probe = (
        "import sys\nfrom gancli.cli.app import entry_point\n"
        f"try:\n    entry_point({arguments!r})\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', sorted({heavy!r} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[-1] == "HEAVY []"


@pytest.mark.parametrize("verb", ["train", "sample", "evaluate"])
def test_parts_of_scipy_wait_until_they_are_needed(verb):
    """They take nearly a second, and ``import scipy`` alone takes none of them."""
    parts = {"scipy.special", "scipy.spatial", "scipy.linalg", "scipy.optimize", "scipy.stats", "scipy.io"}
    probe = f"import sys, gancli.workflows.{verb}\nprint(sorted({parts!r} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_help_names_everything_that_can_be_chosen(gancli):
    from gancli.latents.catalog import PATHS
    from gancli.metrics.catalog import METRICS
    from gancli.workflows.evaluate import FEATURES

    _, interpolate_help, _ = gancli("interpolate", "--help")
    _, evaluate_help, _ = gancli("evaluate", "--help")
    for name in PATHS:
        assert name in interpolate_help
    for name in (*METRICS, *FEATURES):
        assert name in evaluate_help or name.rpartition("-")[0] in evaluate_help, name


def test_completion_names_everything_that_can_be_chosen():
    """The names stand where they can be read without importing what they name."""
    from gancli.config import AUTO, settings
    from gancli.data.catalog import DATASETS
    from gancli.games.augmentations import AUGMENTATIONS
    from gancli.games.catalog import GAMES, UPDATES
    from gancli.games.passes import PRECISIONS
    from gancli.latents.catalog import PRIORS
    from gancli.losses.catalog import LOSSES, PENALTIES
    from gancli.metrics.catalog import METRICS
    from gancli.models.catalog import MODELS
    from gancli.recipes.names import names
    from gancli.recipes.presets import PRESETS
    from gancli.training.catalog import OPTIMIZERS

    for registry in (DATASETS, GAMES, LOSSES, MODELS, PRESETS):
        assert names(registry.kind) == tuple(registry)
    assert names("metric") == tuple(name for name, entry in METRICS.items() if entry.while_training)
    for field, registry in (
        ("prior", PRIORS),
        ("optimizer", OPTIMIZERS),
        ("updates", UPDATES),
        ("augment", (*AUTO, *AUGMENTATIONS)),
        ("precision", PRECISIONS),
        ("penalty", PENALTIES),
    ):
        assert settings()[field].choices == tuple(registry), field

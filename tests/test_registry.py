"""Catalogs: functions that are imported when they are first called, and nothing before."""

import subprocess
import sys

import pytest

from gancli.errors import UsageError
from gancli.registry import FunctionEntry, Lazy, Registry, lazy
from gancli.workflows.listing import KINDS


def places(thing: object) -> list[Lazy]:
    """Return the lazy functions of an entry."""
    if isinstance(thing, Lazy):
        return [thing]
    values = list(thing.values()) if isinstance(thing, dict) else list(getattr(thing, "__dict__", {}).values())
    return [one for value in values if isinstance(value, Lazy | dict) for one in places(value)]


LAZY = {f"{kind} {name}": places(entry) for kind, found in KINDS.items() for name, entry in found.registry.items()}


@pytest.mark.parametrize("name", [name for name, functions in LAZY.items() if functions])
def test_a_catalog_names_functions_that_exist_in_its_room(name):
    rooms = {"losses": "losses", "penalties": "losses", "models": "models", "optimizers": "training"}
    rooms |= {
        "priors": "latents",
        "paths": "latents",
        "augmentations": "games",
        "masks": "games",
        "games": "games",
        "updates": "games",
        "metrics": "metrics",
    }
    for one in LAZY[name]:
        assert callable(one.function)
        assert one.place == "jax.nn:sigmoid" or one.place.startswith(f"gancli.{rooms[name.split()[0]]}.")


def test_a_place_without_a_function_is_said():
    with pytest.raises(ImportError) as caught:
        lazy("gancli.losses.energy:nothing")()
    assert str(caught.value) == "module 'gancli.losses.energy' defines no function 'nothing', which a catalog names."


def test_an_entry_of_one_function_is_called_as_that():
    entry = FunctionEntry(function=lazy("math:hypot"), summary="A length.")
    assert entry(3, 4) == 5
    assert lazy("math:hypot") == lazy("math:hypot")
    assert hash(entry) == hash(FunctionEntry(function=lazy("math:hypot"), summary="A length."))


def test_all_catalogs_wait_for_no_heavy_library():
    heavy = {"jax", "flax", "optax", "orbax", "numpy", "scipy", "matplotlib", "sklearn", "PIL"}
    probe = (
        "import sys\nimport gancli.workflows.listing\nimport gancli.workflows.citations\n"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_an_entry_of_your_own_is_added_once():
    table = Registry("thing", {"one": 1})
    table.add("two", 2)
    assert dict(table) == {"one": 1, "two": 2}
    with pytest.raises(UsageError) as caught:
        table.add("one", 3)
    assert str(caught.value) == "there is a thing 'one' already. Choose another name."
    assert table["one"] == 1

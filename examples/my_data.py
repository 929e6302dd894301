"""A data set of your own, by name: ``python examples/my_data.py train diagonal``.

The script adds one entry to the data sets and then runs gancli's command line. For images in a folder you need no code:
``gancli train FOLDER``.
"""

from gancli.data.catalog import DATASETS
from gancli.data.kinds import Mixture

# A known kind: equally likely Gaussians in the plane, here along a diagonal. Other kinds stand in gancli.data.kinds.
DATASETS.add(
    "diagonal",
    Mixture(
        summary="Five Gaussians along a diagonal",
        centers=tuple((float(at), float(at)) for at in range(-2, 3)),
        standard_deviation=0.05,
        defaults=dict(DATASETS["ring"].defaults) | {"num_steps": 2000, "evaluate_every": 1000, "log_every": 250},
    ),
)

if __name__ == "__main__":
    from gancli.cli.app import entry_point  # its commands are made from the entries, so it comes last

    entry_point()

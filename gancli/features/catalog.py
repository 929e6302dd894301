"""The classifiers that come with gancli: plain data, no libraries."""

from dataclasses import dataclass

from gancli.registry import Entry, Registry


@dataclass(frozen=True)
class ClassifierEntry:
    """A classifier for one data set, with the file of its weights."""

    identity: str  # name and version: another version has other features
    shape: tuple[int, int, int]  # of an image
    num_classes: int
    widths: tuple[int, ...]  # channels per resolution; the last is the number of features
    sha256: str  # of the weights' file


CLASSIFIERS: Registry[ClassifierEntry] = Registry(
    "classifier",
    {
        "digits": ClassifierEntry(
            "digits-classifier-1",
            (8, 8, 1),
            10,
            (16, 32, 64),
            "05ed9f8de2e403f5ab99189c484651853b33cdcbe07b552010c0fbb400759660",
        ),
        "mnist": ClassifierEntry(
            "mnist-classifier-1",
            (28, 28, 1),
            10,
            (16, 32, 64),
            "b5596a5c7914997d78f0e111fb0fab8361c13ba3fa1234147d3eacab17e8f34d",
        ),
        "cifar10": ClassifierEntry(
            "cifar10-classifier-1",
            (32, 32, 3),
            10,
            (32, 64, 128),
            "337f60bd7b073d7d9a17eeae41cd31d767e3665924a5e9c29cc585318fa21d93",
        ),
    },
)


@dataclass(frozen=True, kw_only=True)
class FeaturesEntry(Entry):
    """What ``--features`` can name: a network that describes images."""

    classifier: str = ""  # the built-in classifier that it is; empty: none, or not known before the data


FEATURES: Registry[FeaturesEntry] = Registry(
    "features",
    {
        "auto": FeaturesEntry(
            summary="Those of the run's training, else the built-in classifier of the data, else Inception-v3.",
            use="The default. Only Inception-v3 is downloaded.",
        ),
        **{
            f"{name}-classifier": FeaturesEntry(
                summary=f"The built-in classifier of {name}: {entry.widths[-1]} features.",
                use="To compare runs on this data; such distances are not comparable with published ones."
                + " It takes images of any size." * (name == "cifar10"),
                classifier=name,
            )
            for name, entry in CLASSIFIERS.items()
        },
        "inception-v3": FeaturesEntry(
            summary="Inception-v3 as published for FID: 2,048 features.",
            use="To compare with the literature. Its weights are downloaded once.",
            cite=("heusel2017ttur",),
        ),
    },
)

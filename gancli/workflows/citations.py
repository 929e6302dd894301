"""``gancli list --cite``: the literature behind a run."""

from collections.abc import Iterator
from pathlib import Path

from gancli.bibliography import BIBLIOGRAPHY
from gancli.config import TrainConfig
from gancli.runs.folder import Run

OF_DATASET = {
    "mnist": ("lecun1998gradient",),
    "fashion_mnist": ("xiao2017fashion",),
    "kmnist": ("clanuwat2018kmnist",),
    "cifar10": ("krizhevsky2009tiny",),
    "stacked_mnist": ("lecun1998gradient", "metz2017unrolled", "lin2018pacgan"),
    "digits": ("alpaydin1998digits",),
    "tfd": ("susskind2010tfd",),
    "gaussian": (),
    "ring": ("lin2018pacgan",),
    "grid": ("lin2018pacgan",),
}
OF_LOSS = {  # beside Goodfellow et al. 2014
    "minimax": (),
    "non-saturating": (),
    "absolute": (),
    "kl": ("goodfellow2016tutorial",),
    "reverse-kl": ("nowozin2016fgan",),
    "jensen-shannon": ("nowozin2016fgan",),
    "pearson": ("nowozin2016fgan",),
    "squared-hellinger": ("nowozin2016fgan",),
    "least-squares": ("mao2017least",),
    "hinge": ("lim2017geometric",),
    "wasserstein": ("arjovsky2017wasserstein",),
    "energy": ("zhao2017energy",),
    "feature-matching": ("salimans2016improved",),
    "perceptual": ("johnson2016perceptual", "salimans2016improved"),
    "mmd": ("li2015generative", "dziugaite2015training"),
    "relativistic": ("jolicoeur2019relativistic", "huang2024r3gan"),
}
OF_PENALTY = {
    "r1": ("mescheder2018which",),
    "r2": ("mescheder2018which",),
    "gradient-penalty": ("gulrajani2017improved",),
    "clip": ("arjovsky2017wasserstein",),
    "spectral-norm": ("miyato2018spectral",),
}
OF_MODEL = {
    "mlp": ("goodfellow2013maxout",),
    "maxout-conv": ("goodfellow2013maxout",),
    "dcgan": ("radford2016unsupervised",),
    "resnet": ("miyato2018spectral", "huang2024r3gan"),
}
OF_PRIOR = {"uniform": (), "gaussian": (), "spherical": ("white2016sampling",)}
OF_OPTIMIZER = {"adam": ("kingma2015adam",), "sgd": ()}
OF_METRIC = {
    "fid": ("heusel2017ttur",),
    "kid": ("binkowski2018mmd",),
    "inception-score": ("salimans2016improved",),
    "precision-recall": ("kynkaanniemi2019precision",),
    "density-coverage": ("naeem2020reliable",),
    "nearest": (),
    "modes": ("metz2017unrolled", "lin2018pacgan"),
    "divergence": (),
}


def _keys(config: TrainConfig) -> Iterator[str]:
    yield "goodfellow2014gan"
    yield from OF_DATASET.get(config.dataset, ())  # one's own pictures have no author known here
    yield from OF_LOSS.get(config.loss, ())  # of an objective in a user's file, the user knows
    for penalty in config.penalty:
        yield from OF_PENALTY[penalty]
    if config.packing > 1:
        yield "lin2018pacgan"
    if config.pulling_away:
        yield "zhao2017energy"
    yield from OF_MODEL[config.model]
    if config.model in ("dcgan", "resnet") and config.batch_norm:
        yield from ("ioffe2015batch", "brock2019large")
    if config.model == "resnet" and not (config.batch_norm and "spectral-norm" in config.penalty):
        yield "zhang2019fixup"
    if config.conditional:
        yield from ("mirza2014conditional", "miyato2018cgans")
    yield from OF_PRIOR[config.prior]
    yield from OF_OPTIMIZER[config.optimizer]
    if config.input_dropout or any(config.hidden_dropout) or config.max_column_norm:
        yield "srivastava2014dropout"
    if config.instance_noise:
        yield from ("sonderby2017amortised", "arjovsky2017principled")
    if config.model != "dcgan" and None in (config.generator_init_range, config.discriminator_init_range):
        yield "he2015delving"
    if config.augment:
        yield "zhao2020differentiable"
    if config.contrast:
        yield "coates2011analysis"
    if config.ema_decay:
        yield "polyak1992acceleration"
    if config.evaluate_every:
        for metric in config.metrics:
            yield from OF_METRIC[metric]
    yield from ("jax2018", "flax2020")


def citations(folder: Path) -> dict[str, str]:
    """Return the BibTeX entries, by key, of what a run used: data, objective, networks, optimizer and metrics.

    Raises:
        GancliError: there is no such run.
    """
    config = Run.open(folder).record.config
    return {key: BIBLIOGRAPHY[key] for key in dict.fromkeys(_keys(config))}

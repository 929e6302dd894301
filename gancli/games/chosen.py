"""What a game with a discriminator is played with: what the configuration names, and what it leaves to the data."""

from collections.abc import Callable
from dataclasses import replace

from gancli.config import TrainConfig
from gancli.losses.catalog import objective
from gancli.losses.objective import Objective
from gancli.losses.penalties import weight_by_size
from gancli.models.catalog import Architecture, architecture
from gancli.own_files import Files
from gancli.training.domain import Domain


def chosen(
    config: TrainConfig, domain: Domain, files: Files | None, check: Callable[[TrainConfig, Objective], None]
) -> tuple[TrainConfig, Objective, Architecture]:
    """Return the configuration of a game with its penalty weight, which goes by the size of images, its loss and model.

    Args:
        config: of the game.
        domain: of the examples.
        files: of the user's own, by option.
        check: raises a UsageError unless the configuration and the loss make such a game.

    Raises:
        UsageError: a file holds no such loss or model, or what ``check`` raises.
    """
    files = files or {}
    loss = objective(config.loss, files.get("loss"))
    check(config, loss)
    if config.penalty_weight is None:
        config = replace(config, penalty_weight=weight_by_size(domain.shape))
    return config, loss, architecture(config.model, files.get("model"))

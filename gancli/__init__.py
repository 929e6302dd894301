"""gancli: train, sample, interpolate, evaluate and Parzen-score generative adversarial networks with JAX."""

__version__ = "0.2.0"

"""latentbo: Bayesian optimisation over learned latent spaces."""

__version__ = "0.1.0"

"""Networks, priors, kernels and the surrogate."""

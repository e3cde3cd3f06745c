"""`python -m benchmarks NAME ...` runs one benchmark; `python -m benchmarks` lists them."""

from __future__ import annotations

import sys
from importlib import import_module

BENCHMARKS = {
    "space": "how well a model reconstructs, samples and keeps neighbours alike",
    "arena": "our method against the baselines on the same oracle calls",
    "surrogate": "what each term of the surrogate is worth, on candidates as campaigns make them",
    "tradeoff": "what the weight of the KL term buys: reconstruction against holes and smoothness",
    "cards": "angles read off a space of playing cards, and cards decoded where none was trained on",
    "qm9": "small molecules rebuilt from a latent space, and enthalpies read off it, beside baselines",
    "properties": "several properties read off the shipped model's space, exactly and sparsely",
    "lengthscales": "priors on the head's lengthscales compared on cards and on small molecules",
    "campaign": "the default campaign against random sampling of the same model, on the same calls",
    "ax": "a campaign, our node in Ax, and Ax's default generator over the same latent box",
    "objective_speed": "molecules a second of each built-in objective",
}


def main() -> None:
    name, *rest = sys.argv[1:] or [""]
    if name not in BENCHMARKS:
        listed = "\n".join(f"  {known:<18}{what}" for known, what in BENCHMARKS.items())
        sys.exit(f"usage: python -m benchmarks NAME ...\n{listed}")
    sys.argv = [f"python -m benchmarks {name}", *rest]  # what the benchmark's own parser reads and shows
    import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()

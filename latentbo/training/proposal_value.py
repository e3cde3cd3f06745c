"""What a model would propose near a campaign's best objects, and what that is worth.

Points are drawn around the latent points of the best and decoded greedily. What is new is valued by a judge that knows
structure counts and descriptors, and no latent point: it says the same of an object whatever encoder is asked about, so that
the models before and after a retrain are compared by one measure.

symbol   meaning                                                 shape
m_e      where the model encodes the e-th best object            d
s        standard deviation of its prior along each axis         d
t        step, uniform within `STEPS`                            scalar

z = m_e + t s u,    u ~ N(0, I)                                  `DRAWS` of them for each e
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.data.measurements import Measurements
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.priors import spread
from latentbo.models.surrogate import LatentGP
from latentbo.torch_rng import stream

BEST = 50  # objects that must come back
ELITES = 20  # of those: points are drawn around them
DRAWS = 64  # around each: the mean over 20 best objects then has a standard error of 0.05 or so
STEPS = (0.2, 0.4)  # standard deviations of the prior


@dataclass(frozen=True, eq=False)
class Judge:
    """A surrogate of the objects' own features, all of them placed at one latent point, and the unit of its values.

    What it says of an object is mean + sd of its posterior (an upper confidence bound), in standard deviations of the
    measured values above their mean.
    """

    model: DKLVAE
    head: LatentGP
    data: Measurements

    @classmethod
    def of(cls, model: DKLVAE, data: Measurements) -> Judge | None:
        """None for a model that has neither structure counts nor descriptors: nothing is left to judge by."""
        if not model.has_features:
            return None
        z = model.inputs_unencoded(data.objects)[:, : model.latent]
        return cls(model, model.surrogate(data, z).model, data)

    @torch.no_grad()
    def __call__(self, objects: Sequence[str]) -> Float[Tensor, " n"]:
        """The value of each canonical object."""
        if not objects:
            return torch.empty(0, dtype=torch.float64)
        posterior = self.head.posterior(self.model.inputs_unencoded(objects))
        return self._in_units((posterior.mean + posterior.variance.sqrt()).squeeze(-1))

    @property
    def least(self) -> float:
        """The worst value that was measured."""
        return float(self._in_units(self.data.values.min()))

    def _in_units(self, values: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
        known = self.data.values.double()
        unit = known.std() if len(known) > 1 and known.std() > 0 else torch.ones(())
        return (values.double() - known.mean()) / unit


def proposal_measures(model: DKLVAE, judge: Judge, *, seed: int) -> dict[str, float]:
    """What decodes near the best are worth; the same seed draws the same steps for any model.

    proposal_value   value of the best new object near each of the best, averaged over them; that of the worst measured
                     object where there is none
    realistic        share of the new objects near realistic ones that are realistic themselves: a search that left what is
                     realistic, because nobody forbade it, is no fault of the model. Not there where there is no such
                     object, or their kind cannot tell
    """
    elites = judge.data.best(ELITES)
    near = _new_near(model, elites, frozenset(judge.data.objects), stream(seed, "proposals"))
    new = tuple(dict.fromkeys(name for names in near for name in names))
    values = dict(zip(new, judge(new).tolist(), strict=True))
    best = [max((values[name] for name in names), default=judge.least) for names in near]
    measures = {"proposal_value": sum(best) / len(best)}
    if (realism := model.kind.realism) is not None:
        fine = [names for names, reason in zip(near, realism(elites), strict=True) if reason is None]
        reasons = realism(tuple(dict.fromkeys(name for names in fine for name in names)))
        if reasons:
            measures["realistic"] = sum(reason is None for reason in reasons) / len(reasons)
    return measures


def _new_near(
    model: DKLVAE, elites: Sequence[str], known: frozenset[str], generator: torch.Generator
) -> list[list[str]]:
    """The objects that were decoded near each of the elites, without what is known."""
    shape = (len(elites), DRAWS, model.latent)
    sizes = torch.empty(*shape[:2], 1, dtype=torch.float64).uniform_(*STEPS, generator=generator)
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    around = model.embed(model.codec.read(elites))[:, None]
    decoded = model.decode_objects((around + sizes * spread(model.prior) * noise).flatten(0, 1))
    return [
        [name for name, _ in decoded[row : row + DRAWS] if name is not None and name not in known]
        for row in range(0, len(decoded), DRAWS)
    ]

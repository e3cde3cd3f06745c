"""The DKL-VAE: a codec, a variational autoencoder and a Gaussian-process head on its latent space.

The VAE gives a space ordered by structure; deep kernel learning (Wilson et al. 2016) re-orders it by the
property, with gradients of the GP's marginal likelihood through the encoder (`training.finetune`;
arXiv:2503.02978). The head is `LatentGP`, an ordinary BoTorch model, fitted on the encoder's means of the
objects that were measured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from latentbo.codecs.base import Codec, Reading, is_robust, objects_of
from latentbo.codecs.vocabulary import PAD, before_end
from latentbo.data.measurements import Measurements
from latentbo.errors import InputError
from latentbo.kinds.base import Features, Kind, ObjectReader
from latentbo.kinds.known import kind_of
from latentbo.models.beam import WIDTH, Hypotheses
from latentbo.models.drafts import Drafts
from latentbo.models.hypotheses import Answers, Rung, TokenRow, settled
from latentbo.models.padding import pad
from latentbo.models.priors import Prior
from latentbo.models.surrogate import LatentGP, SurrogateFit, fit_surrogate, latent_box
from latentbo.models.vae import VAE, Gaussian
from latentbo.types import Latents, Values

BATCH = 512
FAR = 1e6  # boxes; the longest lengthscale is 1e4
DRAWS = 4  # from the prior, for one sample


@dataclass(frozen=True, eq=False)
class DKLVAE:
    """A trained space of objects. A value: training makes a new one, with a new `id`.

    Features that the surrogate is given beside the latents (optional): `structure` counts structures (`morgan_counts`
    for molecules), `descriptors` are numbers of about unit spread among all objects (`scaled_descriptors`). `own_kind` is
    needed where the codec's name is in nobody's list of kinds. Raises `InputError` where codec, network and prior do
    not fit together.
    """

    codec: Codec
    vae: VAE
    prior: Prior
    structure: Features | None = None
    descriptors: Features | None = None
    own_kind: Kind | None = None

    def __post_init__(self) -> None:
        wanted, tokens = self.vae.vocabulary, len(self.codec.vocabulary)
        if wanted != tokens:
            raise InputError(f"the network was built for {wanted} tokens, but the codec has {tokens}")
        if len(self.prior.mean()) != self.vae.latent:
            raise InputError(
                f"the prior has {len(self.prior.mean())} dimensions, the network {self.vae.latent}"
            )

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits that name these weights."""
        digest = hashlib.sha256()
        for name, value in sorted(self.vae.state_dict().items()):
            digest.update(name.encode() + value.detach().cpu().numpy().tobytes())
        return digest.hexdigest()[:12]

    @property
    def kind(self) -> Kind:
        """What its objects are, and what can be done with them."""
        return self.own_kind or kind_of(self.codec)

    @property
    def reader(self) -> ObjectReader:
        """What reads its objects."""
        return ObjectReader(self.kind, self.codec)

    @property
    def latent(self) -> int:
        """Dimensions of z."""
        return self.vae.latent

    @property
    def device(self) -> torch.device:
        return next(self.vae.parameters()).device

    def embed(self, readings: Sequence[Reading]) -> Latents:
        """Encoder means of readable objects, n x d float64 on the CPU, one row a reading.

        Raises `InputError` for readings without an object.
        """
        return self.encode(readings).mean

    def encode(self, readings: Sequence[Reading]) -> Gaussian:
        """q(z | x) of readable objects, n x d float64 on the CPU, one row a reading.

        Raises `InputError` for readings without an object.
        """
        refused = [reading.reason for reading in readings if not reading.ok]
        if refused:
            raise InputError(
                f"{len(refused)} of {len(readings)} objects cannot be encoded ({refused[0]}): leave them out"
            )
        return self._posterior([reading.tokens for reading in readings])

    @torch.no_grad()
    def _posterior(self, tokens: Sequence[TokenRow]) -> Gaussian:
        """q(z | x) of rows without END or padding, as `encode` gives it."""
        mean, log_variance = (
            torch.empty(len(tokens), self.latent, dtype=torch.float64) for _ in Gaussian._fields
        )
        if not tokens:
            return Gaussian(mean, log_variance)
        rows = pad(tokens)
        with self._evaluating():
            for part in (rows != PAD).sum(1).argsort().split(BATCH):
                width = int((rows[part] != PAD).any(0).sum().clamp(min=1))
                found = self.vae.encode(rows[part, :width].to(self.device))
                mean[part], log_variance[part] = (each.double().cpu() for each in found)
        return Gaussian(mean, log_variance)

    def decode(
        self,
        z: Latents,
        *,
        width: int = WIDTH,
        temperature: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> list[Reading]:
        """The object at each latent point: by a beam of `width` (1 is greedy), or sampled at a positive temperature.

        Where a search ends with a row that is no object, or that the encoder puts elsewhere, the rows next in line are looked
        at, and the encoder has a say which is taken (`models.hypotheses`); one that looks like what people make
        (`Kind.realism`) goes before one that does not and fits about as well. Not so if the codec is robust. Where none is
        found, the reading has the first row's reason. What is sampled stays as it is.
        Equal spellings are written once. Raises `InputError` for points that are not finite rows of `latent`
        numbers.
        """
        return self._written(self.decode_tokens(z, width=width, temperature=temperature, generator=generator))

    def decode_objects(self, z: Latents) -> list[tuple[str | None, str | None]]:
        """The canonical object at each latent point and no reason, or None and the reason code: greedily, without a second
        try and without the object's own tokens. For a search that looks at many points and encodes few. Raises as `decode`.
        """
        return self._named(self.raw_tokens(z, width=1))

    def complete(
        self, drafts: Drafts, generator: torch.Generator
    ) -> list[tuple[str | None, str | None]] | None:
        """The object of each draft, as `decode_objects` gives it; None where the network writes all of an object at once."""
        prefixes = pad(drafts.prefixes)
        written: list[TokenRow] = []
        with self._evaluating():
            for rows in torch.arange(len(drafts)).split(BATCH):
                part = self.vae.completions(
                    drafts.z[rows].float().to(self.device),
                    prefixes[rows].to(self.device),
                    max_tokens=self.codec.max_tokens,
                    temperature=drafts.temperature[rows].to(self.device),
                    generator=generator,
                    instead_of=drafts.instead_of[rows].to(self.device),
                )
                if part is None:
                    return None
                written += [tuple(row) for row in part.tolist()]
        return self._named(written)

    def _named(self, rows: Sequence[TokenRow]) -> list[tuple[str | None, str | None]]:
        """Canonical object or reason of each row. Equal rows are spelled once."""
        unique = list(dict.fromkeys(rows))
        named = dict(zip(unique, objects_of(self.codec, unique), strict=True))
        return [named[row] for row in rows]

    def decode_tokens(
        self,
        z: Latents,
        *,
        width: int = WIDTH,
        temperature: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> list[TokenRow]:
        """The token rows that `decode` reads, padded after each END. Raises as `decode`."""
        rows = self.raw_tokens(z, width=width, temperature=temperature, generator=generator)
        return rows if temperature else self._settled(rows, z)

    def _settled(self, rows: list[TokenRow], z: Latents) -> list[TokenRow]:
        """The rows that the network wrote at these points, and others where those will not do (`models.hypotheses`)."""
        if is_robust(self.codec):
            return rows
        z = z.double().cpu()
        with self._evaluating():
            return settled(
                rows,
                self.latent,
                Answers(
                    self._written,
                    lambda points, rung: self._hypotheses(z[points], rung),
                    lambda points, those: self._misfit(z[points], those),
                    self.kind.realism,
                ),
            )

    def _misfit(self, z: Latents, rows: Sequence[TokenRow]) -> Float[Tensor, " n"]:
        """Mean square over the axes of (z - m) / s, with m, s of q(z | x) for each row x."""
        mean, log_variance = self._posterior([before_end(row) for row in rows])
        return ((z - mean).square() / log_variance.exp()).mean(1)

    def raw_tokens(
        self,
        z: Latents,
        *,
        width: int,
        temperature: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> list[TokenRow]:
        """What the network writes at each point, be it an object or not. Raises as `decode`."""
        if z.ndim != 2 or z.shape[1] != self.latent or not torch.isfinite(z).all():
            raise InputError(f"finite latent points n x {self.latent} were expected, not {_described(z)}")
        if temperature < 0.0 or width < 1:
            raise InputError(
                f"temperature must be 0 or positive and width at least 1, not {temperature} and {width}"
            )
        with self._evaluating():
            written = [
                self.vae.decode_tokens(
                    part,
                    max_tokens=self.codec.max_tokens,
                    width=width,
                    temperature=temperature,
                    generator=generator,
                )
                for part in self._parts(z)
            ]
        return [tuple(row) for part in written for row in part.tolist()]

    def _parts(self, z: Latents) -> Iterator[Latents]:
        """The points as the network takes them, a batch at a time."""
        return (part.float().to(self.device) for part in z.split(BATCH))

    def _hypotheses(self, z: Latents, rung: Rung) -> Hypotheses | None:
        """What the network would write at these points, or None where it has one answer at each."""
        found = [
            self.vae.hypotheses(part, max_tokens=self.codec.max_tokens, width=rung.width, margin=rung.margin)
            for part in self._parts(z)
        ]
        several = [part for part in found if part is not None]
        if len(several) < len(found):
            return None
        return Hypotheses(*(torch.cat(parts).cpu() for parts in zip(*several, strict=True)))

    def entropy(self, z: Latents, rows: Sequence[TokenRow]) -> Float[Tensor, " n"]:
        """How undecided the decoder is at each latent point about the row that `decode_tokens` gave there, in nats a token."""
        found = torch.empty(len(z), dtype=torch.float64)
        with self._evaluating():
            for part in torch.arange(len(z)).split(BATCH):
                tokens = pad([rows[i] for i in part]).to(self.device)
                found[part] = self.vae.entropy(z[part].float().to(self.device), tokens).double().cpu()
        return found

    def sample(self, n: int, generator: torch.Generator, *, of: int = DRAWS) -> list[Reading]:
        """n objects drawn from the prior: of every `of` draws with about equally many tokens, the one that encodes nearest
        to where it was drawn.

        Where a draw and the encoding of what it decodes to lie far apart, the decoder has guessed. Comparing draws of one
        length keeps the distribution of lengths.
        """
        z = self.prior.sample(of * n, generator)
        if of == 1:
            return self.decode(z)
        rows = self.raw_tokens(z, width=WIDTH)
        readings = self._written(rows)
        valid = torch.tensor([i for i, reading in enumerate(readings) if reading.ok], dtype=torch.long)
        reencoding_distance = torch.full((len(z),), torch.inf, dtype=torch.float64)
        reencoding_distance[valid] = (self.embed([readings[i] for i in valid]) - z[valid]).norm(dim=1)
        lengths = torch.tensor([sum(token != PAD for token in row) for row in rows])
        groups = lengths.argsort(stable=True).reshape(n, of)
        nearest = groups.gather(1, reencoding_distance[groups].argmin(1, keepdim=True)) if n else groups
        chosen = nearest.flatten().sort().values
        return self._written(self._settled([rows[i] for i in chosen], z[chosen]))

    @property
    def has_features(self) -> bool:
        """Whether the surrogate is given anything of an object beside its latent point."""
        return self.structure is not None or self.descriptors is not None

    @property
    def latents_only(self) -> DKLVAE:
        """The same with a surrogate of latents alone."""
        return self.with_features(structure=False, descriptors=False)

    def with_features(self, *, structure: bool, descriptors: bool) -> DKLVAE:
        """The same with a surrogate that is given no other features than these."""
        return replace(
            self,
            structure=self.structure if structure else None,
            descriptors=self.descriptors if descriptors else None,
        )

    def inputs(self, readings: Sequence[Reading]) -> Float[Tensor, "n dqp"]:
        """The surrogate's inputs: latents, then descriptors and structure counts where the model has them."""
        return self._inputs([reading.object or "" for reading in readings], self.embed(readings))

    def inputs_unencoded(self, objects: Sequence[str]) -> Float[Tensor, "n dqp"]:
        """The same for canonical objects that were not encoded. They are placed so far out that the latent term says nothing
        about them, and the prediction rests on the other terms.
        """
        low, high = latent_box(self.prior)
        return self._inputs(objects, (high + FAR * (high - low)).expand(len(objects), -1))

    def _inputs(self, objects: Sequence[str], z: Latents) -> Float[Tensor, "n dqp"]:
        features = [of(objects) for of in (self.descriptors, self.structure) if of is not None]
        return torch.cat([z, *(torch.as_tensor(part, dtype=z.dtype) for part in features)], dim=1)

    def surrogate(
        self, data: Measurements, z: Latents | None = None, variances: Values | None = None
    ) -> SurrogateFit:
        """The GP head fitted to what was measured, each object at the latent point it encodes to now (`z`, where that
        is known). `variances` are those of the values as measurements; left out, one for all is learnt.
        """
        x = self._inputs(data.objects, self.embed(self.codec.read(data.objects)) if z is None else z)
        descriptors = 0 if self.descriptors is None else self.descriptors([]).shape[1]
        model = LatentGP(
            x,
            data.values.double(),
            bounds=latent_box(self.prior),
            structure=x.shape[1] - self.latent - descriptors,
            descriptors=descriptors,
            train_Yvar=variances,
        )
        return fit_surrogate(model)

    def _written(self, rows: Sequence[TokenRow]) -> list[Reading]:
        unique = list(dict.fromkeys(rows))
        written = dict(zip(unique, self.codec.write(unique), strict=True))
        return [written[row] for row in rows]

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        training = self.vae.training
        self.vae.eval()
        try:
            yield
        finally:
            self.vae.train(training)


def _described(z: Tensor) -> str:
    broken = int((~torch.isfinite(z)).sum())
    return f"a tensor of shape {tuple(z.shape)} with {broken} numbers that are not finite"

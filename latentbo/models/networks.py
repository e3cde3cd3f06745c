"""Encoder and decoder networks over token sequences.

symbol   meaning                                    shape
n, t     sequences in the batch, tokens in the longest
V, E     vocabulary size, embedding width
H, d     hidden units of a direction, latent dimensions
x        tokens, right-padded with PAD              n x t
z        latent points                              n x d
h        recurrent state                            n x H
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from latentbo.codecs.vocabulary import END, PAD, START
from latentbo.types import Latents, Mask, Tokens


def reverse_within_length(states: Tensor, lengths: Tensor) -> Tensor:
    """Each row's first `length` steps back to front, its padding left where it is; n x t x anything."""
    steps = torch.arange(states.shape[1], device=states.device)
    mirrored = (lengths[:, None] - 1 - steps).where(steps < lengths[:, None], steps)
    return states.gather(1, mirrored[..., None].expand_as(states))


class BidirectionalGRU(nn.Module):
    """One bidirectional GRU layer whose output does not depend on how far a row is padded.

    `nn.GRU(bidirectional=True)` starts its backward direction in the padding, and packed sequences make the
    backward pass several times slower on a CPU; reversing every row within its own length is exact and fast.
    """

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.forwards = nn.GRU(width, hidden, batch_first=True)
        self.backwards = nn.GRU(width, hidden, batch_first=True)

    def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
        ahead, _ = self.forwards(x)
        behind, _ = self.backwards(reverse_within_length(x, lengths))
        return torch.cat([ahead, reverse_within_length(behind, lengths)], dim=-1)


class SequenceEncoder(nn.Module):
    """Tokens to the mean and log-variance of q(z | x): embedding, bidirectional GRU layers, masked mean and
    maximum.
    """

    def __init__(self, vocabulary: int, *, embedding: int, hidden: int, layers: int, latent: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=PAD)
        widths = [embedding, *[2 * hidden] * (layers - 1)]
        self.layers = nn.ModuleList([BidirectionalGRU(width, hidden) for width in widths])
        self.mean = nn.Linear(4 * hidden, latent)
        self.log_variance = nn.Linear(4 * hidden, latent)

    def forward(self, x: Tokens) -> tuple[Latents, Latents]:
        mask: Mask = x != PAD
        lengths = mask.sum(1)
        states = self.embedding(x)
        for layer in self.layers:
            states = layer(states, lengths)
        outside = ~mask[..., None]
        mean = states.masked_fill(outside, 0.0).sum(1) / lengths.clamp(min=1)[:, None]
        top = states.masked_fill(outside, -1.0).amax(1)  # GRU states lie in (-1, 1)
        pooled = torch.cat([mean, top], dim=-1)
        return self.mean(pooled).float(), self.log_variance(pooled).float().clamp(-12.0, 4.0)


class SequenceDecoder(nn.Module):
    """Latent points to token sequences, one token after the other, z given at every step."""

    def __init__(self, vocabulary: int, *, embedding: int, hidden: int, latent: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, embedding, padding_idx=PAD)
        self.start = nn.Linear(latent, hidden)
        self.gru = nn.GRU(embedding + latent, hidden, batch_first=True)
        self.logits = nn.Linear(hidden, vocabulary)

    def forward(self, z: Latents, x: Tokens) -> Tensor:
        """Logits n x (t + 1) x V of each next token given the true ones before it (START first, END last)."""
        shifted = F.pad(x, (1, 0), value=START)
        inputs = torch.cat([self.embedding(shifted), z[:, None].expand(-1, shifted.shape[1], -1)], dim=-1)
        states, _ = self.gru(inputs, torch.tanh(self.start(z))[None])
        logits: Tensor = self.logits(states)
        return logits

    @torch.no_grad()
    def generate(
        self,
        z: Latents,
        *,
        max_tokens: int,
        temperature: float | Float[Tensor, " n"] = 0.0,
        generator: torch.Generator | None = None,
        prefix: Int[Tensor, "n p"] | None = None,
        instead_of: Int[Tensor, " n"] | None = None,
    ) -> Tokens:
        """Tokens n x t, padded after each END. Greedy at temperature 0 (one for all rows, or one each), else sampled. With a
        `prefix`, n x p and right-padded, each row begins with its own. With `instead_of`, the token after the prefix is any but
        the one named there, and the only one that is sampled; PAD names none.

        The input half of the GRU's gates is split into a table over tokens and a term in z, computed once: a
        step is then one H x 3H product. Finished rows leave the batch.
        """
        advance, h = self.stepper(z)
        out = torch.full((len(z), max_tokens), PAD, dtype=torch.long, device=z.device)
        alive = torch.arange(len(z), device=z.device)
        given = torch.zeros_like(alive) if prefix is None else (prefix != PAD).sum(1)
        greedy = instead_of is None and not torch.as_tensor(temperature).any()
        banned = torch.full_like(alive, PAD) if instead_of is None else instead_of
        heat = torch.as_tensor(temperature, dtype=torch.float32).expand(len(z)).to(z.device)
        token = torch.full((len(z),), START, dtype=torch.long, device=z.device)
        for step in range(max_tokens if len(z) else 0):
            h = advance(token, h, alive)
            answers = self.answers(h)
            if greedy:
                token = answers.argmax(-1)
            else:
                never = banned[alive]
                here = (never != PAD) & (given[alive] == step)
                answers[here, never[here]] = -torch.inf
                token = _choose(answers, heat[alive].where(here | (never == PAD), 0.0), generator)
            if prefix is not None and step < prefix.shape[1]:
                token = torch.where(step < given[alive], prefix[alive, step], token)
            out[alive, step] = token
            going = token != END
            if not going.all():
                alive, token, h = alive[going], token[going], h[going]
            if len(alive) == 0:
                break
        return out

    def stepper(self, z: Latents) -> tuple[Callable[[Tensor, Tensor, Tensor], Tensor], Tensor]:
        """`advance(token, h, owner)`, the state after one more token, row i at the point z[owner_i]; and the first state."""
        weights, recurrent, bias, recurrent_bias = self.gru.all_weights[0]
        width = self.embedding.embedding_dim
        table = self.embedding.weight @ weights[:, :width].T + bias
        z_gates = z @ weights[:, width:].T

        def advance(token: Tensor, h: Tensor, owner: Tensor) -> Tensor:
            return self._step(table[token] + z_gates[owner], h, (recurrent, recurrent_bias))

        return advance, torch.tanh(self.start(z))

    def answers(self, h: Tensor) -> Tensor:
        """Logits of the next token."""
        return self.answerable(self.logits(h))

    @staticmethod
    def answerable(logits: Tensor) -> Tensor:
        """PAD and START are never answers, which an untrained network could give."""
        never = torch.tensor([PAD, START], device=logits.device)
        return logits.float().index_fill(-1, never, -torch.inf)

    @staticmethod
    def _step(inputs: Tensor, h: Tensor, gates: tuple[Tensor, Tensor]) -> Tensor:
        # Cho et al. 2014 in torch's form: the reset gate acts on the recurrent half of the candidate only.
        reset_x, update_x, new_x = inputs.chunk(3, dim=-1)
        reset_h, update_h, new_h = F.linear(h, *gates).chunk(3, dim=-1)
        update = torch.sigmoid(update_x + update_h)
        new = torch.tanh(new_x + torch.sigmoid(reset_x + reset_h) * new_h)
        return new + update * (h - new)


def _choose(
    logits: Float[Tensor, "n v"], temperature: Float[Tensor, " n"], generator: torch.Generator | None
) -> Int[Tensor, " n"]:
    token = logits.argmax(-1)
    hot = (temperature > 0.0).nonzero()[:, 0]
    if len(hot):
        shares = torch.softmax(logits[hot] / temperature[hot, None], -1)
        # Drawn where the generator is: a CPU stream means the same on every device.
        drawn = torch.multinomial(
            shares.to(generator.device if generator else shares.device), 1, generator=generator
        )
        token[hot] = drawn.squeeze(-1).to(token.device)
    return token

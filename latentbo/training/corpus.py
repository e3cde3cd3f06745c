"""The molecules of a file as pretraining needs them, and the copy that spares a resumed run the reading.

A copy is two files: tensors (safetensors), and what they mean (JSON, written last, with the SHA-256 of the
tensors). One that is damaged, or was made of another file or with other settings, is no copy.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Bool, Float, Int, UInt8
from safetensors.torch import load, save_file
from torch import Tensor

from latentbo.chemistry.descriptors import TargetScale
from latentbo.codecs.base import Reading
from latentbo.codecs.molecules import MoleculeCodec
from latentbo.codecs.smiles import SmilesCodec
from latentbo.codecs.spellings import molecule_codec
from latentbo.codecs.vocabulary import PAD
from latentbo.training.token_sets import TokenSet

TENSORS, MEANING = "corpus.safetensors", "corpus.json"
_TENSOR_FIELDS = ("lines", "tokens", "properties", "counts")
_OTHER_FIELDS = ("objects", "held_out_every", "name", "sha256", "total", "refused")


@dataclass(frozen=True)
class Corpus:
    """The readable molecules of a file, in file order, one row each.

    objects         canonical SMILES
    lines           0-based index of each in the file
    tokens          right-padded
    properties      `descriptors.PROPERTIES`, in their own units
    counts          Morgan counts, at most 255
    held_out_every  a line is held out when its index is a multiple; the codec is learnt on the others
    name, sha256    of the file; the hash is of its content, decompressed
    total, refused  lines of the file, and how many could not be used for which reason
    """

    codec: MoleculeCodec | SmilesCodec
    objects: tuple[str, ...]
    lines: Int[Tensor, " n"]
    tokens: Int[Tensor, "n t"]
    properties: Float[Tensor, "n p"]
    counts: UInt8[Tensor, "n c"]
    held_out_every: int
    name: str
    sha256: str
    total: int
    refused: dict[str, int]

    def __len__(self) -> int:
        return len(self.objects)

    @property
    def held_out(self) -> Bool[Tensor, " n"]:
        """Which rows are never trained on."""
        return self.lines % self.held_out_every == 0

    def token_sets(self) -> tuple[TokenSet, TokenSet]:
        """Training and held-out rows, with co-training targets on the scale of the whole file."""
        known, counts = self.properties.numpy(), self.counts.numpy()
        targets = torch.from_numpy(TargetScale.of(known, counts).targets(known, counts))
        out = self.held_out
        return TokenSet(self.tokens[~out], targets[~out]), TokenSet(self.tokens[out], targets[out])

    def readings(self, rows: Bool[Tensor, " n"]) -> list[Reading]:
        """The chosen rows as the codec reads them."""
        chosen = torch.nonzero(rows).flatten().tolist()
        spelled = [tuple(token for token in self.tokens[i].tolist() if token != PAD) for i in chosen]
        return [Reading(self.objects[i], tokens) for i, tokens in zip(chosen, spelled, strict=True)]


def save_corpus(corpus: Corpus, folder: Path, key: dict[str, Any]) -> None:
    """Keep a copy; `key` is whatever made it what it is."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file({name: getattr(corpus, name).contiguous() for name in _TENSOR_FIELDS}, folder / TENSORS)
    meaning = {
        "key": key,
        "tensors_sha256": hashlib.sha256((folder / TENSORS).read_bytes()).hexdigest(),
        "codec": corpus.codec.to_dict(),
        **{name: getattr(corpus, name) for name in _OTHER_FIELDS},
    }
    part = folder / f"{MEANING}.part"
    part.write_text(json.dumps(meaning))
    os.replace(part, folder / MEANING)


def load_corpus(folder: Path, key: dict[str, Any]) -> Corpus | None:
    """The copy in the folder, where there is one that is whole and of this key."""
    try:
        meaning = json.loads((folder / MEANING).read_text())
        payload = (folder / TENSORS).read_bytes()
    except (OSError, ValueError):
        return None
    if meaning["key"] != key or hashlib.sha256(payload).hexdigest() != meaning["tensors_sha256"]:
        return None
    tensors = load(payload)
    fields = {name: meaning[name] for name in _OTHER_FIELDS} | {
        name: tensors[name] for name in _TENSOR_FIELDS
    }
    return Corpus(
        **{**fields, "codec": molecule_codec(meaning["codec"]), "objects": tuple(meaning["objects"])}
    )

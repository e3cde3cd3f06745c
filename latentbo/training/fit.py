"""The training loop: everything it needs is an argument, everything it found out is in its report.

Batches and noise are functions of the step number, so a checkpoint (weights, optimiser, step) holds the whole
state: a killed run goes on exactly where it was.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from latentbo.errors import FitError

Terms = Mapping[str, Tensor]
MAX_BAD_STEPS = 10
MAX_NORM = 5.0  # of the gradient: a longer one is scaled down


@dataclass(frozen=True)
class Progress:
    """Where training stands: averages of the loss terms since the last report."""

    step: int
    steps: int
    terms: dict[str, float]
    held_out: float | None
    seconds: float


@dataclass(frozen=True)
class FitReport:
    """What happened: `stopped` is "finished", or "early" where the held-out loss stopped falling.

    Steps, held-out losses and seconds are of the whole run, with what a killed process did up to its last
    checkpoint; `bad_steps` are of this call.
    """

    steps: int
    stopped: str
    held_out: tuple[float, ...]
    bad_steps: int
    seconds: float


def fit(
    model: nn.Module,
    batches: Callable[[int], Iterable[Any]],
    loss: Callable[[Any, int], Terms],
    *,
    epochs: int,
    steps_per_epoch: int,
    learning_rate: float = 1e-3,
    warmup_steps: int = 200,
    autocast: torch.dtype | None = None,
    held_out: Callable[[], float] | None = None,
    patience: int | None = None,
    checkpoint: Path | None = None,
    checkpoint_every: int = 500,
    report_every: int = 100,
    progress: Callable[[Progress], None] = lambda _: None,
) -> FitReport:
    """Train `model` in place with AdamW, linear warm-up and a cosine to zero.

    `batches(epoch)` yields `steps_per_epoch` batches, the same ones whenever it is asked. `loss(batch, step)`
    returns the terms, `"loss"` the one that is minimised. `held_out()` runs after each epoch; with `patience`
    p, training stops once it has not fallen for p epochs. A step whose loss or gradient is not finite is left
    out. Raises `FitError` for `MAX_BAD_STEPS` of those in a row.
    """
    began, total = time.monotonic(), epochs * steps_per_epoch
    optimiser = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.0, fused=True)
    schedule = _Schedule(learning_rate, warmup_steps, total)
    state = _restore(checkpoint, model, optimiser) if checkpoint else {}
    step, history = int(state.get("step", 0)), list(state.get("held_out", []))
    saved, before = step, float(state.get("seconds", 0.0))
    bad = bad_in_a_row = 0
    device = next(model.parameters()).device.type
    stopped, sums, counted = "early" if _stale(history, patience) else "finished", dict[str, float](), 0

    def save() -> None:
        if checkpoint is not None:
            seconds = before + time.monotonic() - began
            _save(checkpoint, model, optimiser, {"step": step, "held_out": history, "seconds": seconds})

    while step < total and stopped == "finished":
        epoch = step // steps_per_epoch
        model.train()
        for batch in islice(batches(epoch), step - epoch * steps_per_epoch, steps_per_epoch):
            for group in optimiser.param_groups:
                group["lr"] = schedule.at(step)
            with torch.autocast(device, dtype=autocast or torch.bfloat16, enabled=autocast is not None):
                terms = loss(batch, step)
            optimiser.zero_grad()
            terms["loss"].backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), MAX_NORM)
            step += 1
            if torch.isfinite(norm) and torch.isfinite(terms["loss"]):
                optimiser.step()
                bad_in_a_row, counted = 0, counted + 1
                sums = {name: sums.get(name, 0.0) + term.item() for name, term in terms.items()}
            else:
                bad, bad_in_a_row = bad + 1, bad_in_a_row + 1
                if bad_in_a_row == MAX_BAD_STEPS:
                    raise FitError(
                        f"the loss of {bad_in_a_row} steps was not finite: lower the learning rate"
                    )
            if step % report_every == 0 and counted:
                means = {name: value / counted for name, value in sums.items()}
                last = history[-1] if history else None
                progress(Progress(step, total, means, last, time.monotonic() - began))
                sums, counted = {}, 0
            # The last step of an epoch is saved with its held-out loss, which a kill in between would lose.
            if step - saved >= checkpoint_every and step % steps_per_epoch:
                save()
                saved = step
        if held_out is not None:
            model.eval()
            history.append(held_out())
            stopped = "early" if _stale(history, patience) else stopped
        if step - saved >= checkpoint_every:
            save()
            saved = step
    model.eval()
    save()
    return FitReport(step, stopped, tuple(history), bad, before + time.monotonic() - began)


def _stale(history: Sequence[float], patience: int | None) -> bool:
    """Whether the lowest held-out loss is `patience` epochs old."""
    if patience is None or not history:
        return False
    return len(history) - 1 - min(range(len(history)), key=history.__getitem__) >= patience


@dataclass(frozen=True)
class _Schedule:
    peak: float
    warmup: int
    total: int

    def at(self, step: int) -> float:
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        done = (step - self.warmup) / max(1, self.total - self.warmup)
        return self.peak * 0.5 * (1.0 + math.cos(math.pi * done))


def _save(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer, state: dict[str, Any]) -> None:
    """One safetensors file, replaced in one step: a kill leaves the old checkpoint or the new one."""
    tensors = {f"model.{name}": value.contiguous() for name, value in model.state_dict().items()}
    for index, slots in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{name}": value.contiguous() for name, value in slots.items()}
    part = path.with_suffix(".part")
    save_file(tensors, part, metadata={"state": json.dumps(state)})
    os.replace(part, path)


def _restore(path: Path, model: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Any]:
    if not path.exists():
        return {}
    slots: dict[int, dict[str, Tensor]] = {}
    weights: dict[str, Tensor] = {}
    with safe_open(path, framework="pt") as file:
        state: dict[str, Any] = json.loads(file.metadata()["state"])
        for key in file.keys():  # noqa: SIM118 - safe_open is no mapping
            part, _, name = key.partition(".")
            if part == "model":
                weights[name] = file.get_tensor(key)
            else:
                index, _, slot = name.partition(".")
                slots.setdefault(int(index), {})[slot] = file.get_tensor(key)
    model.load_state_dict(weights)
    optimiser.load_state_dict({"state": slots, "param_groups": optimiser.state_dict()["param_groups"]})
    return state


def has_bf16(device: torch.device) -> bool:
    """Whether bfloat16 products are done in hardware: CUDA GPUs since Ampere, CPUs with AVX-512 BF16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from latentbo.errors import FitError
from latentbo.torch_rng import global_stream, stream
from latentbo.training.fit import MAX_BAD_STEPS, FitReport, Progress, _Schedule, fit, has_bf16

EPOCHS, STEPS = 4, 6


class Killed(Exception):
    pass


def network() -> nn.Linear:
    with global_stream(0, "network"):
        return nn.Linear(3, 1)


def batches(epoch: int) -> Iterator[Tensor]:
    generator = stream(0, "batches", epoch)
    return (torch.randn(8, 3, generator=generator) for _ in range(STEPS))


def regression(
    net: nn.Module, bad: Callable[[int], bool] = lambda step: False
) -> Callable[..., dict[str, Tensor]]:
    """A loss whose noise belongs to the step, so that a step left out or done twice shows."""

    def loss(x: Tensor, step: int) -> dict[str, Tensor]:
        noise = torch.randn(8, 1, generator=stream(0, "noise", step))
        error = (net(x) - x.sum(1, keepdim=True) + noise).square().mean()
        return {"loss": error * (float("nan") if bad(step) else 1.0), "one": torch.ones(())}

    return loss


@torch.no_grad()
def validation(net: nn.Module) -> float:
    return float((net(torch.ones(1, 3)) - 3.0).square())


def run(net: nn.Module, loss: Callable[..., dict[str, Tensor]] | None = None, **options: object) -> FitReport:
    settings = {"epochs": EPOCHS, "steps_per_epoch": STEPS, "learning_rate": 0.05, "warmup_steps": 3}
    held_out = {"held_out": lambda: validation(net)}
    return fit(net, batches, loss or regression(net), **{**settings, **held_out, **options})  # type: ignore[arg-type]


def equal(a: nn.Module, b: nn.Module) -> bool:
    return all(torch.equal(x, y) for x, y in zip(a.parameters(), b.parameters(), strict=True))


@pytest.mark.parametrize("every", [1, 4, 6, 100])
@pytest.mark.parametrize("kill_at", [1, 5, 6, 7, 13, 24])
def test_a_killed_run_ends_as_one_that_never_stopped(tmp_path: Path, kill_at: int, every: int) -> None:
    whole, again, path = network(), network(), tmp_path / "state.safetensors"
    expected = run(whole)

    def kill(at: Progress) -> None:
        if at.step == kill_at:
            raise Killed

    with pytest.raises(Killed):
        run(network(), checkpoint=path, checkpoint_every=every, report_every=1, progress=kill)
    assert path.exists() == (kill_at > every)
    report = run(again, checkpoint=path, checkpoint_every=every)
    assert equal(again, whole)
    assert (report.steps, report.held_out) == (expected.steps, expected.held_out)


def test_a_kill_between_an_epoch_and_its_held_out_loss_loses_neither(tmp_path: Path) -> None:
    whole, again, path = network(), network(), tmp_path / "state.safetensors"
    expected = run(whole)

    def kill() -> float:
        raise Killed

    with pytest.raises(Killed):
        run(network(), checkpoint=path, checkpoint_every=1, held_out=kill)
    assert run(again, checkpoint=path).held_out == expected.held_out
    assert equal(again, whole)


def test_a_finished_run_is_not_trained_further(tmp_path: Path) -> None:
    path, again = tmp_path / "state.safetensors", network()
    first = run(whole := network(), checkpoint=path)
    with safe_open(path, framework="pt") as file:
        stored = json.loads(file.metadata()["state"])["seconds"]
    report = run(again, lambda *_: pytest.fail("trained"), checkpoint=path)
    assert equal(again, whole)
    assert (report.steps, report.stopped, report.held_out) == (first.steps, "finished", first.held_out)
    assert first.seconds >= stored > 0.0
    assert report.seconds > stored


def test_a_kill_while_saving_leaves_the_old_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.safetensors"
    run(network(), checkpoint=path, epochs=1)
    before = path.read_bytes()

    def torn(tensors: object, part: Path, **_: object) -> None:
        part.write_bytes(b"half")
        raise Killed

    monkeypatch.setattr("latentbo.training.fit.save_file", torn)
    with pytest.raises(Killed):
        run(network(), checkpoint=path, checkpoint_every=1)
    assert path.read_bytes() == before


def test_early_stop(tmp_path: Path) -> None:
    path, losses = tmp_path / "state.safetensors", iter([3.0, 1.0, 2.0, 1.5, 0.0])
    report = run(network(), held_out=lambda: next(losses), patience=2, epochs=9, checkpoint=path)
    assert (report.stopped, report.held_out, report.steps) == ("early", (3.0, 1.0, 2.0, 1.5), 4 * STEPS)
    again = run(network(), held_out=lambda: next(losses), patience=2, epochs=9, checkpoint=path)
    assert (again.stopped, again.steps) == ("early", 4 * STEPS)


def test_steps_that_are_not_finite_are_left_out() -> None:
    net = network()
    report = run(net, regression(net, bad=lambda step: step % 2 == 0))
    assert report.bad_steps == EPOCHS * STEPS // 2
    assert all(torch.isfinite(parameter).all() for parameter in net.parameters())
    assert not equal(net, network())


def test_an_infinite_gradient_is_left_out_too() -> None:
    net = network()

    def loss(x: Tensor, step: int) -> dict[str, Tensor]:
        return {"loss": (net(x) * 0.0).abs().sqrt().sum()}  # 0, but its slope is not a number

    assert run(net, loss, epochs=1, steps_per_epoch=3).bad_steps == 3
    assert equal(net, network())


def test_too_many_bad_steps_in_a_row_raise() -> None:
    net = network()
    bad = [step for step in range(EPOCHS * STEPS) if step != 3]
    with pytest.raises(FitError, match="not finite"):
        run(net, regression(net, bad=lambda step: step in bad))
    report = run(net, regression(net, bad=lambda step: step in bad[:MAX_BAD_STEPS]))
    assert report.bad_steps == MAX_BAD_STEPS


def test_progress_reports_means_since_the_last_report() -> None:
    seen: list[Progress] = []
    net = network()
    inner = regression(net)

    def loss(x: Tensor, step: int) -> dict[str, Tensor]:
        return {**inner(x, step), "step": torch.tensor(float(step))}

    run(net, loss, report_every=4, progress=seen.append)
    assert [at.step for at in seen] == [4, 8, 12, 16, 20, 24]
    assert [at.terms["step"] for at in seen] == [1.5, 5.5, 9.5, 13.5, 17.5, 21.5]
    assert seen[0].held_out is None
    assert seen[1].held_out is not None


def test_training_mode_is_off_afterwards_and_while_measuring() -> None:
    net = network()
    modes: list[bool] = []

    def held_out() -> float:
        modes.append(net.training)
        return 0.0

    run(net, held_out=held_out)
    assert modes == [False] * EPOCHS
    assert not net.training


def test_the_learning_rate_warms_up_and_falls_to_zero() -> None:
    schedule = _Schedule(peak=2.0, warmup=4, total=104)
    assert [schedule.at(step) for step in range(4)] == [0.5, 1.0, 1.5, 2.0]
    assert schedule.at(4) == 2.0
    assert schedule.at(54) == pytest.approx(1.0)
    assert schedule.at(104) == pytest.approx(0.0)


def test_bf16_is_known_of_every_device() -> None:
    assert isinstance(has_bf16(torch.device("cpu")), bool)
    assert not has_bf16(torch.device("meta"))

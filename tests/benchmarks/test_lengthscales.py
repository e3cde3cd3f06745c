"""The comparison of lengthscale priors: what a head is fitted under, and the smoke setting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from gpytorch.priors import GammaPrior

from benchmarks.lengthscales import KNOWN, PLACES, TITLES, Question, choices, head, main, quality
from tests.benchmarks.conftest import SEED

BOX = torch.tensor([[-2.0] * 3, [2.0] * 3], dtype=torch.float64)


def question() -> Question:
    torch.manual_seed(0)
    z = torch.rand(160, 3, dtype=torch.float64) * 4 - 2
    y = torch.sin(3 * z[:, :1])
    return Question(z[:60], y[:60], z[60:], y[60:], BOX)


def test_each_head_is_fitted_under_the_prior_it_is_named_for() -> None:
    asked, offered = question(), choices(3)
    assert set(offered) == set(TITLES)
    fitted = {name: head(asked, 60, choice) for name, choice in offered.items()}
    for name, choice in offered.items():
        kernel = fitted[name].covar_module
        assert kernel.lengthscale_prior is choice.prior
        low, high = choice.bounds
        assert (kernel.lengthscale >= low).all()
        assert (kernel.lengthscale <= high).all()
        assert torch.isfinite(choice.prior.log_prob(kernel.lengthscale)).all()
    assert isinstance(fitted["gamma_3_6"].covar_module.lengthscale_prior, GammaPrior)
    long = {name: float(gp.latent_lengthscales()[1:].min()) for name, gp in fitted.items()}
    assert long["uniform_1"] <= 1.0 < long["uniform_10"], "an axis that does not matter goes to the limit"


def test_axes_that_do_not_matter_do_not_leave_the_support_of_a_uniform_prior() -> None:
    z = torch.rand(100, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 4 - 2
    y = torch.sin(3 * z[:, :1]) + z[:, 1:2]
    asked = Question(z, y, z, y, torch.tensor([[-2.0] * 16, [2.0] * 16], dtype=torch.float64))
    for name in ("uniform_1", "uniform_10"):
        choice = choices(16)[name]
        found = head(asked, 100, choice).latent_lengthscales()
        assert torch.isfinite(choice.prior.log_prob(found)).all()
        assert found.max() > 0.95 * choice.bounds[1], "an axis that does not matter goes to the limit"


def test_a_head_that_knows_the_function_is_nearly_right_and_honest() -> None:
    asked = question()
    found = quality(asked, head(asked, 60, choices(3)["lognormal_d"]))
    assert found["error"] < 0.2
    fewer = quality(asked, head(asked, 6, choices(3)["lognormal_d"]))
    assert fewer["error"] > 2 * found["error"]
    assert 0.5 < found["coverage"] <= 1.0


def test_a_smoke_run_fills_the_table(
    smoke_cards: Path,
    smoke_qm9: Path,
    shared_data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("LATENTBO_DATA", str(shared_data))
    result = tmp_path / "l.json"
    folders = ["--cards", str(smoke_cards), "--qm9", str(smoke_qm9)]
    main(["--smoke", "--seeds", SEED, *folders, "--result", str(result)])
    numbers = json.loads(result.read_text())
    for place in PLACES:
        for name in TITLES:
            for known in KNOWN:
                assert 0.0 <= numbers[f"{place}_{name}_{known}_coverage"] <= 1.0
    printed = capsys.readouterr().out
    assert all(title in printed for title in TITLES.values())

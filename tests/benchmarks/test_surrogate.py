from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmarks import surrogate
from latentbo.data.measurements import Measurements
from latentbo.models import kernels
from latentbo.models.dkl_vae import DKLVAE


def test_a_smoke_run_measures_every_kernel(
    shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, threads = tmp_path / "surrogate.json", torch.get_num_threads()
    arguments = ["--smoke", "--tasks", "qed", "--threads", str(threads), "--out", str(out)]
    surrogate.main(["--data", str(shared_data / "zinc250k.smi.gz"), *arguments])
    result, shown = json.loads(out.read_text()), capsys.readouterr().out
    for name in ("latents", "counts_and_latents", "descriptors_and_latents", "all", surrogate.SHORT):
        for kind in ("children", "strangers"):
            assert f"{kind:<10}  {name} " in shown
            assert -1.0 <= result[f"{name}_{kind}_rank_correlation"] <= 1.0
            assert 0.0 <= result[f"{name}_{kind}_coverage"] <= 1.0
            assert result[f"{name}_{kind}_rmse"] > 0.0
    assert result["all_children_nll"] != result[f"{surrogate.SHORT}_children_nll"]
    assert (result["tasks"], result["smoke"], result["seeds"]) == ("qed", True, [0])


def test_shorter_lengthscales_are_a_variant_only_while_it_is_fitted(tiny_model: DKLVAE) -> None:
    def median() -> float:
        return float(kernels.descriptor_kernel(2, 18).lengthscale[0, 0].detach())

    before = median()
    with surrogate.lengthscales_of("all"):
        assert median() == before
    with surrogate.lengthscales_of(surrogate.SHORT):
        assert median() == pytest.approx(3.0)
    assert median() == before == pytest.approx(3.5 * 18**0.5)


def test_strangers_are_what_another_search_found(tiny_model: DKLVAE) -> None:
    data, found = (
        Measurements(names, torch.zeros(len(names), 1, dtype=torch.float64))
        for names in (("CCO", "CCN"), ("CCC", "CCO", "c1ccccc1", "CCCl", "CCF", "CCBr"))
    )
    made = [each.object for each in surrogate.strangers(tiny_model, data, found, 3)]
    assert made == ["CCC", "CCCl", "CCBr"]
    assert len(surrogate.strangers(tiny_model, data, found, 50)) == 5


def test_what_the_model_cannot_encode_is_left_out(tiny_model: DKLVAE) -> None:
    names = ("CCO", "C" * 300, "CCN")
    data = Measurements(names, torch.tensor([[1.0], [2.0], [3.0]], dtype=torch.float64))
    kept = surrogate.readable(tiny_model, data)
    assert kept.objects == ("CCO", "CCN")
    assert kept.values.tolist() == [[1.0], [3.0]]


def test_candidates_are_new_and_the_search_begins_where_it_is_told(tiny_model: DKLVAE) -> None:
    def carbons(names: list[str]) -> list[float]:
        return [float(name.upper().count("C")) for name in names]

    start = ("CCO", "Oc1ccccc1", "CCN")
    data = surrogate.searched(carbons, start, 25, seed=0)
    assert data.objects[:3] == start
    assert len(set(data.objects)) == len(data) == 25
    assert data.values[:, 0].tolist() == carbons(list(data.objects))
    made = [each.object for each in surrogate.children(tiny_model, data, 10, seed=1)]
    assert len(set(made)) == len(made) > 5
    assert not set(made) & set(data.objects)


def test_a_perfect_order_is_judged_perfect(tiny_model: DKLVAE) -> None:
    names = (
        "CCO",
        "CCN",
        "CCC",
        "CC(C)O",
        "c1ccccc1",
        "Cc1ccccc1",
        "Oc1ccccc1",
        "Nc1ccccc1",
        "C1CCNCC1",
        "CN1CCCCC1",
        "C1COCCN1",
    )
    readings = tiny_model.codec.read(names)
    heavy = torch.tensor([[float(sum(letter.isalpha() for letter in name))] for name in names]).double()
    fitted = tiny_model.surrogate(Measurements(names, heavy))
    found = surrogate.judged(tiny_model, fitted, readings, heavy[:, 0].numpy())
    assert found["rank_correlation"] > 0.95
    assert found["top10_share"] > 0.95
    turned = surrogate.judged(tiny_model, fitted, readings, -heavy[:, 0].numpy())
    assert turned["rank_correlation"] < -0.95
    assert turned["nll"] > found["nll"]

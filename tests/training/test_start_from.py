from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from latentbo.codecs.images import ImageCodec
from latentbo.errors import InputError
from latentbo.kinds.cards import read_card
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.image_vae import ImageVAE
from latentbo.models.pretrained import load_model, save_model
from latentbo.models.priors import GaussianMixture
from latentbo.training import molecules
from latentbo.training.molecules import make_model
from latentbo.training.pretrain import Recipe
from latentbo.training.start_from import start_of, with_sizes_of
from tests.training.test_molecules import LINES, RECIPE, SMALL, written

PRIOR = GaussianMixture(torch.ones(1), torch.zeros(1, 2), torch.eye(2)[None])
MORE = ["C" * n + "[Se]C" for n in range(1, 30)]  # of a symbol that the first codec lacks
GO_ON = Recipe(epochs=2, batch_size=32, learning_rate=1e-2, bf16=False)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    make_model(written(folder), folder / "out", RECIPE, sizes=SMALL, device=torch.device("cpu"))
    return folder / "out"


def went_on(first: Path, out: Path, recipe: Recipe = GO_ON, lines: list[str] = LINES) -> DKLVAE:
    file = out.parent / "more.smi"
    file.write_text("\n".join(lines))
    return make_model(
        file, out, replace(recipe, start_from=str(first)), sizes=SMALL, device=torch.device("cpu")
    )


def test_training_goes_on_from_the_weights_of_a_model(first: Path, tmp_path: Path) -> None:
    old, card = load_model(first), read_card(first)
    still = went_on(first, tmp_path / "still", replace(GO_ON, learning_rate=1e-12))
    for name, value in old.vae.state_dict().items():
        assert torch.allclose(still.vae.state_dict()[name], value, atol=1e-6), name
    new = went_on(first, tmp_path / "new")
    assert any(not value.equal(new.vae.state_dict()[name]) for name, value in old.vae.state_dict().items())
    told = read_card(tmp_path / "new")
    assert new.codec == old.codec
    assert told["start_from"] == {
        "id": old.id,
        **{name: card[name] for name in ("recipe", "data", "training")},
    }
    recipe = Recipe.from_dict(told["recipe"])
    assert (recipe.latent, recipe.spelling, recipe.merges) == (RECIPE.latent, RECIPE.spelling, RECIPE.merges)
    assert recipe.start_from == str(first)


def test_what_the_codec_cannot_spell_is_counted(first: Path, tmp_path: Path) -> None:
    went_on(first, tmp_path / "out", lines=LINES + MORE)
    assert read_card(tmp_path / "out")["data"]["refused"] == {"unseen_token": len(MORE)}


def test_a_finished_model_is_loaded(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = went_on(first, tmp_path / "out")
    monkeypatch.setattr(molecules, "read_corpus", lambda *_, **__: pytest.fail("made again"))
    assert went_on(first, tmp_path / "out").id == made.id


def test_the_kl_term_has_its_full_weight_at_once(
    first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    monkeypatch.setattr("latentbo.training.pretrain.warm_up", lambda step, warm: seen.append(warm) or 1.0)
    went_on(first, tmp_path / "out")
    assert set(seen) == {0}


def test_other_sizes_than_the_models_are_refused(first: Path) -> None:
    start = start_of(str(first))
    with pytest.raises(InputError, match=r"latent is 4 in .*, not 5: leave latent out"):
        with_sizes_of(start, Recipe(start_from=str(first), latent=5))
    with pytest.raises(InputError, match="spelling is 'selfies'"):
        with_sizes_of(start, Recipe(start_from=str(first), spelling="smiles"))


def test_a_model_of_other_objects_is_refused(tmp_path: Path) -> None:
    images = DKLVAE(ImageCodec(4, 4), ImageVAE(4, 4, latent=2, hidden=8, channels=2), PRIOR)
    save_model(images, tmp_path / "images")
    with pytest.raises(InputError, match="start_from names a model of images"):
        start_of(str(tmp_path / "images"))


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        went_on(tmp_path / "nowhere", tmp_path / "out")

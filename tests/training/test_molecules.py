from __future__ import annotations

import json
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch

from latentbo import Campaign, Settings, run
from latentbo.codecs.molecules import MoleculeCodec
from latentbo.codecs.smiles import SmilesCodec
from latentbo.codecs.vocabulary import SpellingName
from latentbo.diagnostics.molecule_space import SampleSizes, measure_space
from latentbo.errors import InputError
from latentbo.kinds.cards import read_card
from latentbo.models.pretrained import load_model
from latentbo.torch_rng import stream
from latentbo.training import corpus_reader, molecules
from latentbo.training.fit import fit
from latentbo.training.molecules import make_model, set_apart
from latentbo.training.pretrain import SINCE_0_1, Recipe
from latentbo.training.runs import BEFORE_0_2
from latentbo.training.token_sets import TokenSet

TAILS = ("O", "N", "Cl", "C(=O)O", "c1ccccc1", "C#N", "S", "C(C)C", "OC", "NC(C)=O")
LINES = ["C" * n + tail for n in range(1, 11) for tail in TAILS]  # held out: lines 0 and 50
RECIPE = Recipe(
    latent=4, embedding=8, encoder_hidden=12, encoder_layers=1, decoder_hidden=24, merges=3, epochs=15, beta=0.1,
    batch_size=32, learning_rate=2e-2, self_training_samples=20, bf16=False, spelling="selfies",
)  # fmt: skip
SMALL = SampleSizes(held_out=None, samples=20, centres=2)


class Killed(Exception):
    pass


def written(folder: Path) -> Path:
    path = folder / "chains.smi"
    path.write_text("\n".join([*LINES, "C1CC"]) + "\n")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return written(tmp_path)


def make(file: Path, out: Path, recipe: Recipe = RECIPE, **options: object):
    return make_model(file, out, recipe, sizes=SMALL, device=torch.device("cpu"), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The card of a run with all stages that nothing disturbed."""
    folder = tmp_path_factory.mktemp("whole")
    make(written(folder), folder / "out", replace(RECIPE, self_training_epochs=1))
    return without_speed(read_card(folder / "out"))


def without_speed(card: dict[str, Any]) -> dict[str, Any]:
    """The card without what depends on the machine's mood."""
    card["metrics"] = {name: value for name, value in card["metrics"].items() if not name.endswith("_second")}
    for stage in card["training"].values():
        del stage["seconds"]
    return card


def test_a_file_becomes_a_model_with_its_card(file: Path, tmp_path: Path) -> None:
    heard: list[str] = []
    model = make(file, tmp_path / "out", listener=lambda stage, done, total, note: heard.append(stage))
    card = read_card(tmp_path / "out")
    assert load_model(tmp_path / "out").id == model.id == card["id"]
    assert {name: value for name, value in card["data"].items() if name != "recombined"} == {
        "file": "chains.smi",
        "sha256": corpus_reader.content_sha256(file),
        "lines": 101,
        "refused": {"unparsable": 1},
        "training": 98,
        "held_out": 2,
        "held_out_lines": "0-based index a multiple of 50",
    }
    assert Recipe.from_dict(card["recipe"]) == RECIPE
    assert card["data"]["recombined"] > 0
    steps = -(-(98 + card["data"]["recombined"]) // 32)
    assert card["training"]["main"]["steps"] == 15 * steps
    assert set(card["versions"]) == {"latentbo", "torch", "rdkit", "selfies"}
    assert list(dict.fromkeys(heard)) == [
        "read",
        "recombine",
        "prior",
        "measure",
    ]  # too few steps for a report
    again = measure_space(
        model,
        model.codec.read([LINES[0], LINES[50]]),
        [text for i, text in enumerate(LINES) if i % 50],
        SMALL,
    )
    for name in ("exact_match", "token_accuracy", "valid", "unique", "new", "fixed_points", "ks_weight"):
        assert card["metrics"][name] == pytest.approx(again[name], abs=1e-4), name


@pytest.mark.parametrize(
    "stage", ["read", "recombine", "main", "anneal", "prior", "self-training", "measure"]
)
def test_a_killed_run_makes_the_same_model(
    file: Path, tmp_path: Path, stage: str, whole: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(RECIPE, self_training_epochs=1)
    monkeypatch.setattr("latentbo.training.pretrain.fit", partial(fit, report_every=2, checkpoint_every=1))

    def kill(here: str, done: int, total: int, note: str) -> None:
        if here == stage:
            raise Killed

    with pytest.raises(Killed):
        make(file, tmp_path / "out", recipe, listener=kill)
    assert not (tmp_path / "out" / "card.json").exists()
    if stage != "read":  # what was read is kept
        monkeypatch.setattr(corpus_reader, "_read", lambda *_: pytest.fail("read again"))
    make(file, tmp_path / "out", recipe)
    assert without_speed(read_card(tmp_path / "out")) == whole
    assert set(whole["training"]) == {"main", "anneal", "self-training"}


def test_a_finished_model_is_loaded(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = make(file, tmp_path / "out")
    monkeypatch.setattr(molecules, "read_corpus", lambda *_, **__: pytest.fail("made again"))
    assert make(file, tmp_path / "out").id == first.id


@pytest.mark.parametrize("finished", [False, True])
def test_a_folder_of_another_run_is_refused(file: Path, tmp_path: Path, finished: bool) -> None:
    make(file, tmp_path / "out")
    if not finished:
        (tmp_path / "out" / "card.json").unlink()
    with pytest.raises(InputError, match=r"beta 0\.1 there, 0\.2 here"):
        make(file, tmp_path / "out", replace(RECIPE, beta=0.2))
    file.write_text("\n".join(LINES))
    with pytest.raises(InputError, match="another data file"):
        make(file, tmp_path / "out")


def as_version_0_1_wrote(recipe: Recipe) -> dict[str, Any]:
    old_names = {new: old for old, new in SINCE_0_1.items()}
    known_then = {name: value for name, value in asdict(recipe).items() if name not in BEFORE_0_2}
    return {old_names.get(name, name): value for name, value in known_then.items()}


def test_a_model_of_version_0_1_is_loaded_and_another_recipe_refused(file: Path, tmp_path: Path) -> None:
    first = make(file, tmp_path / "out")
    place = tmp_path / "out" / "card.json"
    card = json.loads(place.read_text())
    place.write_text(json.dumps(card | {"recipe": as_version_0_1_wrote(RECIPE)}))
    assert make(file, tmp_path / "out").id == first.id
    with pytest.raises(InputError, match=r"anneal_epochs 1 there, 2 here"):
        make(file, tmp_path / "out", replace(RECIPE, anneal_epochs=2))
    with pytest.raises(InputError, match=r"spelling 'selfies' there, 'smiles' here"):
        make(file, tmp_path / "out", replace(RECIPE, spelling="smiles"))


def test_a_run_that_version_0_1_began_goes_on(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make(file, tmp_path / "out")
    (tmp_path / "out" / "card.json").unlink()
    work = tmp_path / "out" / "pretraining"
    run = json.loads((work / "run.json").read_text())
    (work / "run.json").write_text(json.dumps(run | {"recipe": as_version_0_1_wrote(RECIPE)}))
    (work / "main.safetensors").rename(work / "train.safetensors")
    (work / "anneal.safetensors").rename(work / "finish.safetensors")
    monkeypatch.setattr("latentbo.training.pretrain.elbo_terms", lambda *_: pytest.fail("trained again"))
    assert make(file, tmp_path / "out").id == first.id


def test_the_run_file_names_the_recipe(file: Path, tmp_path: Path) -> None:
    make(file, tmp_path / "out")
    run = json.loads((tmp_path / "out" / "pretraining" / "run.json").read_text())
    assert run["recipe"] == asdict(RECIPE)


def test_too_few_molecules_are_refused_before_training(file: Path, tmp_path: Path) -> None:
    file.write_text("\n".join(LINES[:50]))
    with pytest.raises(InputError, match="1 held-out"):
        make(file, tmp_path / "other")


@pytest.mark.parametrize(
    ("new", "exemplars", "apart"), [(300, 1000, 30), (300, 25, 25), (100, 1000, 0), (0, 9, 0)]
)
def test_exemplars_are_never_trained_on(new: int, exemplars: int, apart: int) -> None:
    train = TokenSet(torch.arange(50)[:, None], torch.zeros(50, 2))
    fresh = TokenSet(torch.arange(100, 100 + new)[:, None], torch.zeros(new, 0))
    known, others = set_apart(train, fresh, exemplars)
    if apart:
        assert len(others) == apart
        assert not set(known.tokens.flatten().tolist()) & set(others.tokens.flatten().tolist())
        assert set(train.tokens.flatten().tolist()) <= set(known.tokens.flatten().tolist())
        assert len(known) + apart == 50 + new
    else:
        assert torch.equal(others.tokens, train.tokens)
        assert len(known) == 50 + new


CODECS = {
    "selfies": lambda rows: MoleculeCodec.learn(rows, merges=3),
    "smiles": lambda rows: SmilesCodec.learn(rows, merges=3),
    "fragments": lambda rows: SmilesCodec.learn(rows, order="fragments", merges=3),
}


@pytest.mark.parametrize("spelling", CODECS)
def test_a_model_of_each_spelling_samples_and_runs_a_campaign(
    file: Path, tmp_path: Path, spelling: SpellingName
) -> None:
    file.write_text("\n".join(lines := LINES[:60]))
    recipe = replace(RECIPE, spelling=spelling, latent=8, decoder_hidden=64, epochs=80, beta=0.01)
    made = make(file, tmp_path / "out", replace(recipe, self_training_epochs=1))
    model = load_model(tmp_path / "out")
    assert model.id == made.id
    assert model.codec == CODECS[spelling]([line for i, line in enumerate(lines) if i % 50])
    assert read_card(tmp_path / "out")["recipe"]["spelling"] == spelling
    drawn = model.sample(20, stream(0, "drawn"))
    assert len({reading.object for reading in drawn if reading.ok}) >= 10
    settings = Settings(
        seed=0, model=str(tmp_path / "out"), initial=5, pool_rounds=1, pool_size=30, retrain_every=None
    )
    with Campaign(tmp_path / "c.db", settings) as campaign:
        run(campaign, lambda names: [float(len(name)) for name in names], budget=12, batch=4)
        campaign.retrain()
    with Campaign(tmp_path / "c.db") as campaign:
        assert campaign.model.codec == model.codec
        assert len(campaign.ask(2)) == 2


@pytest.mark.usefixtures("unchecked")
def test_an_unknown_spelling_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'selfies'"):
        Recipe.from_dict({"spelling": "selfie"})

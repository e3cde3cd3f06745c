"""The node in the real Ax: joint, never twice, never silently wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from ax.api.client import Client
from ax.core.observation import ObservationFeatures
from ax.storage.json_store.encoder import object_to_json

from latentbo.acquisition.context import ProposalContext
from latentbo.campaign.settings import Settings
from latentbo.errors import InputError, ShortfallError, StoreError
from latentbo.integrations.ax import (
    attach_object,
    experiment_of,
    latent_client,
    latent_node,
    next_objects,
    object_of,
)
from latentbo.integrations.ax import node as node_module
from latentbo.integrations.ax.node import LatentGenerationNode
from latentbo.integrations.ax.space import LatentSpace
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import save_model
from tests.acquisition.conftest import OBJECTS
from tests.integrations.ax.conftest import attach, both, carbon, complete


@pytest.fixture
def begun(make: Callable[..., Client]) -> Callable[..., Client]:
    """An experiment that has values of 12 molecules."""

    def client(objective: str = "carbons", **changed: object) -> Client:
        made = make(objective, **changed)
        attach(made, OBJECTS[:12], both if len(experiment_of(made).metrics) > 1 else carbon)
        return made

    return client


def molecules(client: Client) -> list[str]:
    return [object_of(trial) for trial in experiment_of(client).trials.values()]


def perturbed(model: DKLVAE, folder: Path) -> Path:
    """A retrained encoder, as far as anyone can tell."""
    vae = model.vae.__class__(**model.vae.arguments)
    generator = torch.Generator().manual_seed(0)
    weights = model.vae.state_dict()
    vae.load_state_dict(
        {
            name: value + 0.02 * torch.randn(value.shape, generator=generator)
            if value.is_floating_point()
            else value
            for name, value in weights.items()
        }
    )
    save_model(replace(model, vae=vae.eval()), folder)
    return folder


def test_no_molecule_comes_twice(make: Callable[..., Client]) -> None:
    """Neither measured, nor failed, nor abandoned, nor pending ones."""
    client = make()
    for turn in range(4):
        for place, (index, smiles) in enumerate(next_objects(client, 4).items()):
            if place == 0:
                client.mark_trial_failed(index)
            elif place == 1 and turn % 2:
                client.mark_trial_abandoned(index)
            elif place < 3:
                client.complete_trial(index, carbon(smiles))
    assert len(set(molecules(client))) == len(experiment_of(client).trials) == 16


def test_parameters_are_where_the_molecule_is_encoded(
    begun: Callable[..., Client], tiny_model: DKLVAE
) -> None:
    client = begun()
    for index, smiles in next_objects(client, 3).items():
        z = latent_node(client).space.box.latents(experiment_of(client).trials[index].arm.parameters)
        torch.testing.assert_close(z, tiny_model.embed(tiny_model.codec.read([smiles])), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("objective", ["carbons", "-carbons", "carbons, -letters", "carbons - 0.5*letters"])
def test_a_batch_is_joint_however_many_are_asked_for(begun: Callable[..., Client], objective: str) -> None:
    """The first three of five are those of three: Ax never says how many it wants."""
    few, many = begun(objective), begun(objective)
    first = list(next_objects(few, 3).values())
    assert list(next_objects(many, 5).values())[:3] == first
    assert len(set(first)) == 3


def test_more_than_a_block_goes_on_from_it(begun: Callable[..., Client]) -> None:
    client = begun(block=2)
    found = list(next_objects(client, 5).values())
    assert len({*found, *OBJECTS[:12]}) == 17
    rounds = latent_node(client).read(experiment_of(client)).history.rounds
    assert [round_.proposed for round_ in rounds] == [5]


def test_what_is_pending_is_not_proposed_around(begun: Callable[..., Client]) -> None:
    """A pending molecule counts as measured where the surrogate expects it: the next ones differ for it."""
    one, other = begun(), begun()
    for index in next_objects(one, 5):
        one.mark_trial_abandoned(index)
    next_objects(other, 5)
    seen = [latent_node(client).read(experiment_of(client)) for client in (one, other)]
    assert seen[0].knowledge.pending == ()
    assert len(seen[1].knowledge.pending) == 5
    assert list(next_objects(one, 8).values()) != list(next_objects(other, 8).values())


def test_pending_molecules_are_fantasies(
    begun: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = begun()
    waiting = [attach_object(client, smiles) for smiles in OBJECTS[12:14]]
    fantasies = []
    real = ProposalContext.with_fantasies

    def watched(self: ProposalContext, x: torch.Tensor) -> ProposalContext:
        fantasies.append(x)
        return real(self, x)

    monkeypatch.setattr(ProposalContext, "with_fantasies", watched)
    next_objects(client, 1)
    model = latent_node(client).space.model
    assert len(waiting) == 2
    torch.testing.assert_close(fantasies[0], model.inputs(model.codec.read(OBJECTS[12:14])))


def test_predictions_are_in_the_user_s_own_sign(begun: Callable[..., Client]) -> None:
    for objective in ("carbons", "-carbons"):
        client = begun(objective)
        index, *_ = next_objects(client, 1)
        (metadata,) = (
            experiment_of(client).trials[index].generator_run.candidate_metadata_by_arm_signature.values()
        )
        assert metadata["latentbo"]["row"]["mean"] > 0.0  # carbons are counted


def test_the_goal_is_followed(make: Callable[..., Client]) -> None:
    found = {}
    for objective in ("carbons", "-carbons"):
        client = make(objective)
        attach(client, OBJECTS)
        values = [carbon(smiles)["carbons"] for smiles in next_objects(client, 5).values()]
        found[objective] = sum(values) / len(values)
    assert found["carbons"] > found["-carbons"] + 1.0


def test_limits_are_kept_where_they_can_be(make: Callable[..., Client]) -> None:
    found = {}
    for limit in ("letters <= 7", "letters >= 7"):
        client = make("carbons", outcome_constraints=[limit])
        attach(client, OBJECTS, both)
        values = [len(smiles) for smiles in next_objects(client, 4).values()]
        found[limit] = sum(values) / len(values)
    assert found["letters <= 7"] < found["letters >= 7"]


def test_fixed_parameters_are_refused(begun: Callable[..., Client]) -> None:
    client = begun()
    with pytest.raises(InputError, match="fixed_parameters"):
        client.get_next_trials(1, fixed_parameters={"z0": 0.5})
    strategy, experiment = latent_node(client).generation_strategy, experiment_of(client)
    strategy.gen(experiment, fixed_features=ObservationFeatures(parameters={}))  # nothing is fixed


def test_what_the_node_puts_out_is_checked(
    begun: Callable[..., Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = begun()
    for wrong in ({"z0": 0.5}, {f"z{i}": 2.0 for i in range(8)}):
        monkeypatch.setattr(LatentSpace, "place", lambda *_, wrong=wrong: [wrong])
        with pytest.raises(ValueError, match=r"z\d"):
            client.get_next_trials(1)


def test_the_time_that_a_proposal_took_is_no_integer(begun: Callable[..., Client]) -> None:
    """SQL gives back 0.0 for 0, and Ax then loses track of which rows are whose."""
    client = begun()
    for index in next_objects(client, 3):
        assert isinstance(experiment_of(client).trials[index].generator_run.fit_time, float)


def test_a_shortfall_is_an_error_and_no_random_point(
    begun: Callable[..., Client], settings: Settings
) -> None:
    nothing = replace(settings, rules={"heavy_atoms": (59, 60)})
    client = begun(settings=nothing)
    with pytest.raises(ShortfallError, match="too_few_atoms"):
        client.get_next_trials(1)
    assert len(experiment_of(client).trials) == 12


def test_a_retrained_encoder_goes_on_with_everything(
    begun: Callable[..., Client], tiny_model: DKLVAE, tmp_path: Path
) -> None:
    client = begun()
    node = latent_node(client)
    next_objects(client, 2)
    low, known = node.space.box.low, set(molecules(client))
    node.point_at(perturbed(tiny_model, tmp_path / "retrained"))
    assert node.space.model.id != tiny_model.id
    assert node.space.box.low == low
    (index, smiles), *_ = next_objects(client, 2).items()
    run = experiment_of(client).trials[index].generator_run
    (metadata,) = run.candidate_metadata_by_arm_signature.values()
    assert metadata["latentbo"]["row"]["encoder"] == node.space.model.id
    z = node.space.box.latents(experiment_of(client).trials[index].arm.parameters)
    now = node.space.model.embed(node.space.model.codec.read([smiles]))
    torch.testing.assert_close(z, now, atol=1e-5, rtol=1e-5)
    assert (now - tiny_model.embed(tiny_model.codec.read([smiles]))).abs().max() > 1e-3
    assert len({*molecules(client)}) == len(known) + 2
    assert json.loads(json.dumps(object_to_json(node)))["space"]["encoder"] == node.space.model.id


def test_another_encoder_than_the_stored_one_is_an_error(
    settings: Settings, tiny_model: DKLVAE, tmp_path: Path
) -> None:
    space = LatentSpace.of(settings.model)
    perturbed(tiny_model, tmp_path / "other")
    moved = replace(space, source=str(tmp_path / "other"), given=None)
    with pytest.raises(StoreError, match=f"goes on with encoder {tiny_model.id}"):
        _ = moved.model
    assert replace(space, given=None).model.id == tiny_model.id


def test_an_encoder_of_other_dimensions_is_refused(settings: Settings) -> None:
    with pytest.raises(InputError, match="64 latents"):
        LatentSpace.of(settings.model).pointed_at("zinc250k")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"minimise": True}, "minus before the metric"),
        ({"objective": "qed"}, "Ax measures"),
        ({"proposer": "gradient"}, "pool only"),
        ({"retrain_every": 50}, "point_at"),
    ],
)
def test_what_ax_decides_is_refused(settings: Settings, changed: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        LatentGenerationNode(replace(settings, **changed))
    with pytest.raises(InputError, match="at least 1"):
        LatentGenerationNode(settings, block=0)


def test_other_acquisitions_are_for_one_objective(make: Callable[..., Client], settings: Settings) -> None:
    greedy = replace(settings, acquisition="ucb")
    attach(single := make(settings=greedy), OBJECTS[:12])
    assert len(next_objects(single, 2)) == 2
    with pytest.raises(InputError, match="'ucb' is for one objective"):
        make("carbons, -letters", settings=greedy).get_next_trials(1)


def test_a_seed_is_drawn_and_kept(settings: Settings) -> None:
    node = LatentGenerationNode(replace(settings, seed=None))
    assert node.settings.seed is not None
    again = LatentGenerationNode(**LatentGenerationNode.deserialize_init_args(object_to_json(node)))
    assert again.settings == node.settings


def test_a_node_that_knows_no_experiment_says_so(settings: Settings) -> None:
    with pytest.raises(InputError, match="has read no experiment"):
        LatentGenerationNode(settings).get_next_candidate([])


def test_a_model_can_be_given_instead(tiny_model: DKLVAE) -> None:
    given = Settings(seed=0, model="not there", initial=2)
    client = latent_client("carbons", settings=given, model=tiny_model)
    complete(client, next_objects(client, 2))
    assert len(next_objects(client, 1)) == 1


def test_update_forgets_what_was_left_over(begun: Callable[..., Client]) -> None:
    client = begun()
    next_objects(client, 1)
    assert len(latent_node(client)._queue) == node_module.BLOCK - 1
    complete(client, next_objects(client, 1))
    assert len(latent_node(client)._handed) == 1

"""The other road: Ax's own generator over the box, with our surrogate, and arms where molecules lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from ax.adapter.registry import Generators
from ax.api.client import Client
from ax.generation_strategy.generation_strategy import GenerationStrategy
from ax.generation_strategy.generator_spec import GeneratorSpec
from ax.storage.json_store.encoder import object_to_json

from latentbo.campaign.settings import Settings
from latentbo.errors import InputError, ShortfallError
from latentbo.integrations.ax import BoxGP, BoxNode, LatentSpace, experiment_of, latent_node, next_objects
from latentbo.integrations.ax.box import LatentBox
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.surrogate import LatentGP, fit_surrogate, latent_box
from tests.acquisition.conftest import OBJECTS
from tests.conftest import MOLECULES
from tests.integrations.ax.conftest import attach, both, carbon


@pytest.fixture
def begun(make: Callable[..., Client]) -> Callable[..., Client]:
    def client(objective: str = "carbons", **changed: object) -> Client:
        made = make(objective, ax_generators=True, **changed)
        attach(made, OBJECTS[:8], both if len(experiment_of(made).metrics) > 1 else carbon)
        return made

    return client


def test_it_is_the_surrogate_of_the_latents(tiny_model: DKLVAE) -> None:
    """Over parameters or over latents: the same model, to the digit that scaling costs."""
    box = LatentBox.around(tiny_model.prior)
    z = tiny_model.embed(tiny_model.codec.read(MOLECULES))
    x = torch.tensor([list(box.point(point).values()) for point in z], dtype=torch.float64)
    y = z[:, :1].sin()
    plain = fit_surrogate(LatentGP(z[:20], y[:20], bounds=latent_box(tiny_model.prior))).model
    boxed = fit_surrogate(BoxGP(x[:20], y[:20])).model
    torch.testing.assert_close(
        boxed.posterior(x[20:]).mean, plain.posterior(z[20:]).mean, atol=1e-3, rtol=1e-3
    )
    torch.testing.assert_close(boxed.latent_lengthscales(), plain.latent_lengthscales(), atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("objective", ["carbons", "-carbons, letters"])
@pytest.mark.filterwarnings(
    "ignore::linear_operator.utils.warnings.NumericalWarning"
)  # in Ax's own optimisation
def test_ax_fits_our_surrogate_and_arms_are_molecules(
    begun: Callable[..., Client], tiny_model: DKLVAE, objective: str
) -> None:
    thresholds = ["carbons <= 12", "letters >= 0"] if "," in objective else []
    client = begun(objective, outcome_constraints=thresholds)
    found = next_objects(client, 3)
    assert len({*found.values(), *OBJECTS[:8]}) == 11
    for index, smiles in found.items():
        trial = experiment_of(client).trials[index]
        z = latent_node(client).space.box.latents(trial.arm.parameters)
        torch.testing.assert_close(z, tiny_model.embed(tiny_model.codec.read([smiles])), atol=1e-5, rtol=1e-5)
    assert list(client.summarize()["generation_node"][-3:]) == ["ax over the latent box"] * 3
    model = latent_node(client).generation_strategy.adapter.generator.surrogate.model
    models = model.models if "," in objective else [model]
    assert [type(part) for part in models] == [BoxGP] * len(models)
    mean = client.predict([experiment_of(client).trials[0].arm.parameters])[0]["carbons"][0]
    assert abs(mean - carbon(OBJECTS[0])["carbons"]) < 4.0


@pytest.mark.filterwarnings("ignore::linear_operator.utils.warnings.NumericalWarning")
def test_it_begins_with_prior_samples_and_goes_on_after_a_reload(
    make: Callable[..., Client], tmp_path: Path
) -> None:
    client = make(ax_generators=True)
    for index, smiles in next_objects(client, 6).items():
        client.complete_trial(index, carbon(smiles))
    client.save_to_json_file(str(tmp_path / "experiment.json"))
    again = Client.load_from_json_file(str(tmp_path / "experiment.json"))
    (index,) = next_objects(again, 1)
    assert list(again.summarize()["generation_node"]) == ["latentbo"] * 6 + ["ax over the latent box"]


def sobol(space: LatentSpace, rules: dict[str, Any] | None = None) -> BoxNode:
    spec = GeneratorSpec(generator_enum=Generators.SOBOL, generator_kwargs={"seed": 0})
    return BoxNode(space, 1, rules=rules, generator_specs=[spec])


def test_any_generator_of_ax_s_may_stand_there(make: Callable[..., Client]) -> None:
    client = make()
    node = sobol(latent_node(client).space)
    taken: list[str] = []
    for _ in range(3):
        run = node.gen(experiment=experiment_of(client), pending_observations=None, n=2)
        taken += [m["smiles"] for m in run.candidate_metadata_by_arm_signature.values()]
        experiment_of(client).new_batch_trial(generator_runs=[run])
    assert len(set(taken)) == 6
    assert len(run.arms) == 2


def test_a_sobol_sequence_goes_on(make: Callable[..., Client]) -> None:
    client = make()
    strategy = GenerationStrategy(nodes=[sobol(latent_node(client).space)])
    positions = []
    for _ in range(2):
        run = strategy.gen_single_trial(experiment_of(client), n=2)
        experiment_of(client).new_batch_trial(generator_runs=[run])
        positions.append(object_to_json(run)["generator_state_after_gen"]["init_position"])
    assert positions == [2, 4]


def test_the_rules_are_the_settings_own(make: Callable[..., Client], settings: Settings) -> None:
    client = make(ax_generators=True, settings=replace(settings, rules={"charge": (0, 0)}))
    first, second = latent_node(client).generation_strategy.nodes_by_name.values()
    assert second.rules == first.settings.rules
    assert second.rules["charge"] == [0, 0]
    assert second.rules["heavy_atoms"] == [1, 60]
    with pytest.raises(InputError, match="heavy_atoms"):
        BoxNode(latent_node(client).space, 0, rules={"heavy_atom": (1, 2)})


def test_nothing_new_is_a_shortfall(make: Callable[..., Client]) -> None:
    client = make()
    node = sobol(latent_node(client).space, {"heavy_atoms": (59, 60)})
    with pytest.raises(ShortfallError, match="loosen the rules"):
        node.gen(experiment=experiment_of(client), pending_observations=None, n=1)


def test_fixed_parameters_are_refused(begun: Callable[..., Client]) -> None:
    with pytest.raises(InputError, match="fixed_parameters"):
        begun().get_next_trials(1, fixed_parameters={"z0": 0.5})

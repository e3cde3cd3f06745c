"""Latent points to parameters and back; what is no such box is refused."""

from __future__ import annotations

import pytest
import torch
from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig

from latentbo.errors import InputError
from latentbo.integrations.ax.box import REACH, LatentBox
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model
from latentbo.torch_rng import stream
from tests.conftest import MOLECULES

BOX = LatentBox((-1.0, 0.0), (1.0, 4.0))


def test_points_come_back(tiny_model: DKLVAE) -> None:
    box = LatentBox.around(tiny_model.prior)
    z = tiny_model.embed(tiny_model.codec.read(MOLECULES))
    for point in z:
        parameters = box.point(point)
        assert all(0.0 < value < 1.0 for value in parameters.values())  # encoded molecules lie inside
        torch.testing.assert_close(box.latents(parameters)[0], point)


def test_the_shipped_model_s_molecules_lie_inside() -> None:
    model = load_model()
    box = LatentBox.around(model.prior)
    readings = [reading for reading in model.sample(50, stream(0, "box"), of=1) if reading.ok]
    for z in model.embed(readings):
        torch.testing.assert_close(box.latents(box.point(z))[0], z)


def test_the_box_is_centred_and_as_wide_as_it_says() -> None:
    assert BOX.point(torch.tensor([0.0, 1.0]).double()) == {"z0": 0.5, "z1": 0.25}
    assert BOX.widths.tolist() == [2.0, 4.0]
    assert BOX.point(torch.tensor([5.0, -5.0]).double()) == {"z0": 1.0, "z1": 0.0}  # outside: to the edge
    assert REACH >= 3.0**0.5  # the part that lengthscales refer to must fit


def test_parameters_that_are_missing_are_named() -> None:
    with pytest.raises(InputError, match="z1 is not there"):
        BOX.latents({"z0": 0.5})


@pytest.mark.parametrize(("low", "high"), [((0.0,), (0.0,)), ((0.0, 1.0), (1.0,)), ((0.0,), (float("nan"),))])
def test_boxes_without_an_inside_are_refused(low: tuple[float, ...], high: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="low < high"):
        LatentBox(low, high)


def z(i: int, low: float = 0.0, high: float = 1.0) -> RangeParameterConfig:
    return RangeParameterConfig(name=f"z{i}", bounds=(low, high), parameter_type="float")


@pytest.mark.parametrize(
    ("parameters", "constraints", "message"),
    [
        ([z(0)], [], "has 1 parameters"),
        ([z(0), z(1), z(2)], [], "has 3 parameters"),
        ([z(0), z(1, 0.0, 2.0)], [], "z1 is"),
        (
            [
                z(0),
                ChoiceParameterConfig(name="z1", values=["a", "b"], parameter_type="str", is_ordered=True),
            ],
            [],
            "z1 is",
        ),
        ([z(0), z(1)], ["z0 + z1 <= 1"], "constraints"),
    ],
)
def test_search_spaces_that_are_not_the_box_are_refused(
    parameters: list[RangeParameterConfig], constraints: list[str], message: str
) -> None:
    client = Client()
    client.configure_experiment(parameters=parameters, parameter_constraints=constraints)
    with pytest.raises(InputError, match=message):
        BOX.check(client._experiment.search_space)


def test_its_own_search_space_is_the_box() -> None:
    client = Client()
    client.configure_experiment(parameters=BOX.parameters())
    BOX.check(client._experiment.search_space)

"""The campaign: ask, make or simulate, tell. The package's one stateful class; its state is replayed events.

with Campaign("run.db", Settings(seed=0)) as campaign:
    batch = campaign.ask(10)              # a DataFrame; the molecules are in its column smiles
    batch["value"] = measure(batch["smiles"])
    campaign.tell(batch)
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

import pandas as pd
import torch

from latentbo.acquisition.functions import MakeAcquisition, make_acquisition
from latentbo.acquisition.gradient import propose_gradient
from latentbo.acquisition.pool import Check, Situation
from latentbo.acquisition.propose import Batch, PoolSettings, propose_pool, propose_prior
from latentbo.acquisition.proposers import Proposer
from latentbo.acquisition.quota import success_shares
from latentbo.campaign.asking import asked, asked_frame, queued
from latentbo.campaign.encodings import Encodings
from latentbo.campaign.history import EncoderEvent, History, replay
from latentbo.campaign.kinds import check_of, proposers_of, settled
from latentbo.campaign.retraining import Retrainer
from latentbo.campaign.settings import Settings, same_settings
from latentbo.campaign.store import EventStore
from latentbo.campaign.telling import TellReport, match
from latentbo.data.dataset import Measurements
from latentbo.data.scales import Scale
from latentbo.errors import InputError, ShortfallError, StoreError
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model, pack_model, unpack_model
from latentbo.models.surrogate import SurrogateFit
from latentbo.rng import derive, fresh_seed
from latentbo.training.retrain import RetrainPolicy
from latentbo.validity.feasibility import Feasibility, learn_feasibility


class Campaign:
    """One campaign file, opened; made if it is not there.

    What the settings name can be given as an object instead: `model`, `acquisition`
    (`(model, best) -> AcquisitionFunction`), `proposers` (name -> `Proposer`), `check` (canonical objects ->
    reason codes), `retrainer`. Objects are not stored: give them again when the campaign is opened again.
    Raises `InputError` where settings contradict the ones in the file.
    """

    def __init__(
        self,
        path: str | Path,
        settings: Settings | None = None,
        *,
        model: DKLVAE | None = None,
        acquisition: MakeAcquisition | None = None,
        proposers: Mapping[str, Proposer] | None = None,
        check: Check | None = None,
        retrainer: Retrainer | None = None,
    ) -> None:
        self._store = EventStore(Path(path))
        try:
            self._history = replay(self._store.events())
            if not self._history.last:
                self._create(settings or Settings(), model)
            self.settings = Settings.from_dict(dict(self._history.settings))
            if settings is not None:
                same_settings(settled(settings, self._history.kind), self.settings, Path(path))
            if proposers and self.settings.proposer != "pool":
                raise InputError("proposers fill the pool: leave them out, or set proposer = 'pool'")
            self._base = model
            self._model = self._loaded(self._history.encoder)
        except BaseException:
            self._store.close()
            raise
        self._acquisition = acquisition or make_acquisition(self.settings.acquisition)
        self._proposers = dict(proposers or proposers_of(self._history.kind))
        self._check = check or check_of(self.settings, self._history.kind)
        self._retrainer = retrainer or Retrainer()
        self._measured, self._failed = Encodings(), Encodings()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; nothing is lost without it."""
        self._store.close()

    @property
    def history(self) -> History:
        """Everything known so far."""
        return self._history

    @property
    def model(self) -> DKLVAE:
        """The live encoder, decoder and prior."""
        return self._model

    @property
    def seed(self) -> int:
        assert self.settings.seed is not None  # drawn at creation
        return self.settings.seed

    @property
    def scale(self) -> Scale:
        """How the surrogate and the acquisition count values: as they are, if they are of ordinary size (`data.scales`)."""
        return self._history.measurements().scale

    def ask(self, n: int = 1) -> pd.DataFrame:
        """n new objects to measure, recorded as pending: columns id, smiles, mean, sd, p_feasible, proposer.

        Of other kinds than molecules the second column has another name (`codecs.base.KINDS`). Predictions are in
        the user's own unit and sign, empty before the first surrogate. Fewer rows than asked is a shortfall, with its
        counts in `frame.attrs["shortfall"]`; none at all raises `ShortfallError`.
        """
        if n < 1:
            raise InputError(f"ask for at least 1 object, not {n}")
        began = time.monotonic()
        seed = derive(self.seed, "ask", len(self._history.rounds) + 1)
        data = self._history.measurements()
        told = len(data) + len(self._history.with_status("failed"))
        if told < self.settings.initial or len(data.values.unique()) < 2:
            batch = propose_prior(n, self._model, self._history.known(), self._check, seed)
            fitted = None
        else:
            fitted = self.surrogate()
            batch = self._propose(n, self.situation(fitted), seed)
        if not batch.proposals:
            raise ShortfallError(
                f"no new object could be proposed: {batch.counts}. Loosen the rules or enlarge the pool"
            )
        seconds = time.monotonic() - began
        payload = asked(
            batch, self._history, fitted, scale=data.scale, encoder=self._model.id, seconds=seconds
        )
        self._append("asked", payload)
        frame = asked_frame(self._history, [row["id"] for row in payload["rows"]])
        if batch.shortfall:
            frame.attrs["shortfall"] = f"{batch.shortfall} of {n} missing: {batch.counts}"
        return frame

    def queue(self, objects: Sequence[str]) -> list[str]:
        """Objects of the user's own to be measured next, pending like proposals.

        Returns a line for each that cannot be used or is known.
        """
        if isinstance(objects, str):
            raise InputError(f"a list of objects was expected, not one string: write [{objects!r}]")
        rows, problems = queued(objects, self._history, self._model.codec)
        if rows:
            self._append("queued", {"rows": rows})
        return problems

    def tell(self, frame: pd.DataFrame) -> TellReport:
        """Record values: rows by `id` or `smiles` (`ask`'s column) with a `value`, in any order, in part, own ones
        among them.

        An empty value with a `reason` (or status "failed") is a failure; without one it is not told yet. Several values of
        an object are averaged, and the report says so; one with the status "corrected" replaces them. All is committed
        before this returns. Rows that cannot be used are listed in the report and kept in the file word for word.
        """
        matched = match(frame, self._history, self._model.codec)
        if matched.rows or matched.refused:
            self._append("told", {"rows": matched.rows, "refused": matched.refused})
        return matched.report

    def pending(self) -> pd.DataFrame:
        """Proposals that wait for a value, as `ask` gave them."""
        return asked_frame(self._history, [row.id for row in self._history.with_status("pending")])

    def surrogate(self) -> SurrogateFit:
        """The surrogate fitted to what was measured, through the live encoder: an ordinary BoTorch model.

        Larger is better, and values are counted in `scale`.
        """
        data = self._data
        return self._seen.surrogate(data, self._measured(self._model, data.objects))

    def situation(self, fitted: SurrogateFit) -> Situation:
        """What a proposal would rest on now. What is pending counts as measured, at the value that the surrogate expects of
        it: the next batch is not made of its analogues.
        """
        now = Situation(
            self._seen,
            fitted.model,
            self._data,
            self._history.known(),
            self._history.region(),
            self.feasibility(),
            self._check,
            self._history.rounds[-1].runners_up if self._history.rounds else (),
        )
        pending = [row.object for row in self._history.with_status("pending")]
        return now.believing(self._seen.inputs(self._seen.codec.read(pending))) if pending else now

    def feasibility(self) -> Feasibility:
        """P(feasible | z) from what was measured and what failed; uninformed while nothing has failed."""
        failed = [row.object for row in self._history.with_status("failed")]
        # Without failures there is nothing to learn, and `_measured` must not be asked for fewer than all.
        measured = self._history.measurements().objects if failed else ()
        parts = [self._measured(self._model, measured), self._failed(self._model, failed)] if failed else []
        z = torch.cat([*parts, torch.empty(0, self._model.latent, dtype=torch.float64)])
        passed = (torch.arange(len(z)) < len(measured)).double()
        return learn_feasibility(z, passed, float(self._model.prior.covariance().diagonal().sqrt().mean()))

    @property
    def retrain_due(self) -> bool:
        """Whether the retrain policy wants the encoder retrained before the next ask."""
        policy = RetrainPolicy(every=self.settings.retrain_every, at_least=self.settings.retrain_from)
        return policy.due(
            measured=len(self._history.with_status("measured")),
            measured_at_last=self._history.encoders[-1].measured if self._history.encoders else 0,
            since_best=self._history.since_best(),
        )

    def retrain(self) -> EncoderEvent:
        """Retrain the encoder on the measured values; it goes live only if it passes the gates, which ask the surrogate that
        the settings make of it.

        Recorded either way.
        """
        data = self._data
        seed = derive(self.seed, "retrain", len(self._history.encoders))
        result = self._retrainer(self._seen, data, seed=seed)
        event = EncoderEvent(
            len(self._history.rounds), result.model.id, result.accepted, result.summary(), len(data)
        )
        model = replace(result.model, structure=self._model.structure, descriptors=self._model.descriptors)
        if result.accepted:
            card, weights = pack_model(model)
            self._store.save_encoder(model.id, card, weights)
        self._append("retrained", asdict(event))
        if result.accepted:
            self._model = model
        return event

    def roll_back(self, encoder: str) -> None:
        """Make an earlier encoder live again, by its id."""
        known = list(dict.fromkeys(self._history.lived))
        if encoder not in known:
            raise InputError(f"encoder {encoder!r} never went live here; those that did: {', '.join(known)}")
        model = self._loaded(encoder)
        measured = len(self._history.measurements())
        event = EncoderEvent(len(self._history.rounds), encoder, True, "rolled back by hand", measured)
        self._append("retrained", asdict(event))
        self._model = model

    def past_models(self) -> list[DKLVAE]:
        """The models whose encoders were live before the present one, oldest first, each once."""
        past = dict.fromkeys(self._history.lived)
        return [self._loaded(encoder) for encoder in past if encoder != self._model.id]

    @property
    def _data(self) -> Measurements:
        """What was measured, as the models count it."""
        data = self._history.measurements()
        return data.counted_in(data.scale)

    @property
    def _seen(self) -> DKLVAE:
        """The live model with what the settings let its surrogate see of the objects themselves."""
        if self.settings.proposer == "gradient":
            return self._model.bare
        return self._model.telling(structure=self.settings.structure, descriptors=self.settings.descriptors)

    def _propose(self, n: int, situation: Situation, seed: int) -> Batch:
        if self.settings.proposer == "gradient":
            return propose_gradient(n, situation, self._acquisition, seed)
        shares = success_shares(list(self._proposers), self._history.outcomes())
        effort = PoolSettings(rounds=self.settings.pool_rounds, size=self.settings.pool_size)
        return propose_pool(n, situation, self._proposers, shares, self._acquisition, effort, seed)

    def _append(self, kind: str, payload: Mapping[str, Any]) -> None:
        events = self._store.append([(kind, payload)], after=self._history.last)
        self._history = replay(events, self._history)

    def _create(self, settings: Settings, model: DKLVAE | None) -> None:
        model = model or load_model(settings.model)
        kind = model.codec.kind
        settings = replace(settings, seed=fresh_seed() if settings.seed is None else settings.seed)
        stored = settled(settings, kind).to_dict()
        self._append("created", {"settings": stored, "encoder": model.id, "kind": kind})

    def _loaded(self, encoder: str) -> DKLVAE:
        """The model of an encoder that went live here."""
        base = self._history.base_encoder
        if encoder != base:
            return unpack_model(*self._store.load_encoder(encoder), self._store.path)
        model = self._base or load_model(self.settings.model)
        if model.id != base:
            source = repr(self.settings.model) if self._base is None else "the given model"
            raise StoreError(
                f"{self._store.path} began with encoder {base}, but {source} is {model.id}: give that model"
            )
        return model

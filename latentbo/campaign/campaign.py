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
from types import TracebackType
from typing import Self

import pandas as pd

from latentbo.acquisition.context import ProposalContext
from latentbo.acquisition.feasibility import Feasibility
from latentbo.acquisition.functions import MakeAcquisition, make_acquisition
from latentbo.acquisition.proposers import Proposer, edits_among, proposers_of
from latentbo.campaign.asking import asked, asked_frame
from latentbo.campaign.history import EncoderEvent, History
from latentbo.campaign.knowledge import Knowledge, knowledge_of, measurements
from latentbo.campaign.log import EventLog
from latentbo.campaign.proposing import ProposalStrategy
from latentbo.campaign.retraining import Retrainer, retrain_due
from latentbo.campaign.settings import Settings, same_settings
from latentbo.campaign.starting import Intake, start_from
from latentbo.campaign.telling import TellReport, queue, tell
from latentbo.data.outcome_transforms import OutcomeTransform
from latentbo.data.tables import Table
from latentbo.errors import InputError, StoreError
from latentbo.kinds.base import Check
from latentbo.models.dkl_vae import DKLVAE
from latentbo.models.pretrained import load_model, pack_model, unpack_model
from latentbo.models.surrogate import SurrogateFit
from latentbo.rng import derive, fresh_seed


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
        if not Path(path).exists():  # mistakes show before there is a file
            model = _ready(settings or Settings(), model, proposers)
        self.log = EventLog(Path(path))
        """The file: everything that is recorded goes through it."""
        try:
            if not self.history.last:
                model = _ready(settings or Settings(), model, proposers)
                _begin(self.log, settings or Settings(), model)
            self._base = model
            live = self._loaded(self.history.encoder)
            self.settings = Settings.from_dict(dict(self.history.settings))
            if settings is not None:
                spelled_out = replace(settings, rules=live.kind.spelled_out(settings.rules))
                same_settings(spelled_out, self.settings, Path(path))
            _fill_the_pool(self.settings, proposers)
        except BaseException:
            self.log.close()
            raise
        self._retrainer = retrainer or Retrainer()
        self._strategy = ProposalStrategy(
            live,
            self.settings,
            dict(proposers or proposers_of(live.kind.edits)),
            check or live.kind.check(self.settings.rules),
            acquisition or make_acquisition(self.settings.acquisition),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; nothing is lost without it."""
        self.log.close()

    @property
    def history(self) -> History:
        """Everything known so far."""
        return self.log.history

    @property
    def model(self) -> DKLVAE:
        """The live encoder, decoder and prior."""
        return self._strategy.model

    @property
    def seed(self) -> int:
        assert self.settings.seed is not None  # drawn at creation
        return self.settings.seed

    @property
    def outcome_transform(self) -> OutcomeTransform:
        """How values are transformed for the surrogate: not at all, if they are of ordinary size (`data.outcome_transforms`)."""
        return measurements(self.history).outcome_transform

    def ask(self, n: int = 1) -> pd.DataFrame:
        """n new objects to measure, recorded as pending: columns id, smiles, mean, sd, p_feasible, proposer.

        Of other kinds than molecules the second column has another name (`Kind.column`). Predictions are in the user's
        own unit and sign, empty before the first surrogate. Fewer rows than asked is a shortfall, with its counts in
        `frame.attrs["shortfall"]`; none at all raises `ShortfallError`.
        """
        if n < 1:
            raise InputError(f"ask for at least 1 object, not {n}")
        began = time.monotonic()
        seed = derive(self.seed, "ask", len(self.history.rounds) + 1)
        batch, fitted = self._strategy.propose(n, self.knowledge(), seed)
        payload = asked(
            batch,
            self.history,
            fitted,
            outcome_transform=self.outcome_transform,
            encoder=self.model.id,
            seconds=time.monotonic() - began,
        )
        self.log.append("asked", payload)
        frame = asked_frame(self.history, [row["id"] for row in payload["rows"]])
        if batch.shortfall:
            frame.attrs["shortfall"] = f"{batch.shortfall} of {n} missing: {batch.counts}"
        return frame

    def queue(self, objects: Sequence[str]) -> list[str]:
        """Objects of the user's own to be measured next, pending like proposals.

        Returns a line for each that cannot be used or is known.
        """
        if isinstance(objects, str):
            raise InputError(f"a list of objects was expected, not one string: write [{objects!r}]")
        return queue(self.log, self.model.reader, objects)

    def tell(self, frame: pd.DataFrame) -> TellReport:
        """Record values: rows by `id` or `smiles` (`ask`'s column) with a `value`, in any order, in part, own ones
        among them.

        An empty value with a `reason` (or status "failed") is a failure; without one it is not told yet. Several values of
        an object are averaged, and the report says so; one with the status "corrected" replaces them. All is committed
        before this returns. Rows that cannot be used are listed in the report and kept in the file word for word.
        """
        return tell(self.log, self.model.reader, frame)

    def start_from(self, table: Table) -> Intake:
        """Tell the rows of a table (`data.tables.read_table`) that have a value or failed, and queue the others. Done
        again, it adds only what is new.
        """
        return start_from(self.log, self.model.reader, table)

    def pending(self) -> pd.DataFrame:
        """Proposals that wait for a value, as `ask` gave them."""
        return asked_frame(self.history, [row.id for row in self.history.with_status("pending")])

    def knowledge(self) -> Knowledge:
        """What the next proposal has to go by, as the models take it."""
        return knowledge_of(self.history)

    def surrogate(self) -> SurrogateFit:
        """The surrogate fitted to what was measured, through the live encoder: an ordinary BoTorch model.

        Larger is better, and values are transformed (`outcome_transform`).
        """
        return self._strategy.surrogates(self.knowledge())[0]

    def context(self, fitted: SurrogateFit) -> ProposalContext:
        """What a proposal would rest on now, with this surrogate; what is pending counts as measured at its mean."""
        return self._strategy.context(self.knowledge(), [fitted])

    def feasibility(self) -> Feasibility:
        """P(feasible | z) from what was measured and what failed; uninformed while nothing has failed."""
        return self._strategy.feasibility(self.knowledge())

    @property
    def retrain_due(self) -> bool:
        """Whether the settings want the encoder retrained before the next ask."""
        return retrain_due(self.settings, self.history)

    def retrain(self) -> EncoderEvent:
        """Retrain the model on the measured values; the result goes live only if it passes the gates. What it would propose is
        judged by the features that the settings give the surrogate.

        Recorded either way.
        """
        pack_model(self.model)  # what it makes could not be stored otherwise
        (outcome,) = self.knowledge().outcomes
        seed = derive(self.seed, "retrain", len(self.history.encoders))
        result = self._retrainer(self._strategy.featured, outcome.data, seed=seed)
        event = EncoderEvent(
            len(self.history.rounds), result.model.id, result.accepted, result.summary(), len(outcome.data)
        )
        model = replace(result.model, structure=self.model.structure, descriptors=self.model.descriptors)
        if result.accepted:
            card, weights = pack_model(model)
            self.log.store.save_encoder(model.id, card, weights)
        self.log.append("retrained", asdict(event))
        if result.accepted:
            self._go_live(model)
        return event

    def roll_back(self, encoder: str) -> None:
        """Make an earlier encoder live again, by its id."""
        known = list(dict.fromkeys(self.history.live_encoders))
        if encoder not in known:
            raise InputError(f"encoder {encoder!r} never went live here; those that did: {', '.join(known)}")
        model = self._loaded(encoder)
        measured = len(self.history.with_status("measured"))
        event = EncoderEvent(len(self.history.rounds), encoder, True, "rolled back by hand", measured)
        self.log.append("retrained", asdict(event))
        self._go_live(model)

    def past_models(self) -> list[DKLVAE]:
        """The models whose encoders were live before the present one, oldest first, each once."""
        past = dict.fromkeys(self.history.live_encoders)
        return [self._loaded(encoder) for encoder in past if encoder != self.model.id]

    def _go_live(self, model: DKLVAE) -> None:
        self._strategy = replace(self._strategy, model=model)

    def _loaded(self, encoder: str) -> DKLVAE:
        """The model of an encoder that went live here."""
        history, path = self.history, self.log.path
        kind = None if self._base is None else self._base.kind
        if encoder != history.base_encoder:
            return unpack_model(*self.log.store.load_encoder(encoder), path, kind=kind)
        model = self._base or load_model(history.settings["model"])
        if model.id != history.base_encoder:
            source = repr(history.settings["model"]) if self._base is None else "the given model"
            raise StoreError(
                f"{path} began with encoder {history.base_encoder}, but {source} is {model.id}: give that model"
            )
        return model


def _ready(settings: Settings, model: DKLVAE | None, proposers: Mapping[str, Proposer] | None) -> DKLVAE:
    """The model of a new campaign, once all that it needs is known to be right."""
    _fill_the_pool(settings, proposers)
    live = model or load_model(settings.model)
    live.kind.spelled_out(settings.rules)
    if settings.retrain_every is not None:
        pack_model(live)  # what a retrain makes could not be stored otherwise
    return live


def _begin(log: EventLog, settings: Settings, model: DKLVAE) -> None:
    """The first event of a new campaign."""
    seed = fresh_seed() if settings.seed is None else settings.seed
    log.create(replace(settings, seed=seed), model.kind, model.id)


def _fill_the_pool(settings: Settings, proposers: Mapping[str, Proposer] | None) -> None:
    if proposers and settings.proposer != "pool":
        raise InputError("proposers fill the pool: leave them out, or set proposer = 'pool'")
    if proposers and settings.edit_share == 0 and len(edits_among(proposers)) == len(proposers):
        raise InputError(
            "edit_share is 0, but the proposers are edits alone: give others, or a share above 0"
        )

"""Is a latent space worth searching? It reconstructs, it has no holes, it is smooth.

    python -m benchmarks space --model zinc250k --data zinc250k.smi.gz

Held out is every line of the file whose 0-based index is a multiple of 50; "new" is said of samples that are
not among its other lines. Full settings: all held-out molecules, 10,000 draws from the prior, 100 centres of the smoothness,
2,000 decodes near 500 held-out molecules (`diagnostics.realistic`). Without --data the file is zinc250k.smi.gz in the folder
that LATENTBO_DATA names, or is downloaded. With --codecs, short trainings in each spelling are compared instead
(`benchmarks.space_codecs`).
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import space_codecs
from benchmarks.results import FOLDER, write_result
from latentbo.data.downloads import fetch
from latentbo.data.files import content_sha256
from latentbo.data.tables import read_smiles
from latentbo.diagnostics.molecule_space import FULL, SMOKE, measure_space
from latentbo.errors import LatentboError
from latentbo.kinds.cards import DEFAULT, WEIGHTS, locate, read_card
from latentbo.models.pretrained import load_model
from latentbo.training.corpus_reader import canonical_objects
from latentbo.training.pretrain import HELD_OUT_EVERY

RESULT = FOLDER / "space.json"
CODECS = "--codecs"  # what this leaves to `benchmarks.space_codecs`
SMOKE_LINES = 10_000  # of the file that a smoke run reads
BARS = {  # name: what it says, bar, aim; "<" where small is good
    "exact_match": ("held-out molecules that come back, greedy first", ">= 0.95", "0.97"),
    "exact_match_beam": ("the same, by the beam that decode uses", "", ""),
    "exact_match_unaided": ("greedy alone: no second try, no encoder", "", ""),
    "token_accuracy": ("tokens right, given the true ones before", "", ""),
    "valid": ("samples that are molecules", "1", ""),
    "unique": ("valid samples, no two alike", ">= 0.97", ""),
    "new": ("valid samples not in the file trained on", "> 0.95", ""),
    "ks_qed": ("distance of distributions, QED", "<= 0.12", "0.10"),
    "ks_logp": ("the same, logP", "<= 0.12", "0.10"),
    "ks_weight": ("the same, weight", "<= 0.12", "0.10"),
    "fixed_points": ("samples that come back unchanged", ">= 0.40", "0.80"),
    "valid_near": ("decodes near held-out molecules that are molecules", ">= 0.97", ""),
    "realistic_near": ("those of them that changed, realistic", ">= 0.85", ""),
    "realistic_samples": ("valid samples that are realistic", ">= 0.90", ""),
    "realistic_draws": ("the same of single draws", "", ""),
    "ring_systems_tv": ("distance of ring systems' frequencies to ZINC-250k", "", ""),
    "ring_systems_tv_held_out": ("the same of as many held-out molecules", "", ""),
    "half_changed_tanimoto": ("ECFP4 likeness where half changed", ">= 0.45", "0.50"),
    "half_changed_step": ("the step there, latent units", "", ""),
    "active_units": ("latent units in use", "", ""),
    "posterior_sd": ("mean sd of q(z | x)", "", ""),
    "encodes_per_second": ("tokens to z, one core", "", ""),
    "decodes_per_second": ("z to tokens, greedy, one core", ">= 2,500", ""),
    "beam_decodes_per_second": ("z to tokens, by the beam", "", ""),
    "objects_per_second": ("z to canonical SMILES, one core", "", ""),
    "weights_mb": ("file of weights, 10^6 bytes", "<= 16", ""),
}


def run(model: str, data: Path, out: Path, *, smoke: bool, seed: int, workers: int) -> dict[str, float]:
    """Measure, print, and write the result."""
    began = time.perf_counter()
    folder = locate(model)
    card = read_card(folder)
    vae = load_model(model)
    raw = read_smiles(data)[: SMOKE_LINES if smoke else None]
    sha256 = content_sha256(data)
    if card.get("data", {}).get("sha256") != sha256:
        print(
            f"{data.name} is not the file {model} was trained on: 'held out' and 'new' may not be",
            file=sys.stderr,
        )
    held_out = vae.codec.read([text for line, text in enumerate(raw) if line % HELD_OUT_EVERY == 0])
    trained = [text for line, text in enumerate(raw) if line % HELD_OUT_EVERY]
    known = {text for text in canonical_objects(trained, workers=workers) if text is not None}
    numbers = measure_space(vae, held_out, known, SMOKE if smoke else FULL, seed=seed)
    numbers["weights_mb"] = (folder / WEIGHTS).stat().st_size / 1e6
    print(f"{model} ({vae.id}) on {data.name}")
    print(table(numbers))
    about = {
        "model": Path(model).name,
        "model_id": vae.id,
        "data": data.name,
        "data_sha256": sha256,
        "smoke": smoke,
    }
    write_result(out, {**numbers, **about}, seeds=[seed], wall_seconds=time.perf_counter() - began)
    return numbers


def table(numbers: dict[str, float]) -> str:
    """The measures beside the bars they are held against."""
    lines = [f"{'':<25}{'measured':>10}  {'bar':<9}{'aim':<7}"]
    for name, (meaning, bar, aim) in BARS.items():
        value = numbers[name]
        shown = f"{value:,.0f}" if name.endswith("_second") or name == "active_units" else f"{value:.3f}"
        lines.append(f"{name:<25}{shown:>10}  {bar:<9}{aim:<7}{meaning}")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if CODECS in arguments:
        space_codecs.main([each for each in arguments if each != CODECS])
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default=DEFAULT, help="the name of a shipped model, or a folder")
    parser.add_argument(
        "--data", type=Path, default=None, help="the file of molecules the model was made from"
    )
    parser.add_argument(CODECS, action="store_true", help="compare spellings instead: see --codecs --help")
    parser.add_argument("--smoke", action="store_true", help="100 held-out molecules, 100 draws, 10 centres")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes that read the file"
    )
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    try:
        run(
            options.model,
            options.data or fetch("zinc250k"),
            options.out,
            smoke=options.smoke,
            seed=options.seed,
            workers=options.workers,
        )
    except LatentboError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()

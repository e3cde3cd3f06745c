"""How many molecules a second each built-in objective scores, on one core.

    python -m benchmarks objective_speed --molecules 500

The molecules are a seeded sample of ZINC-250k (from the folder that LATENTBO_DATA names) or of a file of
SMILES. Reading them is not counted, and each objective gets molecules of its own, because RDKit stores on a
molecule what it computed. Rates are in seconds of the processor, so that waiting for other programs counts
little.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from rdkit import Chem, rdBase

from benchmarks.results import FOLDER, write_result
from latentbo.data.downloads import fetch
from latentbo.data.tables import read_smiles
from latentbo.objectives.molecules import OBJECTIVES, objective
from latentbo.rng import numpy_stream

RESULT = FOLDER / "objective_speed.json"


def sample(file: Path, count: int, seed: int) -> list[str]:
    """`count` SMILES of the file that RDKit reads, or as many as there are."""
    rows = read_smiles(file)
    shuffled = numpy_stream(seed, "objective_speed").permutation(len(rows))
    found: list[str] = []
    with rdBase.BlockLogs():
        for row in shuffled:
            if len(found) == count:
                break
            if Chem.MolFromSmiles(rows[row]) is not None:
                found.append(rows[row])
    return found


def molecules_per_second(name: str, smiles: list[str]) -> float:
    """The rate of one objective, its construction and a first molecule left out."""
    score = objective(name).score
    score(Chem.MolFromSmiles(smiles[0]))
    molecules = [Chem.MolFromSmiles(text) for text in smiles]
    start = time.process_time()
    for molecule in molecules:
        score(molecule)
    return len(molecules) / (time.process_time() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--molecules", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--smiles", type=Path, help="a .smi file or a table; else ZINC-250k")
    parser.add_argument("--out", type=Path, default=RESULT)
    options = parser.parse_args()
    if options.molecules < 1:
        parser.error("--molecules must be 1 or more")
    file = options.smiles or fetch("zinc250k")
    start = time.perf_counter()
    smiles = sample(file, options.molecules, options.seed)
    if not smiles:
        parser.error(f"{file} holds no molecule that RDKit reads")
    numbers: dict[str, float | str] = {"molecules": len(smiles), "source": file.name}
    for name in OBJECTIVES:
        rate = molecules_per_second(name, smiles)
        numbers[f"{name}_per_second"] = round(rate, 1)
        print(f"{name:<26}{rate:>10,.0f} /s{1e3 / rate:>9.3f} ms", flush=True)
    write_result(options.out, numbers, seeds=[options.seed], wall_seconds=time.perf_counter() - start)


if __name__ == "__main__":
    main()

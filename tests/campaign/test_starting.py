"""Files into a campaign: what can be used goes in, once; every other row is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from latentbo.campaign import Campaign, Settings
from latentbo.campaign.starting import tell_file, untold
from latentbo.data.tables import read_table
from latentbo.errors import InputError
from latentbo.models.dkl_vae import DKLVAE


@pytest.fixture
def campaign(tiny_model: DKLVAE, tmp_path: Path) -> Iterator[Campaign]:
    with Campaign(tmp_path / "c.db", Settings(seed=2), model=tiny_model) as opened:
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "start.csv"


def test_rows_are_told_queued_or_named(campaign: Campaign, file: Path) -> None:
    file.write_text(
        "SMILES,Value,Reason\nCCO,1.5,\nOCC,2.5,\nCCN,,\nNCC,,\nCCC,,exploded\nxx,1,\nyy,,\nCCl,<5,\nCCCl,,\nCCCl,3,\n"
    )
    intake = campaign.start_from(read_table(file))
    assert (intake.measured, intake.failed, intake.queued, intake.known) == (3, 1, 1, 0)
    assert [problem.split(":")[0] for problem in intake.problems] == [
        "line 9, column 'Value'",
        "line 8",
        "line 7",
    ]
    rows = {row.object: row for row in campaign.history.rows.values()}
    assert rows["CCO"].values == (1.5, 2.5)
    assert rows["CCC"].failure == "exploded"
    assert (rows["CCN"].status, rows["CCN"].proposer) == ("pending", "start")
    assert rows["CCCl"].value == 3.0  # told further down, so not to be measured
    assert campaign.pending()["smiles"].tolist() == ["CCN"]


def test_the_same_file_again_adds_nothing(campaign: Campaign, file: Path) -> None:
    file.write_text("smiles,value\nCCO,1.5\nCCN,\nxx,\n")
    campaign.start_from(read_table(file))
    before = campaign.history
    again = campaign.start_from(read_table(file))
    assert (again.measured, again.queued, again.known) == (0, 0, 2)
    assert campaign.history == before
    file.write_text("smiles,value\nCCO,9.9\nCCN,\nCCC,2.0\n")
    more = campaign.start_from(read_table(file))
    assert (more.measured, more.known) == (1, 2)
    assert campaign.history.rows[before.told[0]].values == (1.5,)


def test_a_list_of_molecules_is_measured_first(campaign: Campaign, tmp_path: Path) -> None:
    (tmp_path / "a.smi").write_text("CCO\nC1CC\nCCN name\n")
    intake = campaign.start_from(read_table(tmp_path / "a.smi"))
    assert (intake.queued, intake.problems) == (2, ("line 2: 'C1CC' cannot be used (unparsable)",))
    assert str(intake) == "0 measured, 2 to be measured first, 1 rows left out"


def test_an_exported_campaign_can_start_another(
    campaign: Campaign, tiny_model: DKLVAE, tmp_path: Path
) -> None:
    from latentbo.campaign.table import export

    first = tmp_path / "first.csv"
    first.write_text("smiles,value,reason\nCCO,1.5,\nCCC,,exploded\nCCN,,\n")
    campaign.start_from(read_table(first))
    with Campaign(tmp_path / "second.db", Settings(seed=2), model=tiny_model) as other:
        intake = other.start_from(read_table(export(campaign.history, tmp_path / "out.csv")))
        assert (intake.measured, intake.failed, intake.queued, intake.problems) == (1, 1, 1, ())


def test_told_files_name_their_lines(campaign: Campaign, file: Path) -> None:
    frame = campaign.ask(2)
    first, second = frame["id"]
    file.write_text(f"id;value;status\n{first};1,5;\n\n{second};;failed\np9;2,0;\n")
    report = tell_file(campaign.log, campaign.model.reader, file)
    assert (report.measured, report.failed, report.skipped) == (1, 1, 0)
    assert report.problems == ("line 5: id 'p9' was never proposed here: give the smiles of the row",)
    assert campaign.history.rows[second].failure == "failed"


def test_a_row_without_a_molecule_is_told_by_its_id(campaign: Campaign, file: Path) -> None:
    first, second = campaign.ask(2)["id"]
    file.write_text(f"id,smiles,value\n{first},,1.5\n,CCO,2\n,,3\np9,,4\n{second},,\n")
    report = tell_file(campaign.log, campaign.model.reader, file)
    assert (report.measured, report.skipped) == (2, 1)
    assert campaign.history.rows[first].value == 1.5
    assert [problem[:7] for problem in report.problems] == ["line 4,", "line 5:"]


def test_untold_rows_are_counted(campaign: Campaign, file: Path) -> None:
    first, second = campaign.ask(2)["id"]
    file.write_text(f"id,value,reason\n{first},1.5,\n{second},,\n")
    assert untold(campaign.history, campaign.model.reader, file) == 1
    tell_file(campaign.log, campaign.model.reader, file)
    assert untold(campaign.history, campaign.model.reader, file) == 0
    file.write_text("another,table\n1,2\n")
    assert untold(campaign.history, campaign.model.reader, file) == 0


def test_an_id_and_a_molecule_must_agree(campaign: Campaign, file: Path) -> None:
    frame = campaign.ask(2)
    file.write_text(f"id,smiles,value\n{frame['id'][0]},{frame['smiles'][1]},1\n")
    report = tell_file(campaign.log, campaign.model.reader, file)
    assert report.measured == 0
    assert report.problems[0].startswith(
        f"line 2: id {frame['id'][0]} is {frame['smiles'][0]}, but the row says"
    )


def test_a_file_without_the_columns(campaign: Campaign, file: Path) -> None:
    file.write_text("name,value\nCCO,1\n")
    with pytest.raises(InputError, match="has no column 'smiles'"):
        tell_file(campaign.log, campaign.model.reader, file)

"""A table is read in full or its rows are reported; nothing is dropped or bent in silence."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from latentbo.data.tables import Table, read_smiles, read_table
from latentbo.errors import InputError


@pytest.fixture
def write(tmp_path: Path):
    def make(content: str | bytes, name: str = "table.csv") -> Path:
        path = tmp_path / name
        content = content if isinstance(content, bytes) else content.encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return make


def pairs(table: Table) -> list[tuple[str, float | None]]:
    return [(row.object, row.value) for row in table.rows]


def reasons(table: Table) -> list[tuple[int, str | None, str]]:
    return [(problem.line, problem.column, problem.reason) for problem in table.problems]


def test_a_plain_table_keeps_lines_raw_objects_and_other_columns(write):
    table = read_table(write("id,smiles,value\n7,OCC,0.1\n8,C1=CC=CC=C1,-3e2\n"))
    assert [(row.line, row.object, row.value, row.extra) for row in table.rows] == [
        (2, "OCC", 0.1, {"id": "7"}),
        (3, "C1=CC=CC=C1", -300.0, {"id": "8"}),
    ]
    assert table.problems == ()


@pytest.mark.parametrize("name", ["table.csv", "table.csv.gz", "table.tsv", "table.txt"])
def test_the_name_and_gzip_make_no_difference(write, name):
    assert pairs(read_table(write("smiles,value\nCCO,1.5\n", name))) == [("CCO", 1.5)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_and_empty_lines(write, end):
    table = read_table(write(end.join(["", "smiles,value", "", "C,1", " , ", ",,,", "", "CC,2"])))
    assert [(row.line, row.value) for row in table.rows] == [(4, 1.0), (8, 2.0)]
    assert table.problems == ()


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_not_one_wrong_integer_column(write, separator):
    table = read_table(
        write(f"smiles{separator}y\nCCO{separator}7,5\nCC{separator}-1,25e1\nC{separator}3\n"),
        value_column="y",
    )
    assert pairs(table) == [("CCO", 7.5), ("CC", -12.5), ("C", 3.0)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_decimal_points_with_every_separator(write, separator):
    assert pairs(read_table(write(f"smiles{separator}value\nCCO{separator}7.5\n"))) == [("CCO", 7.5)]


def test_the_wanted_columns_decide_the_separator_not_its_count(write):
    table = read_table(write("smiles;IC50 (nM, 24 h, pH 7, n=3);value\nCCO;1, 2;7,5\n"))
    assert pairs(table) == [("CCO", 7.5)]
    assert table.rows[0].extra == {"IC50 (nM, 24 h, pH 7, n=3)": "1, 2"}


def test_mixed_decimal_signs_are_reported_in_the_minority(write):
    table = read_table(write("smiles;value\nC;1,5\nCC;2,5\nCCC;1.234\nCCCC;7\n"))
    assert pairs(table) == [("C", 1.5), ("CC", 2.5), ("CCCC", 7.0)]
    assert reasons(table) == [(4, "value", "decimal_sign")]
    table = read_table(write("smiles;value\nC;1.5\nCC;2.5\nCCC;1,234\n"))
    assert pairs(table) == [("C", 1.5), ("CC", 2.5)]
    assert reasons(table) == [(4, "value", "decimal_sign")]


@pytest.mark.parametrize(("sign", "separator"), [(",", ";"), (".", ";"), (",", "\t"), (".", ",")])
def test_what_may_be_thousands_is_no_number(write, sign, separator):
    texts = [f"1{sign}500", "980", f"12{sign}000"]
    table = read_table(write("smiles{0}value\nC{0}{1}\nCC{0}{2}\nCCC{0}{3}\n".format(separator, *texts)))
    assert pairs(table) == [("CC", 980.0)]
    assert reasons(table) == [(2, "value", "thousands"), (4, "value", "thousands")]
    sure = read_table(write(f"smiles{separator}value\nC{separator}1{sign}500\nCC{separator}9{sign}5\n"))
    assert pairs(sure) == [("C", 1.5), ("CC", 9.5)]
    small = read_table(write(f"smiles{separator}value\nC{separator}1{sign}525\nCC{separator}7\n"))
    assert pairs(small) == [("C", 1.525), ("CC", 7.0)]


def test_a_sign_between_thousands_does_not_outvote_the_decimal_sign(write):
    table = read_table(write("smiles;value\nC;1.500\nCC;12.000\nCCC;980,5\n"))
    assert pairs(table) == [("CCC", 980.5)]
    assert reasons(table) == [(2, "value", "decimal_sign"), (3, "value", "decimal_sign")]


@pytest.mark.parametrize("name", ["relation", "Standard_Relation", "operator"])
def test_a_limit_may_stand_in_a_column_of_its_own(write, name):
    table = read_table(write(f"smiles,{name},value\nC,=,1\nCC,>,2\nCCC,'=',3\nCCCC,<,\nCCCCC,,5\n"))
    assert pairs(table) == [("C", 1.0), ("CCC", 3.0), ("CCCC", None), ("CCCCC", 5.0)]
    assert reasons(table) == [(3, name, "censored")]
    assert table.problems[0].came == "> 2"


def test_a_comma_between_columns_is_never_a_decimal_sign(write):
    table = read_table(write('smiles,value\nC,"7,5"\nCC,7,5\nCCC,1\n'))
    assert pairs(table) == [("CCC", 1.0)]
    assert reasons(table) == [(2, "value", "decimal_sign"), (3, None, "field_count")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("n.d.", "not_a_number"),
        ("NA", "not_a_number"),
        ("5.2 nM", "not_a_number"),
        ("1_000", "not_a_number"),
        ("1 000", "not_a_number"),
        ("0x10", "not_a_number"),
        ("٣", "not_a_number"),
        ("1.2.3", "not_a_number"),
        ("1,234.5", "not_a_number"),
        ("e5", "not_a_number"),
        (".", "not_a_number"),
        ("-", "not_a_number"),
        ("True", "not_a_number"),
        ("<0.1", "censored"),
        (">= 10", "censored"),
        ("~5", "censored"),
        ("NaN", "not_finite"),
        ("-inf", "not_finite"),
        ("1e999", "not_finite"),
    ],
)
def test_what_is_no_number_costs_its_own_row_only(write, text, reason):
    table = read_table(write(f"smiles\tvalue\nC\t1\nCC\t{text}\nCCC\t3\n"))
    assert pairs(table) == [("C", 1.0), ("CCC", 3.0)]
    (problem,) = table.problems
    assert (problem.line, problem.column, problem.came, problem.reason) == (3, "value", text, reason)
    assert problem.fix in str(problem)
    assert "line 3" in str(problem)


@pytest.mark.parametrize(
    "text", ["0.1", "1e-7", "123456789.123456789", "+3", "-.5", "5.", "0", "4.9e-324", "9007199254740993"]
)
def test_numbers_are_the_nearest_double(write, text):
    assert read_table(write(f"smiles,value\nC,{text}\n")).rows[0].value == float(text)


def test_an_empty_value_is_not_measured_and_an_empty_object_is_a_problem(write):
    table = read_table(write("smiles,value\nC,\nCC,  \n,5\n"))
    assert pairs(table) == [("C", None), ("CC", None)]
    assert reasons(table) == [(4, "smiles", "missing_object")]


def test_no_value_column_leaves_it_among_the_extras(write):
    table = read_table(write("smiles,value\nC,n.d.\n"), value_column=None)
    assert pairs(table) == [("C", None)]
    assert table.rows[0].extra == {"value": "n.d."}


def test_quoted_fields_hold_separators_quotes_and_lines(write):
    table = read_table(write('"smiles", "value","note"\n"CCO","1","a, ""b"""\nCC,2,"two\n\nlines"\nC,3,x\n'))
    assert [(row.line, row.value, row.extra["note"]) for row in table.rows] == [
        (2, 1.0, 'a, "b"'),
        (3, 2.0, "two\n\nlines"),
        (6, 3.0, "x"),
    ]
    assert table.problems == ()


def test_the_first_field_may_span_lines_too(write):
    table = read_table(write('note,smiles,value\n"two\nlines",C,1\nx,CC,2\n'))
    assert [(row.object, row.value, row.extra["note"]) for row in table.rows] == [
        ("C", 1.0, "two\nlines"),
        ("CC", 2.0, "x"),
    ]
    assert table.problems == ()


@pytest.mark.parametrize("note", ['5" tube', '5"'])
def test_an_open_quote_costs_its_line_and_no_more(write, note):
    rows = [f"{'C' * n},{n},x" for n in range(1, 9)]
    rows[2], rows[5] = 'CCC,3,"3 inch', f"CCCCCC,6,{note}"
    table = read_table(write("\n".join(["smiles,value,note", *rows])))
    assert [row.value for row in table.rows] == [1, 2, 4, 5, 6, 7, 8]
    assert table.rows[4].extra == {"note": note}
    assert reasons(table) == [(4, None, "quotes")]


def test_joined_lines_of_another_width_are_no_record(write):
    table = read_table(write('smiles,value,note\nC,1,"a\n",b,c,d\nCC,2,x\n'))
    assert pairs(table) == [("CC", 2.0)]
    assert reasons(table) == [(2, None, "quotes"), (3, None, "quotes")]


def test_text_after_a_closing_quote_is_reported(write):
    table = read_table(write('smiles,value\n"C"C,1\nCC,2\n'))
    assert pairs(table) == [("CC", 2.0)]
    assert reasons(table) == [(2, None, "quotes")]


def test_rows_of_another_width_are_reported_with_both_counts(write):
    table = read_table(write("smiles,value,note\nC,1\nCC,2,a,b\nCCC,3,ok\n"))
    assert pairs(table) == [("CCC", 3.0)]
    assert reasons(table) == [(2, None, "field_count"), (3, None, "field_count")]
    assert "3 fields" in table.problems[0].fix
    assert "2 came" in table.problems[0].fix


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "utf-8-sig"), ("utf-8-sig", "utf-8-sig"), ("latin-1", "cp1252"), ("utf-16", "utf-16")],
)
def test_encodings(write, encoding, expected):
    table = read_table(write("smiles,value,Größe\nCCO,1,µm\n".encode(encoding)))
    assert table.rows[0].extra == {"Größe": "µm"}
    assert table.encoding == expected


def test_bytes_that_cp1252_lacks_are_latin_1(write):
    table = read_table(write(b"smiles,value,note\nC,1,\x81\n"))
    assert (table.encoding, table.rows[0].extra) == ("latin-1", {"note": "\x81"})


def test_columns_are_found_whatever_their_case_and_the_exact_name_wins(write):
    assert pairs(read_table(write("SMILES,Value\nC,1\n"))) == [("C", 1.0)]
    table = read_table(write("Smiles,smiles,value\nwrong,C,1\n"))
    assert pairs(table) == [("C", 1.0)]
    assert table.rows[0].extra == {"Smiles": "wrong"}


def test_unnamed_columns_are_ignored(write):
    table = read_table(write(",smiles,value,\n0,C,1,\n"))
    assert pairs(table) == [("C", 1.0)]
    assert table.rows[0].extra == {}


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("smile,value", ["no column 'smiles'", "did you mean 'smile'", "smile, value"]),
        ("SMILES,Values", ["no column 'value'", "did you mean 'Values'"]),
        ("CCO", ["no column 'smiles'", "named .smi", "CCO"]),
        ("Smiles,SMILES,value", ["several", "'Smiles', 'SMILES'"]),
        ("smiles,value,value", ["'value' more than once"]),
        ("smiles,value,x,x", ["'x' more than once"]),
        ('"smiles,value', ["quote"]),
    ],
)
def test_a_header_that_does_not_name_the_columns_once_is_an_error(write, header, parts):
    with pytest.raises(InputError) as error:
        read_table(write(f"{header}\nC,1\n"))
    assert all(part in str(error.value) for part in parts), error.value


def test_one_column_cannot_be_object_and_value(write):
    with pytest.raises(InputError, match="both"):
        read_table(write("smiles,value\nC,1\n"), value_column="SMILES")


@pytest.mark.parametrize(
    ("content", "name", "part"),
    [
        (b"", "table.csv", "empty"),
        (b"\n \n", "table.smi", "empty"),
        (b"PK\x03\x04\0\0", "table.xlsx", "not a text file"),
        (gzip.compress(b"smiles,value\nC,1\n" * 99, mtime=0)[:-12], "short.csv", "cannot read"),
        (b"\x1f\x8b\0 damaged", "bad.csv", "cannot read"),
    ],
)
def test_files_without_a_readable_row_are_errors(write, content, name, part):
    with pytest.raises(InputError, match=part):
        read_table(write(content, name))


def test_a_missing_file_and_a_folder_are_errors(tmp_path):
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="cannot read"):
            read_table(path)


def test_a_header_alone_is_a_table_of_no_rows(write):
    assert read_table(write("smiles,value\n")).rows == ()


@pytest.mark.parametrize("name", ["list.smi", "list.SMI", "list.smi.gz"])
def test_smi_files(write, name):
    table = read_table(write("CCO ethanol 96 %\n\n  CC\t ZINC1 \nC,1\r\n", name))
    assert [(row.line, row.object, row.value, row.extra) for row in table.rows] == [
        (1, "CCO", None, {"name": "ethanol 96 %"}),
        (3, "CC", None, {"name": "ZINC1"}),
        (4, "C,1", None, {}),
    ]


def test_smi_files_have_neither_header_nor_columns(write):
    path = write("SMILES name\nC methane\n", "list.smi")
    assert reasons(read_table(path)) == [(1, None, "header")]
    for columns in ({"object_column": "mol"}, {"value_column": "y"}):
        with pytest.raises(InputError, match="without columns"):
            read_table(path, **columns)


def test_read_smiles_gives_all_or_an_error_that_counts(write):
    assert read_smiles(write("Smiles;y\nCCO;1,5\nCC;n.d.\n")) == ["CCO", "CC"]
    assert read_smiles(write("CCO a\nCC b\n", "list.smi.gz")) == ["CCO", "CC"]
    with pytest.raises(InputError, match=r"line 2.*field_count.*\(and 1 more\)"):
        read_smiles(write("smiles,y\nCCO\nC\nCC,1\n"))


def test_shared_tables_are_read_whole(shared_data):
    zinc = read_smiles(shared_data / "zinc250k.smi.gz")
    assert len(zinc) == 249_455
    assert zinc[0] == "CC(C)(C)c1ccc2occ(CC(=O)Nc3ccccc3F)c2c1"
    assert len(read_smiles(shared_data / "guacamol_first_100.csv")) == 100
    qm9 = read_table(shared_data / "qm9_subset_properties.csv.gz", value_column="mu")
    assert (len(qm9.rows), qm9.rows[1].value, qm9.problems) == (14_862, 1.4015, ())
    assert (qm9.rows[0].object, qm9.rows[0].extra["gap"]) == ("CCCCC", "0.403")


def test_tables_parse_no_molecules():
    code = "import sys, latentbo.data.tables; sys.exit(any(name.startswith('rdkit') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0

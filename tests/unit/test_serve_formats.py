"""Articles as CSV and Parquet: whatever they hold, nothing computes and nothing is lost."""

import csv
import io

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support_index import article

from pipeline.serve.api.formats import COLUMNS, cell, csv_table
from pipeline.serve.api.parquet import parquet

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"))


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        " =1",
        "\u00a0=1",
        "＝1",
        "=cmd|' /C calc'!A0",
    ],
)
def test_a_cell_that_a_spreadsheet_would_compute_is_text(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "plain", "1-1", "'quoted", "Ada; Bo", "خبر"])
def test_other_cells_are_as_they_are(text):
    assert cell(text) == text


@given(TEXT)
def test_no_cell_ever_begins_as_a_formula(text):
    assert cell(text).lstrip()[:1] not in {"=", "+", "-", "@"}


@given(st.lists(TEXT, max_size=5))
def test_a_table_reads_back_with_a_row_for_each_article(titles):
    made = [article(f"id-{n}", title or "-") for n, title in enumerate(titles)]
    text = b"".join(csv_table(made)).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert [row[0] for row in rows[1:]] == [one["article_id"] for one in made]
    assert [row[3] for row in rows[1:]] == [cell(one["title"]) for one in made]


def test_parquet_comes_in_pieces_and_keeps_times_and_lists():
    made = [article(f"id-{n}", people=("Ada", "Bo"), dated=n > 0) for n in range(2_500)]
    pieces = list(parquet(iter(made)))
    assert len(pieces) == 4
    table = pq.read_table(io.BytesIO(b"".join(pieces)))
    assert table.num_rows == 2_500
    first, second = table.slice(0, 2).to_pylist()
    assert first["published_at"] is None
    assert second["published_at"].isoformat() == "2019-09-10T09:00:00+00:00"
    assert (second["person"], second["day"].isoformat()) == (["Ada", "Bo"], "2019-09-10")
    assert second["text"] == "A plain body."


def test_an_empty_result_is_a_whole_file_in_every_form():
    assert pq.read_table(io.BytesIO(b"".join(parquet([])))).num_rows == 0
    assert b"".join(csv_table([])).count(b"\n") == 1

"""Markdown of the jobs and benchmarks: columns line up, words left and figures right."""

from tune_jobs import markdown


def test_figures_line_up_on_the_right() -> None:
    table = markdown.table(["", "seconds"], [["a long name", "1.5"], ["b", "10.25"]])
    assert table.splitlines() == [
        "|             | seconds |",
        "| ----------- | ------: |",
        "| a long name |     1.5 |",
        "| b           |   10.25 |",
    ]


def test_words_may_stand_in_another_column() -> None:
    table = markdown.table(["rows", "model"], [["1,000", "forest"]], words=1)
    assert table.splitlines()[1:] == ["| ----: | ------ |", "| 1,000 | forest |"]


def test_a_column_of_nothing_is_wide_enough_for_its_ruler() -> None:
    assert markdown.table(["", "n"], []).splitlines() == ["|     |   n |", "| --- | --: |"]

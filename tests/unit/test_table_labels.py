"""Labels of a table: 0 or 1, k of n, counts of emails, shares, and amounts of revenue."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_tables import counts_of, joined

from emailimg.errors import SourceError

FILES = ["a.jpg", "b.png", "c.webp"]


def refused(tmp_path: Path, rows: dict[str, Any], suffix: str = ".csv") -> str:
    names = [f"{number}.jpg" for number in range(1, len(next(iter(rows.values()))) + 1)]
    with pytest.raises(SourceError) as caught:
        joined(tmp_path, {"file": names} | rows, files=names, suffix=suffix)
    return str(caught.value)


@pytest.mark.parametrize(
    "values",
    [
        [True, False],
        [1, 0],
        [1.0, 0.0],
        ["1", "0"],
        ["true", "false"],
        ["TRUE", "FALSE"],
        ["Yes", "no"],
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_binary_labels_in_several_types(tmp_path: Path, values: list[Any], suffix: str) -> None:
    rows, notes = joined(
        tmp_path, {"file": FILES, "Open Rate": [*values, None]}, FILES, suffix=suffix
    )
    assert counts_of(rows, "open_rate") == [(1, 1), (0, 1), (0, 0)]
    assert "  Open Rate -> open_rate (0 or 1, known in 2 of 3 rows)" in notes


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_successes_of_emails(tmp_path: Path, suffix: str) -> None:
    table = {"file": FILES, "open_rate_k": [3, 0, None], "open_rate_n": [20, 25, None]}
    rows, notes = joined(tmp_path, table, [*FILES, "other.jpg"], suffix=suffix)
    assert counts_of(rows, "open_rate") == [(3, 20), (0, 25), (0, 0), (0, 0)]
    assert "  open_rate_k of open_rate_n -> open_rate (k of n, known in 2 of 3 rows)" in notes


def test_every_rate_from_counts_of_emails(tmp_path: Path) -> None:
    table = {
        "file": ["a.jpg"],
        "sends": [1000],
        "delivered": [900],
        "unique_opens": [300],
        "clicks": [60],
        "conversions": [12],
        "orders": [5],
        "unsubscribes": [2],
        "bounces": [100],
    }
    rows, notes = joined(tmp_path, table, ["a.jpg"])
    expected = {
        "open_rate": (300, 900),
        "click_to_open_rate": (60, 300),
        "conversion_rate": (12, 900),
        "purchase_rate": (5, 900),
        "unsubscribe_rate": (2, 900),
        "bounce_rate": (100, 1000),
    }
    assert {target: counts_of(rows, target)[0] for target in expected} == expected
    assert "revenue_per_email_n" not in rows
    mapping = [" ".join(note.split()) for note in notes]
    assert "unique_opens of delivered -> open_rate (k of n)" in mapping
    assert "clicks of unique_opens -> click_to_open_rate (k of n)" in mapping
    assert "orders of delivered -> purchase_rate (k of n)" in mapping
    assert "bounces of sends -> bounce_rate (k of n)" in mapping
    assert not any("not used" in note for note in notes)


@pytest.mark.parametrize(
    ("columns", "trials", "name"),
    [
        ({"sent": [100, 50, 10]}, [100, 50, 10], "sent"),
        ({"sent": [100, 50, 10], "bounces": [10, 0, None]}, [90, 50, 10], "sent - bounces or sent"),
        ({"sent": [100, 50, 10], "bounces": [10, 0, 1]}, [90, 50, 9], "sent - bounces"),
        ({"sent": [100, 50, 10], "delivered": [80, 40, 9]}, [80, 40, 9], "delivered"),
        ({"sent": [9, 9, 9], "delivered": [8, None, 9]}, [8, 9, 9], "delivered or sent"),
    ],
)
def test_what_was_delivered(
    tmp_path: Path, columns: dict[str, list[Any]], trials: list[float], name: str
) -> None:
    rows, notes = joined(tmp_path, {"file": FILES, "opens": [5, 0, 3]} | columns)
    assert counts_of(rows, "open_rate") == list(zip([5, 0, 3], trials, strict=True))
    assert any(note.split(" -> ")[0].strip() == f"opens of {name}" for note in notes)


def test_none_sent_or_nothing_known_is_not_observed(tmp_path: Path) -> None:
    table = {
        "file": FILES,
        "delivered": [0, None, 10],
        "opens": [0, 3, None],
        "clicks": [0, 1, 0],
        "make": ["Audi"] * 3,
    }
    rows, notes = joined(tmp_path, table)
    assert "open_rate_n" not in rows, "known nowhere, so a rule may label it"
    assert "  opens of delivered -> not used, open_rate is known in no row" in notes
    assert counts_of(rows, "click_to_open_rate") == [(0, 0), (1, 3), (0, 0)]


def test_a_column_without_a_value_is_no_label(tmp_path: Path) -> None:
    rows, notes = joined(tmp_path, {"file": FILES, "open_rate": [None] * 3})
    assert "open_rate_n" not in rows
    assert any("not used, open_rate is known in no row" in note for note in notes)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("shares", [[0.23, 0.1, 0], ["23%", "10.0 %", "0%"], ["0.230", "1e-1", 0]])
def test_shares_of_a_known_number(tmp_path: Path, shares: list[Any], suffix: str) -> None:
    shares = [str(share) for share in shares]
    table = {"file": FILES, "open_rate": shares, "delivered": [1000, 50, 8]}
    rows, notes = joined(tmp_path, table, suffix=suffix)
    assert counts_of(rows, "open_rate") == [(230, 1000), (5, 50), (0, 8)]
    assert "  open_rate -> open_rate (share of delivered, as k of n)" in notes
    assert not any("rounded" in note for note in notes)


def test_shares_of_the_number_that_applies(tmp_path: Path) -> None:
    table = {
        "file": ["a.jpg"],
        "sent": [1000],
        "bounce_rate": [0.1],
        "open_rate": ["25%"],
        "ctor": [0.2],
        "conversion_rate": [0.5],
        "conversion_rate_n": [30],
    }
    rows, notes = joined(tmp_path, table, ["a.jpg"])
    assert counts_of(rows, "bounce_rate") == [(100, 1000)]
    assert counts_of(rows, "open_rate") == [(250, 1000)]
    assert counts_of(rows, "click_to_open_rate") == [(50, 250)], "of those that were opened"
    assert counts_of(rows, "conversion_rate") == [(15, 30)]
    assert any("share of opens by open_rate" in note for note in notes)


def test_shares_with_few_digits_are_rounded_with_a_note(tmp_path: Path) -> None:
    """4 of 17 is 0.235, 1 of 3 is 0.333: the first was no share of 17, the second is of 3."""
    table = {"file": FILES, "open_rate": [0.23, 0.333, 4 / 17], "delivered": [17, 3, 17]}
    rows, notes = joined(tmp_path, table)
    assert counts_of(rows, "open_rate") == [(4, 17), (1, 3), (4, 17)]
    assert notes[-1] == (
        "1 row where open_rate times delivered is no whole number, rounded; "
        "e.g. row 1, a.jpg: 0.23 of 17 -> 4"
    )


def test_shares_of_an_unknown_number_are_not_observed(tmp_path: Path) -> None:
    table = {"file": FILES, "open_rate": [0.5, 0.5, 0.5], "delivered": [10, None, 0]}
    rows, notes = joined(tmp_path, table)
    assert counts_of(rows, "open_rate") == [(5, 10), (0, 0), (0, 0)]
    assert "2 rows with open_rate but without delivered: not observed" in notes


def test_zeros_and_ones_with_a_number_of_their_own_are_shares(tmp_path: Path) -> None:
    table = {"file": FILES, "open_rate": [0, 1, 1], "open_rate_n": [10, 4, None]}
    rows, _ = joined(tmp_path, table)
    assert counts_of(rows, "open_rate") == [(0, 10), (4, 4), (0, 0)]


@pytest.mark.parametrize("written", [[0, 0, 0], [0.0, 1.0, 0.0]])
def test_a_rate_of_zeros_and_ones_beside_a_number_of_emails_is_a_share(
    tmp_path: Path, written: list[float]
) -> None:
    """No purchase in 1,000 emails says more than one email without a purchase."""
    table = {"file": ["a.jpg", "b.png", "c.webp"], "delivered": [1000, 10, 20]}
    found, _ = joined(tmp_path, table | {"purchase_rate": written})
    assert found["purchase_rate_n"].tolist() == [1000, 10, 20]
    expected = [share * n for share, n in zip(written, (1000, 10, 20), strict=True)]
    assert found["purchase_rate_k"].tolist() == expected
    binary, _ = joined(tmp_path, table | {"opened": [0, 1, 0]})
    assert binary["open_rate_n"].tolist() == [1, 1, 1]


def test_counts_that_cannot_be_are_refused(tmp_path: Path) -> None:
    table = {"file": ["a.jpg", "b.png"], "sent": [100, 100], "bounces": [10, 5]}
    with pytest.raises(SourceError, match=r"more bounces \+ delivered than sent"):
        joined(tmp_path, table | {"delivered": [95, 95], "opens": [1, 1]})
    huge = {"file": ["a.jpg"], "delivered": ["9999999999999999999999"], "opens": [3]}
    with pytest.raises(SourceError, match=r"delivered is no count.*1,000,000,000,000"):
        joined(tmp_path, huge)


def test_a_share_and_its_counts_may_both_be_there(tmp_path: Path) -> None:
    table = {"file": FILES, "open_rate": ["33%", "0%", None], "opens": [1, 0, 2], "sent": [3, 5, 9]}
    rows, notes = joined(tmp_path, table)
    assert counts_of(rows, "open_rate") == [(1, 3), (0, 5), (2, 9)]
    assert "  open_rate     -> not used, agrees with opens of sent" in notes
    message = refused(tmp_path, {"open_rate": [0.5, 0.2], "opens": [1, 1], "sent": [3, 5]})
    assert "1 row: open_rate says something else than opens of sent" in message
    assert "row 1, 1.jpg: open_rate = 0.5, opens of sent = 0.333333" in message
    assert "as not_used" in message
    table = {"opened": ["x"], "opens": [1], "sent": [3]}
    assert "opened is neither 0 or 1" in refused(tmp_path, table)


def test_counts_of_a_target_go_before_counts_of_emails(tmp_path: Path) -> None:
    table = {
        "file": ["a.jpg"],
        "open_rate_k": [2],
        "open_rate_n": [4],
        "opens": [50],
        "delivered": [100],
    }
    rows, notes = joined(tmp_path, table, ["a.jpg"])
    assert counts_of(rows, "open_rate") == [(2, 4)]
    assert any("opens of delivered" in note and "agrees" in note for note in notes)


@pytest.mark.parametrize(
    ("rows", "messages"),
    [
        ({"opens": [6], "delivered": [5]}, ["more opens than delivered", "opens = 6, delivered"]),
        ({"opens": [6], "sends": [5]}, ["more opens than sends; accepted: opens <= sends"]),
        ({"clicks": [6], "opens": [5], "sent": [9]}, ["more clicks than opens"]),
        ({"delivered": [6], "sent": [5]}, ["more delivered than sent"]),
        ({"bounces": [6], "sent": [5]}, ["more bounces than sent"]),
        ({"conversions": [6], "delivered": [5]}, ["more conversions than delivered"]),
        ({"orders": [6], "delivered": [5]}, ["more orders than delivered"]),
        ({"unsubscribes": [6], "delivered": [5]}, ["more unsubscribes than delivered"]),
        ({"opens": [3], "delivered": [0]}, ["more opens than delivered"]),
        ({"opens": [3], "sent": [5], "bounces": [4]}, ["more opens than sent - bounces"]),
        ({"opens": [-1], "sent": [5]}, ["opens is no count; accepted: whole numbers", "= '-1'"]),
        ({"opens": [1.5], "sent": [5]}, ["opens is no count", "opens = '1.5'"]),
        ({"opens": ["many"], "sent": [5]}, ["opens is no count", "opens = 'many'"]),
        ({"opens": [1], "sent": ["inf"]}, ["sent is no count"]),
        ({"open_rate_k": [5], "open_rate_n": [4]}, ["more open_rate_k than open_rate_n"]),
        ({"open_rate_k": [1, -1], "open_rate_n": [4, 4]}, ["open_rate_k is no count", "row 2, 2"]),
        ({"open_rate_k": [1.5], "open_rate_n": [4]}, ["whole numbers", "'1.5'"]),
        ({"open_rate_k": [1], "open_rate_n": [-3]}, ["open_rate_n is no count"]),
        ({"open_rate_k": ["x"], "open_rate_n": [4]}, ["open_rate_k = 'x'"]),
        ({"open_rate_k": [1]}, ["open_rate_k is alone; give both open_rate_k (successes) and"]),
        ({"open_rate_n": [1]}, ["open_rate_n is alone"]),
        ({"Open Rate": [2]}, ["Open Rate is neither 0 or 1 nor a share", "0.23 or 23%", "opens"]),
        ({"open_rate": [-0.2]}, ["neither 0 or 1", "open_rate = '-0.2'"]),
        ({"open_rate": ["maybe"]}, ["neither 0 or 1", "open_rate = 'maybe'"]),
        ({"open_rate": ["120%"]}, ["neither 0 or 1", "120%"]),
        ({"open_rate": [0.35]}, ["shares such as 0.35", "a column delivered (or sent) or open_r"]),
        ({"ctor": ["12%"]}, ["shares such as 12%", "add a column opens or click_to_open_rate_n"]),
        ({"bounce_rate": [0.1], "delivered": [9]}, ["add a column sent or bounce_rate_n"]),
        ({"opens": [3]}, ["opens counts emails", "add a column delivered (or sent)", "not_used"]),
        ({"clicks": [3], "sent": [10]}, ["clicks counts emails", "add a column opens"]),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_impossible_labels_are_refused_by_name(
    tmp_path: Path, rows: dict[str, list[Any]], messages: list[str], suffix: str
) -> None:
    refusal = refused(tmp_path, rows, suffix)
    for message in messages:
        assert message in refusal
    assert f"table{suffix}" in refusal


def test_the_first_three_rows_of_each_kind_are_named(tmp_path: Path) -> None:
    message = refused(
        tmp_path, {"opens": [1, 9, 9, 9, 9], "delivered": [5] * 5, "year": [3000] * 5}
    )
    assert "rows are counted from 1" in message
    assert "- 4 rows: more opens than delivered" in message
    assert "    row 2, 2.jpg: opens = 9, delivered = 5\n" in message
    assert "    row 4, 4.jpg: opens = 9, delivered = 5\n    and 1 more" in message
    assert "row 5, 5.jpg: opens" not in message
    assert "- 5 rows: year is no year" in message


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_revenue_as_an_event(tmp_path: Path, suffix: str) -> None:
    table = {"file": FILES, "Revenue_Per_Email": [1, 0, None]}
    rows, notes = joined(tmp_path, table, suffix=suffix)
    assert counts_of(rows, "revenue_per_email") == [(1, 1), (0, 1), (0, 0)]
    assert "revenue_per_email_amount" not in rows
    assert any("Revenue_Per_Email -> revenue_per_email (0 or 1" in note for note in notes)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_revenue_as_an_amount(tmp_path: Path, suffix: str) -> None:
    table = {"file": FILES, "revenue": [3.42, 0, None]}
    rows, notes = joined(tmp_path, table, [*FILES, "other.jpg"], suffix=suffix)
    assert counts_of(rows, "revenue_per_email") == [(1, 1), (0, 1), (0, 0), (0, 0)]
    amounts = rows["revenue_per_email_amount"]
    assert amounts.dtype == np.float64
    np.testing.assert_array_equal(amounts, [3.42, 0, np.nan, np.nan])
    assert (
        "  revenue -> revenue_per_email (an amount per email; above 0 is a success, "
        "known in 2 of 3 rows)"
    ) in notes


def test_revenue_succeeds_above_the_amount_of_the_config(tmp_path: Path) -> None:
    table = {"file": FILES, "revenue_per_email": [3.42, 2, 1.99]}
    rows, _ = joined(tmp_path, table, revenue_success_above=2.0)
    assert counts_of(rows, "revenue_per_email") == [(1, 1), (0, 1), (0, 1)]


def test_amounts_of_0_and_1_can_be_named_as_such(tmp_path: Path) -> None:
    table = {"file": FILES, "revenue_per_email_amount": [1, 0, 1]}
    rows, _ = joined(tmp_path, table, revenue_success_above=1.0)
    assert counts_of(rows, "revenue_per_email") == [(0, 1), (0, 1), (0, 1)]
    assert rows["revenue_per_email_amount"].tolist() == [1, 0, 1]


@pytest.mark.parametrize("amount", ["-3", "$3.42", "3,42", "23%", "inf"])
def test_revenue_that_is_no_amount_is_refused(tmp_path: Path, amount: str) -> None:
    message = refused(tmp_path, {"revenue": ["3.42", amount]})
    assert f"row 2, 2.jpg: revenue = '{amount}'" in message
    assert "an amount per email from 0 such as 3.42" in message


def test_revenue_is_told_once(tmp_path: Path) -> None:
    rows = {"revenue": [3.42], "revenue_per_email_k": [1], "revenue_per_email_n": [2]}
    assert "several columns for revenue_per_email: " in refused(tmp_path, rows)

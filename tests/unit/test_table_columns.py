"""Column names: the spellings that people use, and the user's own."""

from pathlib import Path
from typing import Any

import pytest
from small_tables import joined

from emailimg import taxonomy
from emailimg.errors import SourceError
from emailimg.sources.table import columns
from emailimg.sources.table.columns import choose, meaning_of
from emailimg.sources.table.problems import Problems


@pytest.mark.parametrize(
    ("meaning", "spellings"),
    [
        ("file", "relative_im_path Relative_im_path file filename file_name image path image_path"),
        ("file", "fname FileName img im_path file-path"),
        ("class_name", "class_name Class_name className CLASS_NAME"),
        ("make", "make Make manufacturer"),
        ("model", "model"),
        ("vehicle_type", "vehicle_type Vehicle_type type body body_type"),
        ("year", "year Year model_year"),
        ("campaign_type", "campaign_type campain_type Campaign_types campaign"),
        ("industry", "industry Industry_types industry_type"),
        ("open_rate", "open_rate Open_Rate opened OpenRate"),
        (
            "click_to_open_rate",
            "click_through_open_rate Click_to_Open_Rate ctor CTOR click_to_open click-to-open",
        ),
        ("revenue_per_email", "revenue_generated_per_email Revenue_Per_Email revenue"),
        ("conversion_rate", "Conversion_Rate converted"),
        ("purchase_rate", "purchase_rate purchased"),
        ("unsubscribe_rate", "unsubscribe_rate unsubscribed"),
        ("bounce_rate", "bounce_rate bounced"),
        ("sent", "sent sends"),
        ("delivered", "delivered"),
        ("opens", "opens opened_count unique_opens Unique.Opens"),
        ("clicks", "clicks unique_clicks"),
        ("conversions", "conversions"),
        ("purchases", "purchases orders"),
        ("unsubscribes", "unsubscribes"),
        ("bounces", "bounces"),
        ("class_id", "class class_id Class"),
        ("image_id", "image_id id ID"),
        ("open_rate_k", "open_rate_k"),
        ("bounce_rate_n", "Bounce_Rate_N"),
    ],
)
def test_spellings(meaning: str, spellings: str) -> None:
    for name in spellings.split():
        assert meaning_of(name) == meaning
        assert meaning_of(f" {name.replace('_', ' ')} ") == meaning


@pytest.mark.parametrize("name", ["", "notes_of_mary", "test", "bbox_x1", "Open Rate (%)", "name"])
def test_other_columns_mean_nothing(name: str) -> None:
    assert meaning_of(name) is None


def test_no_spelling_has_two_meanings() -> None:
    spellings = [
        columns._plain(name)
        for meaning, others in columns._SPELLINGS.items()
        for name in (meaning, *others)
    ]
    assert len(spellings) == len(set(spellings))
    assert set(taxonomy.TARGETS) < set(columns.MEANINGS)


def test_the_users_own_names(tmp_path: Path) -> None:
    table = {"picture": ["a.jpg"], "Marke": ["Audi"], "Geöffnet": [1], "make": ["BMW"]}
    columns = {"picture": "file", "Marke": "make", "Geöffnet": "Open Rate"}
    rows, notes = joined(tmp_path, table, columns=columns)
    assert rows.loc["a.jpg", "make"] == "Audi", "a name that is given goes before a spelling"
    assert rows.loc["a.jpg", "open_rate_k"] == 1
    assert [note.split() for note in notes[1:5]] == [
        ["picture", "->", "file", "name"],
        ["Marke", "->", "make"],
        ["Geöffnet", "->", "open_rate", "(0", "or", "1)"],
        ["make", "->", "not", "used"],
    ]


def test_a_column_may_be_left_out(tmp_path: Path) -> None:
    table = {"file": ["a.jpg"], "id": [7], "image": ["x"], "open_rate": [0.5]}
    columns = {"image": "not_used", "open_rate": "not_used"}
    rows, notes = joined(tmp_path, table, columns=columns)
    assert "open_rate_n" not in rows
    assert "  image     -> not used" in notes


def test_the_mapping_is_aligned_and_names_every_column(tmp_path: Path) -> None:
    table: dict[str, Any] = {
        "notes_of_mary": ["nice"],
        "relative_im_path": ["a.jpg"],
        "campain_type": ["Survey"],
        "opens": [3],
        "delivered": [20],
        "id": [1],
    }
    _, notes = joined(tmp_path, table, files=["a.jpg"])
    assert notes == [
        "table table.csv, 1 row:",
        "  relative_im_path   -> file name",
        "  campain_type       -> campaign_type",
        "  id                 -> image id (checked)",
        "  opens of delivered -> open_rate (k of n)",
        "  notes_of_mary      -> not used",
    ]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"bild": "file"}, r"names 'bild'.*its columns: file, image, x"),
        ({"x": "colour of sky"}, r"takes 'x' for 'colour of sky'.*accepted: file, class_name,"),
        ({"file": "file", "image": "file"}, "several columns for file: file, image"),
    ],
)
def test_wrong_names_of_the_user_are_refused(
    tmp_path: Path, columns: dict[str, str], message: str
) -> None:
    table = {"file": ["a.jpg"], "image": ["b.jpg"], "x": [1]}
    with pytest.raises(SourceError, match=message):
        joined(tmp_path, table, columns=columns)


def test_all_that_is_wrong_with_columns_is_said_at_once() -> None:
    problems = Problems("t.csv")
    names = ["opened", "Open Rate", "campaign", "Campaign Type", "picture"]
    choose(names, {"gone": "make"}, problems)
    with pytest.raises(SourceError) as caught:
        problems.refuse()
    message = str(caught.value)
    assert "'t.csv'" in message
    assert "several columns for open_rate: opened, Open Rate" in message
    assert "several columns for campaign_type: campaign, Campaign Type" in message
    assert "source.columns names 'gone'" in message
    assert "no column of file names; accepted: file, relative_im_path" in message
    assert "found: opened, Open Rate, campaign, Campaign Type, picture" in message

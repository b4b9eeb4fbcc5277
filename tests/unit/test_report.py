"""The scorecard's page: every part is there, nothing comes from outside, odd input is survived."""

import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import matplotlib
import numpy as np
import pytest
import scorecard_example as example
from matplotlib import pyplot

from emailimg.report import Candidate, GalleryItem, pictures, plots, render_report, wording
from emailimg.report.page import flatten
from emailimg.report.verdict import against_anchors, verdict

SECTIONS = (
    "demonstrations",
    "targets",
    "attributes",
    "training",
    "gallery",
    "search",
    "data",
    "run",
    "glossary",
)
VOID = {"meta", "link", "img", "br", "hr", "input"}
HOSTILE = "<script>alert('\"&$x^{')</script>"


class Page(HTMLParser):
    """Elements of a page in order; fails on a tag that is closed but not open."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.texts.append(data.strip())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def text(self) -> str:
        return " ".join(text for text in self.texts if text)


@pytest.fixture(autouse=True)
def no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.fixture(scope="module")
def html() -> str:
    return render_report(example.scorecard(), example.gallery(), example.demonstrations())


@pytest.fixture
def scorecard() -> dict[str, Any]:
    """Complete, but small: drawing is what takes the time."""
    rng = np.random.default_rng(0)
    small = example.scorecard()
    small["targets"] = {key: small["targets"][key] for key in ("open_rate", "conversion_rate")}
    small["attributes"] = {
        "augmentation_class": example.attribute(rng, ("original", "blur", "rotate"), 60, 0.5, 0.9),
        "vehicle_type": example.attribute(rng, ("SUV", "Coupe"), 60, 0.4, 0.8),
    }
    small["data"]["class_counts"] = {"original": 150, "blur": 70, "rotate": 80}
    return small


def test_how_the_source_was_read_is_shown_as_it_was_printed(scorecard: dict[str, Any]) -> None:
    html = render_report(scorecard, [], [])
    assert "opens of delivered -&gt; open_rate (k of n)" in html
    assert "notes &lt;of&gt; mary" in html
    scorecard["data"]["notes"] = []
    assert "How the source was read" not in render_report(scorecard, [], [])


def test_yes_or_no_attributes_have_their_own_plot(scorecard: dict[str, Any]) -> None:
    scorecard["attributes"] = {
        "techniques": {
            "classes": ["blur", "rotate"],
            "accuracy": 0.95,
            "standard_error": 0.01,
            "majority_accuracy": 0.8,
            "all_right": 0.7,
            "rows": 60,
            "recall": [0.9, None],
            "precision": [0.8, 0.5],
        }
    }
    page = page_of(scorecard)
    assert "All 2 answers are right for 70.0% of the images" in page.text
    assert "no rows" in page.text
    assert "yes-or-no questions" in page.text


def test_mistakes_are_explained_with_pictures(scorecard: dict[str, Any]) -> None:
    attribute = scorecard["attributes"]["augmentation_class"]
    attribute["mistakes"] = example.explained(attribute)
    page = Page(render_report(scorecard, [], [], example.mistakes()))
    assert "mistakes" in page.ids
    for words in ("Which mistakes are unavoidable", "taken for", "5 times, 3 unavoidable"):
        assert words in page.text
    assert "The encoder is right in 95% ± 3% of the answers" in page.text
    drawn = [plot["aria-label"] for plot in page.all("svg")]
    assert any(label.startswith("Wrong answers per true class: Original") for label in drawn)
    seen = [image["alt"] for image in page.all("img")]
    assert "What the encoder saw: Median blur" in seen
    assert seen.count("The original of the same image") == 1, "an original is its own"


def test_without_an_explanation_there_is_no_section_of_mistakes(scorecard: dict[str, Any]) -> None:
    page = page_of(scorecard)
    assert "mistakes" not in page.ids
    assert page.open == []


def page_of(scorecard: dict[str, Any]) -> Page:
    return Page(render_report(scorecard, [], []))


class TestWholePage:
    def test_has_every_section_and_nothing_left_open(self, html: str) -> None:
        page = Page(html)
        assert [section["id"] for section in page.all("section")] == list(SECTIONS)
        assert page.open == []
        assert len(page.all("h1")) == 1

    def test_contents_lead_to_sections(self, html: str) -> None:
        page = Page(html)
        anchors = [link["href"].removeprefix("#") for link in page.all("a")]
        assert set(SECTIONS) <= set(anchors) <= set(page.ids)

    def test_identifiers_are_unique_across_plots(self, html: str) -> None:
        ids = Page(html).ids
        assert len(ids) == len(set(ids))

    def test_references_of_plots_exist(self, html: str) -> None:
        ids = set(Page(html).ids)
        assert set(re.findall(r"url\(#(\w+)\)", html)) <= ids
        assert {link["href"].removeprefix("#") for link in Page(html).all("use")} <= ids

    def test_needs_nothing_from_outside(self, html: str) -> None:
        assert "http" not in html.lower()
        assert not re.search(r"<script|@import|@font-face", html)
        assert all(
            image["src"].startswith("data:image/jpeg;base64,") for image in Page(html).all("img")
        )

    def test_pictures_and_plots_have_words(self, html: str) -> None:
        page = Page(html)
        assert all(image["alt"] for image in page.all("img"))
        drawings = page.all("svg")
        assert len(drawings) == 32
        assert all(drawing["aria-label"] for drawing in drawings)

    def test_plots_take_their_colours_from_the_page(self, html: str) -> None:
        drawings = re.findall(r"<svg.*?</svg>", html, flags=re.DOTALL)
        assert not re.search(r"#[0-9a-f]{6}\b", "".join(drawings))
        used = set(re.findall(r"var\((--[\w-]+)\)", html))
        assert used <= set(re.findall(r"(--[\w-]+):", html))

    def test_stays_small(self, html: str) -> None:
        assert len(html.encode()) < 5_000_000

    def test_says_what_the_anchors_are(self, html: str) -> None:
        text = Page(html).text
        assert "ResNet-18 86%" in text
        assert "ResNet-34 91%" in text
        assert "attribute accuracies of an encoder, not accuracies of an engagement model" in text

    def test_says_how_much_of_the_edits_differences_holds_up(self, html: str) -> None:
        assert "of what edits are predicted to change, 87% holds up" in html


class TestDemonstrations:
    def test_gain_in_percentage_points(self, html: str) -> None:
        text = Page(html).text
        assert "31% → 68% +37.4 pp" in text
        assert "31% → 27% −4.1 pp" in text

    def test_where_lower_is_better_an_improvement_falls(self, html: str) -> None:
        assert "22% → 8% −14.0 pp" in Page(html).text
        assert re.search(r'class="gain better">−14\.0 pp', html)

    def test_keeps_the_order_of_candidates(self, html: str) -> None:
        text = Page(html).text
        assert text.index("Showroom 0100") < text.index("Showroom 0101")

    def test_none_to_suggest(self, scorecard: dict[str, Any]) -> None:
        upload = example.demonstration("open_rate", "Survey", 0.4, None, (64, 48))
        object.__setattr__(upload, "edits", [])
        assert "None to suggest" in Page(render_report(scorecard, [], [upload])).text

    def test_pictures_shrink_to_where_they_are_shown(self) -> None:
        large = np.random.default_rng(0).integers(0, 255, (1200, 1600, 3), np.uint8)
        assert len(pictures.data_uri(large, 100)) < len(pictures.data_uri(large, 400)) / 8


class TestWhy:
    def test_contributions_are_words_and_bars(self, html: str) -> None:
        page = Page(html)
        assert "Why 31% The classifier’s average is 33%." in page.text
        assert "How the picture was edited brighter × 0.54" in page.text
        shares = [each for each in page.all("dd") if "share" in each.get("class", "")]
        assert shares[0] == {"class": "share lowers", "style": "--size: 100.00%"}
        assert shares[1]["class"] == "share raises better"

    def test_where_lower_is_better_what_lowers_is_better(self, html: str) -> None:
        shares = [each for each in Page(html).all("dd") if "share" in each.get("class", "")]
        assert [each["class"] for each in shares[-5:]] == [
            "share lowers better",
            "share raises",
            "share raises",
            "share lowers better",
            "share raises",
        ]

    def test_the_heat_map_is_beside_them(self, html: str) -> None:
        page = Page(html)
        alts = [image["alt"] for image in page.all("img")]
        assert alts.count("The upload, bright where the evidence is") == 3
        assert "Where the encoder sees brighter" in page.text

    def test_nothing_that_contributes_has_no_length(self, scorecard: dict[str, Any]) -> None:
        upload = example.demonstration("open_rate", "Survey", 0.4, None, (64, 48))
        assert upload.explanation is not None
        still = [replace(each, log_odds=0.0) for each in upload.explanation.contributions]
        heat = replace(upload.explanation.heat_map, attribute=None, class_name=None)
        quiet = replace(upload.explanation, contributions=still, heat_map=heat)
        html = render_report(scorecard, [], [replace(upload, explanation=quiet)])
        assert html.count("--size: 0.00%") == len(still)
        assert "Where the picture moves this probability" in Page(html).text

    def test_there_may_be_no_explanation(self, scorecard: dict[str, Any]) -> None:
        upload = example.demonstration("open_rate", "Survey", 0.4, None, (64, 48))
        html = render_report(scorecard, [], [replace(upload, explanation=None)])
        assert 'class="why"' not in html
        assert Page(html).open == []


class TestOddScorecards:
    def test_unknown_true_probabilities(self, scorecard: dict[str, Any]) -> None:
        for target in scorecard["targets"].values():
            target.update(rule="observed", reach=None, reach_interval=None)
            target["calibration"]["oracle_error"] = None
            for measure in ("log_loss", "brier", "accuracy", "auc"):
                target[measure]["oracle"] = None
        page = page_of(scorecard)
        assert "Observed labels" in page.text
        assert "beat the base rate on 2 of 2 targets" in page.text
        assert "Reach of the engagement models" not in page.text

    def test_intervals_of_nulls(self, scorecard: dict[str, Any]) -> None:
        scorecard["targets"]["open_rate"].update(reach=None, reach_interval=[None, None])
        scorecard["targets"]["conversion_rate"].update(reach_interval=[float("nan"), None])
        assert "63%" in page_of(scorecard).text

    def test_missing_values_are_dashes(self, scorecard: dict[str, Any]) -> None:
        nan = float("nan")
        scorecard["attributes"]["augmentation_class"].update(
            accuracy=nan, standard_error=nan, majority_accuracy=None
        )
        scorecard["attributes"]["augmentation_class"]["recall"][2] = None
        scorecard["targets"]["open_rate"].update(reach=nan, reach_interval=[nan, nan])
        scorecard["targets"]["open_rate"]["log_loss"] = {"base": nan, "ours": None, "oracle": None}
        scorecard["history"][0].update(validation_loss=nan, seconds=None)
        scorecard["stages"][2]["seconds"] = None
        text = page_of(scorecard).text
        assert not re.search(r"\b(nan|none|null)\b", text, flags=re.IGNORECASE)
        assert "no rows" in text

    def test_parts_that_a_run_can_lack(self, scorecard: dict[str, Any]) -> None:
        del scorecard["attributes"]["vehicle_type"]
        scorecard.update(search=None, history=[])
        scorecard["data"].update(rejects=[], duplicates=0)
        page = page_of(scorecard)
        absent = {"demonstrations", "gallery", "search", "training"}
        assert {section["id"] for section in page.all("section")} == set(SECTIONS) - absent
        assert not any(link["href"].removeprefix("#") in absent for link in page.all("a"))
        assert "Vehicle type:" not in page.text

    def test_nothing_measured(self, scorecard: dict[str, Any]) -> None:
        scorecard.update(attributes={}, targets={}, stages=[], config={})
        assert "Nothing was measured" in page_of(scorecard).text

    def test_one_of_everything(self, scorecard: dict[str, Any]) -> None:
        scorecard["history"] = scorecard["history"][:1]
        scorecard["targets"] = {"open_rate": scorecard["targets"]["open_rate"]}
        scorecard["targets"]["open_rate"]["calibration"]["bins"] = [
            {"predicted": 0.3, "observed": 0.3, "low": 0.2, "high": 0.4, "trials": 7}
        ]
        scorecard["search"]["trials"] = scorecard["search"]["trials"][:1]
        scorecard["attributes"] = {
            "augmentation_class": example.attribute(
                np.random.default_rng(0), ("original", "blur"), 5, 1.0, 1.0
            )
        }
        text = page_of(scorecard).text
        assert "in 1 trial." in text
        assert not re.search(r"\b1 (trials|rows|epochs)", text)

    def test_search_where_every_trial_failed(self, scorecard: dict[str, Any]) -> None:
        scorecard["search"].update(best=None, best_params={})
        for trial in scorecard["search"]["trials"]:
            trial["objective"] = None
        assert "search" in page_of(scorecard).ids

    def test_alarms_come_first(self, scorecard: dict[str, Any]) -> None:
        scorecard["alarms"] = ["open_rate: reach 1.42 is above 1", "conversion_rate: accuracy"]
        page = page_of(scorecard)
        assert "alarms" in page.ids
        assert "Do not use this model" in page.text
        assert page.text.index("reach 1.42") < page.text.index("Attribute accuracy")

    def test_hostile_strings_stay_text(self, scorecard: dict[str, Any]) -> None:
        scorecard["attributes"]["augmentation_class"]["classes"][0] = HOSTILE
        scorecard["targets"][HOSTILE] = scorecard["targets"].pop("open_rate")
        scorecard["data"]["rejects"][0]["source_uri"] = HOSTILE
        scorecard["data"]["class_counts"][HOSTILE] = 3
        scorecard["config"][HOSTILE] = HOSTILE
        scorecard["alarms"] = [HOSTILE]
        scorecard["stages"][0]["name"] = HOSTILE
        scorecard["search"]["objective"] = HOSTILE
        image = example.car(0, 64, 48)
        upload = example.demonstration("open_rate", HOSTILE, 0.4, None, (64, 48))
        upload.edits.append(
            Candidate(title=HOSTILE, detail=HOSTILE, probability=0.5, gain=0.1, image=image)
        )
        item = GalleryItem(augmentation_class=HOSTILE, parameters={HOSTILE: HOSTILE}, image=image)
        html = render_report(scorecard, [item], [upload])
        assert "<script" not in html.lower()
        page = Page(html)
        assert page.open == []
        assert page.text.count(HOSTILE) >= 8


class TestPlots:
    def test_same_drawing_every_time(self) -> None:
        target = example.target(np.random.default_rng(0), "augmentation", 0.3, 0.5)
        assert plots.engagement.calibration("a", target) == plots.engagement.calibration(
            "a", target
        )

    def test_leaves_matplotlib_as_it_was(self) -> None:
        before = dict(matplotlib.rcParams)
        plots.amounts.stage_times("times", [])
        assert dict(matplotlib.rcParams) == before
        assert pyplot.get_fignums() == []

    @pytest.mark.parametrize("reach", [-0.4, 0.0, 1.0, 1.3])
    def test_reach_beyond_its_scale(self, reach: float) -> None:
        target = example.target(np.random.default_rng(0), "augmentation", 0.3, reach)
        assert wording.percent(reach, 0) in plots.engagement.reach_overview(
            "reach", {"open_rate": target}
        )
        assert "ours" in plots.engagement.log_loss_track("track", target)

    def test_confusion_writes_counts_and_leaves_zeros_out(self) -> None:
        attribute = {
            "classes": ["a", "b"],
            "confusion": [[1234, 0], [5, 7]],
            "recall": [1.0, 0.583],
        }
        drawing = plots.attributes.confusion("matrix", attribute)
        texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawing)
        assert {"1,234", "5", "7", "100%", "58%"} <= set(texts)
        assert "0" not in texts

    def test_better_is_to_the_right_on_the_log_loss_track(self) -> None:
        target = example.target(np.random.default_rng(0), "augmentation", 0.3, 0.5)
        drawing = plots.engagement.log_loss_track("track", target)
        places = {
            word: float(re.search(rf'x="([\d.]+)"[^>]*>{word} ', drawing).group(1))  # type: ignore[union-attr]
            for word in ("base", "ours", "oracle")
        }
        assert places["base"] < places["ours"] < places["oracle"]

    def test_other_scripts_than_latin(self) -> None:
        assert "明るい 🚗" in plots.amounts.class_counts("counts", {"明るい 🚗": 3})

    def test_title_is_an_attribute_and_an_element(self) -> None:
        drawing = plots.amounts.stage_times("times", [{"name": "encoder", "seconds": 61.0}])
        assert 'aria-label="Time per stage"' in drawing
        assert "<title>Time per stage</title>" in drawing
        assert "1 min 1 s" in drawing


class TestVerdict:
    @pytest.mark.parametrize(
        ("accuracy", "expected"),
        [
            (None, "not measured in this run"),
            (float("nan"), "not measured in this run"),
            (0.5, "below the report’s ResNet-18 and ResNet-34"),
            (0.88, "above the report’s ResNet-18, below its ResNet-34"),
            (0.91, "at or above the report’s ResNet-18 and ResNet-34"),
        ],
    )
    def test_against_anchors(self, accuracy: float | None, expected: str) -> None:
        assert against_anchors(accuracy) == expected

    def test_one_sentence(self, scorecard: dict[str, Any]) -> None:
        sentence = verdict(scorecard)
        assert sentence.count(".") == 1
        assert "63% to 86% of the way" in sentence


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (wording.percent(0.8734), "87.3%"),
        (wording.percent(None), "–"),
        (wording.percent(float("inf")), "–"),
        (wording.decimal(-0.25), "−0.250"),
        (wording.decimal(-0.0001), "0.000"),
        (wording.count(16185), "16,185"),
        (wording.points(0.124), "+12.4"),
        (wording.points(-0.05), "−5.0"),
        (wording.points(0.0001), "0.0"),
        (wording.points(float("nan")), "–"),
        (wording.duration(12.34), "12.3 s"),
        (wording.duration(59.97), "1 min 0 s"),
        (wording.duration(250), "4 min 10 s"),
        (wording.duration(3720), "1 h 2 min"),
        (wording.duration(None), "–"),
        (wording.moment("2026-03-02T09:41:07+00:00"), "2 March 2026, 09:41 UTC"),
        (wording.moment("today"), "today"),
        (wording.words("click_to_open_rate"), "Click to open rate"),
        (wording.plain([]), "–"),
        (wording.plain({"a": None, "b": [1, 0.5]}), "a: –, b: 1, 0.5"),
        (wording.plain(True), "true"),
        (wording.plain(1e-05), "1e−05"),
        (wording.listing(["a"]), "a"),
        (wording.listing(["a", "b", "c"]), "a, b and c"),
    ],
)
def test_wording(text: str, expected: str) -> None:
    assert text == expected


def test_settings_are_named_as_on_the_command_line() -> None:
    assert flatten({"a": {"b": {"c": 1}}, "d": [2]}) == [("a.b.c", 1), ("d", [2])]

"""The demonstration: the notebook runs on a bundle, and its panel says what the library says."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bundle_factory import CATALOGUE_IMAGES, showroom_jpeg
from nbclient import NotebookClient

from emailimg import bundle
from emailimg.answers import Explanation, Recommendation
from emailimg.bundle import Bundle
from emailimg.predict import Predictor
from emailimg.recommender import Wishes
from emailimg.shortlist import Filters
from serve_app import answer_html, notebook
from serve_app.notebook import Panel

NOTEBOOK = Path(__file__).parents[2] / "serve_app" / "demo.ipynb"
JPEG = showroom_jpeg(CATALOGUE_IMAGES + 10)
_SECONDS = 120
_WIDGETS = "application/vnd.jupyter.widget-state+json"
_FIGURE = re.compile("\\d+%|[+\N{MINUS SIGN}]\\d+\\.\\d points|× \\d+\\.\\d+")


def figures(html: str) -> list[str]:
    """What a piece says in numbers."""
    text = re.sub(r"<style>.*?</style>|<[^>]*>", " ", html, flags=re.DOTALL)
    return _FIGURE.findall(text)


def pictures(html: str) -> int:
    return html.count('src="data:image/jpeg;base64,/9j/')


def pieces(answer: Recommendation, explanation: Explanation) -> dict[str, str]:
    return {
        "verdict": answer_html.verdict(answer.score),
        "edits": answer_html.edits(answer),
        "alternates": answer_html.alternates(answer),
        "reasons": answer_html.why(explanation),
    }


def uploaded(name: str, content: bytes) -> tuple[dict[str, Any], ...]:
    """As the browser's half of the widget reports a file."""
    file = {"name": name, "type": "", "size": len(content), "content": memoryview(content)}
    return ({**file, "last_modified": datetime(2026, 3, 2, tzinfo=UTC)},)


@pytest.fixture(scope="module")
def opened(bundle_location: str) -> Bundle:
    return bundle.load(bundle_location)


@pytest.fixture
def panel(predictor: Predictor, opened: Bundle) -> Panel:
    return Panel(predictor, opened)


@pytest.fixture(scope="module")
def executed(bundle_location: str) -> Any:
    """The notebook run to its end, where an image of the catalogue is chosen in its panel."""
    content = nbformat.read(NOTEBOOK, as_version=4)
    press = "panel.wishes.min_better.value = 0.5; panel.examples[2].children[-1].click()"
    content.cells.append(nbformat.v4.new_code_cell(press))
    folder = {"metadata": {"path": str(NOTEBOOK.parent)}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EMAILIMG_BUNDLE", bundle_location)
        NotebookClient(content, timeout=_SECONDS, resources=folder).execute()
    return content


def output_of(executed: Any, cell_id: str) -> str:
    [cell] = [cell for cell in executed.cells if cell.id == cell_id]
    return "".join(output.data["text/html"] for output in cell.outputs)


def test_the_panel_in_the_notebook_shows_what_the_library_answers(
    executed: Any, predictor: Predictor, opened: Bundle
) -> None:
    image = notebook.examples(opened)[2].thumbnail
    question = predictor.targets[0], "Abandoned Cart", "Automotive"
    answer = predictor.recommend(image, *question, wishes=Wishes(min_better=0.5))
    assert answer.edits
    assert answer.alternates
    models = executed.metadata.widgets[_WIDGETS]["state"].values()
    values = [str(model["state"].get("value")) for model in models]
    for name, expected in pieces(answer, predictor.explain(image, *question)).items():
        [shown] = [value for value in values if f'class="emailimg {name}"' in value]
        assert figures(shown) == figures(expected)
        assert pictures(shown) == pictures(expected)


def test_the_cells_show_what_the_library_answers(
    executed: Any, predictor: Predictor, opened: Bundle
) -> None:
    image = notebook.examples(opened)[3].thumbnail
    question = predictor.targets[0], "Newsletter", "Automotive"
    wishes = Wishes(k=4, min_better=0.6)
    answer = predictor.recommend(image, *question, wishes=wishes)
    expected = pieces(answer, predictor.explain(image, *question))
    cells = {"verdict": "score", "edits": "edits", "alternates": "alternates", "reasons": "why"}
    for name, cell_id in cells.items():
        assert figures(output_of(executed, cell_id)) == figures(expected[name])


def test_what_is_committed_has_no_outputs() -> None:
    content = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(content)
    for cell in content.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        assert len(cell.source.splitlines()) <= 14, cell.id


def test_an_upload_is_answered_and_every_change_of_the_question(
    panel: Panel, predictor: Predictor
) -> None:
    assert panel.answer is None
    panel.upload.value = uploaded("car.jpg", JPEG)
    panel.target.value = "unsubscribe_rate"
    panel.campaign_type.value = "Survey"
    panel.industry.value = "Retail"
    panel.vehicle_type.value = "SUV"
    question = "unsubscribe_rate", "Survey", "Retail"
    answer = predictor.recommend(JPEG, *question, vehicle_type="SUV")
    explanation = predictor.explain(JPEG, *question, vehicle_type="SUV")
    assert panel.answer is not None
    assert panel.answer.as_json() == answer.as_json()
    shown = panel.verdict.value, panel.edits.value, panel.alternates.value, panel.why.value
    assert shown == tuple(pieces(answer, explanation).values())
    assert "car.jpg" in panel.picture.value
    assert "lower is better" in panel.verdict.value
    assert panel.notice.value == ""


def test_the_wishes_count(panel: Panel, predictor: Predictor) -> None:
    panel.upload.value = uploaded("car.jpg", JPEG)
    panel.wishes.k.value = 3
    panel.wishes.min_better.value = 0.6
    panel.wishes.similarity.value = 0.5
    panel.wishes.diversity.value = 0.5
    panel.wishes.vehicle_types.value = ["SUV", "Sedan"]
    panel.wishes.years.value = (panel.wishes.years.min + 1, panel.wishes.years.max)
    filters = Filters(("SUV", "Sedan"), year_from=panel.wishes.years.min + 1)
    wishes = Wishes(k=3, min_better=0.6, similarity=0.5, diversity=0.5, filters=filters)
    question = panel.target.value, panel.campaign_type.value, panel.industry.value
    assert panel.answer is not None
    assert panel.answer.as_json() == predictor.recommend(JPEG, *question, wishes=wishes).as_json()


def test_a_text_file_is_refused_in_words_and_takes_the_old_answer_away(panel: Panel) -> None:
    panel.upload.value = uploaded("car.jpg", JPEG)
    panel.upload.value = uploaded("<b>notes</b>.txt", b"Dear customer, " * 40)
    assert panel.answer is None
    assert panel.verdict.value == panel.edits.value == panel.why.value == ""
    assert "not an image of a known format" in panel.notice.value
    assert "&lt;b&gt;notes&lt;/b&gt;.txt" in panel.notice.value
    panel.upload.value = uploaded("car.jpg", JPEG)
    assert panel.answer is not None
    assert panel.notice.value == ""


def test_the_same_file_may_be_uploaded_again(panel: Panel) -> None:
    panel.upload.value = uploaded("car.jpg", JPEG)
    panel.examples[0].children[-1].click()
    chosen = panel.picture.value
    panel.upload.value = uploaded("car.jpg", JPEG)
    assert panel.picture.value != chosen


def test_an_image_unlike_the_catalogue_is_warned_of(predictor: Predictor) -> None:
    score = predictor.score(JPEG, predictor.targets[0], "Survey", "Retail")
    for distance, warned in ((0.9, False), (1.5, True), (None, False)):
        html = answer_html.verdict(replace(score, domain_distance=distance))
        assert ("take the probability as a guess" in html) is warned


def test_it_finds_the_bundle_from_the_notebook_s_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("EMAILIMG_BUNDLE", raising=False)
    (tmp_path / "serve_app").mkdir()
    monkeypatch.chdir(tmp_path / "serve_app")
    assert notebook.bundle_location() == "workspace/bundle"
    (tmp_path / "workspace" / "bundle").mkdir(parents=True)
    assert notebook.bundle_location() == str(tmp_path / "workspace" / "bundle")
    monkeypatch.setenv("EMAILIMG_BUNDLE", "s3://bucket/bundle")
    assert notebook.bundle_location() == "s3://bucket/bundle"

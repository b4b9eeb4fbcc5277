"""The demonstration's interactive panel: an image, a question, and the answer, in a notebook.

What the service's page does, with the library in the notebook's own process. The model is loaded
once, by whoever makes the `Predictor`; every change of a control asks it again.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from emailimg import taxonomy
from emailimg.answers import Explanation, Recommendation
from emailimg.bundle import Bundle
from emailimg.errors import EmailimgError
from emailimg.predict import Predictor
from emailimg.report import wording
from serve_app import answer_html
from serve_app.examples import examples_of
from serve_app.notebook_wishes import WishControls

_USUAL_BUNDLE = "workspace/bundle"
_ACCEPTED = "image/jpeg,image/png,image/webp,image/gif"
_LABELS = {"description_width": "6.5rem"}


def bundle_location() -> str:
    """$EMAILIMG_BUNDLE, or else `workspace/bundle` here or in the nearest folder above."""
    told = os.environ.get("EMAILIMG_BUNDLE")
    if told:
        return told
    here = Path.cwd()
    found = (folder / _USUAL_BUNDLE for folder in (here, *here.parents))
    return str(next((path for path in found if path.is_dir()), _USUAL_BUNDLE))


@dataclass(frozen=True)
class Example:
    """An image of the catalogue to ask about: JPEG bytes, as small as the catalogue shows it."""

    name: str
    thumbnail: bytes


def examples(bundle: Bundle) -> list[Example]:
    """The images that the service's page offers, too."""
    rows = bundle.catalogue_columns(["image_id", "thumbnail"])
    thumbnails = dict(zip(rows["image_id"], rows["thumbnail"], strict=True))
    return [
        Example(each.class_name or "an image of the catalogue", thumbnails[each.image_id])
        for each in examples_of(bundle)
    ]


class Panel:
    """Controls, and the answer below them; `view` is the widget to show.

    answer and explanation: of what was asked last, None where that failed or nothing was asked.
    """

    def __init__(self, predictor: Predictor, bundle: Bundle) -> None:
        self._predictor = predictor
        self._image: tuple[str, bytes] | None = None
        self.answer: Recommendation | None = None
        self.explanation: Explanation | None = None
        self.upload = widgets.FileUpload(
            accept=_ACCEPTED,
            description="Upload an image",
            button_style="primary",
            layout=widgets.Layout(width="auto"),
        )
        self.target = _dropdown("Target", [(wording.words(t), t) for t in predictor.targets])
        self.campaign_type = _dropdown("Campaign type", taxonomy.CAMPAIGN_TYPES)
        self.industry = _dropdown("Industry", taxonomy.INDUSTRIES)
        types = [("As seen in the picture", None), *((t, t) for t in taxonomy.VEHICLE_TYPES)]
        self.vehicle_type = _dropdown("Vehicle type", types)
        self.wishes = WishControls(bundle)
        self.examples = [_example(each, self.ask_about) for each in examples(bundle)]
        self.notice, self.picture, self.verdict = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self.edits, self.alternates, self.why = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._listen()
        self.view = self._view()

    def ask_about(self, name: str, image_bytes: bytes) -> None:
        """Make this the image that is asked about; name: for people."""
        self._image = name, image_bytes
        self.refresh()

    def refresh(self) -> None:
        """Ask again and show the answer, or in words why there is none."""
        if self._image is None:
            return
        name, image_bytes = self._image
        self.notice.value = answer_html.notice("Asking the model …", "")
        try:
            question = self._question()
            answer = self._predictor.recommend(image_bytes, **question, wishes=self.wishes.wishes)
            explanation = self._predictor.explain(image_bytes, **question)
        except EmailimgError as error:
            self._show_failure(name, error)
        else:
            self._show(name, answer, explanation)

    def _question(self) -> dict[str, Any]:
        return {
            "target": self.target.value,
            "campaign_type": self.campaign_type.value,
            "industry": self.industry.value,
            "vehicle_type": self.vehicle_type.value,
        }

    def _show(self, name: str, answer: Recommendation, explanation: Explanation) -> None:
        self.answer, self.explanation = answer, explanation
        self.picture.value = answer_html.picture(explanation.image, name)
        self.verdict.value = answer_html.verdict(answer.score)
        self.edits.value = answer_html.edits(answer)
        self.alternates.value = answer_html.alternates(answer)
        self.why.value = answer_html.why(explanation)
        self.notice.value = ""

    def _show_failure(self, name: str, error: EmailimgError) -> None:
        """An older answer does not stay: it would be taken for this question's."""
        self.answer = self.explanation = None
        for part in (self.picture, self.verdict, self.edits, self.alternates, self.why):
            part.value = ""
        self.notice.value = answer_html.notice("This did not work.", f"{name}: {error}")

    def _listen(self) -> None:
        self.upload.observe(self._receive, names="value")
        for control in (self.target, self.campaign_type, self.industry, self.vehicle_type):
            control.observe(lambda _: self.refresh(), names="value")
        self.wishes.on_change(self.refresh)

    def _receive(self, change: Any) -> None:
        if not change.new:
            return
        file = change.new[0]
        # Emptied, so that the same file counts as a change when it is uploaded once more.
        self.upload.value = ()
        self.ask_about(file["name"], bytes(file["content"]))

    def _view(self) -> widgets.Widget:
        question = [self.target, self.campaign_type, self.industry, self.vehicle_type]
        asked = [self.upload, self.picture, *question, self.wishes.view]
        found = [self.notice, self.verdict, self.edits, self.alternates, self.why]
        columns = widgets.Box(
            [_column(asked, "1 1 17rem"), _column(found, "3 1 32rem")],
            layout=widgets.Layout(flex_flow="row wrap", align_items="flex-start", grid_gap="1rem"),
        )
        row = widgets.HBox(
            [widgets.Label("Or take one of the catalogue:"), *self.examples],
            layout=widgets.Layout(flex_flow="row wrap", align_items="center", grid_gap="0.5rem"),
        )
        return widgets.VBox([row, columns])


def _dropdown(label: str, options: Any) -> widgets.Dropdown:
    return widgets.Dropdown(
        description=label, options=options, style=_LABELS, layout=widgets.Layout(width="auto")
    )


def _example(example: Example, ask_about: Callable[[str, bytes], None]) -> widgets.VBox:
    """Its picture over a button, which is the last of its children."""
    picture = widgets.Image(
        value=example.thumbnail,
        format="jpg",
        layout=widgets.Layout(width="6.5rem", height="4.5rem", object_fit="contain"),
    )
    button = widgets.Button(
        description="Use this", tooltip=example.name, layout=widgets.Layout(width="6.5rem")
    )
    button.on_click(lambda _: ask_about(example.name, example.thumbnail))
    return widgets.VBox([picture, button], layout=widgets.Layout(align_items="center"))


def _column(children: list[widgets.Widget], flex: str) -> widgets.VBox:
    # Without a least width of 0 a wide child would push the column out of the notebook.
    return widgets.VBox(children, layout=widgets.Layout(flex=flex, min_width="0"))

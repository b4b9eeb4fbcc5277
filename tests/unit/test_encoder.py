"""The encoder: heads, the forward pass against torchvision's own, saving and loading."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torchvision
from torchvision.transforms import functional

from emailimg import encoder
from emailimg.encoder_spec import EncoderSpec
from emailimg.errors import BundleError

SPEC = EncoderSpec(
    "resnet18", 32, {"augmentation_class": ("a", "b", "c"), "vehicle_type": ("x", "y")}
)


@pytest.fixture(scope="module")
def reference() -> torch.nn.Module:
    """torchvision's own ResNet, with weights that no encoder of ours starts with."""
    torch.manual_seed(11)
    return torchvision.models.resnet18().eval()


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    values = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    return torch.from_numpy(values)


@pytest.fixture(scope="module")
def model() -> encoder.Encoder:
    """An encoder from scratch, in evaluation mode."""
    return encoder.Encoder(SPEC).eval()


@pytest.fixture(scope="module")
def saved(model: encoder.Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `model` was saved to; do not change it."""
    folder = tmp_path_factory.mktemp("saved") / "encoder"
    encoder.save(model, str(folder))
    return folder


def test_forward_equals_torchvisions_own_layers(
    reference: torch.nn.Module, pixels: torch.Tensor
) -> None:
    model = encoder.Encoder(SPEC).eval()
    model.backbone.load_state_dict(reference.state_dict(), strict=False)
    scaled = pixels.permute(0, 3, 1, 2) / 255
    batch = functional.normalize(scaled, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    body = torch.nn.Sequential(*list(reference.children())[:-1], torch.nn.Flatten())
    with torch.inference_mode():
        expected = body(batch)
        torch.testing.assert_close(model.features(pixels), expected, rtol=1e-4, atol=1e-4)
        logits = model(pixels)
        head: Any = model.heads["vehicle_type"]
        by_hand = expected @ head.weight.T + head.bias
        torch.testing.assert_close(logits["vehicle_type"], by_hand, rtol=1e-4, atol=1e-4)


def test_what_lasts_is_every_attribute_but_the_editing() -> None:
    assert SPEC.lasting_columns("logits") == [3, 4]
    assert SPEC.lasting_columns("pooled") == [], "of features nobody knows what they tell"
    composed = EncoderSpec("resnet18", 32, {"techniques": ("a", "b"), "vehicle_type": ("x", "y")})
    assert composed.lasting_columns("logits") == [2, 3]
    bare = EncoderSpec("resnet18", 32, {"augmentation_class": ("a", "b")})
    assert bare.lasting_columns("logits") == []


def test_there_is_one_head_per_attribute(model: encoder.Encoder, pixels: torch.Tensor) -> None:
    with torch.inference_mode():
        shapes = {name: tuple(values.shape) for name, values in model(pixels).items()}
    assert shapes == {"augmentation_class": (3, 3), "vehicle_type": (3, 2)}
    assert SPEC.logit_names == [
        "augmentation_class: a",
        "augmentation_class: b",
        "augmentation_class: c",
        "vehicle_type: x",
        "vehicle_type: y",
    ]


@pytest.mark.parametrize("kind", ["logits", "pooled"])
def test_every_column_of_an_embedding_has_a_name(kind: str) -> None:
    names = SPEC.column_names(kind)
    assert len(names) == len(set(names)) == SPEC.embedding_width(kind)
    of = {"augmentation_class", "vehicle_type"} if kind == "logits" else {"image"}
    assert {name.partition(": ")[0] for name in names} == of


def test_larger_architectures_have_wider_features(pixels: torch.Tensor) -> None:
    large = encoder.Encoder(EncoderSpec("resnet50", 32, {"h": ("a", "b")})).eval()
    with torch.inference_mode():
        assert large.features(pixels[:1]).shape == (1, 2048)


def test_an_image_gets_the_same_answer_alone_and_in_a_batch(
    model: encoder.Encoder, pixels: torch.Tensor
) -> None:
    with torch.inference_mode():
        together = model.features(pixels)
        alone = torch.cat([model.features(pixels[i : i + 1]) for i in range(len(pixels))])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_a_saved_encoder_is_loaded_as_it_was(
    model: encoder.Encoder, saved: Path, pixels: torch.Tensor
) -> None:
    names = sorted(file.name for file in saved.iterdir())
    assert names == ["encoder.json", "encoder.safetensors"]
    loaded = encoder.load(str(saved))
    assert loaded.spec == SPEC
    assert not loaded.training
    with torch.inference_mode():
        for name, logits in loaded(pixels).items():
            torch.testing.assert_close(logits, model(pixels)[name], rtol=0, atol=0)


def test_the_description_survives_json() -> None:
    assert EncoderSpec.from_json(SPEC.to_json()) == SPEC
    assert list(json.loads(SPEC.to_json())["heads"]) == ["augmentation_class", "vehicle_type"]


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("heads", {"augmentation_class": ["a", "b"]}, "does not fit its description"),
        ("heads", {"augmentation_class": ["a", "b"], "vehicle_type": ["x", "y"]}, "size mismatch"),
        ("arch", "resnet34", "does not fit its description"),
    ],
)
def test_weights_that_do_not_fit_the_description_are_refused(
    saved: Path, tmp_path: Path, field: str, value: Any, message: str
) -> None:
    (tmp_path / "encoder.safetensors").symlink_to(saved / "encoder.safetensors")
    description = json.loads((saved / "encoder.json").read_text()) | {field: value}
    (tmp_path / "encoder.json").write_text(json.dumps(description))
    with pytest.raises(BundleError, match=message) as caught:
        encoder.load(str(tmp_path))
    assert str(tmp_path) in str(caught.value)


def test_a_missing_or_damaged_encoder_is_refused(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no encoder in"):
        encoder.load(str(tmp_path))
    (tmp_path / "encoder.json").symlink_to(saved / "encoder.json")
    with pytest.raises(BundleError, match="no encoder in"):
        encoder.load(str(tmp_path))
    weights = (saved / "encoder.safetensors").read_bytes()
    (tmp_path / "encoder.safetensors").write_bytes(weights[:5000])
    with pytest.raises(BundleError, match="damaged"):
        encoder.load(str(tmp_path))


def test_attribute_targets_are_indices_and_minus_one_where_unknown() -> None:
    columns: dict[str, list[Any]] = {
        "augmentation_class": ["c", "a", "b"],
        "vehicle_type": ["y", None, "zeppelin"],
    }
    targets = encoder.attribute_targets(SPEC, columns)
    assert targets["augmentation_class"].tolist() == [2, 0, 1]
    assert targets["vehicle_type"].tolist() == [1, -1, -1]
    assert targets["vehicle_type"].dtype == np.int64


MULTI = EncoderSpec("resnet18", 32, {"techniques": ("a", "b", "c")}, multi_label=("techniques",))


def test_targets_of_a_multi_label_head_are_yes_or_no() -> None:
    targets = encoder.attribute_targets(MULTI, {"techniques": [["c", "a"], [], ["b"]]})
    assert targets["techniques"].tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert targets["techniques"].dtype == np.float32
    assert encoder.attribute_targets(MULTI, {"techniques": []})["techniques"].shape == (0, 3)


def test_the_class_seen_is_the_likeliest_or_all_that_are_likely() -> None:
    logits = torch.tensor([[-1.0, 2.0, 0.5], [-1.0, -2.0, -0.5]])
    assert encoder.classes_seen(MULTI, {"techniques": logits}) == {
        "techniques": ["b + c", "original"]
    }
    assert encoder.classes_seen(SPEC, {"augmentation_class": logits}) == {
        "augmentation_class": ["b", "c"]
    }


def test_a_description_keeps_its_multi_label_heads() -> None:
    assert EncoderSpec.from_json(MULTI.to_json()) == MULTI
    before_they_existed = '{"arch": "resnet18", "model_size_px": 32, "heads": {"a": ["x"]}}'
    assert EncoderSpec.from_json(before_they_existed).multi_label == ()

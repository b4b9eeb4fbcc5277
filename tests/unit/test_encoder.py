"""The encoder: heads, the forward pass against torchvision's own, weights from every place."""

import json
from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
import torchvision
from safetensors import torch as safetensors_torch
from torchvision.transforms import functional

from emailimg import encoder
from emailimg.encoder_spec import EncoderSpec
from emailimg.errors import BundleError, ConfigError

SPEC = EncoderSpec(
    "resnet18", 32, {"augmentation_class": ("a", "b", "c"), "vehicle_type": ("x", "y")}
)
DOWNLOAD = "torchvision.models._api.load_state_dict_from_url"


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
def weights_file(reference: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(reference.state_dict(), file)
    return str(file)


@pytest.fixture(scope="module")
def model() -> encoder.Encoder:
    """An encoder from scratch, in evaluation mode."""
    return encoder.create(SPEC, "scratch").eval()


@pytest.fixture(scope="module")
def saved(model: encoder.Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `model` was saved to; do not change it."""
    folder = tmp_path_factory.mktemp("saved") / "encoder"
    encoder.save(model, str(folder))
    return folder


def same_backbone(model: encoder.Encoder, reference: torch.nn.Module) -> bool:
    theirs = reference.state_dict()
    return all(
        torch.equal(value, theirs[name]) for name, value in model.backbone.state_dict().items()
    )


def test_forward_equals_torchvisions_own_layers(
    weights_file: str, reference: torch.nn.Module, pixels: torch.Tensor
) -> None:
    model = encoder.create(SPEC, weights_file).eval()
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


def test_larger_architectures_have_wider_features(pixels: torch.Tensor) -> None:
    large = encoder.create(EncoderSpec("resnet50", 32, {"h": ("a", "b")}), "scratch").eval()
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


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_torchvisions_weights_file_is_a_start(
    tmp_path: Path, reference: torch.nn.Module, weights_file: str, suffix: str
) -> None:
    if suffix == ".safetensors":
        safetensors_torch.save_file(reference.state_dict(), tmp_path / "resnet18.safetensors")
        weights_file = str(tmp_path / "resnet18.safetensors")
    model = encoder.create(SPEC, weights_file)
    assert same_backbone(model, reference)
    assert {name: head.out_features for name, head in model.heads.items()} == {
        "augmentation_class": 3,
        "vehicle_type": 2,
    }


def test_an_encoder_of_ours_is_a_start_with_other_heads(
    model: encoder.Encoder, saved: Path
) -> None:
    other = EncoderSpec("resnet18", 64, {"colour": ("red", "blue")})
    started = encoder.create(other, str(saved / "encoder.safetensors"))
    assert same_backbone(started, model.backbone)
    assert list(started.heads) == ["colour"]


def test_weights_of_another_architecture_are_refused(weights_file: str) -> None:
    larger = EncoderSpec("resnet34", 32, SPEC.heads)
    with pytest.raises(ConfigError, match="do not fit resnet34"):
        encoder.create(larger, weights_file)


def test_missing_weights_are_refused_with_the_choices(tmp_path: Path) -> None:
    missing = str(tmp_path / "nothing.pth")
    with pytest.raises(ConfigError) as caught:
        encoder.create(SPEC, missing)
    for text in (missing, "`imagenet`", "`scratch`", ".safetensors", ".pth", "s3://"):
        assert text in str(caught.value)


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html>404</html>" * 50])
def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=name):
        encoder.create(SPEC, str(tmp_path / name))


class _Mischief:
    """Unpickling it writes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return (Path.touch, (self.target,))


@pytest.mark.parametrize("saved", ["mischief", "tensor", "nested"])
def test_a_pth_file_of_anything_else_is_refused_and_not_run(tmp_path: Path, saved: str) -> None:
    target = tmp_path / "was-run"
    contents = {
        "mischief": {"weights": _Mischief(target)},
        "tensor": torch.zeros(3),
        "nested": {"epoch": 3, "model": {"conv1.weight": torch.zeros(3)}},
    }
    torch.save(contents[saved], tmp_path / "weights.pth")
    with pytest.raises(ConfigError, match=r"weights\.pth"):
        encoder.create(SPEC, str(tmp_path / "weights.pth"))
    assert not target.exists()


def test_imagenet_without_a_network_names_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> Any:
        raise URLError("no route to host")

    monkeypatch.setattr(DOWNLOAD, unreachable)
    with pytest.raises(ConfigError) as caught:
        encoder.create(SPEC, "imagenet")
    for text in ("no route to host", "`imagenet`", "`scratch`", ".safetensors", "s3://"):
        assert text in str(caught.value)


def test_a_download_with_another_checksum_names_the_choices(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A proxy's login page, say; torch raises RuntimeError for it."""

    def replaced(*_: Any, **__: Any) -> Any:
        raise RuntimeError('invalid hash value (expected "f37072fd", got "0badf00d")')

    monkeypatch.setattr(DOWNLOAD, replaced)
    with pytest.raises(ConfigError, match="invalid hash"):
        encoder.create(SPEC, "imagenet")


def test_imagenet_weights_reach_the_backbone(
    monkeypatch: pytest.MonkeyPatch, reference: torch.nn.Module
) -> None:
    asked: list[str] = []

    def download(url: str, **options: Any) -> Any:
        asked.append(url)
        assert options["check_hash"]
        return reference.state_dict()

    monkeypatch.setattr(DOWNLOAD, download)
    assert same_backbone(encoder.create(SPEC, "imagenet"), reference)
    assert len(asked) == 1
    assert "resnet18" in asked[0]


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

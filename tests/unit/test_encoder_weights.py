"""Where weights come from: ImageNet by torchvision's names, files of every kind, and no pickles."""

from pathlib import Path
from typing import Any
from urllib.error import URLError

import pytest
import torch
import torchvision
from safetensors import torch as safetensors_torch

from emailimg import encoder, encoder_weights, storage
from emailimg.encoder_spec import EncoderSpec
from emailimg.errors import ConfigError

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
def weights_file(reference: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("weights") / "resnet18.pth"
    torch.save(reference.state_dict(), file)
    return str(file)


def same_backbone(model: encoder.Encoder, reference: torch.nn.Module) -> bool:
    theirs = reference.state_dict()
    return all(
        torch.equal(value, theirs[name]) for name, value in model.backbone.state_dict().items()
    )


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_torchvisions_weights_file_is_a_start(
    tmp_path: Path, reference: torch.nn.Module, weights_file: str, suffix: str
) -> None:
    if suffix == ".safetensors":
        safetensors_torch.save_file(reference.state_dict(), tmp_path / "resnet18.safetensors")
        weights_file = str(tmp_path / "resnet18.safetensors")
    model = encoder_weights.create(SPEC, weights_file)
    assert same_backbone(model, reference)
    assert {name: head.out_features for name, head in model.heads.items()} == {
        "augmentation_class": 3,
        "vehicle_type": 2,
    }


def test_an_encoder_of_ours_is_a_start_with_other_heads(tmp_path: Path) -> None:
    model = encoder.Encoder(SPEC)
    encoder.save(model, str(tmp_path))
    other = EncoderSpec("resnet18", 64, {"colour": ("red", "blue")})
    started = encoder_weights.create(other, str(tmp_path / "encoder.safetensors"))
    assert same_backbone(started, model.backbone)
    assert list(started.heads) == ["colour"]


def test_a_file_on_s3_is_a_start(
    reference: torch.nn.Module, weights_file: str, bucket: str
) -> None:
    location = f"{bucket}/weights/resnet18.pth"
    storage.write_bytes(location, Path(weights_file).read_bytes())
    assert same_backbone(encoder_weights.create(SPEC, location), reference)


def test_weights_of_another_architecture_are_refused(weights_file: str) -> None:
    larger = EncoderSpec("resnet34", 32, SPEC.heads)
    with pytest.raises(ConfigError, match="do not fit resnet34"):
        encoder_weights.create(larger, weights_file)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("imagenet", "resnet50-11ad3fa6.pth"),
        ("IMAGENET1K_V2", "resnet50-11ad3fa6.pth"),
        ("IMAGENET1K_V1", "resnet50-0676ba61.pth"),
        ("ResNet50_Weights.IMAGENET1K_V1", "resnet50-0676ba61.pth"),
    ],
)
def test_torchvisions_names_choose_its_weights(
    monkeypatch: pytest.MonkeyPatch, name: str, file: str
) -> None:
    asked: list[str] = []

    def download(url: str, **_: Any) -> Any:
        asked.append(url)
        return torchvision.models.resnet50().state_dict()

    monkeypatch.setattr(DOWNLOAD, download)
    encoder_weights.create(EncoderSpec("resnet50", 32, SPEC.heads), name)
    assert [url.rpartition("/")[2] for url in asked] == [file]


@pytest.mark.parametrize("name", ["IMAGENET1K_V2", "ResNet50_Weights.DEFAULT", "imagnet", ""])
def test_an_unknown_name_is_refused_with_the_accepted_ones(name: str) -> None:
    with pytest.raises(ConfigError, match="IMAGENET1K_V1") as caught:
        encoder_weights.check("resnet18", name)
    assert "`scratch`" in str(caught.value)


def test_missing_weights_are_refused_with_the_choices(tmp_path: Path) -> None:
    missing = str(tmp_path / "nothing.pth")
    with pytest.raises(ConfigError) as caught:
        encoder_weights.create(SPEC, missing)
    for text in (missing, "`imagenet`", "`scratch`", ".safetensors", ".pth", "s3://"):
        assert text in str(caught.value)


@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("content", [b"", b"<html>404</html>" * 50])
def test_a_file_that_holds_no_weights_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match=name):
        encoder_weights.create(SPEC, str(tmp_path / name))


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
        encoder_weights.create(SPEC, str(tmp_path / "weights.pth"))
    assert not target.exists()


def test_imagenet_without_a_network_names_the_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> Any:
        raise URLError("no route to host")

    monkeypatch.setattr(DOWNLOAD, unreachable)
    with pytest.raises(ConfigError) as caught:
        encoder_weights.create(SPEC, "imagenet")
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
        encoder_weights.create(SPEC, "imagenet")


def test_imagenet_weights_reach_the_backbone(
    monkeypatch: pytest.MonkeyPatch, reference: torch.nn.Module
) -> None:
    asked: list[str] = []

    def download(url: str, **options: Any) -> Any:
        asked.append(url)
        assert options["check_hash"]
        return reference.state_dict()

    monkeypatch.setattr(DOWNLOAD, download)
    assert same_backbone(encoder_weights.create(SPEC, "imagenet"), reference)
    assert len(asked) == 1
    assert "resnet18" in asked[0]

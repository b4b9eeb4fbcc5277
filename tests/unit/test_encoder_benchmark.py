"""The comparison of ways to run the encoder: all compute the same, and what is missing is named."""

import sys

import numpy as np
import pytest
import torch

from tests.benchmarks import __main__ as command
from tests.benchmarks import encoder_speed, forward_passes


@pytest.mark.parametrize("name", ["eager, contiguous", "ours", "ours, bfloat16"])
def test_a_contender_computes_what_the_yardstick_does(name: str) -> None:
    pixels = encoder_speed._squares("resnet18", 2)
    expected = forward_passes.eager(encoder_speed._encoder("resnet18"))(pixels)
    found = forward_passes.ALL[name](encoder_speed._encoder("resnet18"))(pixels)
    tolerance = 0.05 if "bfloat16" in name else 1e-4
    np.testing.assert_allclose(found, expected, atol=tolerance * expected.max())


def test_every_contender_there_is_gets_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ("eager, channels_last", "ours", "ONNX Runtime")
    monkeypatch.setattr(forward_passes, "ALL", {n: forward_passes.ALL[n] for n in names})
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # as if not installed
    before = torch.get_num_threads()
    try:
        result = encoder_speed.side_by_side(["resnet18"], [1], rounds=1, compile_too=False)
    finally:
        torch.set_num_threads(before)
    assert "| ours " in result["text"]
    assert "ONNX Runtime" not in result["text"]
    assert "left out: ONNX Runtime" in capsys.readouterr().err


def test_its_options_are_for_it_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert command._parse(["--encoder", "--archs", "resnet34"]).archs == ["resnet34"]
    with pytest.raises(SystemExit):
        command._parse(["--rounds-of-each", "3"])
    assert "--rounds-of-each is for --encoder" in capsys.readouterr().err

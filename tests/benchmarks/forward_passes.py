"""Ways to run the encoder's forward pass on a CPU, beside the one that `Embedder` uses.

Each takes an encoder and returns a function of uint8 (N, S, S, 3) to float32 (N, F). ONNX Runtime,
OpenVINO and NNCF are no dependencies of ours: where they are not installed, they are left out.
"""

import io
import logging
from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from emailimg import fast_encoder
from emailimg.encoder import Encoder

Pass = Callable[[np.ndarray], np.ndarray]
_CALIBRATION_BATCHES = 20


def eager(model: Encoder) -> Pass:
    """As `Encoder` is: channels_last."""
    return _of_torch(model.features)


def contiguous(model: Encoder) -> Pass:
    model.to(memory_format=torch.contiguous_format)
    return _of_torch(lambda x: model.backbone(model.normalise(x).contiguous()))


def eager_bfloat16(model: Encoder) -> Pass:
    model.backbone.bfloat16()
    return _of_torch(lambda x: model.backbone(model.normalise(x).bfloat16()))


def ours(model: Encoder) -> Pass:
    return _of_torch(fast_encoder.features(model))


def ours_bfloat16(model: Encoder) -> Pass:
    return _of_torch(fast_encoder.features(model, torch.bfloat16))


def torch_script(model: Encoder) -> Pass:
    traced = torch.jit.trace(_Features(model).eval(), _example(model, 8))
    return _of_torch(torch.jit.optimize_for_inference(torch.jit.freeze(traced)))


def compiled(model: Encoder) -> Pass:
    """With frozen weights; needs a C++ compiler, and compiles anew for every batch size."""
    import torch._inductor.config

    torch._inductor.config.freezing = True
    return _of_torch(torch.compile(_Features(model).eval(), dynamic=False))


def onnx_runtime(model: Encoder) -> Pass:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    # Else its threads turn in a circle for a while, and take the cores of who comes next.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    session = onnxruntime.InferenceSession(_onnx(model), options, ["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"pixels": pixels})[0]


def openvino_float32(model: Encoder) -> Pass:
    return _openvino(model, "f32")


def openvino_bfloat16(model: Encoder) -> Pass:
    return _openvino(model, "bf16")


def openvino_int8(model: Encoder) -> Pass:
    """Quantised after training; calibrated on noise, which is enough to measure the speed."""
    return _openvino(model, "f32", quantised=True)


ALL: dict[str, Callable[[Encoder], Pass]] = {
    "eager, channels_last": eager,
    "eager, contiguous": contiguous,
    "eager, bfloat16": eager_bfloat16,
    "TorchScript, frozen": torch_script,
    "torch.compile, frozen": compiled,
    "ONNX Runtime": onnx_runtime,
    "OpenVINO": openvino_float32,
    "OpenVINO, bfloat16": openvino_bfloat16,
    "OpenVINO, int8": openvino_int8,
    "ours": ours,
    "ours, bfloat16": ours_bfloat16,
}


class _Features(nn.Module):
    """`Encoder.features` as a module, which the converters ask for."""

    def __init__(self, model: Encoder) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return self.model.features(pixels)


def _of_torch(function: Callable[[torch.Tensor], torch.Tensor]) -> Pass:
    @torch.inference_mode()
    def run(pixels: np.ndarray) -> np.ndarray:
        return function(torch.from_numpy(pixels)).float().numpy()

    return run


def _example(model: Encoder, count: int) -> torch.Tensor:
    side = model.spec.model_size_px
    return torch.zeros(count, side, side, 3, dtype=torch.uint8)


def _onnx(model: Encoder) -> bytes:
    file = io.BytesIO()
    torch.onnx.export(
        _Features(model.to(memory_format=torch.contiguous_format)).eval(),
        (_example(model, 2),),
        file,
        input_names=["pixels"],
        dynamic_axes={"pixels": {0: "images"}},
        dynamo=False,
    )
    return file.getvalue()


def _openvino(model: Encoder, precision: str, quantised: bool = False) -> Pass:
    import openvino

    module = _Features(model.to(memory_format=torch.contiguous_format)).eval()
    network = openvino.convert_model(module, example_input=_example(model, 2))
    if quantised:
        network = _quantise(network, model.spec.model_size_px)
    settings = {
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
        "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY",
    }
    request = openvino.Core().compile_model(network, "CPU", settings).create_infer_request()
    return lambda pixels: request.infer({0: pixels})[0].copy()


def _quantise(network: object, side_px: int) -> object:
    import nncf

    logging.getLogger("nncf").setLevel(logging.ERROR)
    rng = np.random.default_rng(0)
    shape = (4, side_px, side_px, 3)
    batches = [rng.integers(0, 256, shape, np.uint8) for _ in range(_CALIBRATION_BATCHES)]
    return nncf.quantize(network, nncf.Dataset(batches), subset_size=_CALIBRATION_BATCHES)

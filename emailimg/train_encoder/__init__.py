"""The encoder stage: Ray Train fine-tunes the ResNet on the images' attributes, data-parallel.

Every epoch ends with a checkpoint; the best one by validation accuracy becomes the encoder. The
same command after an interruption continues from the newest checkpoint: the stage keeps what an
interrupted run of the same settings left in its folder.

Output folder: encoder.safetensors, encoder.json, history.json; tensorboard/ holds the curves for
TensorBoard, runs/ the newest and the best checkpoint.
"""

from emailimg.train_encoder.stage import build, needs

__all__ = ["build", "needs"]

"""The same model behind LitServe: `python -m tests.benchmarks.serving.litserve_server`.

LitServe (`pip install litserve`) batches as our embedder does. It has one endpoint: score.
"""

import argparse
from typing import Any

import litserve
from fastapi import Request

from emailimg import bundle, predict
from emailimg.predict import Upload, Versions
from emailimg.question import Question, parse_question

_MAX_BATCH = 8
_BATCH_WAIT_S = 0.001

Asked = tuple[Question, Upload]


class ScoreAPI(litserve.LitAPI):
    """Decode, embed a batch, classify, encode."""

    def __init__(self, location: str) -> None:
        super().__init__(
            max_batch_size=_MAX_BATCH, batch_timeout=_BATCH_WAIT_S, api_path="/v1/score"
        )
        self._location = location

    def setup(self, device: str) -> None:
        loaded = bundle.load(self._location)
        self._targets = loaded.config.targets
        self._limits = loaded.config.images
        self._embedder = loaded.embedder(threads=1)
        self._classifiers = loaded.classifiers()

    def decode_request(self, request: Request) -> Asked:
        """LitServe reads the type as that of its endpoint, and passes the form."""
        texts = [str(request[name]) for name in ("target", "campaign_type", "industry")]
        data: bytes = request["image"].file.read()
        return parse_question(self._targets, *texts), predict.read_upload(data, self._limits)

    def predict(self, batch: list[Asked]) -> list[dict[str, Any]]:
        versions = [Versions(upload.pixels) for _, upload in batch]
        embedded = predict.embed_versions(self._embedder, versions)
        answers = []
        for (question, upload), look in zip(batch, embedded, strict=True):
            found = [predict.prediction(self._classifiers, question, look.embeddings)]
            answers.append(predict.score_of([question], upload.image_id, look, found).as_json())
        return answers

    def encode_response(self, output: dict[str, Any]) -> dict[str, Any]:
        return output

    def batch(self, inputs: list[Asked]) -> list[Asked]:
        return inputs

    def unbatch(self, output: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return output


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    server = litserve.LitServer(
        ScoreAPI(options.bundle), accelerator="cpu", healthcheck_path="/readyz"
    )
    server.run(host="127.0.0.1", port=options.port, log_level="warning", generate_client_file=False)


if __name__ == "__main__":
    main()

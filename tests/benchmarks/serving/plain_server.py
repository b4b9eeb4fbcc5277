"""The same model behind plain FastAPI and uvicorn, to be run with a bundle and a port.

What somebody would write in an hour: one process, the library's `Predictor`, an endpoint each, no
batches. Requests are answered by threads, as FastAPI does it for functions that are not async.
"""

import argparse
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, File, Form

from emailimg import bundle
from emailimg.predict import Predictor
from emailimg.recommender import Wishes


def build(location: str) -> FastAPI:
    predictor = Predictor(bundle.load(location), threads=1)
    app = FastAPI()

    @app.post("/v1/score")
    def score(
        image: Annotated[bytes, File()],
        target: Annotated[str, Form()],
        campaign_type: Annotated[str, Form()],
        industry: Annotated[str, Form()],
    ) -> dict[str, Any]:
        return predictor.score(image, target, campaign_type, industry).as_json()

    @app.post("/v1/recommend")
    def recommend(
        image: Annotated[bytes, File()],
        target: Annotated[str, Form()],
        campaign_type: Annotated[str, Form()],
        industry: Annotated[str, Form()],
        suggest: Annotated[str, Form()],
    ) -> dict[str, Any]:
        wishes = Wishes(suggest=tuple(suggest.split(",")))  # type: ignore[arg-type]
        found = predictor.recommend(image, target, campaign_type, industry, wishes=wishes)
        return found.as_json()

    @app.get("/readyz")
    def ready() -> str:
        return "ok"

    return app


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("bundle")
    parser.add_argument("port", type=int)
    options = parser.parse_args()
    uvicorn.run(build(options.bundle), host="127.0.0.1", port=options.port, log_level="warning")


if __name__ == "__main__":
    main()

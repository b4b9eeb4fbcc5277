"""A head's dashboard, as its clients see it: Ray's state API and the one behind `serve deploy`."""

from contextlib import suppress
from typing import Any

import httpx


class Dashboard:
    """With the token of its cluster."""

    def __init__(self, port: int, token: str) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        )

    def listed(self, kind: str) -> list[dict[str, Any]]:
        """What Ray knows of `tasks`, `actors` or `nodes`, ended ones included."""
        answer = self._client.get(f"/api/v0/{kind}", params={"limit": 10_000}).raise_for_status()
        return answer.json()["data"]["result"]["result"]

    def deploy(self, settings: dict[str, Any]) -> None:
        """What `serve deploy` does with a config file of these settings."""
        self._client.put("/api/serve/applications/", json=settings).raise_for_status()

    def replicas(self) -> list[dict[str, Any]]:
        """Of the one application, those that start and those that end included."""
        answer = self._client.get("/api/serve/applications/").raise_for_status()
        [application] = answer.json()["applications"].values()
        return [
            {"deployment": name} | replica
            for name, deployment in application["deployments"].items()
            for replica in deployment["replicas"]
        ]

    def end_service(self) -> None:
        """And Serve with it."""
        self._client.delete("/api/serve/applications/").raise_for_status()

    def proxies(self) -> dict[str, str]:
        """Their states by the ids of their nodes."""
        answer = self._client.get("/api/serve/applications/").raise_for_status()
        return {node: proxy["status"] for node, proxy in answer.json()["proxies"].items()}

    def alive(self) -> set[str]:
        """Ids of the nodes that are; none while there is no dashboard yet."""
        with suppress(httpx.HTTPError):
            return {node["node_id"] for node in self.listed("nodes") if node["state"] == "ALIVE"}
        return set()

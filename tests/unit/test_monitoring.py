"""The Grafana dashboard asks for metrics that exist, and Prometheus finds them."""

import json
import re
from itertools import combinations
from pathlib import Path

import pytest
import ray
from cluster_files import FOLDER, read
from ray._private import ray_constants

from serve_app import observation

RAY = Path(ray.__file__).parent
BOARD = json.loads((FOLDER / "grafana-service.json").read_text())
PANELS = BOARD["panels"]
METRIC = re.compile(r"\b(?:ray|autoscaler)_\w+")
KIND = re.compile(r"_(total|bucket|count|sum)$")


def expressions() -> list[str]:
    asked = [target["expr"] for panel in PANELS for target in panel.get("targets", ())]
    return asked + [
        each["definition"] for each in BOARD["templating"]["list"] if "definition" in each
    ]


def asked_for(prefix: str) -> set[str]:
    """Metrics of the dashboard, as Prometheus has them, that begin so."""
    names = {name for expression in expressions() for name in METRIC.findall(expression)}
    return {name for name in names if name.startswith(prefix)}


def declared(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """The service's metrics as Ray exports them, with their labels; and which are histograms."""
    labels: dict[str, tuple[str, ...]] = {}
    histograms = set()

    def counter(name: str, _: str, tags: tuple[str, ...] = ()) -> None:
        labels[f"ray_{name}_total"] = tags

    def histogram(name: str, _: str, _bounds: list[float], tags: tuple[str, ...] = ()) -> None:
        labels[f"ray_{name}_bucket"] = tags
        histograms.add(f"ray_{name}")

    monkeypatch.setattr(observation, "Counter", counter)
    monkeypatch.setattr(observation, "Histogram", histogram)
    observation.Metrics()
    return labels, histograms


def test_the_service_declares_what_is_asked_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, _ = declared(monkeypatch)
    asked = asked_for("ray_emailimg_")
    assert len(asked) >= 6
    assert asked <= labels.keys()


def test_labels_are_those_that_the_service_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, _ = declared(monkeypatch)
    for expression in expressions():
        for metric, selector in re.findall(r"(ray_emailimg_\w+)\{([^}]*)\}", expression):
            named = set(re.findall(r"(\w+)=~?\"", selector))
            assert named <= set(labels[metric]), expression


def test_means_are_not_of_a_histograms_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray exports that from the middles of the buckets."""
    _, histograms = declared(monkeypatch)
    for histogram in histograms:
        assert not any(f"{histogram}_sum" in expression for expression in expressions())


def test_serve_has_the_metrics_that_are_asked_of_it() -> None:
    source = "".join(file.read_text() for file in (RAY / "serve" / "_private").glob("*.py"))
    asked = asked_for("ray_serve_")
    assert len(asked) >= 5
    for metric in asked:
        name = KIND.sub("", metric.removeprefix("ray_"))
        spellings = {f'"{name}"', f'f"{name.replace("http", "{protocol_name}", 1)}"'}
        assert any(spelling in source for spelling in spellings), metric


def test_rays_own_dashboards_ask_for_the_same_of_machines() -> None:
    folder = RAY / "dashboard" / "modules" / "metrics" / "dashboards"
    known = METRIC.findall((folder / "default_dashboard_panels.py").read_text())
    for metric in asked_for("ray_node_") | asked_for("autoscaler_"):
        assert metric in known


def test_nothing_else_is_asked_for() -> None:
    known = ("ray_emailimg_", "ray_serve_", "ray_node_", "autoscaler_")
    assert all(name.startswith(known) for name in asked_for(""))


@pytest.mark.parametrize(
    "words",
    ["p50", "p95", "p99", "Requests/s", "Errors", "Queue", "Replicas", "Drift", "cache"],
)
def test_it_shows(words: str) -> None:
    assert any(words in json.dumps(panel) for panel in PANELS)


def test_grafana_can_import_it() -> None:
    assert BOARD["schemaVersion"] >= 36
    assert BOARD["title"]
    assert "id" not in BOARD, "Grafana gives one"
    ids = [panel["id"] for panel in PANELS]
    assert len(ids) == len(set(ids))
    variables = {variable["name"] for variable in BOARD["templating"]["list"]}
    for panel in PANELS:
        assert {"type", "title", "gridPos"} <= panel.keys()
        refs = [target["refId"] for target in panel.get("targets", ())]
        assert len(refs) == len(set(refs))
        used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps(panel)))
        assert used <= variables


def test_panels_do_not_cover_each_other() -> None:
    places = [panel["gridPos"] for panel in PANELS]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        assert not overlap(one, other), (one, other)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    def meet(start: str, length: str) -> bool:
        return one[start] < other[start] + other[length] and other[start] < one[start] + one[length]

    return meet("x", "w") and meet("y", "h")


@pytest.mark.parametrize("expression", expressions())
def test_brackets_close(expression: str) -> None:
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)
    assert expression.count('"') % 2 == 0


def test_prometheus_reads_the_list_that_ray_writes() -> None:
    [job] = read("prometheus.yaml")["scrape_configs"]
    [found] = job["file_sd_configs"]
    [file] = found["files"]
    assert Path(file).name == ray_constants.PROMETHEUS_SERVICE_DISCOVERY_FILE


def test_machines_export_metrics_at_a_port_that_is_known() -> None:
    for cluster in ("aws.yaml", "local.yaml"):
        for key in ("head_start_ray_commands", "worker_start_ray_commands"):
            assert "--metrics-export-port=8080" in read(cluster)[key][-1]

"""What KubeRay 1.7 accepts at the levels of its RayJob and RayService that our manifests use.

Taken by hand from the definitions that KubeRay publishes (`helm-chart/kuberay-operator/crds`,
version v1), which have 60,000 lines, most of them Kubernetes' own pods. Fields are `name` or, where
they must be there, `name!`; a level is found by the path that leads to it, `*` for items of a list.
Values are not checked beyond being of the kind that a nested level says, and those in `CHOICES`.
"""

from collections.abc import Iterator
from typing import Any

_CLUSTER = """authOptions autoscalerOptions enableInTreeAutoscaling gcsFaultToleranceOptions
    headGroupSpec! headServiceAnnotations historyServerOptions managedBy networkPolicy rayVersion
    suspend tlsOptions upgradeStrategy workerGroupSpecs"""
_POD = """activeDeadlineSeconds affinity automountServiceAccountToken containers! dnsConfig
    dnsPolicy enableServiceLinks ephemeralContainers hostAliases hostIPC hostNetwork hostPID
    hostUsers hostname hostnameOverride imagePullSecrets initContainers nodeName nodeSelector os
    overhead preemptionPolicy priority priorityClassName readinessGates resourceClaims resources
    restartPolicy runtimeClassName schedulerName schedulingGates schedulingGroup securityContext
    serviceAccount serviceAccountName setHostnameAsFQDN shareProcessNamespace subdomain
    terminationGracePeriodSeconds tolerations topologySpreadConstraints volumes"""
_CONTAINER = """args command env envFrom image imagePullPolicy lifecycle livenessProbe name! ports
    readinessProbe resizePolicy resources restartPolicy restartPolicyRules securityContext
    startupProbe stdin stdinOnce terminationMessagePath terminationMessagePolicy tty volumeDevices
    volumeMounts workingDir"""
_IN_POD = {
    "template": "metadata spec",
    "template/spec": _POD,
    "template/spec/containers/*": _CONTAINER,
    "template/spec/containers/*/ports/*": "containerPort! hostIP hostPort name protocol",
    "template/spec/containers/*/resources": "claims limits requests",
    "template/spec/containers/*/volumeMounts/*": """mountPath! mountPropagation name! readOnly
        recursiveReadOnly subPath subPathExpr""",
    "template/spec/tolerations/*": "effect key operator tolerationSeconds value",
}
_IN_CLUSTER = {
    "": _CLUSTER,
    "authOptions": "enableK8sTokenAuth mode secretName",
    "autoscalerOptions": """args command env envFrom idleTimeoutSeconds image imagePullPolicy
        resources securityContext upscalingMode version volumeMounts""",
    "headGroupSpec": """enableIngress headService ingressOptions labels rayStartParams resources
        serviceType template!""",
    "workerGroupSpecs/*": """groupName! idleTimeoutSeconds labels maxReplicas! minReplicas!
        numOfHosts priority rayStartParams replicas resources scaleStrategy suspend template!""",
    **{f"headGroupSpec/{path}": fields for path, fields in _IN_POD.items()},
    **{f"workerGroupSpecs/*/{path}": fields for path, fields in _IN_POD.items()},
}
_SPECS = {
    "RayJob": {
        "": """activeDeadlineSeconds backoffLimit clusterSelector deletionStrategy entrypoint
            entrypointNumCpus entrypointNumGpus entrypointResources jobId managedBy metadata
            preRunningDeadlineSeconds rayClusterSpec runtimeEnvYAML shutdownAfterJobFinishes
            submissionMode submitterConfig submitterPodTemplate suspend ttlSecondsAfterFinished""",
        **{f"rayClusterSpec/{path}".rstrip("/"): fields for path, fields in _IN_CLUSTER.items()},
    },
    "RayService": {
        "": """deploymentUnhealthySecondThreshold excludeHeadPodFromServeSvc managedBy
            rayClusterConfig! rayClusterDeletionDelaySeconds serveConfigV2 serveService
            serviceUnhealthySecondThreshold suspend upgradeStrategy""",
        **{f"rayClusterConfig/{path}".rstrip("/"): fields for path, fields in _IN_CLUSTER.items()},
    },
}
CHOICES = {"mode": {"disabled", "token"}, "version": {"v1", "v2"}}


def complaints(manifest: dict[str, Any]) -> list[str]:
    """What KubeRay would refuse, or drop without a word, in a RayJob or RayService."""
    spec = manifest["spec"]
    found = []
    for path, fields in _SPECS[manifest["kind"]].items():
        names = {field.rstrip("!") for field in fields.split()}
        required = {field.rstrip("!") for field in fields.split() if field.endswith("!")}
        for where, level in _levels(spec, path.split("/") if path else [], "spec"):
            if not isinstance(level, dict):
                found.append(f"{where} is no mapping")
                continue
            found += [f"{where}.{name} is unknown" for name in level.keys() - names]
            found += [f"{where}.{name} is missing" for name in required - level.keys()]
            found += [
                f"{where}.{name} is {level[name]!r}"
                for name, accepted in CHOICES.items()
                if level.get(name, next(iter(accepted))) not in accepted
            ]
    return sorted(found)


def _levels(value: Any, path: list[str], where: str) -> Iterator[tuple[str, Any]]:
    """Every value that a path leads to, with where it is."""
    if not path:
        yield where, value
        return
    step, rest = path[0], path[1:]
    if step == "*" and isinstance(value, list):
        for place, item in enumerate(value):
            yield from _levels(item, rest, f"{where}[{place}]")
    elif isinstance(value, dict) and step in value:
        yield from _levels(value[step], rest, f"{where}.{step}")

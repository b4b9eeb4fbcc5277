"""Where a replica's encoder runs: on the GPU that Ray gave it, else on the CPU."""

import ray


def granted() -> str:
    """`cuda` in a replica that was deployed with `num_gpus`, else `cpu`.

    Not by `torch.cuda.is_available()`: a replica that asked for no GPU may still see one, and would
    take memory that Ray has promised to others.
    """
    if not ray.is_initialized():
        return "cpu"
    gpus = ray.get_runtime_context().get_accelerator_ids().get("GPU", [])
    return "cuda" if gpus else "cpu"

"""The spaces that are searched unless a file says otherwise."""

from emailimg.config import Config
from emailimg.tuning.space import Categorical, Continuous, Integer, Space

# Of the peak learning rate for a batch of 64; the optimisers' useful ranges are decades apart.
_LEARNING_RATES = {
    "sgd": Continuous(min=1e-3, max=0.5, scale="log"),
    "adamw": Continuous(min=1e-4, max=2e-2, scale="log"),
}
_WEIGHT_DECAYS = {
    "sgd": Continuous(min=1e-5, max=1e-2, scale="log"),
    "adamw": Continuous(min=1e-3, max=0.5, scale="log"),
}
_ARCHITECTURES = ("resnet18", "resnet34", "resnet50")


def of_encoder(config: Config) -> Space:
    """How the network is trained, and its depth where the start of its weights leaves a choice."""
    settings = config.encoder
    space: Space = {
        "encoder.learning_rate": _LEARNING_RATES[settings.optimizer],
        "encoder.weight_decay": _WEIGHT_DECAYS[settings.optimizer],
        "encoder.batch_size": _batch_sizes(config),
    }
    if settings.optimizer == "sgd":  # AdamW has none
        space["encoder.momentum"] = Continuous(min=0.5, max=0.98)
    if "/" not in settings.weights and "." not in settings.weights:  # a file is of one depth
        space["encoder.arch"] = Categorical(values=_ARCHITECTURES)
    return space


def of_classifiers(config: Config) -> Space:
    """The boosters' depth, learning rate, rounds and regularisation."""
    rounds = config.classifiers.rounds
    return {
        "classifiers.max_depth": Integer(min=2, max=7),
        "classifiers.learning_rate": Continuous(min=0.02, max=0.3, scale="log"),
        # At most so many: early stopping on the validation rows ends sooner.
        "classifiers.rounds": Integer(min=max(1, rounds // 4), max=rounds * 2, scale="log"),
        "classifiers.min_child_weight": Continuous(min=1.0, max=50.0, scale="log"),
        "classifiers.subsample": Continuous(min=0.5, max=1.0),
        "classifiers.colsample_bytree": Continuous(min=0.3, max=1.0),
        "classifiers.reg_lambda": Continuous(min=0.1, max=20.0, scale="log"),
    }


def of_both(config: Config) -> Space:
    """Encoder, what of it the classifiers see, and the classifiers."""
    embedding: Space = {"embed.kind": Categorical(values=("logits", "pooled"))}
    return of_encoder(config) | embedding | of_classifiers(config)


def _batch_sizes(config: Config) -> Categorical:
    """Halves and doubles of the config's, each a whole share for every worker."""
    workers = config.encoder.num_workers
    share = config.encoder.batch_size // workers
    shares = sorted({max(1, share // 2), share, share * 2})
    return Categorical(values=tuple(one * workers for one in shares))

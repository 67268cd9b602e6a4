"""The samples of a registry, for comparison."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """The value of one sample; None if there is none."""
    return registry.get_sample_value(f"refilld_{name}", labels)


def above_zero(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """The samples of a name that are not zero, by their label values in order of the label names."""
    return {
        tuple(text for _, text in sorted(sample.labels.items())): sample.value
        for family in registry.collect()
        for sample in family.samples
        if sample.name == f"refilld_{name}" and sample.value
    }


def samples(registry: CollectorRegistry, names: Iterable[str]) -> list[str]:
    """One line for each sample whose name begins with one of these names."""
    beginnings = tuple(f"refilld_{name}" for name in names)
    return [
        f"{sample.name}{sample.labels}"
        for family in registry.collect()
        for sample in family.samples
        if sample.name.startswith(beginnings)
    ]

"""What the many conditions of `effects` say together: all, those never trained on, edges beside no edges."""

import statistics

# Drawn by lot before training began: sorted(random.Random(21).sample(list(benchmarks.effects.CONDITIONS), 6)).
HELD_OUT_CONDITIONS = ("engraving", "glow", "halftone", "marker", "stretched", "turned-90")
EDGES = ("edge-1px", "edge-3px")
NO_EDGE = "no-edge"  # the same words as in `EDGES`, without the edge
NO_CONDITIONS = ("effects", NO_EDGE, "spells its family", "other text")


def over_conditions(by: dict[str, dict]) -> dict[str, dict]:
    """Means over conditions, each counted the same, of a summary's groups (`fontid.evaluation.folders.summarise`)."""
    drawn = [name for name in by if name not in NO_CONDITIONS]
    sets = {
        "all_conditions": drawn,
        "held_out_conditions": [name for name in drawn if name in HELD_OUT_CONDITIONS],
        "edges": [name for name in drawn if name in EDGES],
        "without_edges": [name for name in by if name == NO_EDGE],
    }
    return {name: mean_of([by[one] for one in ones]) | {"conditions": ones} for name, ones in sets.items() if ones}


def mean_of(parts: list[dict]) -> dict:
    """Counts added; fractions 0-1 averaged."""

    def mean(value_of) -> float:
        return round(statistics.mean(map(value_of, parts)), 4)

    accuracy = {
        kind: {top: mean(lambda part, kind=kind, top=top: part[kind][top]) for top in parts[0][kind]}
        for kind in ("strict", "twins")
    }
    return {"n": sum(part["n"] for part in parts), **accuracy, "refused": mean(lambda part: part["refused"])}

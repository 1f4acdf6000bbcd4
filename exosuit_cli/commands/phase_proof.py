"""The proof that a phase needs before it is set: the tree that is loaded, and what became of it."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.commands.phase_tree import draw_trees, sample_trees
from exosuit_cli.commands.requests import options_by
from exosuit_cli.config.options import WalkOptions
from exosuit_cli.context.plan import budgets_of, plan_phase
from exosuit_cli.context.proof import Proof, ProofRequest, prove
from exosuit_cli.context.scratch import Scratch, scratch_directory
from exosuit_cli.model.encodings import DEFAULT_ENCODING

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.config import Phase, Settings
    from exosuit_cli.context.phases import PhaseHistory, PhaseMachine

ASSUMED_BYTES_PER_TOKEN: Final = 6.0
"""For a phase that is set without a proof: more than a token of code takes, with what its chunk takes beside it."""


def prove_phase(
    source: str | None,
    seed: int,
    settings: Settings,
    phase: Phase,
    directory: str,
    history: PhaseHistory,
    machine: PhaseMachine,
    soak_seconds: float,
    tell: Callable[[str], None],
) -> Proof:
    """Load a copy of the tree `source`, or one drawn by `seed`, as large as the phase, and measure what it promises.

    directory: where there is room for a scratch directory, which is removed. Raises OutputError and UsageError.
    """
    encoding = settings.scan.encoding or DEFAULT_ENCODING
    with scratch_directory(directory) as place:
        if source is None:
            tell("writing a tree to load")
            work = draw_trees(place, phase.token_limit, settings.baseline_token_limit, seed)
        else:
            work = sample_trees(
                place,
                source,
                phase.token_limit,
                settings.baseline_token_limit,
                replace(options_by(settings, {}), encoding=encoding),
                lambda progress: tell(f"scanning {source}: {progress.done:,} of {progress.listed:,} files"),
            )
        options = replace(
            options_by(settings, {}),
            walk=WalkOptions(ignore=False),  # a copy has no rules of its own, and those above are another tree's
            max_file_size=0,
            batch_files=phase.batch_files,
        )
        work = f"{work}, {settings.baseline_token_limit} tokens of {encoding}"
        return prove(
            ProofRequest(
                phase=phase,
                scratch=Scratch(place, phase.token_limit, ChunkOptions(encoding=encoding), options),
                budgets=budgets_of(settings),
                source=work,
                state=machine.state,
                baseline=history.baseline(work, machine.state),
                least_share=settings.phase_load_share,
                seed=seed,
                soak_seconds=soak_seconds,
            ),
            tell,
        )


def plan_refusal(settings: Settings, phase: Phase) -> str | None:
    """Why the machine cannot hold a phase, at the bytes that a token is assumed to take; None if it can."""
    assumed = ASSUMED_BYTES_PER_TOKEN
    plan = plan_phase(phase.token_limit, assumed, assumed, budgets_of(settings))
    return plan.refusal(f"phase {phase.phase} ({phase.name})")


def figures_of(proof: Proof) -> dict[str, Any]:
    """The figures as they are stored and reported."""
    figures = asdict(proof)
    figures["criteria"] = [asdict(criterion) for criterion in proof.criteria]
    if proof.soak is not None:
        figures["soak"]["growth_bytes"] = proof.soak.growth_bytes
    figures["plan"] |= {"needed_bytes": proof.plan.needed_bytes, "held_tokens": proof.plan.held_tokens}
    return figures

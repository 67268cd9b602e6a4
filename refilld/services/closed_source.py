"""What operators read about a source that may not look now: until when and why, and what they can do."""

from monitor.model.time_words import second
from monitor.sources.source_state import SourceState


def closed_words(name: str, state: SourceState) -> str:
    """Why a source may not look, and until when."""
    if state.until is None:
        return f"{name} is stopped: {state.why}"
    if state.state == "waiting":
        return f"the platform asks {name} to wait until {second(state.until)}Z"
    return f"{name} is paused until {second(state.until)}Z: {state.why}"


def closed_remedy(name: str, state: SourceState) -> str:
    """What an operator can do; a wait that the platform asked for is best kept."""
    resume = f"refilld sources resume {name}"
    if state.until is None:
        return f"find out why, wait some hours, then {resume}"
    return (
        "it goes on by itself" if state.platform_waits else f"it goes on by itself; {resume} does so at once"
    )

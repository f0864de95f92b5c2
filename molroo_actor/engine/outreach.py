"""What a character says when it reaches out by itself."""

from molroo_actor.engine.params import Params
from molroo_actor.engine.proactive import Urge
from molroo_actor.engine.state import State


def compose(params: Params, state: State, urge: Urge) -> str:
    """The message in the character's voice."""
    return f"{params.persona.identity.name}: {urge.reason}"

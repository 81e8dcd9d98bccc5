"""Who is at the page, as whoever mounts it says, and whether they may act."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may look."""

    id: str  # never given to two people; forms are bound to it
    name: str  # what the audit says


#: Returns who asks, None for somebody unknown. May raise Starlette's HTTPException.
Who = Callable[[Request], Awaitable[Person | None]]
#: Tells whether the one who asks may change anything.
MayAct = Callable[[Request, Person], Awaitable[bool]]

"""The kinds of things a trip holds. Adding one: a file here, and its name in `RESOURCES`.

The order is that in which a sync applies them and an export shows them: what is linked to
comes before what links to it.
"""

from domain.resource import Resource, declared
from domain.resources.action_item import ACTION_ITEM
from domain.resources.commitment import COMMITMENT
from domain.resources.leg import LEG
from domain.resources.map_pin import MAP_PIN
from domain.resources.stay import STAY

RESOURCES: tuple[Resource, ...] = declared(LEG, STAY, MAP_PIN, ACTION_ITEM, COMMITMENT)

BY_KIND: dict[str, Resource] = {resource.kind: resource for resource in RESOURCES}

__all__ = ["ACTION_ITEM", "BY_KIND", "COMMITMENT", "LEG", "MAP_PIN", "RESOURCES", "STAY"]

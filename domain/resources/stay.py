"""Stays: further places to sleep within a leg."""

from typing import Annotated

from msgspec import UNSET, UnsetType

from domain.fields import ClientRef, Safe, Title, also
from domain.resource import Resource
from domain.resources.accommodation import Accommodation, check_out_not_before_check_in
from domain.resources.leg import LEG


class Stay(Accommodation, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A further place to sleep within a leg: an accommodation that has a name."""

    name: Annotated[Title, Safe, also("title", "hotel")]
    client_ref: ClientRef | UnsetType = UNSET


STAY = Resource(
    kind="stay",
    struct=Stay,
    collection="stays",
    id_param="stayId",
    snapshot="stays",
    parent=LEG,
    check=check_out_not_before_check_in,
    also=("accommodations", "hotels", "lodgings"),
)

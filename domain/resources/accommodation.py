"""A place to sleep: an open object of a leg, and the body of a stay."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from domain.errors import Detail
from domain.fields import Date, HHmm, Lat, Lng, Name, Safe, Text, also
from domain.merge import Document
from domain.resource import not_before


class Accommodation(Struct, rename="camel", kw_only=True):
    """A place to sleep; members that are not known are kept as they came."""

    name: Annotated[Name, Safe] | UnsetType = UNSET
    address: Annotated[str, Safe] | UnsetType = UNSET
    lat: Annotated[Lat, Safe, also("latitude")] | UnsetType = UNSET
    lng: Annotated[Lng, Safe, also("longitude", "lon", "long")] | UnsetType = UNSET
    check_in_date: Annotated[Date, Safe, also("checkIn", "startDate", "arrival")] | UnsetType = (
        UNSET
    )
    check_in_time: HHmm | UnsetType = UNSET
    check_out_date: Annotated[Date, Safe, also("checkOut", "endDate", "departure")] | UnsetType = (
        UNSET
    )
    check_out_time: HHmm | UnsetType = UNSET
    check_in_instructions: Text | UnsetType = UNSET
    confirmation_number: str | UnsetType = UNSET
    host_name: Name | UnsetType = UNSET
    host_phone: str | UnsetType = UNSET
    wifi_name: Name | UnsetType = UNSET
    wifi_password: str | UnsetType = UNSET
    door_code: str | UnsetType = UNSET
    url: str | UnsetType = UNSET
    notes: Text | UnsetType = UNSET


def check_out_not_before_check_in(fields: Document) -> list[Detail]:
    """What is wrong with the dates together."""
    return not_before(fields, "checkInDate", "checkOutDate")

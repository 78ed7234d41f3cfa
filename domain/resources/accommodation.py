"""Where one sleeps: an open object of a leg, and the body of a stay."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from domain.fields import Date, HHmm, Lat, Lng, Name, Safe, Text


class Accommodation(Struct, rename="camel", kw_only=True):
    """Known members are checked, unknown ones kept as they came (contract section 1)."""

    name: Annotated[Name, Safe] | UnsetType = UNSET
    address: Annotated[str, Safe] | UnsetType = UNSET
    lat: Annotated[Lat, Safe] | UnsetType = UNSET
    lng: Annotated[Lng, Safe] | UnsetType = UNSET
    check_in_date: Annotated[Date, Safe] | UnsetType = UNSET
    check_in_time: HHmm | UnsetType = UNSET
    check_out_date: Annotated[Date, Safe] | UnsetType = UNSET
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

"""Legs: the stages of a trip, in order."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from domain.fields import ClientRef, Date, DateTime, Order, Safe, Text, TimeZone, Title
from domain.resource import Resource, end_not_before_start, number_key
from domain.resources.accommodation import Accommodation


class Flight(Struct, rename="camel", kw_only=True):
    """One flight of a leg; an open object."""

    airline: Annotated[str, Safe] | UnsetType = UNSET
    flight_number: Annotated[str, Safe] | UnsetType = UNSET
    departure_airport: Annotated[str, Safe] | UnsetType = UNSET
    arrival_airport: Annotated[str, Safe] | UnsetType = UNSET
    departure_time: Annotated[DateTime, Safe] | UnsetType = UNSET
    arrival_time: Annotated[DateTime, Safe] | UnsetType = UNSET
    confirmation_number: str | UnsetType = UNSET
    seat: str | UnsetType = UNSET
    notes: Text | UnsetType = UNSET


class RentalCar(Struct, rename="camel", kw_only=True):
    """The rental car of a leg; an open object."""

    company: Annotated[str, Safe] | UnsetType = UNSET
    vehicle: str | UnsetType = UNSET
    pickup_location: Annotated[str, Safe] | UnsetType = UNSET
    pickup_time: Annotated[DateTime, Safe] | UnsetType = UNSET
    dropoff_location: Annotated[str, Safe] | UnsetType = UNSET
    dropoff_time: Annotated[DateTime, Safe] | UnsetType = UNSET
    confirmation_number: str | UnsetType = UNSET
    notes: Text | UnsetType = UNSET


class Leg(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a client may set of a leg."""

    order: Annotated[Order, Safe]
    title: Annotated[Title, Safe]
    destination: Annotated[Title, Safe]
    start_date: Annotated[Date, Safe]
    end_date: Annotated[Date, Safe]
    timezone: Annotated[TimeZone, Safe]
    accommodation: Annotated[Accommodation, Safe] | UnsetType = UNSET
    flights: Annotated[list[Flight], Safe] | UnsetType = UNSET
    rental_car: Annotated[RentalCar, Safe] | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


LEG = Resource(
    kind="leg",
    struct=Leg,
    collection="legs",
    id_param="legId",
    snapshot="legs",
    sort_key=lambda fields: number_key(fields["order"]),
    check=end_not_before_start,
)

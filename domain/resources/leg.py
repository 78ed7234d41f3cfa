"""Legs: the stages of a trip, in order."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from domain.errors import Detail
from domain.fields import ClientRef, Date, DateTime, Order, Safe, Text, TimeZone, Title, also
from domain.merge import Document
from domain.resource import Resource, not_before, number_key
from domain.resources.accommodation import Accommodation, check_out_not_before_check_in


class Flight(Struct, rename="camel", kw_only=True):
    """One flight of a leg; members that are not known are kept as they came."""

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
    """The rental car of a leg; members that are not known are kept as they came."""

    company: Annotated[str, Safe] | UnsetType = UNSET
    vehicle: str | UnsetType = UNSET
    pickup_location: Annotated[str, Safe] | UnsetType = UNSET
    pickup_time: Annotated[DateTime, Safe] | UnsetType = UNSET
    dropoff_location: Annotated[str, Safe] | UnsetType = UNSET
    dropoff_time: Annotated[DateTime, Safe] | UnsetType = UNSET
    confirmation_number: str | UnsetType = UNSET
    notes: Text | UnsetType = UNSET


class Leg(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A stage of a trip: a place, its dates, how one gets there and where one sleeps."""

    order: Annotated[Order, Safe, also("index", "position", "sortOrder")]
    title: Annotated[Title, Safe, also("name")]
    destination: Annotated[Title, Safe, also("city", "location", "place")]
    start_date: Annotated[Date, Safe, also("start", "from", "arrival")]
    end_date: Annotated[Date, Safe, also("end", "to", "until", "departure")]
    timezone: Annotated[TimeZone, Safe, also("tz", "zone")]
    accommodation: Annotated[Accommodation, Safe, also("hotel", "lodging", "stay")] | UnsetType = (
        UNSET
    )
    flights: Annotated[list[Flight], Safe] | UnsetType = UNSET
    rental_car: Annotated[RentalCar, Safe, also("car", "carRental")] | UnsetType = UNSET
    client_ref: ClientRef | UnsetType = UNSET


def _dates_in_order(fields: Document) -> list[Detail]:
    """Flights are never compared: they cross the date line."""
    accommodation = fields.get("accommodation")
    nights = check_out_not_before_check_in(accommodation) if isinstance(accommodation, dict) else []
    return not_before(fields) + [detail.below("accommodation") for detail in nights]


LEG = Resource(
    kind="leg",
    struct=Leg,
    collection="legs",
    id_param="legId",
    snapshot="legs",
    sort_key=lambda fields: number_key(fields["order"]),
    check=_dates_in_order,
    also=("stops", "segments", "stages", "destinations", "flights"),
    elsewhere={"notes": "a leg has no notes; its accommodation, flights and rentalCar have them"},
)

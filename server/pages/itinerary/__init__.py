"""How a trip is shown: from its documents to its days."""

from server.pages.itinerary.days import itinerary_of
from server.pages.itinerary.model import Day, Itinerary, Leg

__all__ = ["Day", "Itinerary", "Leg", "itinerary_of"]

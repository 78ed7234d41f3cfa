"""Small exports of trip planners, by hand."""

CAFE = {
    "id": 7,
    "name": "Café",
    "lat": 48.5,
    "lng": 9.25,
    "place": "1 Street",
    "gpx": "<gpx/>",
    "description": "Good",
    "category": {"id": 1, "name": "Food"},
    "links": ["https://x.example"],
}

TRIP = {
    "_": {"version": "1"},
    "settings": {},
    "categories": [{"id": 1, "name": "Food"}],
    "places": [CAFE],
    "trips": [
        {
            "id": 1,
            "name": "Japan",
            "notes": "Bring cash",
            "places": [CAFE],
            "days": [
                {
                    "id": 1,
                    "label": "Day 1",
                    "dt": "2027-05-10",
                    "items": [
                        {"id": 1, "time": "09:30", "text": "Breakfast", "place": CAFE},
                        {"id": 2, "text": "Walk", "lat": 48.75, "lng": 9.5, "status": "pending"},
                    ],
                    "bookings": [
                        {"id": 1, "type": "hotel", "label": "Inn", "reference": "R1"},
                        {"id": 2, "type": "train", "label": "ICE 1", "reference": "R2"},
                    ],
                },
                {"id": 2, "label": "Some day", "dt": None, "items": [{"id": 3, "text": "Swim"}]},
            ],
            "packing_items": [{"id": 1, "text": "Socks", "qt": 3, "packed": True}],
            "checklist_items": [{"id": 1, "text": "Visa", "checked": False}],
        }
    ],
}

ADVENTURELOG = {
    "version": "1.0",
    "export_date": "2026-01-01",
    "collections": [],
    "visited_cities": [],
    "categories": [{"name": "food", "display_name": "Food", "icon": "x"}],
    "locations": [
        {
            "export_id": 0,
            "name": "Café",
            "location": "Tokyo",
            "category_name": "food",
            "latitude": "35.5",
            "longitude": "139.25",
            "description": "Good",
            "tags": ["a", "b"],
            "visits": [
                {
                    "start_date": "2027-05-10T00:30:00+00:00",
                    "end_date": "2027-05-10T02:00:00+00:00",
                    "timezone": "Asia/Tokyo",
                    "notes": "Nice",
                },
                {"start_date": "2027-05-11T00:00:00+00:00", "end_date": None, "timezone": None},
            ],
        },
        {"export_id": 1, "name": "Nowhere", "location": "Bern", "visits": []},
    ],
    "transportation": [
        {
            "type": "plane",
            "name": "Out",
            "flight_number": "MA 7",
            "from_location": "SIN",
            "to_location": "NRT",
            "date": "2027-05-09T01:15:00+00:00",
            "end_date": "2027-05-09T08:00:00+00:00",
            "start_timezone": "Asia/Singapore",
            "end_timezone": "Asia/Tokyo",
        },
        {"type": "train", "name": "Nozomi", "date": "2027-05-12T00:00:00+00:00"},
        {"type": "bus", "name": "Undated", "date": None},
    ],
    "notes": [
        {"name": "Ideas", "content": "x", "date": None},
        {"name": "Plan", "content": "Go", "date": "2027-05-10", "links": ["https://x.example"]},
    ],
    "checklists": [{"name": "Pack", "items": [{"name": "Socks", "is_checked": True}]}],
    "lodging": [
        {
            "name": "Inn",
            "type": "hotel",
            "check_in": "2027-05-09T06:00:00+00:00",
            "check_out": "2027-05-12T01:00:00+00:00",
            "timezone": "Asia/Tokyo",
            "reservation_number": "R1",
            "price": "90.00",
            "latitude": "35.5",
            "longitude": "139.5",
            "location": "2 Street",
            "link": "https://inn.example",
        }
    ],
}

SURMAI = {
    "trip": {
        "id": "t1",
        "name": "Coast",
        "startDate": "2027-05-09 00:00:00.000Z",
        "endDate": "2027-05-20 00:00:00.000Z",
        "notes": "Bring cash",
        "destinations": [
            {"name": "San Francisco", "timezone": "America/Los_Angeles"},
            {"name": "Monterey", "timezone": "America/Los_Angeles"},
        ],
    },
    "transportations": [
        {
            "id": "a1",
            "type": "flight",
            "origin": "SIN",
            "destination": "SFO",
            "departure": "2027-05-10 09:15:00.000Z",
            "arrival": "2027-05-10 09:00:00.000Z",
            "metadata": {
                "flightNumber": "MA 7",
                "reservation": "R1",
                "seats": "12A",
                "provider": {"code": "MA", "name": "Muster Air"},
            },
        },
        {
            "id": "a2",
            "type": "rental_car",
            "origin": "SFO",
            "destination": "SFO",
            "departure": "2027-05-10 11:00:00.000Z",
            "metadata": {"rentalCompany": "Sixt", "confirmationCode": "C1"},
        },
        {
            "id": "a3",
            "type": "bus",
            "origin": "A",
            "destination": "B",
            "departure": "2027-05-11 11:00:00.000Z",
        },
    ],
    "lodgings": [
        {
            "id": "l1",
            "name": "Inn",
            "address": "1 Street",
            "confirmationCode": "L1",
            "startDate": "2027-05-10 15:00:00.000Z",
            "endDate": "2027-05-14 10:00:00.000Z",
        }
    ],
    "activities": [
        {
            "id": "x1",
            "name": "Whales",
            "description": "Far out",
            "address": "Pier",
            "startDate": "2027-05-12 09:00:00.000Z",
        }
    ],
    "expenses": [{"id": "e1"}],
}

POLARSTEPS = {
    "id": 1,
    "name": "Trip",
    "timezone_id": "Europe/London",
    "start_date": 1810000000.0,
    "all_steps": [
        {
            "id": 11,
            "uuid": "u1",
            "name": None,
            "display_name": "Café",
            "description": "Mm",
            "start_time": 1809909000.0,
            "end_time": None,
            "timezone_id": "Asia/Tokyo",
            "location": {"name": "Tokyo", "detail": "Japan", "lat": 35.5, "lon": 139.25},
        },
        {"id": 12, "is_deleted": True, "name": "Gone"},
        {"id": 13, "name": "Lost", "start_time": "soon", "location": None},
    ],
}

WHEN = {"date": "2027-05-10", "time": "09:15:00", "timezone": "Asia/Tokyo", "utc_offset": "+09:00"}

TRIPIT = {
    "timestamp": "1",
    "Trip": {
        "id": "1",
        "uuid": "t-1",
        "display_name": "Japan",
        "primary_location": "Tokyo",
        "start_date": "2027-05-10",
        "end_date": "2027-05-20",
        "is_private": "true",
    },
    "AirObject": {
        "id": "2",
        "supplier_conf_num": "R1",
        "is_purchased": "true",
        "Segment": [
            {
                "StartDateTime": WHEN,
                "EndDateTime": {**WHEN, "time": "17:00:00"},
                "start_airport_code": "NRT",
                "end_airport_code": "SIN",
                "seats": "12A",
                "marketing_airline": "Muster Air",
                "marketing_airline_code": "MA",
                "marketing_flight_number": "7",
            },
            {"is_hidden": "true", "StartDateTime": WHEN},
        ],
    },
    "LodgingObject": [
        {
            "uuid": "l-1",
            "supplier_name": "Inn",
            "StartDateTime": WHEN,
            "notes": "Late",
            "EndDateTime": {"date": "2027-05-12"},
            "Address": {"address": "1 Street", "latitude": "35.5", "longitude": "139.25"},
        }
    ],
    "CarObject": {"supplier_name": "Sixt", "StartDateTime": WHEN, "EndDateTime": WHEN},
    "RailObject": {
        "supplier_conf_num": "T1",
        "Segment": {
            "uuid": "r-1",
            "carrier_name": "JR",
            "train_number": "9",
            "StartDateTime": WHEN,
            "start_station_name": "Tokyo",
            "end_station_name": "Kyoto",
        },
    },
    "RestaurantObject": {"uuid": "d-1", "supplier_name": "Sushi", "DateTime": WHEN},
    "ActivityObject": [
        {
            "uuid": "x-1",
            "display_name": "Tour",
            "StartDateTime": WHEN,
            "end_time": "11:00:00",
            "location_name": "Temple",
        }
    ],
    "WeatherObject": {"id": "9"},
}

TREK = {
    "id": 1,
    "title": "Japan",
    "start_date": "2027-05-10",
    "end_date": "2027-05-20",
    "currency": "EUR",
    "archived": False,
    "days": [
        {
            "date": "2027-05-10",
            "day_number": 1,
            "title": None,
            "notes": None,
            "places": [
                {
                    "name": "Café",
                    "lat": 35.5,
                    "lng": 139.25,
                    "time": "09:30",
                    "end_time": "11:00",
                    "category": "Food",
                    "notes": "Good",
                    "address": None,
                }
            ],
            "day_notes": [{"text": "Rest", "time": None}],
            "reservations": [
                {
                    "type": "restaurant",
                    "title": "Sushi",
                    "time": "2027-05-10T19:00",
                    "location": "Ginza",
                    "status": "confirmed",
                }
            ],
        }
    ],
    "accommodations": [
        {
            "name": "Inn",
            "start_date": "2027-05-10",
            "end_date": "2027-05-12",
            "check_in": "15:00",
            "check_out": None,
            "lat": 35.5,
            "lng": 139.5,
        }
    ],
}

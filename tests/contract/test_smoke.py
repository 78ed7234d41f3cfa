async def test_a_trip_is_there(world):
    response = await world.client.get(world.trip)
    assert response.status == 200
    assert response.json["status"] == "draft"

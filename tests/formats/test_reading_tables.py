"""Tables as sheets, maps and people write them."""

import pytest

from tests.formats.found_in import (
    found_in,
    found_until,
    left_out,
    notices,
    pins,
    places,
    reasons,
    refs,
)

HOF = [("Hof", 48.4011, 9.9876)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_any_delimiter_in_any_encoding(delimiter, encoding):
    lines = [["name", "lat", "lng", "notes"], ["Café", "48.4011", "9.9876", "schön"]]
    text = "\r\n".join(delimiter.join(line) for line in lines)
    found = found_in(text.encode(encoding))
    assert pins(found) == [{"name": "Café", "lat": 48.4011, "lng": 9.9876, "notes": "schön"}]


@pytest.mark.parametrize(
    "header",
    [
        "name;lat;lng",
        "Title;Latitude;Longitude",
        "NAME ; LATITUDE ; LONGITUDE",
        "Place name;GPS Latitude;GPS Longitude",
        "Name;Lat (WGS84);Lon (WGS84)",
        "name;Y;X",
        "Bezeichnung;Breite;Länge",
        "Ort;Breitengrad;Laengengrad",
        "Nom;Latitude;Longitude",
        "Libellé;latitude;longitude",
        "Nombre;Latitud;Longitud",
        "Título;latitud;longitud",
        "Luogo;Latitudine;Longitudine",
        "Local;Latitude;Longitude",
        "Naam;Breedtegraad;Lengtegraad",
        "Namn;Breddgrad;Längdgrad",
        "Navn;Breddegrad;Lengdegrad",
        "Nazwa;Szerokość geograficzna;Długość geograficzna",
        "Název;Zeměpisná šířka;Zeměpisná délka",
        "Название;Широта;Долгота",
        "Назва;Широта;Довгота",
        "名前;緯度;経度",
        "名称;纬度;经度",
        "名稱;緯度;經度",
        "이름;위도;경도",
    ],
)
def test_headings_in_many_languages(header):
    assert places(found_in(f"{header}\nHof;48.4011;9.9876\n")) == HOF


@pytest.mark.parametrize(
    "cells",
    [
        "48.4011;9.9876",
        "48,4011;9,9876",
        "+48.4011;+9.9876",
        "48.4011N;9.9876E",
        "N48.4011;E9.9876",
        "N 48,4011;E 9,9876",
        "48.4011 n;9.9876 e",
        "48.4011°;9.9876°",
        "48° 24.066' N;9° 59.256' E",
        "48° 24' 3.96\" N;9° 59' 15.36\" E",
        "48°24\N{PRIME}3.96\N{DOUBLE PRIME}N;9°59\N{PRIME}15.36\N{DOUBLE PRIME}E",
        "48 24 3.96;9 59 15.36",
        "48:24:3.96;9:59:15.36",
        "48d24m3.96s N;9d59m15.36s E",
        "北緯48.4011度;東経9.9876度",
    ],
)
def test_coordinates_as_people_write_them(cells):
    (pin,) = pins(found_in(f"name;lat;lng\nHof;{cells}\n"))
    assert (round(pin["lat"], 6), round(pin["lng"], 6)) == (48.4011, 9.9876)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("33.8688S;151.2093E", (-33.8688, 151.2093)),
        ("S 33° 52.128';E 151° 12.558'", (-33.8688, 151.2093)),
        ("\N{MINUS SIGN}33,8688;\N{MINUS SIGN}70,5", (-33.8688, -70.5)),
        ("40.7 N;74.0 W", (40.7, -74.0)),
        ("4,07E+01;7,40E+00", (40.7, 7.4)),
        ("-0.5;-0.0", (-0.5, 0.0)),
    ],
)
def test_the_other_hemispheres(cells, expected):
    (pin,) = pins(found_in(f"name;lat;lng\nx;{cells}\n"))
    assert (pin["lat"], pin["lng"]) == expected


@pytest.mark.parametrize(
    "cell",
    [
        "48.4011, 9.9876",
        "48.4011,9.9876",
        "48.4011 9.9876",
        "48.4011; 9.9876",
        "48,4011; 9,9876",
        "48,4011, 9,9876",
        "48,4011 9,9876",
        "(48.4011, 9.9876)",
        "48.4011N 9.9876E",
        "N 48.4011, E 9.9876",
        "N 48° 24.066' E 9° 59.256'",
        "9.9876E 48.4011N",
        "48°24'3.96\"N, 9°59'15.36\"E",
        "geo:48.4011,9.9876",
        "geo:48.4011,9.9876?z=17",
        "POINT (9.9876 48.4011)",
        "POINT(9.9876 48.4011)",
        "point z (9.9876 48.4011 512)",
        "SRID=4326;POINT(9.9876 48.4011)",
    ],
)
def test_both_in_one_column(cell):
    quoted = cell.replace('"', '""')
    (pin,) = pins(found_in(f'name|coordinates\nHof|"{quoted}"\n'))
    assert (round(pin["lat"], 6), round(pin["lng"], 6)) == (48.4011, 9.9876)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("148.1;9.1", "latitude 148.1 is beyond 90: are latitude and longitude swapped?"),
        ("148,1;9,1", "latitude 148.1 is beyond 90: are latitude and longitude swapped?"),
        ("-139.7;35.6", "latitude -139.7 is beyond 90: are latitude and longitude swapped?"),
        ("35.6;190.5", "longitude 190.5 is beyond 180: is -169.5 meant?"),
        ("484011;99876", "latitude 484011 is beyond 90: is the decimal point missing"),
        ("6170000.5;1110000.5", "latitude 6170000.5 is beyond 90: is it in metres?"),
        ("48.398.412;9.991.612", "has a spreadsheet set signs between thousands?"),
        ("9.9876E;48.4011N", "are latitude and longitude swapped?"),
        ("48.4011;9.9876O", "O is east in German and west in French: write E or W"),
        ("-33.8 S;151 E", "has both a sign and a letter"),
        ("48° 61' N;9 E", "minutes or seconds of 60 or more"),
        ("north;east", "latitude 'north' is not a number"),
        ("nan;9", "is not a number"),
        ("48.4011;", "no longitude"),
        (";9.9876", "no latitude"),
        (";", "no coordinates"),
    ],
)
def test_what_is_no_position_says_what_it_looks_like(cells, reason):
    found = found_in(f"name;lat;lng\nHof;{cells}\n")
    assert pins(found) == []
    (told,) = reasons(found)
    assert reason in told


@pytest.mark.parametrize(
    "shape",
    [
        "LINESTRING (1 2, 3 4)",
        "POLYGON ((1 2, 3 4, 5 6, 1 2))",
        "SRID=4326;MULTIPOINT ((1 2))",
    ],
)
def test_shapes_of_wkt_that_are_no_point_say_so(shape):
    found = found_in(f'WKT,name\n"{shape}",X\n"POINT (9.9876 48.4011)",Hof\n')
    assert places(found) == HOF
    (told,) = reasons(found)
    assert "only points become pins" in told


def test_the_separator_can_be_named_in_the_first_line():
    assert places(found_in("sep=;\nname;lat;lng\nHof;48,4011;9,9876\n")) == HOF
    assert places(found_in("SEP=\t\r\nname\tlat\tlng\r\nHof\t48,4011\t9,9876\r\n")) == HOF


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way(end):
    text = end.join(["name,lat,lng,notes", 'Hof,48.4011,9.9876,"one', 'two"', "B,1.0,2.0,"])
    found = found_in(text)
    assert places(found) == [*HOF, ("B", 1.0, 2.0)]
    assert pins(found)[0]["notes"] == "one\ntwo"


def test_what_stands_before_the_heading_is_passed_over():
    found = found_in("My places\nas of June, all checked\n\nname,lat,lng\nHof,48.4011,9.9876\n")
    assert places(found) == HOF
    assert [each.at.line for each in found][1:] == [5]


def test_a_quote_that_never_closes_costs_its_line():
    found = found_in('name,lat,lng\n"Open,1,2\nHof,48.4011,9.9876\nB,1,2\n"Last,3,4')
    assert places(found) == [*HOF, ("B", 1.0, 2.0)]
    assert reasons(found) == ["a quote is opened and never closed"] * 2


def test_quotes_within_are_left_alone():
    found = found_in('name,lat,lng\nThe 5" pipe,1,2\n"The ""Crown""",3,4\n"Crown" Inn,5,6\n')
    assert [name for name, _, _ in places(found)] == ['The 5" pipe', 'The "Crown"', "Crown Inn"]


def test_rows_of_another_length():
    found = found_in("name,lat,lng,notes\nHof,48.4011,9.9876\nB,1,2,x,y\nC,1,2,x,,\n,,,\n\n")
    assert places(found) == [*HOF, ("C", 1.0, 2.0)]
    assert reasons(found) == ["5 fields where the heading has 4: is one not in quotes?"]


def test_columns_can_be_named_by_hand():
    text = "Was,Wo N,Wo O,Name\nHof,48.4011,9.9876,x\n"
    columns = {"Was": "name", "Wo N": "lat", "wo o": "lng", "Name": "category"}
    assert pins(found_in(text, columns=columns)) == [
        {"name": "Hof", "lat": 48.4011, "lng": 9.9876, "category": "x"}
    ]


def test_a_column_that_is_not_there_is_told():
    with pytest.raises(Exception, match="no column 'Nope'; the columns are name, lat, lng"):
        found_in("name,lat,lng\nHof,1,2\n", columns={"Nope": "notes"})


def test_the_mapping_is_told_first_and_what_is_left_out():
    found = found_in("name,lat,lng,stars\nHof,48.4011,9.9876,5\n")
    assert notices(found) == [
        "columns: name → name, lat → lat, lng → lng; left out: stars"
        " (--map COLUMN=notes keeps one); separated by ,, text in utf-8"
    ]


@pytest.mark.parametrize("heading", ["location", "Standort"])
def test_a_column_of_positions_is_known_by_what_it_holds(heading):
    found = found_in(f'name,{heading}\nHof,"48.4011, 9.9876"\nUlm,here\n')
    assert places(found) == HOF
    assert f"{heading} → position" in notices(found)[0]
    assert len(reasons(found)) == 1


def test_several_columns_of_notes_are_all_kept():
    (pin,) = pins(found_in("name,lat,lng,notes,address,url\nA,1,2,n,a street,https://x.example\n"))
    assert pin["notes"] == "n\na street\nhttps://x.example"


LIST = "https://www.google.com/maps/"


@pytest.mark.parametrize(
    "header",
    [
        "Title,Note,URL,Comment",
        "Title,Note,URL,Tags,Comment",
        "Titel,Notiz,URL,Kommentar",
        "Titre,Note,URL,Commentaire",
        "タイトル,メモ,URL,コメント",
        "Pealkiri,Märkus,URL,Kommentaar",
    ],
)
def test_a_list_of_googles_in_any_language(header):
    more = "," * (header.count(",") - 2)
    rows = [
        f"Café,good cake,{LIST}search/48.4011,9.9876{more}",
        f"Inn,,{LIST}place/Inn/data=!4m2!3m1!1s0x479:0xde0b6b3a7640001{more}",
        f",,{more}",
        f'Bar,,"{LIST}place/Bar/@1.0,2.0,17z/data=!3m1!4b1!4m5!3d3.5!4d4.5"{more}',
    ]
    text = "\ufeff" + "\n".join(["A list of mine", "", header, *rows]) + "\n"
    found = found_in(text, "Want to go.csv")
    assert places(found) == [("Café", 48.4011, 9.9876), ("Bar", 3.5, 4.5)]
    assert reasons(found) == ["no coordinates in the link"]
    assert "good cake" in pins(found)[0]["notes"]
    assert {pin["category"] for pin in pins(found)} == {"Want to go"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://www.google.com/maps/search/48.4011,9.9876", (48.4011, 9.9876)),
        ("https://www.google.com/maps/search/48.4011,+9.9876", (48.4011, 9.9876)),
        ("https://www.google.de/maps/search/48.4011%2C9.9876", (48.4011, 9.9876)),
        ("https://maps.google.com/?q=48.4011,9.9876", (48.4011, 9.9876)),
        ("https://maps.google.com/maps?ll=48.4011,9.9876&z=3", (48.4011, 9.9876)),
        ("https://www.google.com/maps/@48.4011,9.9876,15z", (48.4011, 9.9876)),
        ("https://www.google.com/maps/search/?api=1&query=-48.4,-9.9", (-48.4, -9.9)),
        ("https://www.google.com/maps/place/X/data=!3d48.4011!4d9.9876", (48.4011, 9.9876)),
        ("https://www.google.com/maps/place/48%C2%B030'N+9%C2%B015'E/@48.6,9.1,17z", (48.5, 9.25)),
        ("https://www.google.com/maps/dir//48.4011,9.9876/@48.3,9.8,12z", (48.4011, 9.9876)),
        ("https://www.google.com/maps/dir/1.5,2.5/48.4011,9.9876", (48.4011, 9.9876)),
    ],
)
def test_positions_in_links(url, expected):
    (pin,) = pins(found_in(f'Title,Note,URL\nX,,"{url}"\n'))
    assert (pin["lat"], pin["lng"]) == expected


def test_a_link_to_an_address_or_to_nowhere_is_no_position():
    text = (
        "Title,Note,URL\nA,,https://maps.google.com/?q=12+Beispielweg\n"
        "B,,https://maps.google.com/?q=0,0\nC,,https://maps.app.goo.gl/abc\n"
        "D,,https://evil.example/maps/@1.5,2.5,3z\n"
        'E,,"https://www.google.com/maps/dir/Ulm/Bern/@47.6,8.7,8z"\n'
    )
    found = found_in(text)
    assert pins(found) == []
    assert reasons(found)[0] == "no coordinates; address: 12 Beispielweg"
    assert len(reasons(found)) == 5


def test_ids_of_the_file_make_the_reference():
    text = "id,name,lat,lng\n7,A,1,2\nnode/1234567,B,3,4\n"
    found = found_in(text, "cafes.csv")
    assert refs(found) == ["table:cafes.csv#7", "table:node/1234567"]
    assert refs(found_in("clientRef,name,lat,lng\nmine,A,1,2\n")) == ["mine"]


def test_the_same_id_at_two_places_does_not_make_one_of_them():
    found = found_in("clientRef,name,lat,lng\nx,A,1,2\nx,B,3,4\n")
    assert len(set(refs(found))) == 2
    assert left_out(found) == []


def test_long_names_are_whole_in_the_notes():
    name = "Tal " * 100
    (pin,) = pins(found_in(f"name,lat,lng,notes\n{name},1,2,more\n"))
    assert len(pin["name"]) == 200
    assert pin["name"].endswith("…")
    assert pin["notes"] == f"{name.strip()}\nmore"


def test_notes_that_are_too_long_are_not_cut():
    found = found_in(f"name,lat,lng,notes\nA,1,2,{'x' * 10_001}\nB,1,2,y\n")
    assert reasons(found) == ["notes of 10,001 characters: at most 10,000 are taken"]
    assert places(found) == [("B", 1.0, 2.0)]


def test_bytes_that_are_no_text_cost_their_row():
    text = "name,lat,lng\nMünchen,1,2\nÖlbrücke,3,4\nX\xff,5,6\n"
    found = found_in(text.encode().replace(b"\xc3\xbf", b"\xff"))
    assert [name for name, _, _ in places(found)] == ["München", "Ölbrücke"]
    assert reasons(found) == ["name has bytes that are no text: save the file as UTF-8"]


def test_a_nul_costs_its_row():
    found = found_in("name,lat,lng\nA\0,1,2\nB,3,4\n" + "C,5,6\n" * 20)
    assert reasons(found) == ["name has a NUL character, which text cannot hold"]


@pytest.mark.parametrize(
    "text", ["hello", "a,b\n1,2\n", "Eiffel Tower,48.8584,2.2945\n", "# Title\n\nText, more\n"]
)
def test_what_is_no_table_of_places_says_what_one_is(text):
    found, reason = found_until(text)
    assert found == []
    assert reason.startswith("no table of places: no line heads columns such as name, lat, lng")


def test_a_text_in_an_encoding_that_is_not_read_says_so():
    text = "名前,緯度,経度\n浅草寺,35.7148,139.7967\n".encode("shift-jis")
    assert "save it as UTF-8" in found_until(text)[1]


def test_all_airports(airports_table):
    """All have names of their own, or places."""
    found = found_in(airports_table)
    assert len(pins(found)) == 7884
    assert len(set(refs(found))) == 7884
    assert reasons(found) == []
    assert left_out(found) == []

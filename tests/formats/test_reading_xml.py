"""KML and GPX as programs write them, and what is made to harm."""

import pytest

from tests.formats.found_in import (
    found_in,
    found_until,
    left_out,
    pins,
    places,
    reasons,
    zipped,
)


def kml(inner, name=""):
    title = f"<name>{name}</name>" if name else ""
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{title}{inner}</Document></kml>'


def placemark(inner="", at="9.9876,48.4011,0", name="Hof"):
    return (
        f"<Placemark><name>{name}</name>{inner}"
        f"<Point><coordinates>{at}</coordinates></Point></Placemark>"
    )


def gpx(inner):
    return f'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">{inner}</gpx>'


HOF = [("Hof", 48.4011, 9.9876)]


@pytest.mark.parametrize(
    "at",
    [
        "9.9876,48.4011",
        "9.9876,48.4011,0",
        "\n   9.9876,48.4011,512.3\n  ",
        "9.9876, 48.4011, 0",
        "9.9876 ,\n48.4011",
        "9.9876 48.4011",
        "+9.9876,4.84011e1,0",
    ],
)
def test_coordinates_with_blanks_and_line_breaks(at):
    assert places(found_in(kml(placemark(at=at)))) == HOF


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("", "no coordinates"),
        ("9,9876,48,4011", "are there commas for decimal points?"),
        ("48.4,139.7", "are latitude and longitude swapped?"),
        ("9.9876", "is not longitude,latitude"),
        ("x,y", "is not a number"),
        ("190.5,10", "longitude 190.5 is beyond 180: is -169.5 meant?"),
    ],
)
def test_coordinates_that_are_none(at, reason):
    found = found_in(kml(placemark(at=at) + placemark()))
    assert places(found) == HOF
    assert reason in reasons(found)[0]


def test_the_innermost_folder_is_the_category_else_the_document():
    inner = (
        placemark(name="1")
        + "<Folder><name>Outer</name>"
        + placemark(name="2")
        + "<Folder><name>In\n  ner</name>"
        + placemark(name="3")
        + "</Folder>"
        + placemark(name="4")
        + "<Folder>"
        + placemark(name="5")
        + "</Folder></Folder>"
        + placemark(name="6")
    )
    categories = [pin["category"] for pin in pins(found_in(kml(inner, "Places.kml")))]
    assert categories == ["Places", "Outer", "In ner", "Outer", "Outer", "Places"]


@pytest.mark.parametrize(
    ("description", "notes"),
    [
        ("plain &amp; simple", "plain & simple"),
        ("two\nlines", "two\nlines"),
        ("a &lt; b, 5 &gt; 3", "a < b, 5 > 3"),
        ("<![CDATA[one<br/>two<BR>three]]>", "one\ntwo\nthree"),
        ("<![CDATA[<p>one</p>\n\n<p>two</p>]]>", "one\n\ntwo"),
        ("<![CDATA[<ul><li>a</li><li>b</li></ul>]]>", "a\n\nb"),
        ('<![CDATA[<a href="https://x.example/y">here</a>]]>', "here https://x.example/y"),
        ('<![CDATA[<a href="https://x.example/">x.example</a>]]>', "x.example"),
        ("<![CDATA[caf&eacute; &#8211; &amp; &lt;b&gt;]]>", "café \N{EN DASH} & <b>"),
        ("<![CDATA[<script>alert(1)</script><b>bold</b>]]>", "bold"),
        ("mail &lt;me@x.example&gt;", "mail <me@x.example>"),
        ("<![CDATA[<b>x</b> <![if IE ]>]]>", "x <![if IE ]>"),
        ("[object Object]", ""),
        ("<![CDATA[<![CDATA[twice]]]]><![CDATA[>]]>", "twice"),
        ("caf&eacute; &nbsp;x", "café \N{NO-BREAK SPACE}x"),
    ],
)
def test_descriptions_are_plain_text(description, notes):
    found = found_in(kml(placemark(f"<description>{description}</description>")))
    assert pins(found)[0].get("notes", "") == notes


def test_data_is_told_once():
    data = (
        "<ExtendedData><Data name='Tip'><value>cake</value></Data>"
        "<Data name='Web'><value>https://x.example</value></Data><Data name='Empty'><value/></Data>"
        "<SchemaData><SimpleData name='Stars'>5</SimpleData></SchemaData>"
        "<Data name='gx_media_links'><value>https://x.example/1.jpg</value></Data></ExtendedData>"
    )
    description = "<description><![CDATA[Tip: cake<br>Empty: ]]></description>"
    (pin,) = pins(found_in(kml(placemark(description + data))))
    assert pin["notes"] == "Tip: cake\nWeb: https://x.example\nStars: 5\nhttps://x.example/1.jpg"


def test_geometries_that_are_no_points():
    line = "<coordinates>1,2 3,4</coordinates>"
    inner = (
        f"<Placemark><name>way</name><LineString>{line}</LineString></Placemark>"
        "<Placemark><name>park</name><Polygon><outerBoundaryIs><LinearRing>"
        f"{line}</LinearRing></outerBoundaryIs></Polygon></Placemark>"
        "<Placemark><name>walk</name><gx:Track><when>x</when><gx:coord>1 2 3</gx:coord></gx:Track>"
        "</Placemark><Placemark><name>both</name><MultiGeometry>"
        f"<Point><coordinates>1,2</coordinates></Point><LineString>{line}</LineString>"
        "<Point><coordinates>3,4</coordinates></Point></MultiGeometry></Placemark>"
        "<GroundOverlay><name>old map</name><LatLonBox/></GroundOverlay>"
        "<Placemark><name>nowhere</name></Placemark>"
    )
    found = found_in(kml(inner))
    assert left_out(found) == [
        ("tracks", "way"),
        ("areas", "park"),
        ("tracks", "walk"),
        ("tracks", "both"),
        ("other", "old map"),
    ]
    assert places(found) == [("both", 2.0, 1.0), ("both", 4.0, 3.0)]
    assert reasons(found) == ["no coordinates"]


def test_unnamed_placemarks_are_named_after_their_place():
    assert places(found_in(kml(placemark(name="")))) == [
        ("Placemark 48.4011, 9.9876", 48.4011, 9.9876)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<kml><Placemark><name>Hof</name><Point><coordinates>9.9876,48.4011</coordinates></Point>"
        "</Placemark></kml>",
        '\n <?xml version="1.0"?><!-- by <hand> --><kml:kml xmlns:kml="x"><kml:Placemark>'
        "<kml:name>Hof</kml:name><kml:Point><kml:coordinates>9.9876,48.4011</kml:coordinates></kml:Point>"
        "</kml:Placemark></kml:kml>",
        kml(placemark("<mwm:x><mwm:y/></mwm:x>")) + "\n\0\0",
        kml(placemark()) + "<kml/>",
        kml(placemark("<description>\x02bell\x07</description>")),
    ],
)
def test_edges_of_files_that_are_wrong_do_not_matter(text):
    assert places(found_in(text)) == HOF


@pytest.mark.parametrize("declared", ["utf-8", "UTF-16", "iso-8859-1", "windows-1252", "nonsense"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_the_declared_encoding_is_believed_where_it_can_be_true(declared, encoding):
    text = f'<?xml version="1.0" encoding="{declared}"?>' + kml(placemark(name="Münster"))
    (pin,) = pins(found_in(text.encode(encoding)))
    wrong = encoding != "cp1252" and declared in ("iso-8859-1", "windows-1252")
    assert pin["name"] == "Münster" or wrong


def test_half_a_file_is_read_as_far_as_it_goes():
    whole = kml(placemark() + placemark(name="B"))
    found, reason = found_until(whole[: whole.index("B</name>")])
    assert places(found) == HOF
    assert reason == "the file ends in the middle: half of it is missing"
    found, reason = found_until(whole.replace("<name>B", "<name <B"))
    assert places(found) == HOF
    assert reason.startswith("broken XML in line 1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('<!DOCTYPE kml [<!ENTITY a "x">]><kml>&a;</kml>', "DOCTYPE"),
        ('<?xml version="1.0"?><!DOCTYPE gpx SYSTEM "file:///etc/passwd"><gpx/>', "DOCTYPE"),
        ("<kml>" + "<Folder>" * 100_000, "nested more than 64 levels"),
        ("<gpx><trk><trkseg>" + "<a>" * 100_000, "nested more than 64 levels"),
        ("<kml><a b='" + "x" * 1_000_000, "a tag of more than 256 KiB"),
        ("<html><body>My map</body></html>", "a web page"),
        ("<!DOCTYPE html><p>hello", "a web page"),
        ("<TrainingCenterDatabase/>", "TCX"),
        ("<osm version='0.6'/>", "XML of a kind that is not read (osm)"),
        ("<kml", "the file ends in the middle"),
        ("<", "XML of a kind that is not read"),
    ],
)
def test_what_is_refused_says_why(text, reason):
    found, told = found_until(text)
    assert found == []
    assert reason in told


def test_more_parts_than_are_read_are_told():
    many = "<Point><coordinates>1,2</coordinates></Point>" * 6_000
    found = found_in(
        kml(f"<Placemark><MultiGeometry>{many}</MultiGeometry></Placemark>" + placemark())
    )
    assert places(found) == HOF
    assert reasons(found) == ["a placemark of more parts or text than are read"]


def test_a_description_without_end_costs_its_placemark():
    long = f"<description>{'x' * 3_000_000}</description>"
    found = found_in(kml(placemark(long) + placemark()))
    assert places(found) == HOF
    assert reasons(found) == ["a placemark of more parts or text than are read"]


def test_an_archive_reads_what_nothing_links_to_and_follows_no_circle():
    def link(href):
        return f"<NetworkLink><name>n</name><Link><href>{href}</href></Link></NetworkLink>"

    found = found_in(
        zipped(
            {
                "doc.kml": kml(link("a/b%20c.kml") + link("./DOC.kml") + link("../../etc/passwd")),
                "a/b c.kml": kml(link("../doc.kml#x") + placemark(name="1")),
                "z.kml": kml(placemark(name="2")),
                "images/1.png": b"\x89PNG",
                "notes.txt": "hello",
                "__MACOSX/._doc.kml": b"\0\0",
            }
        ),
        "backup.kmz",
    )
    assert [name for name, _, _ in places(found)] == ["1", "2"]
    assert left_out(found) == [("links", "n ../../etc/passwd"), ("other", "notes.txt")]
    assert reasons(found) == []


def test_waypoints_have_notes_of_all_that_is_said_once():
    inner = (
        '<wpt lat="48.4011" lon="9.9876"><name>Hof</name><cmt>cake</cmt><desc>good cake</desc>'
        '<link href="https://x.example"><text>web</text></link><extensions><osmand:address>Street 1'
        "</osmand:address></extensions></wpt>"
    )
    assert pins(found_in(gpx(inner)))[0]["notes"] == "good cake\nStreet 1\nhttps://x.example"


@pytest.mark.parametrize(
    ("inner", "category"),
    [
        ("<type>Food</type><extensions><category>x</category></extensions>", "Food"),
        ("<extensions><a:b><gpxx:Category>Harbours</gpxx:Category></a:b></extensions>", "Harbours"),
        ("<extensions><amenity_subtype>cafe</amenity_subtype></extensions>", "cafe"),
        ("<sym>Flag, Blue</sym>", None),
    ],
)
def test_categories_of_waypoints(inner, category):
    (pin,) = pins(found_in(gpx(f'<wpt lat="1" lon="2"><name>x</name>{inner}</wpt>')))
    assert pin.get("category") == category


@pytest.mark.parametrize(
    ("lon", "lng"),
    [("180.4", -179.6), ("-180.4", 179.6), ("359.5", -0.5), ("180", 180.0), ("-180", -180.0)],
)
def test_longitudes_beyond_180_are_a_turn_too_much(lon, lng):
    (pin,) = pins(found_in(gpx(f'<wpt lat="-16.6" lon="{lon}"/>')))
    assert pin["lng"] == lng


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ('lat="95" lon="3"', "latitude 95 is beyond 90: are latitude and longitude swapped?"),
        ('lat="48" lon="999"', "longitude 999 is beyond 180"),
        ('lat="48"', "no longitude"),
        ('lat="nan" lon="3"', "latitude 'nan' is not a number"),
        ('lat="1" lon="inf"', "longitude 'inf' is not a number"),
    ],
)
def test_waypoints_that_are_nowhere(attributes, reason):
    found = found_in(gpx(f"<wpt {attributes}><name>x</name></wpt>"))
    assert pins(found) == []
    assert reason in reasons(found)[0]


def test_every_track_and_route_is_counted():
    found = found_in(gpx("<trk><name>a</name></trk><trk/><rte><rtept lat='1' lon='2'/></rte>"))
    assert left_out(found) == [("tracks", "a"), ("tracks", ""), ("routes", "")]
    assert pins(found) == []

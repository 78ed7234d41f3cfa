"""The page of a shared trip, by raw HTTP: what it shows, to whom, and what browsers are told."""

import gzip
import json
import re
from html.parser import HTMLParser

import msgspec
import pytest

from runtime.settings import Limits
from server.pages import assets
from tests.contract.kinds import ACCOMMODATION, FLIGHT, KINDS, RENTAL_CAR
from tests.contract.test_share import fill
from tests.domain import allowlist
from tests.server.pages.planned import JAPAN
from tests.support import PLENTY, SAMPLES


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough: what pages read and write is tested on all of them elsewhere."""
    return f"sqlite:///{tmp_path}/carnet.db"


async def share(world, trip=""):
    """The path of the trip's page."""
    made = await world.client.post(f"{trip or world.trip}/share-token")
    return f"{world.running.base}/t/{made.json['token']}"


async def japan(world):
    """The page of the sample trip."""
    body = json.loads(JAPAN.read_text(encoding="utf-8"))
    trip = f"/trips/{await world.new_trip()}"
    await world.client.patch(trip, body.pop("trip"))
    done = await world.client.post(f"{trip}/sync", body)
    assert done.status == 200, done.raw
    return trip, await share(world, trip)


async def get(world, url, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await world.as_(None).get(url, headers={"Accept": "text/html", **named})


class Text(HTMLParser):
    """A page's elements, and what it says."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.said, self.links = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "action")]

    def handle_data(self, data):
        self.said.append(data)

    @property
    def text(self):
        return re.sub(r"[ \n]+", " ", " ".join(self.said))


async def test_it_shows_the_trip_to_whoever_has_the_link(world):
    _, url = await japan(world)
    page = Text((await get(world, url)).raw.decode())
    for told in (
        "1 to 15 April 2027, fourteen nights in five places",
        "Hakone: hot springs and Fuji, if it shows",
        "Tokyo time, UTC+9: clocks forward 8 h",
        "LHR 09:30 13 h 50 HND 07:20 (+1) 1 day later",
        "07:20 Land at HND JL44 from LHR",
        "A night in the air",
        "Hotel Sumidakaze Asakusa night 2 of 2",
        "11:30 Pick up the rental car Toyota Rent a Car, Odawara Station",
        "All day Hanami picnic (花見) Shinjuku Gyoen",
        "Nothing planned yet",
        "Shared by link.",
    ):
        assert told in page.text, told
    assert "script" not in page.tags
    assert "form" not in page.tags


async def test_it_is_in_the_readers_language_and_theme(world):
    _, url = await japan(world)
    french = await get(world, url, Accept_Language="fr-FR, en;q=0.5")
    page = Text(french.raw.decode())
    assert 'lang="fr"' in french.raw.decode()
    assert "Du 1er au 15 avril 2027, quatorze nuits dans cinq lieux" in page.text
    assert "À Tokyo, UTC+9\N{NARROW NO-BREAK SPACE}: avancer de 8 h" in page.text
    dark = await get(world, url, Cookie="carnet-theme=dark")
    assert 'data-theme="dark"' in dark.raw.decode()


async def test_wall_times_are_the_same_wherever_the_reader_is(world):
    _, url = await japan(world)
    seen = set()
    for language in ("en", "en-US", "fr-CA", "fr"):
        page = (await get(world, url, Accept_Language=language)).raw.decode()
        seen.add(tuple(re.findall(r"\b\d\d:\d\d\b", Text(page).text)))
    assert len(seen) == 1
    assert len(*seen) > 20


async def test_browsers_are_told_to_keep_it_to_themselves(world):
    shown = await get(world, await share(world))
    headers = shown.headers
    assert headers["X-Robots-Tag"] == "noindex"
    assert '<meta name="robots" content="noindex">' in shown.raw.decode()
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "form-action 'none'" in policy
    assert "Set-Cookie" not in headers


async def test_it_is_described_to_those_who_show_links(world):
    _, url = await japan(world)
    page = (await get(world, url)).raw.decode()
    described = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)">', page))
    assert described == {
        "og:title": "Two weeks in Japan",
        "og:description": "1 to 15 April 2027: Tokyo, Hakone, Kyoto, Hiroshima, Osaka",
        "og:type": "website",
    }


async def test_its_calendar_can_be_subscribed_to_or_downloaded(world):
    url = await share(world)
    links = Text((await get(world, url)).raw.decode()).links
    token = url.rpartition("/")[2]
    calendar = f"{world.running.base}/api/v1/shared/trips/{token}/calendar.ics"
    assert calendar in links
    assert calendar.replace("http:", "webcal:") in links
    assert (await world.as_(None).get(calendar)).raw.startswith(b"BEGIN:VCALENDAR")


async def test_it_is_304_until_what_it_shows_changes(world):
    url = await share(world)
    first = await get(world, url)
    tag = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "no-cache"
    known = await get(world, url, If_None_Match=tag)
    assert (known.status, known.raw, known.headers["ETag"]) == (304, b"", tag)
    for other in ({"Accept_Language": "fr"}, {"Cookie": "carnet-theme=dark"}):
        assert (await get(world, url, If_None_Match=tag, **other)).status == 200
    await world.client.patch(world.trip, {"title": "Elsewhere"})
    changed = await get(world, url, If_None_Match=tag)
    assert changed.status == 200
    assert "Elsewhere" in changed.raw.decode()


async def test_a_revoked_link_shows_nothing_however_often_it_was_seen(world):
    url = await share(world)
    seen = await get(world, url)
    assert (await get(world, url)).raw == seen.raw
    await world.client.delete(f"{world.trip}/share-token")
    for headers in ({}, {"If_None_Match": seen.headers["ETag"]}, {"If_None_Match": "*"}):
        gone = await get(world, url, **headers)
        assert gone.status == 404
        assert "its owner has stopped sharing" in Text(gone.raw.decode()).text
        assert gone.headers["Cache-Control"] == "no-store"
        assert "ETag" not in gone.headers


@pytest.mark.parametrize("token", ["unknown", "..", "%00", "%2e", "a" * 3_000, "%F0%9F", "x?y=z"])
async def test_an_unknown_link_is_a_page_that_says_so(world, token):
    gone = await get(world, f"{world.running.base}/t/{token}")
    assert gone.status == 404
    assert "<h1>" in gone.raw.decode()


async def test_a_session_or_a_key_changes_nothing(world):
    url = await share(world)
    plain = (await get(world, url)).raw
    signed_in = {"Cookie": "__Host-carnet=nonsense", "Authorization": "Bearer nonsense"}
    assert (await get(world, url, **signed_in)).raw == plain
    assert (await world.as_(None).post(url)).status == 405


async def test_head_is_answered_without_a_body(world):
    url = await share(world)
    head = await world.as_(None).send("HEAD", url, headers={"Accept": "text/html"})
    shown = await get(world, url)
    assert (head.status, head.raw) == (200, b"")
    assert head.headers["ETag"] == shown.headers["ETag"]


class TestLimit:
    @pytest.fixture
    def settings(self, settings):
        return msgspec.structs.replace(
            settings, limits=Limits(requests_per_minute=PLENTY, shared_requests_per_minute=3)
        )

    async def test_unknown_links_count_against_the_address(self, world):
        url = await share(world)
        for token in ("a", "b", "c"):
            assert (await get(world, f"{world.running.base}/t/{token}")).status == 404
        limited = await get(world, url)
        assert limited.status == 429
        assert int(limited.headers["Retry-After"]) >= 1
        assert "<form" not in limited.raw.decode()


async def test_no_secret_is_anywhere_on_it_nor_in_its_calendar(world):
    await fill(world)
    url = await share(world)
    secrets = [
        *(v for k, v in ACCOMMODATION.items() if k not in allowlist.ACCOMMODATION),
        *(v for k, v in FLIGHT.items() if k not in allowlist.FLIGHT),
        *(v for k, v in RENTAL_CAR.items() if k not in allowlist.RENTAL_CAR),
        *(kind.optional["clientRef"] for kind in KINDS),
        *("Early in the morning", "A table by the window", "hiddenExtra", "0000"),
        *("a secret message", world.owner.email, world.owner.user_id, world.group_id),
    ]
    page = (await get(world, url)).raw.decode()
    calendar = next(link for link in Text(page).links if link.startswith("http"))
    events = (await world.as_(None).get(calendar)).raw.decode().replace("\r\n ", "")
    for name in ("Ryokan Sawanoya", "JL44"):
        assert name in page
        assert name in events
    told = without_addresses(page)
    assert [secret for secret in secrets if secret in told] == []
    # Digits may be those of a time.
    assert [secret for secret in secrets if secret in events and not secret.isdigit()] == []


def without_addresses(page):
    """The page without the addresses of files and of the calendar, which hold digests."""
    return re.sub(r'href="[^"]*"', "", page)


MARKUP = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{7*7}}&amp;"


def hostile(value):
    """The same with markup in every text that may be any."""
    if isinstance(value, dict):
        return {name: hostile(each) for name, each in value.items()}
    if isinstance(value, list):
        return [hostile(each) for each in value]
    form = r"\d{4}-|\d\d:\d\d|Asia/|dinner$|now$|https:|[a-z]+-ref$|leg|stay|pin"
    return value + MARKUP if isinstance(value, str) and not re.match(form, value) else value


async def test_markup_in_any_text_is_shown_as_text(world):
    leg = hostile(next(kind for kind in KINDS if kind.name == "leg").filled)
    pin = await world.make("/map-pins", hostile(SAMPLES["mapPin"]))
    made = await world.make("/legs", leg)
    await world.make(f"/legs/{made['_id']}/stays", {"name": MARKUP, "address": MARKUP})
    dinner = {**hostile(SAMPLES["commitment"]), "mapPinId": pin["_id"], "timezone": "Asia/Tokyo"}
    await world.make("/commitments", dinner)
    await world.client.patch(world.trip, {"title": MARKUP})
    page = (await get(world, await share(world))).raw.decode()
    shown = Text(page)
    assert shown.tags.count("script") == 0
    assert shown.tags.count("img") == 0
    assert "onerror=alert(1)>{{7*7}}&amp;" in shown.text
    assert page.count("&lt;script&gt;") >= 12


async def test_a_page_of_the_sample_is_small(world):
    _, url = await japan(world)
    page = (await get(world, url)).raw
    style = assets._load(assets._BY_PATH["/static/app.css"]).gzipped
    icons = assets._load(assets._BY_PATH["/static/icons.svg"]).gzipped
    assert len(gzip.compress(page, 6)) + len(style) + len(icons) <= 25_000

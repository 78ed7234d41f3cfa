"""Generated parts of documents: up to date, and written where they are not."""

import re

import pytest

from docs import coastlines, generate
from docs.guide_page import rendered
from domain.resources import RESOURCES
from server.routes import ROUTES
from tests.runtime.declared import FIELDS


def rows(table: str) -> list[list[str]]:
    """The cells of a Markdown table, without its head."""
    return [line.strip("| ").split(" | ") for line in table.strip().splitlines()[2:]]


@pytest.mark.parametrize("path", generate.documents(), ids=lambda path: path.name)
def test_a_document_is_up_to_date(path):
    text = path.read_text(encoding="utf-8")
    assert generate.filled(text) == text, "run make generate"


def test_every_route_is_an_endpoint():
    listed = rows(generate.endpoints())
    assert [row[0] for row in listed] == [f"`{r.method} {r.path}`" for r in ROUTES]
    who = {row[0]: row[1] for row in listed}
    assert who["`GET /me`"] == "any key"
    assert who["`GET /trips`"] == "`trips:read`"
    assert who["`GET /shared/trips/{token}`"] == "no key"


def test_every_setting_has_a_default_and_a_meaning():
    listed = {row[0].strip("`"): row[1:] for row in rows(generate.settings())}
    assert list(listed) == list(FIELDS)
    assert listed["http.port"][0] == "`8080`"
    assert listed["queue.url"][0] == '`""`'
    assert all(meaning for _, meaning in listed.values())


def test_the_meaning_of_a_setting_is_the_comment_above_it():
    toml = "# The file.\n\n[a]\n# First,\n# in two lines.\nx = 1\ny = 2\n\n# No.\n[b]\n# B.\nx = 3"
    assert generate.comments(toml) == {"a.x": "First, in two lines.", "a.y": "", "b.x": "B."}


def test_a_part_ends_where_it_says():
    one = "a <!-- generated: snapshots -->old<!-- end --> b"
    lists = ", ".join(f"`{resource.snapshot}`" for resource in RESOURCES)
    filled = f"a <!-- generated: snapshots -->{lists}<!-- end --> b"
    assert generate.filled(f"{one}\n{one}") == f"{filled}\n{filled}"
    with pytest.raises(ValueError, match="has no end"):
        generate.filled("a <!-- generated: snapshots --> b")
    with pytest.raises(KeyError, match="nonsense"):
        generate.filled("<!-- generated: nonsense --><!-- end -->")


def test_a_check_names_what_is_not_up_to_date_and_writes_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    # Ten seconds, and not in that folder: `make verify` looks at it.
    monkeypatch.setattr(coastlines, "files", lambda: ())
    (tmp_path / "docs").mkdir()
    (tmp_path / "carnet" / "client").mkdir(parents=True)
    path, description = tmp_path / "README.md", tmp_path / "docs" / "openapi.json"
    path.write_text("<!-- generated: snapshots --><!-- end -->", encoding="utf-8")
    assert generate.main(["--check"]) == 1
    copies = [f"server/pages/static/swagger-ui/{name}" for name in generate.COPIED]
    generated = ["docs/openapi.json", "carnet/client/operations.py", *copies]
    names = ["README.md", *generated, "ops/grafana/carnet.json"]
    assert capsys.readouterr().out.splitlines() == [f"{name}: run make generate" for name in names]
    assert "legs" not in path.read_text()
    assert not description.exists()
    assert generate.main([]) == 0
    assert capsys.readouterr().out.splitlines() == [f"{name}: written" for name in names]
    for copy in copies:
        source = generate.SWAGGER_UI / copy.rpartition("/")[2]
        assert (tmp_path / copy).read_bytes() == source.read_bytes()
    assert "legs" in path.read_text()
    assert '"upsertLegs"' in description.read_text()
    methods = tmp_path / "carnet" / "client" / "operations.py"
    assert "def upsert_legs(" in methods.read_text()
    assert generate.main(["--check"]) == 0
    assert capsys.readouterr().out == ""


def test_the_guide_has_headings_to_link_to_and_their_list():
    text = "# All\n\n## Batch & sync\n\n| a |\n| --- |\n| `b` |\n\n<b>\n\n[x](#batch--sync)"
    html = rendered(text, like=text, contents="Contents")
    assert '<li><a href="#batch--sync">Batch &amp; sync</a></li>' in html
    assert '<h2 id="batch--sync">Batch &amp; sync</h2>' in html
    assert "<td><code>b</code></td>" in html
    assert "<p>&lt;b&gt;</p>" in html


@pytest.mark.parametrize("guide", [generate.guide, generate.guide_fr])
def test_every_link_within_a_guide_leads_somewhere(guide):
    html = guide()
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert len(links) > 10
    assert links <= set(re.findall(r' id="([^"]+)"', html))
    assert "<!--" not in html
    assert "generated:" not in html

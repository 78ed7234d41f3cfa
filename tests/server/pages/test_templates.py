"""Templates, as they are written: what they name is there, and the policy of pages allows them."""

import re

import pytest

from docs.page_assets import ICONS
from server.pages.assets import ASSETS
from tests.server.pages.sources import MODULES, PAGES, TEMPLATES, named_by, texts

each_template = pytest.mark.parametrize("name", TEMPLATES)
STATIC = PAGES / "static"


def test_every_icon_that_is_named_is_there():
    assert set(named_by("icon")) - set(ICONS) == set()


def test_every_icon_is_used():
    assert sorted(set(ICONS) - set(texts())) == []


def test_every_file_that_is_named_is_there():
    served = {asset.path for asset in ASSETS}
    assert {f"/static/{name}" for name in named_by("asset")} <= served
    style = (STATIC / "app.css").read_text(encoding="utf-8")
    assert {f"/static/{name}" for name in re.findall(r"url\(([^)]+)\)", style)} <= served


def test_every_static_file_is_served():
    files = {f"static/{path.relative_to(STATIC)}" for path in STATIC.rglob("*") if path.is_file()}
    assert {asset.file for asset in ASSETS if asset.file.startswith("static/")} == files


def test_every_template_is_shown_or_part_of_one():
    assert set(TEMPLATES) <= set(texts())


@each_template
def test_a_template_has_nothing_that_the_policy_forbids(name):
    source = TEMPLATES[name]
    assert not re.search(r"<style|\sstyle\s*=|<script(?![^>]*\ssrc=)|javascript:", source, re.I)
    assert not re.search(r"<[^>]*\son\w+\s*=", source, re.I)
    assert not re.search(r"(?:src|href|action|poster)\s*=\s*[\"']?(?:https?:)?//", source, re.I)


@each_template
def test_a_form_that_changes_something_is_a_post_to_this_server(name):
    for form in re.findall(r"<form[^>]*>", TEMPLATES[name]):
        action = re.search(r'action="([^"]*)"', form)
        assert action, form
        assert action[1].startswith("{{ prefix }}/"), form


def test_modules_are_there_to_look_into():
    assert "handlers/preferences.py" in MODULES

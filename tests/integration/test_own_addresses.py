"""A receiver that puts pages at addresses of its own: whatever names them names these."""

from __future__ import annotations

import itertools
import json
import re

import pytest

from pipeline.flow import installation, sections, slugs
from pipeline.ledger import invariants
from pipeline.ledger.models import Delivery
from tests.integration.test_output_faults import key_of, newsroom, receiver  # noqa: F401 - fixtures
from tests.integration.test_verify import drifts, settle

OWN = "https://cms.example/node/"


def node(body):
    """One address for each page, however its path changes."""
    return f"{OWN}{body['key'].replace('/', '-')}"


@pytest.fixture
def network(newsroom, receiver, settings):  # noqa: F811
    """Brazil's pages stand first at the receiver, those of the United States in a folder."""
    text = settings.NETWORK_FILE.read_text(encoding="utf-8")
    text = text.replace('outputs = ["site", "cms"]', 'outputs = ["cms", "site"]')
    usa = text.index('key = "united-states"')
    text = text[:usa] + text[usa:].replace('policy = "review"', 'policy = "auto"', 1)
    settings.NETWORK_FILE.write_text(text, encoding="utf-8")
    receiver.own = node
    return newsroom


@pytest.fixture
def published(network):
    """An article that stands everywhere."""
    network.submit()
    network.work()
    settle()
    return network


def at_cms():
    return Delivery.objects.select_related("edition__article").get(edition__section="brazil", output="cms")


def puts(receiver, delivery):  # noqa: F811
    return [body for request in receiver.of(key_of(delivery)) if (body := json.loads(request.body))["action"] == "put"]


def sitemap(desk, section, language):
    return (desk.home / "outputs" / section / f"sitemap-{language}-1.xml").read_text(encoding="utf-8")


def test_pages_feeds_and_sitemaps_name_the_address_that_the_receiver_gave(published, receiver):  # noqa: F811
    """hreflang of the others, canonical and hreflang of its own page, its feed: and nothing is sent for ever."""
    delivery = at_cms()
    own = node({"key": key_of(delivery)})
    assert delivery.url == own
    others = published.page("united-states")
    assert f'hreflang="pt-BR" href="{own}"' in others
    assert "brazil.cms.example" not in others
    assert own in sitemap(published, "united-states", "en-us")
    *_, last = puts(receiver, delivery)
    assert f'<link rel="canonical" href="{own}">' in last["html"]
    assert f'hreflang="pt-BR" href="{own}"' in last["html"]
    feed = receiver.pages["feed/pt-BR"]["files"]
    assert all(own in file["text"] for file in feed)
    assert len(puts(receiver, delivery)) == 2  # the first could not know the address
    assert drifts(output="cms") == drifts("united-states") == set()
    assert sections.check(installation.network()) == []
    seen = len(receiver.seen)
    settle()
    assert len(receiver.seen) == seen
    assert invariants.broken() == []


def test_an_old_slug_leads_to_the_address_that_the_receiver_gave(published, receiver):  # noqa: F811
    """The path is new, the node is the same."""
    delivery = at_cms()
    slugs.change(delivery.edition_id, "cheia", by="Ana", net=installation.network())
    settle()
    own = node({"key": key_of(delivery)})
    (led,) = [page for key, page in receiver.pages.items() if key.startswith(f"{key_of(delivery)}/")]
    assert (led["action"], led["to"]) == ("redirect", own)
    *_, last = puts(receiver, delivery)
    assert (last["path"].split("/")[-2], f'<link rel="canonical" href="{own}">' in last["html"]) == ("cheia", True)
    assert f'hreflang="pt-BR" href="{own}"' in published.page("united-states")


def test_a_receiver_that_answers_another_address_each_time_is_not_sent_to_for_ever(network, receiver):  # noqa: F811
    """What it said last counts for the others."""
    count = itertools.count(1)
    receiver.own = lambda _: f"{OWN}{next(count)}"
    network.submit()
    network.work()
    settle()
    settle()
    before = len(receiver.seen)
    settle()
    assert len(receiver.seen) == before
    assert re.search(rf'hreflang="pt-BR" href="{at_cms().url}"', network.page("united-states"))

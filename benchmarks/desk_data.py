"""The ledger of ``benchmarks/desk.py``: rows written in bulk by PostgreSQL itself, as the flow leaves them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.db import connection

from benchmarks import corpus
from benchmarks.desk import SECTIONS

ROWS = ("article", "revision", "translation", "version", "edition", "delivery", "finding", "event")

# n is an article's number; what is random is drawn from it, so that every run has the same rows.
ARTICLES = """
INSERT INTO ledger_article (uid, source, key, canonical_url, title, language, base, withdrawn, series, created_at)
SELECT lpad(to_hex(n), 16, '0'), 'submit', 'report-' || n, '', (%(who)s::text[]) [1 + n %% %(whos)s] || ' '
  || (%(did)s::text[]) [1 + n / 7 %% %(dids)s] || ' ' || (%(where)s::text[]) [1 + n / 31 %% %(wheres)s] || ': ' || n,
  'en', 'en', false, '', now() - n * interval '7 minutes'
FROM generate_series(1, %(articles)s) AS n
"""
REVISIONS = """
INSERT INTO ledger_revision (article_id, number, checksum, state, metadata, notes, characters, submitted_as,
  submitted_by, submitted_at, status, reason, lane, priority, due_at, attempts, deaths)
SELECT id, 1, md5(key) || md5(uid), 'current', jsonb_build_object('title', title, 'language', 'en', 'kind', 'news',
  'key', key), '[]', 400 + id * 37 %% 9000, key || '.html', '', created_at, 'done', '', 'prepare',
  CASE WHEN id %% 97 = 0 THEN 10 ELSE 50 END, created_at, 0, 0
FROM ledger_article
"""
CURRENT = "UPDATE ledger_article SET current_id = r.id FROM ledger_revision r WHERE r.article_id = ledger_article.id"
TEXTS = """
INSERT INTO ledger_revisiontext (revision_id, original, format, body, skeleton, segments)
SELECT r.id, '<p>' || a.title || '</p>', 'html', '<p>' || a.title || '</p>', '<p>⟦b1⟧</p>', jsonb_build_array(
  jsonb_build_array('title', 'title', a.title, false), jsonb_build_array('b1', 'text', a.title || ' (1)', true),
  jsonb_build_array('b2', 'text', a.title || ' (2)', true), jsonb_build_array('b3', 'text', a.title || ' (3)', true),
  jsonb_build_array('b4', 'text', a.title || ' (4)', true), jsonb_build_array('b5', 'text', a.title || ' (5)', true))
FROM ledger_revision r JOIN ledger_article a ON a.id = r.article_id
"""
TRANSLATIONS = """
INSERT INTO ledger_translation (article_id, base, revision_id, asked, status, reason, lane, priority, due_at, attempts,
  deaths)
SELECT a.id, b, a.current_id, 'fake', 'done', '', 'translate.' || b, 50, a.created_at, 0, 0
FROM ledger_article a, unnest(%(bases)s::text[]) AS b
"""
VERSIONS = """
INSERT INTO ledger_version (translation_id, number, revision_id, origin, author, digest, engines, created_at, segments,
  title)
SELECT t.id, 1, t.revision_id, CASE WHEN t.id %% 5 = 0 THEN 'person' ELSE 'machine' END, 'fake',
  md5(t.id || '') || md5(a.uid), '["fake"]', a.created_at + interval '1 minute', (
    SELECT jsonb_agg(jsonb_build_object('key', part, 'origin', 'engine', 'routes', jsonb_build_array(0), 'score', 0.9,
      'target', t.base || ': ' || a.title || CASE part WHEN 'title' THEN '' ELSE ' (' || substr(part, 2) || ')' END))
    FROM unnest(ARRAY['title', 'b1', 'b2', 'b3', 'b4', 'b5']) AS part), t.base || ': ' || a.title
FROM ledger_translation t JOIN ledger_article a ON a.id = t.article_id
"""
NEWEST = "UPDATE ledger_translation t SET version_id = v.id FROM ledger_version v WHERE v.translation_id = t.id"
# Of 1,000 editions of a section 30 wait, 4 are held, 3 returned, 3 declined, 3 are an update of what is live.
EDITIONS = """
INSERT INTO ledger_edition (article_id, section, language, translation_id, state, reason, candidate_id, approved_id,
  decided_by, decided_at, slug, path, published_at, updated_at, existing_url, overlay, approved_overlay, assigned_to_id,
  first_approved_by, first_approved_digest, urgent_overlay, own_title)
SELECT article_id, section, language, translation, state, CASE state WHEN 'live' THEN '' ELSE 'waits for an editor' END,
  CASE WHEN state <> 'live' THEN version END, CASE WHEN state = 'live' OR draw BETWEEN 40 AND 42 THEN version END,
  CASE WHEN state IN ('live', 'returned', 'declined') THEN 'editor-' || draw %% 5 ELSE '' END,
  CASE WHEN state IN ('live', 'returned', 'declined') THEN at END, slug, slug,
  CASE WHEN state = 'live' OR draw BETWEEN 40 AND 42 THEN at END,
  CASE WHEN state = 'live' OR draw BETWEEN 40 AND 42 THEN at END, '', '[]', '[]',
  CASE WHEN state = 'in_review' AND draw %% 10 = 0 THEN %(user)s END, '', '', '[]', ''
FROM (
  SELECT *, CASE WHEN draw < 30 THEN 'in_review' WHEN draw < 34 THEN 'held'
    WHEN draw < 37 THEN 'returned' WHEN draw < 40 THEN 'declined' WHEN draw < 43 THEN 'in_review'
    ELSE 'live' END AS state,
    CASE WHEN draw >= 40 THEN '2026/report-' || article_id ELSE '' END AS slug
  FROM (
    SELECT t.article_id, s.key AS section, s.tag AS language, t.id AS translation, t.version_id AS version,
      a.created_at AS at, mod(hashtext(s.key || t.article_id) & 2147483647, 1000) AS draw
    FROM ledger_translation t JOIN ledger_article a ON a.id = t.article_id
      JOIN jsonb_to_recordset(%(sections)s) AS s(key text, tag text, base text) ON s.base = t.base) AS drawn) AS rows
"""
DELIVERIES = """
INSERT INTO ledger_delivery (edition_id, output, wanted_seq, wanted_digest, sending_seq, confirmed_seq,
  confirmed_digest, confirmed_at, url, status, reason, lane, priority, due_at, attempts, deaths,
  action, confirmed_action)
SELECT id, 'site', 1, md5(path), 1, 1, md5(path), updated_at, 'https://' || section || '.example/' || path || '/',
  'done', '', 'publish.site', 50, updated_at, 0, 0, 'put', 'put'
FROM ledger_edition WHERE approved_id IS NOT NULL
"""
FINDINGS = """
INSERT INTO ledger_finding (version_id, check_id, severity, segment, message, state, decided_by, why)
SELECT v.id, 'numbers', CASE WHEN held OR v.id %% 3 = 0 AND NOT open THEN 'block' ELSE 'warn' END, 'b' || 1 + v.id %% 5,
  'The source says 12, the translation does not.', CASE WHEN open THEN 'open' ELSE 'dismissed' END, '', ''
FROM (SELECT v.id, EXISTS (SELECT FROM ledger_edition e WHERE e.candidate_id = v.id AND e.state = 'held') AS held,
    v.id %% 2 = 0 OR EXISTS (SELECT FROM ledger_edition e WHERE e.candidate_id = v.id AND e.state = 'held') AS open
  FROM ledger_version v) AS v
WHERE held OR id %% 4 = 0
"""
EVENTS = """
INSERT INTO ledger_event (article_id, at, stage, section, language, actor, message)
SELECT article_id, coalesce(decided_at, now()), 'review', section, language, decided_by, 'version 1 approved'
FROM ledger_edition
"""
STATEMENTS = (
    *(ARTICLES, REVISIONS, CURRENT, TEXTS, TRANSLATIONS, VERSIONS, NEWEST),
    *(EDITIONS, DELIVERIES, FINDINGS, EVENTS, "ANALYZE"),
)


def fill(articles: int, user: int, of: Sequence[tuple[str, ...]] = SECTIONS) -> dict[str, int]:
    """Write the rows of so many articles; some of what waits is ``user``'s. Returns how many rows there are of each."""
    sections = [{"key": key, "tag": tag, "base": base} for key, _, _, tag, base, _ in of]
    values: dict[str, Any] = {
        "articles": articles,
        "user": user,
        "bases": sorted({section["base"] for section in sections}),
        "sections": json.dumps(sections),
        **{name: list(words) for name, words in (("who", corpus.WHO), ("did", corpus.DID), ("where", corpus.WHERE))},
        "whos": len(corpus.WHO),
        "dids": len(corpus.DID),
        "wheres": len(corpus.WHERE),
    }
    with connection.cursor() as cursor:
        for statement in STATEMENTS:
            cursor.execute(statement, values)
        counts = {}
        for name in ROWS:
            cursor.execute(f"SELECT count(*) FROM ledger_{name}")
            counts[name] = cursor.fetchone()[0]
    return counts

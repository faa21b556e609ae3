"""The board: where every article is, an article's own page, deliveries, and workers."""

"""The only place where rows of the ledger meet the stages.

=========  =====================  ======================================================================
stage      module                 moves
=========  =====================  ======================================================================
intake     ``submit``             a submission → an article, a revision
clean      ``prepare``            a received revision → its clean body, …
segment    ``prepare``            … its segments, the translations and editions that are wanted
translate  ``translate``          a wanted translation → …
check      ``translate``          … a version with its findings
review     ``decisions``          a version → approved, by a policy or a person; → wanted deliveries
publish    ``publish``            a wanted delivery → confirmed, with a receipt; front pages
=========  =====================  ======================================================================

``work`` claims and guards, ``bell`` announces, ``sweep`` repairs, ``status`` answers.
"""

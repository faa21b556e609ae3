"""Translation engines: the contract, the engines that come with Sectionwire, and the host that runs them.

An engine is found by the entry point group ``sectionwire.engines``; ``docs/engines.md`` shows how to write one.
"""

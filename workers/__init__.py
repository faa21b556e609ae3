"""Who does the work, and when. Imports ``pipeline``; never the other way."""

"""The page of the numbers: tables, plots and CSV."""

"""The ledger: every piece of work is a row with a status. What is not written here has not happened."""

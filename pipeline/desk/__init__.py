"""What people see in a browser: what waits for them, where each article is, and their accounts. See docs/desk.md."""

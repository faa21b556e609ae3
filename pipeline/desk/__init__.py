"""What people see in a browser. So far: who is signed in, and where each article is."""

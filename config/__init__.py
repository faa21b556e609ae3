"""How one installation is wired: settings, addresses, the command's entry point, the documented network file."""

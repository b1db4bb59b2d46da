"""The engine in a process of its own: commands, events, the host in it, the client of a front end."""

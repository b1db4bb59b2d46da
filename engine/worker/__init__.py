"""The engine in a process of its own: the messages, the host that runs there, the client that drives it."""

"""The panes of the explorer's screen: each shows one part of the run."""

"""Widgets that several panes and dialogs use."""

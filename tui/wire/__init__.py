"""The output to the terminal: changed cells only, in few bytes, at the terminal's own pace."""

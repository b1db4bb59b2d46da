"""gradstep's screen and its command line. Imports no torch."""

from tui.import_path import leave_current_folder_out

leave_current_folder_out()  # before any other import

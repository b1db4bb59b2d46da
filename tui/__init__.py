"""gradstep's screen and its command line. Imports no torch."""

from gradstep.tui.import_path import leave_current_folder_out

leave_current_folder_out()  # before any other import

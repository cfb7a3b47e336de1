// TeltelControl

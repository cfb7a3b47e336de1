// TeltelEvents

// TeltelRings

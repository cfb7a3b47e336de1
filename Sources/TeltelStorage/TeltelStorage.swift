// TeltelStorage

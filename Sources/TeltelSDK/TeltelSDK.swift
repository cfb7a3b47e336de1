// TeltelSDK

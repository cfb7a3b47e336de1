// TeltelTestSupport

// TeltelAnalysis

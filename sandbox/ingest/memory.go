package ingest

// ownMemory is what is used of the limit of the process's control group.
func ownMemory() (used, limit int64, err error) { return 0, 0, nil }

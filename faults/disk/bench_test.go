package disk_test

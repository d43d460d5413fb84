// Package caller says who uses this machine's account to ask for something.
package caller

import (
	"os"
	"os/user"
)

// Name is user@host, as events name who asks; "unknown" stands for what cannot
// be found out.
func Name() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}

package spec

import "strings"

// Person is the user of a name such as user@host, without regard to case: the
// same person asks from one machine and approves from another. It is empty
// where the name says nothing.
func Person(by string) string {
	user, _, _ := strings.Cut(by, "@")
	user = strings.ToLower(strings.TrimSpace(user))
	if user == "unknown" {
		return ""
	}
	return user
}
